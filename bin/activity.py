#!/usr/bin/env python3
"""ACTIVITY: does each regulator's contribution follow the expression of its own gene over tissues, conditions or people?"""

import click

from regdecode.cli import command, existing_file


@command
@click.option("--regulators", type=existing_file, required=True, help="regulator_by_output.tsv of ATTRIBUTE.")
@click.option("--expression", type=existing_file, required=True, help="expression.h5ad of the same outputs.")
@click.option("--genes", type=existing_file, required=True, help="genes.tsv of REFERENCE.")
@click.option("--without", multiple=True, help="Test again without a group: column=value of the sample sheet, or output=name; repeat.")
@click.option("--cohort", help="Id of the cohort; none for the tissues themselves.")
@click.option("--organism", default="NA", help="Id of the organism.")
@click.option("--fold", default="NA", help="Name of the fold.")
@click.option("--out", type=click.Path(), required=True, help="Folder to write.")
def main(
    regulators: str, expression: str, genes: str, without: tuple[str, ...], cohort: str | None, organism: str, fold: str, out: str
) -> None:
    """Correlate regulator activity with the regulator's expression."""
    from regdecode.explain.activity_run import compare_activity, write_activity
    from regdecode.io.effects import read_regulators
    from regdecode.io.gene_table import read_genes
    from regdecode.io.h5ad import read_expression
    from regdecode.io.notes import Notes

    notes = Notes(f"activity {cohort}" if cohort else "activity")
    table = compare_activity(read_regulators(regulators), read_expression(expression), read_genes(genes), without, notes)
    model = f"people.{cohort}" if cohort else "default"
    write_activity(out, table, {"system": "decode", "organism": organism, "fold": fold, "model": model}, notes)


if __name__ == "__main__":
    main()
