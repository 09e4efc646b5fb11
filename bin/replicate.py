#!/usr/bin/env python3
"""REPLICATE: does what one cohort finds hold in another, for genes and for regulators, beside a permutation null?"""

import click

from regdecode.cli import command, existing_folder, option_seed


@command
@click.option("--cohort", "cohorts", type=existing_folder, required=True, multiple=True, help="Folder of ASSOCIATE; repeat.")
@click.option("--activity", type=existing_folder, multiple=True, help="Folder of ACTIVITY; repeat.")
@click.option("--people", type=existing_folder, multiple=True, help="Folder <fold>.people.<cohort> of EVALUATE_PEOPLE; repeat.")
@click.option("--organism", required=True, help="Id of the organism.")
@click.option("--top", type=click.IntRange(5), default=100, help="Size of the tops compared.")
@option_seed
@click.option("--out", type=click.Path(), required=True, help="Folder to write.")
def main(
    cohorts: tuple[str, ...], activity: tuple[str, ...], people: tuple[str, ...], organism: str, top: int, seed: int, out: str
) -> None:
    """Compare cohorts."""
    from regdecode.explain.replication_run import Cohorts, read_activities, replicate, write_replication
    from regdecode.io.notes import Notes

    notes = Notes("replicate")
    found = Cohorts(cohorts)
    activities = read_activities(activity, list(found.folders))
    tables = replicate(found, people, top, seed, notes)
    tables["metrics"] = tables["metrics"].assign(organism=organism)
    write_replication(out, tables, activities, notes)


if __name__ == "__main__":
    main()
