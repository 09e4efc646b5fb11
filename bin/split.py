#!/usr/bin/env python3
"""SPLIT: genes -> train, validation and test of every fold, and what could leak between them."""

import click

from regdecode.cli import command, existing_file, option_seed


@command
@click.option("--genes", type=existing_file, required=True, help="genes.tsv of REFERENCE.")
@click.option("--expression", type=existing_file, required=True, help="expression.h5ad of EXPRESSION.")
@click.option("--features", type=existing_file, required=True, multiple=True, help="features.h5ad of BIN_SITES; repeat.")
@click.option("--config", type=existing_file, required=True, help="JSON: the splits.genes block, and `required`: classes a gene must have.")
@click.option("--table", type=existing_file, help="Folds or list file, for by: folds and by: list; else `file` of the config.")
@option_seed
@click.option("--out", type=click.Path(), required=True, help="Folder to write.")
def main(genes: str, expression: str, features: tuple[str, ...], config: str, table: str | None, seed: int, out: str) -> None:
    """Split genes into training, validation and test sets."""
    from regdecode.expression.split_files import read_table, write_folds
    from regdecode.expression.splits import check_config, split_genes
    from regdecode.expression.universe import gene_universe
    from regdecode.io.config import read_config
    from regdecode.io.gene_table import read_genes
    from regdecode.io.h5ad import read_expression, read_features
    from regdecode.io.notes import Notes

    settings = read_config(config)
    check_config(settings)
    notes = Notes("split")
    annotation = read_genes(genes)
    tracks = [read_features(path) for path in sorted(features)]
    rows = gene_universe(annotation, read_expression(expression).genes, tracks, settings.get("required") or (), notes)
    folds = split_genes(annotation, rows, settings, read_table(settings, table), seed)
    write_folds(out, annotation, rows, folds, notes)


if __name__ == "__main__":
    main()
