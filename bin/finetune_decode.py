#!/usr/bin/env python3
"""FINETUNE_DECODE: a tissue model -> a model of people: the first stage frozen, dense layers tuned, a new head."""

from pathlib import Path

import click

from regdecode.cli import command, existing_file, existing_folder, option_device, option_seed, option_threads


@command
@click.option(
    "--model", "models", type=existing_folder, required=True, multiple=True, help="Ensemble folder, or members of one arm; repeat."
)
@click.option("--features", type=existing_file, required=True, multiple=True, help="features.h5ad of BIN_SITES; repeat.")
@click.option("--expression", type=existing_file, required=True, help="<cohort>.expression.h5ad of EXPRESSION.")
@click.option("--splits", type=existing_file, required=True, help="<fold>.splits.tsv that the model was trained with.")
@click.option("--hparams", type=existing_file, required=True, help="assets/decode/people.yml.")
@click.option(
    "--arm", type=click.Choice(["all", "shuffled_rna", "shuffled_promoter", "shuffled_all"]), default="all", help="Arm of the model."
)
@click.option("--cohort", required=True, help="Id of the cohort.")
@option_seed
@option_device
@option_threads
@click.option("--checkpoint-dir", type=click.Path(file_okay=False), help="Keep checkpoints here and continue from them.")
@click.option("--run-id", help="Name of this training among the checkpoints.")
@click.option("--out", type=click.Path(), required=True, help="Model folder to write.")
def main(models, features, expression, splits, hparams, arm, cohort, seed, device, threads, checkpoint_dir, run_id, out):
    """Tune a tissue model to people and write the person model's folder."""
    from regdecode.errors import InputError
    from regdecode.io.digest import content_sha256
    from regdecode.training.people_data import check_same_split, load_people
    from regdecode.training.people_model import PeoplePlan, tissue_members, write_people_model
    from regdecode.training.people_settings import read_people

    if bool(checkpoint_dir) != bool(run_id):
        raise InputError("--checkpoint-dir and --run-id go together", "finetune_decode.py", "give both or neither")
    settings = read_people(hparams)
    members = tissue_members(list(models), arm)
    check_same_split(members[0].config, splits)
    data = load_people(list(features), expression, splits, members[0].config["tracks"], arm)
    hashes = {Path(path).name: content_sha256(path) for path in (*features, expression, splits)}
    plan = PeoplePlan(cohort, arm, seed, members[0].config["fold"], hashes, device, threads, checkpoint_dir, run_id)
    write_people_model(members, data, settings, plan, out)


if __name__ == "__main__":
    main()
