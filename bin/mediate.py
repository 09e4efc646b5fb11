#!/usr/bin/env python3
"""MEDIATE: drivers that cohorts agree on + actual expression -> how much of a pair's co-expression they explain, against random sets."""

import click

from regdecode.cli import command, existing_file, existing_folder, option_seed


@command
@click.option(
    "--knock-out", "folders", type=existing_folder, required=True, multiple=True, help="Folder of KNOCK_OUT, one a cohort; repeat."
)
@click.option(
    "--expression", "expressions", type=existing_file, required=True, multiple=True, help="Its expression.h5ad, in the same order."
)
@click.option("--features", type=existing_file, required=True, multiple=True, help="features.h5ad of BIN_SITES; repeat.")
@click.option("--genes", type=existing_file, required=True, help="genes.tsv of REFERENCE.")
@click.option("--sets", type=click.IntRange(20), default=1000, help="Random sets of regulators a pair.")
@click.option("--top", type=click.IntRange(1), default=10, help="Drivers of a pair that are taken, the strongest.")
@option_seed
@click.option("--out", type=click.Path(file_okay=False), required=True, help="Folder to write.")
def main(
    folders: tuple[str, ...], expressions: tuple[str, ...], features: tuple[str, ...], genes: str, sets: int, top: int, seed: int, out: str
) -> None:
    """Test whether drivers mediate the co-expression of gene pairs."""
    from regdecode.explain.mediation_run import MediationPlan, run_mediation

    run_mediation(folders, expressions, features, genes, MediationPlan(sets, top, seed), out)


if __name__ == "__main__":
    main()
