"""From what an annotation holds to the reference of a run: names reconciled, genes filtered, one model a gene."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from regdecode.errors import InputError
from regdecode.genome.chromosomes import Chromosome, names_in_description, numbered_in_roman, reconcile, spellings
from regdecode.genome.models import gene_models, gene_table, representatives, units_of
from regdecode.genome.reference_settings import ReferenceSettings
from regdecode.io.annotation import Annotation, Transcript
from regdecode.io.bed12 import GeneModels
from regdecode.io.fasta import FastaEntry
from regdecode.io.gene_table import NO_POSITION, GeneTable
from regdecode.io.notes import Notes

ENSEMBL_VERSION = re.compile(r"^(ENS[A-Z]*[GTP]\d{11})\.\d+(?:_PAR_Y)?$")
SOME = 5


class Reference(NamedTuple):
    """The reference of a run: G genes and their models; `sequence_of` maps a chromosome to its FASTA sequence (empty without FASTA)."""

    genes: GeneTable
    models: GeneModels
    chromosomes: list[Chromosome]
    sequence_of: dict[str, str]


def build_reference(
    annotation: Annotation,
    settings: ReferenceSettings,
    sequences: Sequence[FastaEntry],
    aliases: Sequence[Sequence[str]],
    notes: Notes,
    where: str,
) -> Reference:
    """Make one model a gene on chromosomes whose names agree.

    Parameters
    ----------
    annotation
        What the reader found.
    settings
        See `reference_settings`.
    sequences
        Sequences of the FASTA; empty where none was given.
    aliases
        Names of one chromosome in each row.
    notes
        Takes what was kept and dropped.
    where
        Name of the annotation file, for messages.

    Raises
    ------
    InputError
        No gene is left, chromosome names cannot be reconciled, or genes lie beyond the ends of their chromosomes.
    """
    transcripts = _strip_versions(annotation, settings.strip_version, notes)
    notes.add("transcripts read", len(transcripts))
    if annotation.unstranded:
        notes.add("genes without a strand", len(annotation.unstranded), f"such as {', '.join(annotation.unstranded[:SOME])}", "dropped")
    transcripts = _keep_biotypes(annotation, transcripts, settings.biotypes, notes, where)
    names = list(dict.fromkeys(transcript.chrom for transcript in transcripts))
    chromosomes, sequence_of = name_chromosomes(names, sequences, aliases, annotation.lengths, settings.from_description, notes, where)
    transcripts = _keep_chromosomes(transcripts, chromosomes, settings, notes, where)
    transcripts = _keep_inside(transcripts, {chromosome.name: chromosome.length for chromosome in chromosomes}, notes, where)
    chosen = representatives(transcripts, {chromosome.name: rank for rank, chromosome in enumerate(chromosomes)})
    if chosen.several_loci:
        notes.add(
            "genes on several loci, the longest model kept", len(chosen.several_loci), f"such as {', '.join(chosen.several_loci[:SOME])}"
        )
    for source, told in (
        ("cds", "genes without exons, modelled by their coding sequence"),
        ("span", "genes without exons and coding sequence, modelled by their span"),
    ):
        if count := sum(model.source == source for model in chosen.models):
            notes.add(told, count)
    units, leaders = units_of(chosen.models, annotation.units, settings.largest_gap)
    genes = gene_table(chosen.models, annotation.names, units, leaders, annotation.start_codons)
    notes.add("genes", len(genes), f"on {len(set(genes.chrom.tolist()))} chromosomes")
    if annotation.units:
        notes.add("genes led by another gene of their transcription unit", int((genes.unit_leader != genes.gene_id).sum()))
    if settings.promoter and settings.promoter.anchor == "start_codon" and (missing := int((genes.start_codon == NO_POSITION).sum())):
        notes.add("genes without a start codon, their promoters placed at the first transcribed base", missing)
    used = set(genes.chrom.tolist())
    return Reference(genes, gene_models(chosen.models), [chromosome for chromosome in chromosomes if chromosome.name in used], sequence_of)


def _strip_versions(annotation: Annotation, strip: bool | None, notes: Notes) -> list[Transcript]:
    """Remove `.version` from gene ids: always, never, or (None) where every id is an Ensembl one with a version."""
    ids = {transcript.gene_id for transcript in annotation.transcripts}
    if strip is None:
        strip = bool(ids) and all(ENSEMBL_VERSION.match(gene) for gene in ids)
    if not strip:
        return annotation.transcripts
    bare = {gene: match.group(1) if (match := ENSEMBL_VERSION.match(gene)) else re.sub(r"\.\d+$", "", gene) for gene in ids}
    tables: tuple[dict[str, Any], ...] = (annotation.names, annotation.biotypes, annotation.units, annotation.start_codons)
    for table in tables:
        for gene in [gene for gene in table if bare.get(gene, gene) != gene]:
            table.setdefault(bare[gene], table[gene])
    for transcript in annotation.transcripts:
        transcript.gene_id = bare[transcript.gene_id]
    notes.add("gene ids freed of their version", len(ids))
    return annotation.transcripts


def _keep_biotypes(
    annotation: Annotation, transcripts: list[Transcript], biotypes: Iterable[str], notes: Notes, where: str
) -> list[Transcript]:
    wanted = set(biotypes)
    if not wanted:
        return transcripts
    kept = [transcript for transcript in transcripts if annotation.biotypes.get(transcript.gene_id) in wanted]
    if not kept:
        seen = sorted({biotype for biotype in annotation.biotypes.values() if biotype})
        raise InputError(
            f"no gene of biotype {', '.join(sorted(wanted))}; the file has {', '.join(seen[: SOME * 2]) or 'none'}",
            where,
            "correct `biotypes`",
        )
    lost = len({transcript.gene_id for transcript in transcripts}) - len({transcript.gene_id for transcript in kept})
    notes.add("genes of other biotypes", lost, f"kept: {', '.join(sorted(wanted))}", "dropped")
    return kept


def name_chromosomes(
    names: Sequence[str],
    sequences: Sequence[FastaEntry],
    aliases: Sequence[Sequence[str]],
    lengths: Mapping[str, int],
    pattern: str | None,
    notes: Notes,
    where: str,
) -> tuple[list[Chromosome], dict[str, str]]:
    """Join the annotation's chromosomes, whose names stand, with FASTA sequences and aliases.

    Returns
    -------
    chromosomes, sequence_of
        Every chromosome of the annotation, in the order of the FASTA, else of the annotation; chromosome -> FASTA sequence.

    Raises
    ------
    InputError
        A FASTA was given and no chromosome of the annotation is in it.
    """
    others: dict[str, list[str]] = {name: [] for name in names}
    for row in aliases:
        for name in set(reconcile(row, dict.fromkeys(names, ())).mapping.values()):
            others[name] += [alias for alias in row if alias != name]
    told = {entry.name: names_in_description(entry.description, pattern) for entry in sequences}
    found = reconcile([alias for name in names for alias in (name, *others[name])], told).mapping
    sequence_of = {name: found[spelling] for name in names for spelling in (name, *others[name])[::-1] if spelling in found}
    if sequences and not sequence_of:
        shown = ", ".join(f"{entry.name} ({entry.description[:60]})" if entry.description else entry.name for entry in sequences[:SOME])
        raise InputError(
            f"chromosome names cannot be reconciled: the annotation has {', '.join(names[:SOME])}, the FASTA has {shown}",
            where,
            "set `chromosomes.from_description` to a regular expression that finds the name in the FASTA headers, or give an alias file",
        )
    if sequences and (absent := [name for name in names if name not in sequence_of]):
        notes.add(
            "chromosomes without sequence in the FASTA",
            len(absent),
            f"such as {', '.join(absent[:SOME])}; their genes have no promoter sequence",
            "warning",
        )
    bases = {entry.name: entry.length for entry in sequences}
    rank = {entry.name: place for place, entry in enumerate(sequences)}
    roman = numbered_in_roman(names)
    chromosomes = []
    for name in sorted(names, key=lambda name: rank.get(sequence_of.get(name, ""), len(rank))):
        sequence = sequence_of.get(name)
        more = [*others[name], *([sequence, *told[sequence]] if sequence else [])]
        forms = [form for spelling in (name, *more) for form in (spelling, *spellings(spelling, roman))]
        length = bases[sequence] if sequence else lengths.get(name)
        if sequence and lengths.get(name, length) != length:
            notes.add(
                "chromosome whose length differs between annotation and FASTA",
                None,
                f"{name}: {lengths[name]} and {length} bases",
                "warning",
            )
        chromosomes.append(Chromosome(name, length, tuple(form for form in dict.fromkeys(forms) if form != name and form not in others)))
    return _without_shared_aliases(chromosomes), sequence_of


def _without_shared_aliases(chromosomes: list[Chromosome]) -> list[Chromosome]:
    """Remove an alias that two chromosomes would share."""
    times: dict[str, int] = {}
    for chromosome in chromosomes:
        for alias in chromosome.aliases:
            times[alias] = times.get(alias, 0) + 1
    return [chromosome._replace(aliases=tuple(alias for alias in chromosome.aliases if times[alias] == 1)) for chromosome in chromosomes]


def _keep_chromosomes(
    transcripts: list[Transcript], chromosomes: list[Chromosome], settings: ReferenceSettings, notes: Notes, where: str
) -> list[Transcript]:
    known = {chromosome.name: chromosome.aliases for chromosome in chromosomes}
    only, exclude = reconcile(settings.only, known), reconcile(settings.exclude, known)
    if unknown := only.unknown + exclude.unknown:
        raise InputError(
            f"chromosome {', '.join(unknown)} of `chromosomes` is not in the annotation, which has {', '.join(list(known)[:30])}",
            where,
            "correct `only` or `exclude`",
        )
    wanted = (set(only.mapping.values()) or set(known)) - set(exclude.mapping.values())
    kept = [transcript for transcript in transcripts if transcript.chrom in wanted]
    if lost := len({transcript.gene_id for transcript in transcripts}) - len({transcript.gene_id for transcript in kept}):
        notes.add("genes on chromosomes left out", lost, "by `chromosomes`", "dropped")
    if not kept:
        raise InputError("no gene is left on the chromosomes kept", where, "correct `only` or `exclude` of `chromosomes`")
    return kept


def _keep_inside(transcripts: list[Transcript], lengths: Mapping[str, int | None], notes: Notes, where: str) -> list[Transcript]:
    """Drop transcripts that pass the end of their chromosome (on a circle they may); refuse where these are many."""
    beyond = [transcript for transcript in transcripts if (length := lengths[transcript.chrom]) is not None and transcript.end > length]
    if not beyond:
        return transcripts
    first = beyond[0]
    told = f"gene {first.gene_id} (line {first.line}) ends at {first.end} of {first.chrom}, which has {lengths[first.chrom]} bases"
    if len(beyond) > max(2, len(transcripts) // 100):
        raise InputError(
            f"{told}; {len(beyond)} transcripts pass the end of their chromosome",
            where,
            "give an annotation and a FASTA of the same genome build",
        )
    notes.add("transcripts that pass the end of their chromosome", len(beyond), told, "dropped")
    gone = {id(transcript) for transcript in beyond}
    return [transcript for transcript in transcripts if id(transcript) not in gone]
