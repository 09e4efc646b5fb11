#!/usr/bin/env python3
"""Count the sites of one regulator class in the bins of promoters or RNAs, or take its links to genes: features.h5ad."""

import os

import click

from regdecode.cli import command, existing_file, option_threads
from regdecode.errors import InputError


@command
@click.option(
    "--sites", type=existing_file, multiple=True, help="BED3 to BED6+ or narrowPeak (column 4 names the regulator); may be repeated."
)
@click.option("--links", type=existing_file, help="TSV or CSV of regulator, gene, optional value or effect: one bin a gene.")
@click.option("--structure", is_flag=True, help="No file: exon junctions, intron and RNA length of every gene, from genes.tsv.")
@click.option("--models", type=existing_file, required=True, help="models.bed of REFERENCE.")
@click.option("--genes", type=existing_file, required=True, help="genes.tsv of REFERENCE.")
@click.option("--chromosomes", type=existing_file, required=True, help="chromosomes.tsv of REFERENCE.")
@click.option("--config", type=existing_file, required=True, help="Settings of the track, JSON.")
@click.option("--out", type=click.Path(dir_okay=False), required=True, help="Features to write, h5ad.")
@click.option("--notes", "notes_path", type=click.Path(dir_okay=False), required=True, help="Notes to write, JSON.")
@option_threads
def main(
    sites: tuple[str, ...],
    links: str | None,
    structure: bool,
    models: str,
    genes: str,
    chromosomes: str,
    config: str,
    out: str,
    notes_path: str,
    threads: int,
) -> None:
    """Turn sites or links of one regulator class into features."""
    if bool(sites) + bool(links) + structure != 1:
        raise InputError("give one of --sites, --links and --structure", "bin_sites.py", "sites have positions, links have none")
    os.environ.setdefault("POLARS_MAX_THREADS", str(threads))  # read when polars is first imported, below
    from regdecode.genome.chromosomes import Chromosome
    from regdecode.genome.link_track import link_track
    from regdecode.genome.site_track import site_track
    from regdecode.genome.structure_track import structure_links
    from regdecode.genome.track_settings import parse_settings
    from regdecode.io.bed import concatenate, read_bed
    from regdecode.io.bed12 import read_models
    from regdecode.io.chromosome_table import read_chromosomes
    from regdecode.io.config import read_config
    from regdecode.io.gene_table import read_genes
    from regdecode.io.h5ad import write_features
    from regdecode.io.links import read_links
    from regdecode.io.notes import Notes

    settings = parse_settings(read_config(config), config)
    notes = Notes(f"bin_sites {settings.name}")
    table = read_genes(genes)
    if links or structure:
        linked = read_links(links, settings.columns, settings.signed) if links else structure_links(table)
        track = link_track(linked, table, settings, notes, links or genes)
    else:
        found = concatenate([read_bed(path, settings.on == "rna", settings.columns.get("name") == "file") for path in sites])
        known = [Chromosome(*row) for row in read_chromosomes(chromosomes)]
        track = site_track(
            found, table, read_models(models) if settings.on == "rna" else None, known, settings, notes, ", ".join(sites), threads
        )
    write_features(out, track)
    notes.write(notes_path)


if __name__ == "__main__":
    main()
