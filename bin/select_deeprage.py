#!/usr/bin/env python3
"""SELECT_DEEPRAGE: networks of one fold and members learned from k-mers, motifs and regulators -> the default ensemble."""

from pathlib import Path

import click

from regdecode.cli import command, existing_file, existing_folder, option_seed, option_threads


@command
@click.option("--model", "models", type=existing_folder, multiple=True, help="Folder of train_deeprage.py, one fold; repeat.")
@click.option("--expression", type=existing_file, required=True, help="expression.h5ad of EXPRESSION.")
@click.option("--sequences", type=existing_file, required=True, help="sequences.fa of REFERENCE.")
@click.option("--genes", type=existing_file, required=True, help="genes.tsv of REFERENCE.")
@click.option("--regulators", type=existing_file, required=True, help="Regulators: gene ids or names, one a line or a column.")
@click.option("--cells", type=existing_file, required=True, help="<regime>.<fold>.cells.h5ad of SPLIT_CELLS.")
@click.option("--config", type=existing_file, required=True, help="JSON: the deeprage block of the organism file.")
@click.option("--motifs", type=existing_file, multiple=True, help="MEME or JASPAR file of known motifs; repeat.")
@click.option("--coding", type=existing_file, help="coding.fa of REFERENCE; with it members that read the usage of codons too.")
@click.option("--learned/--networks-only", default=True, help="Whether members beside the networks are learned.")
@option_seed
@option_threads
@click.option("--out", type=click.Path(), required=True, help="Ensemble folder to write.")
def main(models, expression, sequences, genes, regulators, cells, config, motifs, coding, learned, seed, threads, out):
    """Choose the weights on validation cells and write the ensemble."""
    from regdecode.expression.deeprage_settings import deeprage_settings
    from regdecode.io.config import read_config
    from regdecode.io.digest import content_sha256
    from regdecode.io.fasta import read_fasta
    from regdecode.io.motif_file import read_motifs
    from regdecode.training.deeprage_data import load_cell_data
    from regdecode.training.deeprage_stack import select_deeprage

    settings = deeprage_settings(read_config(config), config)
    found = [motif for path in motifs for motif in read_motifs(path)]
    data = load_cell_data(expression, sequences, genes, regulators, cells, settings)
    letters = {record.name: record.sequence for record in read_fasta(coding)} if coding else None
    files = (expression, sequences, regulators, cells, *motifs, *([coding] if coding else []))
    hashes = {Path(path).name: content_sha256(path) for path in files}
    select_deeprage(data, found, models, out, letters, learned, seed, threads, hashes)


if __name__ == "__main__":
    main()
