#!/usr/bin/env python3
"""REFERENCE: annotation (and FASTA) to genes.tsv, models.bed, chromosomes.tsv, promoters.fa, sequences.fa, coding.fa."""

from pathlib import Path

import click

from regdecode.cli import command, existing_file


@command
@click.option("--annotation", required=True, type=existing_file, help="GTF, GFF3 or table of genes, plain or gzipped.")
@click.option(
    "--config", required=True, type=existing_file, help="JSON: kind, columns, chromosomes, windows (see docs/adding_an_organism.md)."
)
@click.option("--fasta", type=existing_file, help="Genome; with it, promoters.fa, sequences.fa and coding.fa are written.")
@click.option("--aliases", type=existing_file, help="Names of one chromosome on each line, separated by tabs.")
@click.option("--proteins", type=existing_file, help="Protein FASTA by gene id or name; with it, proteins.fa is written.")
@click.option("--out", required=True, type=click.Path(), help="Folder to write.")
def main(annotation: str, config: str, fasta: str | None, aliases: str | None, proteins: str | None, out: str) -> None:
    """Read an annotation, choose one model a gene, make chromosome names agree, cut out promoters."""
    from regdecode.genome.coding import coding_sequences
    from regdecode.genome.letters import list_genome
    from regdecode.genome.reference import build_reference
    from regdecode.genome.reference_settings import reference_settings
    from regdecode.genome.sequences import padded_sequences, promoter_sequences, proteins_of
    from regdecode.io.annotation_file import read_annotation
    from regdecode.io.atomic import atomic_path
    from regdecode.io.bed12 import write_models
    from regdecode.io.chromosome_table import read_aliases, write_chromosomes
    from regdecode.io.config import read_config
    from regdecode.io.fasta import read_fasta, write_fasta
    from regdecode.io.gene_table import write_genes
    from regdecode.io.notes import Notes

    notes = Notes("reference")
    settings = reference_settings(read_config(config), config)
    found = read_annotation(
        annotation, settings.kind, settings.columns, settings.zero_based, settings.separator, settings.chromosome, settings.gene_id
    )
    sequences = list_genome(fasta, notes) if fasta else []
    reference = build_reference(found, settings, sequences, read_aliases(aliases) if aliases else [], notes, annotation)
    with atomic_path(out) as folder:
        folder.mkdir()
        write_genes(reference.genes, folder / "genes.tsv")
        write_models(reference.models, folder / "models.bed")
        write_chromosomes(reference.chromosomes, folder / "chromosomes.tsv")
        for window, cut, name in (
            (settings.promoter, promoter_sequences, "promoters.fa"),
            (settings.sequence, padded_sequences, "sequences.fa"),
        ):
            if fasta and window:
                pieces = cut(reference.genes, window, reference.chromosomes, reference.sequence_of, read_fasta(fasta), notes)
                write_fasta(pieces, folder / name)
        if fasta:
            coding = coding_sequences(reference.models, reference.sequence_of, read_fasta(fasta), notes)
            write_fasta(coding, folder / "coding.fa")
            if not (folder / "coding.fa").stat().st_size:
                (folder / "coding.fa").unlink()  # an annotation without coding parts
        if proteins:
            write_fasta(proteins_of(reference.genes, read_fasta(proteins), notes, proteins), folder / "proteins.fa")
        notes.write(folder / "reference.notes.json")
    click.echo(f"{len(reference.genes)} genes on {len(reference.chromosomes)} chromosomes: {Path(out)}", err=True)


if __name__ == "__main__":
    main()
