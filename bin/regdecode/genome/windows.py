"""Regions around genes: promoter windows on the chromosome, spliced transcript coordinates."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

NO_POSITION = -1


class Anchored(Protocol):
    """What a promoter window needs to know of genes (`regdecode.io.gene_table.GeneTable` has it)."""

    @property
    def chrom(self) -> NDArray[np.str_]:
        """(G,) chromosome."""
        ...

    @property
    def strand(self) -> NDArray[np.str_]:
        """(G,) + or -."""
        ...

    @property
    def tss(self) -> NDArray[np.int64]:
        """(G,) 0-based position of the first transcribed base."""
        ...

    @property
    def start_codon(self) -> NDArray[np.int64]:
        """(G,) 0-based position of the first translated base, -1 where unknown."""
        ...


class Spliced(Protocol):
    """What transcript coordinates need to know of models (`regdecode.io.bed12.GeneModels` has it)."""

    @property
    def strand(self) -> NDArray[np.str_]:
        """(G,) + or -."""
        ...

    @property
    def chrom(self) -> NDArray[np.str_]:
        """(G,) chromosome."""
        ...

    @property
    def exon_offsets(self) -> NDArray[np.int64]:
        """(G + 1,) the exons of gene g are `exon_offsets[g]:exon_offsets[g + 1]`."""
        ...

    @property
    def exon_start(self) -> NDArray[np.int64]:
        """(E,) first base of each exon."""
        ...

    @property
    def exon_end(self) -> NDArray[np.int64]:
        """(E,) base after the last of each exon."""
        ...


class Windows(NamedTuple):
    """One window a gene, 0-based half-open on the chromosome; (G,) each."""

    chrom: NDArray[np.str_]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    strand: NDArray[np.str_]


class Segments(NamedTuple):
    """Exons laid out on their transcripts; (E,) each, in the order of the models' exons.

    `offset` is the transcript coordinate of the exon's 5'-most base: base p of an exon is transcript base
    offset + p - start on the plus strand and offset + end - 1 - p on the minus strand.
    """

    gene: NDArray[np.int64]
    chrom: NDArray[np.str_]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    strand: NDArray[np.str_]
    offset: NDArray[np.int64]


def leader_rows(gene_id: NDArray[np.str_], unit_leader: NDArray[np.str_]) -> NDArray[np.int64]:
    """Row (G,) of the first gene of each gene's transcription unit; the gene's own where that gene is not in the table."""
    row = {gene: i for i, gene in enumerate(gene_id.tolist())}
    return np.array([row.get(name, i) for i, name in enumerate(unit_leader.tolist())], np.int64)


def promoter_windows(
    genes: Anchored, upstream: int, downstream: int, anchor: str = "tss", leader: NDArray[np.int64] | None = None
) -> Windows:
    """Return the window from `upstream` bases before the anchor to `downstream` bases from it on, strand-aware.

    The anchor base itself is the first downstream base, so a window always has upstream + downstream bases. Windows are not clipped:
    `start` may be negative and `end` may pass the end of the chromosome (see `clip_windows`).

    Parameters
    ----------
    genes
        (G,) genes with chrom, strand, tss, start_codon (-1 where unknown; the TSS then stands in).
    upstream, downstream
        Bases, at least 0.
    anchor
        "tss" or "start_codon".
    leader
        (G,) row of the gene whose window stands for each gene; None for its own.

    Returns
    -------
    Windows
        (G,) each.
    """
    if anchor not in ("tss", "start_codon"):
        raise ValueError(f"anchor is {anchor!r}, not tss or start_codon")
    position = genes.tss if anchor == "tss" else np.where(genes.start_codon == NO_POSITION, genes.tss, genes.start_codon)
    plus = genes.strand == "+"
    start = np.where(plus, position - upstream, position + 1 - downstream)
    end = start + upstream + downstream
    if leader is None:
        return Windows(genes.chrom, start, end, genes.strand)
    return Windows(genes.chrom[leader], start[leader], end[leader], genes.strand[leader])


def clip_windows(windows: Windows, lengths: dict[str, int]) -> Windows:
    """Cut windows to their chromosomes; a chromosome without known length only bounds from below.

    Parameters
    ----------
    windows
        (G,) each.
    lengths
        Chromosome -> bases.
    """
    unbounded = np.iinfo(np.int64).max
    names, which = np.unique(windows.chrom, return_inverse=True)
    limit = np.array([lengths.get(str(name), unbounded) for name in names], dtype=np.int64)[which]
    start = np.minimum(np.maximum(windows.start, 0), limit)
    return windows._replace(start=start, end=np.maximum(np.minimum(windows.end, limit), start))


def spliced_segments(models: Spliced) -> Segments:
    """Lay every exon on its transcript, 5' to 3'.

    Parameters
    ----------
    models
        G models with E exons.

    Returns
    -------
    Segments
        (E,) each.
    """
    n_exons = np.diff(models.exon_offsets)
    gene = np.repeat(np.arange(len(n_exons)), n_exons)
    sizes = models.exon_end - models.exon_start
    before = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    first, last = models.exon_offsets[:-1][gene], models.exon_offsets[1:][gene]
    from_left = before[:-1] - before[first]
    from_right = before[last] - before[1:]
    strand = models.strand[gene]
    return Segments(gene, models.chrom[gene], models.exon_start, models.exon_end, strand, np.where(strand == "+", from_left, from_right))
