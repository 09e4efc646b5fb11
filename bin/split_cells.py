#!/usr/bin/env python3
"""SPLIT_CELLS: genes x conditions -> training, validation and test cells of every test regime, and what could leak between them."""

import click

from regdecode.cli import command, existing_file, option_seed


@command
@click.option("--expression", type=existing_file, required=True, help="expression.h5ad of EXPRESSION.")
@click.option("--sequences", type=existing_file, required=True, help="sequences.fa of REFERENCE; genes without a sequence are left out.")
@click.option("--genes", type=existing_file, required=True, help="genes.tsv of REFERENCE.")
@click.option("--config", type=existing_file, required=True, help="JSON: the deeprage block of the organism file.")
@click.option("--regulators", type=existing_file, required=True, help="Regulators: gene ids or names, one a line or a column.")
@click.option("--folds", "tables", type=existing_file, multiple=True, help="Folds file that a regime names by `file`; repeat.")
@click.option("--matrix", type=existing_file, help="The expression matrix as brought, for random pairs drawn over it in file order.")
@click.option("--separator", help="Separator of the matrix; read off its header by default.")
@click.option("--gene-column", help="Column of gene ids in the matrix; the first by default.")
@option_seed
@click.option("--out", type=click.Path(), required=True, help="Folder to write.")
def main(expression, sequences, genes, config, regulators, tables, matrix, separator, gene_column, seed, out):
    """Split the cells of an expression compendium."""
    from regdecode.expression.cell_files import make_folds, rows_in_matrix, write_all_cells
    from regdecode.expression.cell_space import build_space
    from regdecode.expression.deeprage_settings import deeprage_settings
    from regdecode.io.config import read_config
    from regdecode.io.fasta import read_fasta
    from regdecode.io.gene_table import read_genes
    from regdecode.io.h5ad import read_expression
    from regdecode.io.matrix import read_matrix
    from regdecode.io.names import read_names
    from regdecode.io.notes import Notes

    settings = deeprage_settings(read_config(config), config)
    notes, table = Notes("split_cells"), read_genes(genes)
    names = read_names(regulators, settings.regulator_column)
    found = {record.name: record.description for record in read_fasta(sequences)}
    space = build_space(read_expression(expression), found, table, names, settings, notes, (sequences, regulators))
    brought = read_matrix(matrix, separator, gene_column) if matrix else None
    rows = rows_in_matrix(brought, space.genes, table.gene_id, table.gene_name) if brought else None
    write_all_cells(out, make_folds(settings.regimes, space, tables, brought, rows, seed), space, notes)


if __name__ == "__main__":
    main()
