"""One model a gene: the representative transcript, and the transcription unit a gene belongs to."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from regdecode.io.annotation import Transcript
from regdecode.io.bed12 import GeneModels
from regdecode.io.gene_table import NO_POSITION, GeneTable

Parts = list[tuple[int, int]]


class Model(NamedTuple):
    """A gene's model: disjoint ascending exons and the coding span (None where there is none)."""

    gene_id: str
    chrom: str
    strand: str
    exons: Parts
    coding: tuple[int, int] | None
    source: str


class Representatives(NamedTuple):
    """The models, sorted by chromosome rank, start and id; and the genes of which only the longest of several loci was kept."""

    models: list[Model]
    several_loci: list[str]
    no_exon: int
    no_coding: int


def merge_parts(parts: Iterable[tuple[int, int]]) -> Parts:
    """Return the union of (start, end) parts, ascending; parts that overlap or touch become one.

    Touching exons do occur (frame shifts written as two CDS); no base is counted twice.
    """
    merged: Parts = []
    for start, end in sorted(parts):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def model_of(transcript: Transcript) -> Model:
    """Return a transcript's model: its exons; without any, its coding parts; without these too, its span."""
    source, parts = ("exon", transcript.exons) if transcript.exons else ("cds", transcript.cds) if transcript.cds else ("span", [])
    exons = merge_parts(parts) if parts else [(transcript.start, transcript.end)]
    coding = (min(start for start, _ in transcript.cds), max(end for _, end in transcript.cds)) if transcript.cds else None
    if coding and not (exons[0][0] <= coding[0] and coding[1] <= exons[-1][1]):
        exons = merge_parts([*exons, *transcript.cds])
    return Model(transcript.gene_id, transcript.chrom, transcript.strand, exons, coding, source)


def representatives(transcripts: Iterable[Transcript], chromosome_rank: Mapping[str, int]) -> Representatives:
    """Choose the transcript of each gene with the most spliced bases; ties go to the smallest transcript id, then to the first place.

    Parameters
    ----------
    transcripts
        All transcripts; a gene may stand at several places.
    chromosome_rank
        Chromosome -> its place in the order of the result.

    Returns
    -------
    Representatives
        `several_loci` are genes with transcripts on two chromosomes or strands, or far enough apart not to overlap.
    """
    by_gene: dict[str, list[Transcript]] = {}
    for transcript in transcripts:
        by_gene.setdefault(transcript.gene_id, []).append(transcript)
    chosen = []
    for copies in by_gene.values():
        made = [(model_of(copy), copy) for copy in copies]
        best = min(
            made,
            key=lambda pair: (
                -sum(end - start for start, end in pair[0].exons),
                pair[1].transcript_id,
                chromosome_rank[pair[1].chrom],
                pair[1].start,
                pair[1].strand,
            ),
        )
        chosen.append(best[0])
    chosen.sort(key=lambda model: (chromosome_rank[model.chrom], model.exons[0][0], model.gene_id))
    several = sorted(gene for gene, copies in by_gene.items() if len(copies) > 1 and _loci(copies) > 1)
    return Representatives(chosen, several, sum(model.source != "exon" for model in chosen), sum(model.coding is None for model in chosen))


def _loci(copies: list[Transcript]) -> int:
    """Count places: runs of transcripts of one chromosome and strand that overlap; two rows with one id are two places even where they
    overlap.
    """
    places: dict[tuple[str, str], Parts] = {}
    for copy in copies:
        places.setdefault((copy.chrom, copy.strand), []).append((copy.start, copy.end))
    repeated = len(copies) - len({copy.transcript_id for copy in copies})
    return max(sum(len(merge_parts(spans)) for spans in places.values()), 2 if repeated else 1)


def units_of(models: list[Model], units: Mapping[str, str], largest_gap: int | None = None) -> tuple[list[str], list[str]]:
    """Return each gene's transcription unit and the unit's first gene.

    Parameters
    ----------
    models
        G models, each chromosome's together and by start.
    units
        Gene id -> unit name; a gene without one is a unit of its own, named by its id.
    largest_gap
        A unit breaks where its neighbours are further apart than this many bases; None never breaks it.

    Returns
    -------
    units, leaders
        (G,) each. Genes that share a unit's name on another chromosome or strand are a unit of their own (`name/2`, ...): no transcript
        joins them.
    """
    members: dict[tuple[str, str, str], list[Model]] = {}
    for model in models:
        members.setdefault((units.get(model.gene_id, ""), model.chrom, model.strand), []).append(model)
    unit: dict[str, str] = {}
    leader: dict[str, str] = {}
    times: dict[str, int] = {}
    for (name, _, strand), genes in members.items():
        for run in [[gene] for gene in genes] if not name else _runs(genes, largest_gap):
            first = run[0] if strand == "+" else max(run, key=lambda model: (model.exons[-1][1], model.gene_id))
            times[name] = times.get(name, 0) + 1
            for gene in run:
                unit[gene.gene_id] = gene.gene_id if not name else name if times[name] == 1 else f"{name}/{times[name]}"
                leader[gene.gene_id] = first.gene_id
    return [unit[model.gene_id] for model in models], [leader[model.gene_id] for model in models]


def _runs(genes: list[Model], largest_gap: int | None) -> list[list[Model]]:
    runs, reach = [[genes[0]]], genes[0].exons[-1][1]
    for gene in genes[1:]:
        if largest_gap is not None and gene.exons[0][0] - reach > largest_gap:
            runs.append([])
        runs[-1].append(gene)
        reach = max(reach, gene.exons[-1][1])
    return runs


def gene_table(
    models: list[Model], names: Mapping[str, str], units: list[str], leaders: list[str], start_codons: Mapping[str, int]
) -> GeneTable:
    """Lay models out as a table of G genes; `start_codons` (0-based) go before the coding spans."""
    plus = [model.strand == "+" for model in models]
    start, end = [model.exons[0][0] for model in models], [model.exons[-1][1] for model in models]
    codons = [
        start_codons.get(model.gene_id, NO_POSITION if not model.coding else model.coding[0] if on_plus else model.coding[1] - 1)
        for model, on_plus in zip(models, plus, strict=True)
    ]
    ids = [model.gene_id for model in models]
    return GeneTable(
        gene_id=np.array(ids, dtype=np.str_),
        gene_name=np.array([names.get(gene) or gene for gene in ids], dtype=np.str_),
        chrom=np.array([model.chrom for model in models], dtype=np.str_),
        start=np.array(start, dtype=np.int64),
        end=np.array(end, dtype=np.int64),
        strand=np.array([model.strand for model in models], dtype=np.str_),
        tss=np.array([first if on_plus else last - 1 for first, last, on_plus in zip(start, end, plus, strict=True)], dtype=np.int64),
        start_codon=np.array(codons, dtype=np.int64),
        length=np.array([sum(stop - begin for begin, stop in model.exons) for model in models], dtype=np.int64),
        n_exons=np.array([len(model.exons) for model in models], dtype=np.int64),
        unit=np.array(units, dtype=np.str_),
        unit_leader=np.array(leaders, dtype=np.str_),
    )


def gene_models(models: list[Model]) -> GeneModels:
    """Lay models out as arrays of G genes and E exons; without a coding span the thick part is empty at the start."""
    coding = [model.coding or (model.exons[0][0], model.exons[0][0]) for model in models]
    exons = [exon for model in models for exon in model.exons]
    return GeneModels(
        gene_id=np.array([model.gene_id for model in models], dtype=np.str_),
        chrom=np.array([model.chrom for model in models], dtype=np.str_),
        start=np.array([model.exons[0][0] for model in models], dtype=np.int64),
        end=np.array([model.exons[-1][1] for model in models], dtype=np.int64),
        strand=np.array([model.strand for model in models], dtype=np.str_),
        thick_start=np.array([first for first, _ in coding], dtype=np.int64),
        thick_end=np.array([last for _, last in coding], dtype=np.int64),
        exon_offsets=np.concatenate([[0], np.cumsum([len(model.exons) for model in models])]).astype(np.int64),
        exon_start=np.array([start for start, _ in exons], dtype=np.int64),
        exon_end=np.array([end for _, end in exons], dtype=np.int64),
    )
