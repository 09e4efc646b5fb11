#!/usr/bin/env python3
"""Train one member of a DEcode model: one replicate, family and arm, on one fold."""

from pathlib import Path

import click

from regdecode.cli import command, existing_file, option_device, option_seed, option_threads


@command
@click.option(
    "--features", "features", type=existing_file, required=True, multiple=True, help="features.h5ad of one regulator class; repeat."
)
@click.option("--expression", type=existing_file, required=True, help="expression.h5ad.")
@click.option("--splits", type=existing_file, required=True, help="<fold>.splits.tsv.")
@click.option("--hparams", type=existing_file, required=True, help="Hyper-parameter file (YAML).")
@click.option("--family", type=click.Choice(["network", "trees"]), default="network", help="Kind of member.")
@click.option("--arm", default="all", help="all, shuffled_rna, shuffled_promoter, shuffled_all or single_task:<output>.")
@click.option("--replicate", type=click.IntRange(0), default=1, help="Number of the replicate.")
@option_seed
@option_device
@option_threads
@click.option("--checkpoint-dir", type=click.Path(file_okay=False), help="Keep checkpoints here and continue from them.")
@click.option("--run-id", help="Name of this training among the checkpoints.")
@click.option("--out", type=click.Path(), required=True, help="Model folder to write.")
def main(features, expression, splits, hparams, family, arm, replicate, seed, device, threads, checkpoint_dir, run_id, out):
    """Train one member of a DEcode model and write its folder."""
    from regdecode.errors import InputError
    from regdecode.io.digest import content_sha256
    from regdecode.training.arms import check_arm
    from regdecode.training.checkpoint import checkpoint_file
    from regdecode.training.dataset import load_dataset
    from regdecode.training.hparams import read_hparams
    from regdecode.training.member import MemberPlan, resolve_device, train_member

    if bool(checkpoint_dir) != bool(run_id):
        raise InputError("--checkpoint-dir and --run-id go together", "train_decode.py", "give both or neither")
    settings = read_hparams(hparams, replicate)
    check_arm(arm)
    resolve_device(device)
    data = load_dataset(list(features), expression, splits)
    hashes = {Path(path).name: content_sha256(path) for path in (*features, expression, splits)}
    plan = MemberPlan(family, arm, replicate, seed, Path(splits).name.removesuffix(".tsv").removesuffix(".splits"), hashes)
    train_member(data, settings, plan, out, device, threads, checkpoint_file(checkpoint_dir, run_id))


if __name__ == "__main__":
    main()
