#!/usr/bin/env python3
"""MOTIFS: what the filters of a sequence model read, which known motifs they are, and what breaks without them."""

from pathlib import Path

import click

from regdecode.cli import command, existing_file, existing_folder, option_device, option_seed, option_threads


@command
@click.option(
    "--model",
    "models",
    type=existing_folder,
    multiple=True,
    required=True,
    help="Folder of train_deeprage.py or select_deeprage.py; repeat.",
)
@click.option("--sequences", type=existing_file, required=True, help="sequences.fa of REFERENCE.")
@click.option("--genes", type=existing_file, required=True, help="genes.tsv of REFERENCE.")
@click.option("--expression", type=existing_file, required=True, help="expression.h5ad of EXPRESSION.")
@click.option("--cells", type=existing_file, required=True, help="<regime>.<fold>.cells.h5ad of SPLIT_CELLS.")
@click.option(
    "--motifs", type=existing_file, multiple=True, help="MEME or JASPAR file of known motifs; repeat. Without one no filter has a name."
)
@click.option("--targets", type=existing_file, help="Table of regulators and their known target genes.")
@click.option("--config", type=existing_file, required=True, help="JSON: the deeprage block of the organism file.")
@click.option("--organism", required=True, help="Id of the organism.")
@click.option("--fold", help="Fold that the models were trained on; refused where the cells are of another.")
@option_seed
@option_device
@option_threads
@click.option("--out", type=click.Path(), required=True, help="Folder to write.")
def main(models, sequences, genes, expression, cells, motifs, targets, config, organism, fold, seed, device, threads, out):
    """Turn filters into motifs, name them, knock them out, and test the knock-outs against known targets."""
    import torch

    from regdecode.errors import Faults
    from regdecode.explain.motif_run import analyse, named_database
    from regdecode.explain.motif_settings import motif_settings, read_targets
    from regdecode.explain.motif_tables import write_motifs
    from regdecode.explain.sequence_data import check_fold, load_networks, read_sequence_data
    from regdecode.io.config import read_config
    from regdecode.io.meme import Motif
    from regdecode.io.motif_file import read_motifs
    from regdecode.io.notes import Notes
    from regdecode.training.member import resolve_device

    torch.set_num_threads(threads)
    block, notes, faults = read_config(config), Notes("motifs"), Faults()
    settings, naming = motif_settings(block, config)
    found: list[tuple[Motif, str]] = []
    for path in motifs:
        with faults.collect():
            found += [(motif, Path(path).name) for motif in read_motifs(path)]
    faults.raise_if_any()
    networks = load_networks(models, resolve_device(device))
    data = read_sequence_data(expression, sequences, genes, cells)
    check_fold(data, networks, fold)
    database = named_database([motif for motif, _ in found], [file for _, file in found], naming, notes)
    known = read_targets(targets, block, data.genes, data.names, settings.min_targets, notes) if targets else None
    analyses = [analyse(label, model, data, database, known, settings, seed) for label, model in networks]
    write_motifs(out, analyses, data, database, known, settings, organism, notes)


if __name__ == "__main__":
    main()
