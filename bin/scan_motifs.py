#!/usr/bin/env python3
"""SCAN_MOTIFS: promoters and motif sets to predicted sites, as BED in genome coordinates."""

from pathlib import Path

import click

from regdecode.cli import command, existing_file


@command
@click.option("--promoters", required=True, type=existing_file, help="promoters.fa of REFERENCE.")
@click.option("--motifs", required=True, multiple=True, type=existing_file, help="MEME or JASPAR file; repeat for more sets.")
@click.option(
    "--config",
    required=True,
    type=existing_file,
    help="JSON: class, p_value, motif_name, motif_keep, ... (see docs/adding_an_organism.md).",
)
@click.option(
    "--notes",
    "notes_path",
    type=click.Path(),
    help="Account of what was scanned; default scan.<name of the output>.notes.json beside the output.",
)
@click.option("--out", required=True, type=click.Path(), help="BED6 to write, gzipped where it ends in .gz.")
def main(promoters: str, motifs: tuple[str, ...], config: str, notes_path: str | None, out: str) -> None:
    """Scan motifs over promoters, both strands, with exact p-values; sites are named by regulator."""
    from regdecode.errors import Faults
    from regdecode.genome.motif_regulators import scan_settings
    from regdecode.genome.predicted_sites import join_promoters, predict_sites
    from regdecode.io.bed6 import write_bed6
    from regdecode.io.config import read_config
    from regdecode.io.fasta import read_fasta
    from regdecode.io.meme import Motif
    from regdecode.io.motif_file import read_motifs
    from regdecode.io.notes import Notes

    settings = scan_settings(read_config(config), config)
    faults, found = Faults(), list[Motif]()
    for path in motifs:
        with faults.collect():
            found += read_motifs(path)
    faults.raise_if_any()
    notes = Notes(f"scan_motifs {settings.regulator_class}")
    sites = predict_sites(join_promoters(read_fasta(promoters), promoters), found, settings, notes, ", ".join(motifs))
    write_bed6(sites, out)
    stem = Path(out).name.removesuffix(".gz").removesuffix(".bed")
    notes.write(notes_path or Path(out).with_name(f"scan.{stem}.notes.json"))
    click.echo(f"{len(sites)} sites of {len({site.regulator for site in sites})} regulators: {out}", err=True)


if __name__ == "__main__":
    main()
