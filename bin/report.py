#!/usr/bin/env python3
"""REPORT: the tables of a run to one self-contained page, its figures, and MultiQC content."""

from pathlib import Path

import click

from regdecode.cli import command, existing_folder

ASSETS = Path(__file__).resolve().parents[1] / "assets" / "report"


@command
@click.option(
    "--inputs",
    required=True,
    type=existing_folder,
    help="Folder: run.json, metrics.tsv, notes/, folds/<fold>/{evaluate,attribute,select,history}.",
)
@click.option(
    "--assets",
    type=existing_folder,
    default=ASSETS,
    show_default="assets/report beside bin/",
    help="Folder of the page's template, style and script.",
)
@click.option("--out", required=True, type=click.Path(), help="Folder to write: report.html, notes.tsv, figures/, multiqc/.")
def main(inputs: str, assets: str, out: str) -> None:
    """Draw the figures and write the page."""
    from regdecode.io.atomic import atomic_path
    from regdecode.report.inputs import read_inputs
    from regdecode.report.page import write_report

    found = read_inputs(inputs)
    with atomic_path(out) as folder:
        size = write_report(found, Path(assets), folder)
    click.echo(f"{Path(out) / 'report.html'}: {size / 1e6:.1f} MB", err=True)


if __name__ == "__main__":
    main()
