#!/usr/bin/env python3
"""TRAIN_DEEPRAGE: one replicate of a DeepRAGE network on one fold of one test regime."""

from pathlib import Path

import click

from regdecode.cli import command, existing_file, option_device, option_seed, option_threads


@command
@click.option("--expression", type=existing_file, required=True, help="expression.h5ad of EXPRESSION.")
@click.option("--sequences", type=existing_file, required=True, help="sequences.fa of REFERENCE.")
@click.option("--genes", type=existing_file, required=True, help="genes.tsv of REFERENCE.")
@click.option("--regulators", type=existing_file, required=True, help="Regulators: gene ids or names, one a line or a column.")
@click.option("--cells", type=existing_file, required=True, help="<regime>.<fold>.cells.h5ad of SPLIT_CELLS.")
@click.option("--config", type=existing_file, required=True, help="JSON: the deeprage block of the organism file.")
@click.option("--hparams", type=existing_file, required=True, help="Hyper-parameter file (YAML).")
@click.option("--motifs", type=existing_file, multiple=True, help="MEME or JASPAR file whose motifs start the first filters; repeat.")
@click.option("--replicate", type=click.IntRange(0), default=1, help="Number of the replicate.")
@option_seed
@option_device
@option_threads
@click.option("--checkpoint-dir", type=click.Path(file_okay=False), help="Keep checkpoints here and continue from them.")
@click.option("--run-id", help="Name of this training among the checkpoints.")
@click.option("--out", type=click.Path(), required=True, help="Model folder to write.")
def main(
    expression, sequences, genes, regulators, cells, config, hparams, motifs, replicate, seed, device, threads, checkpoint_dir, run_id, out
):
    """Train one DeepRAGE network and write its folder."""
    from regdecode.errors import InputError
    from regdecode.expression.deeprage_settings import deeprage_settings
    from regdecode.io.config import read_config
    from regdecode.io.digest import content_sha256
    from regdecode.io.motif_file import read_motifs
    from regdecode.training.checkpoint import checkpoint_file
    from regdecode.training.deeprage_data import load_cell_data
    from regdecode.training.deeprage_hparams import read_deeprage_hparams
    from regdecode.training.deeprage_member import DeepRagePlan, train_deeprage
    from regdecode.training.member import resolve_device

    if bool(checkpoint_dir) != bool(run_id):
        raise InputError("--checkpoint-dir and --run-id go together", "train_deeprage.py", "give both or neither")
    parameters, settings = read_deeprage_hparams(hparams), deeprage_settings(read_config(config), config)
    resolve_device(device)
    found = [motif for path in motifs for motif in read_motifs(path)]
    data = load_cell_data(expression, sequences, genes, regulators, cells, settings, parameters.network.length)
    hashes = {Path(path).name: content_sha256(path) for path in (expression, sequences, regulators, cells, *motifs)}
    place = checkpoint_file(checkpoint_dir, run_id)
    train_deeprage(data, found, parameters, DeepRagePlan(replicate, seed, hashes), out, device, threads, place)


if __name__ == "__main__":
    main()
