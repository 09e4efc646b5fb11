#!/usr/bin/env python3
"""EXPRESSION: a matrix as users bring it -> normalised log2 values (or log ratios) of annotated genes."""

import click

from regdecode.cli import command, existing_file


@command
@click.option("--matrix", type=existing_file, required=True, help="Genes x samples, CSV or TSV, gzipped or not.")
@click.option("--samples", type=existing_file, help="Sample sheet, one row a sample.")
@click.option("--genes", type=existing_file, required=True, help="genes.tsv of REFERENCE.")
@click.option("--config", type=existing_file, required=True, help="JSON: the expression block of the organism file.")
@click.option("--out", type=click.Path(), required=True, help="expression.h5ad to write.")
@click.option("--notes", type=click.Path(), required=True, help="expression.notes.json to write.")
def main(matrix: str, samples: str | None, genes: str, config: str, out: str, notes: str) -> None:
    """Normalise an expression matrix."""
    from regdecode.expression.settings import parse_settings
    from regdecode.expression.targets import build_expression
    from regdecode.io.config import read_config
    from regdecode.io.gene_table import read_genes
    from regdecode.io.h5ad import write_expression
    from regdecode.io.matrix import read_matrix, read_sheet
    from regdecode.io.notes import Notes

    settings = parse_settings(read_config(config))
    sheet = read_sheet(samples) if samples else None
    table = read_matrix(matrix, settings.separator, settings.gene_column, settings.drop)
    account = Notes("expression")
    expression = build_expression(table, sheet, read_genes(genes), settings, account, samples or "sample sheet")
    write_expression(out, expression)
    account.write(notes)


if __name__ == "__main__":
    main()
