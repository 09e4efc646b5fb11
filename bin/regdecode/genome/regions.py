"""Regions whose bins are counted: promoter windows and spliced RNAs as pieces of chromosome laid on bins."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from regdecode.genome.windows import Anchored, Spliced, clip_windows, promoter_windows, spliced_segments


@dataclass(frozen=True)
class Regions:
    """G regions of any number of bins, made of K pieces of chromosome.

    Parameters
    ----------
    bin_size
        Bases a bin.
    offsets
        (G + 1,) the bins of region g are rows `offsets[g]:offsets[g + 1]`, 5' to 3'.
    bin_start, bin_end
        (B_total,) the bin in region coordinates.
    bases
        (B_total,) bases of the bin that exist on the chromosome.
    chrom
        (K,) chromosome of each piece.
    start, end
        (K,) the piece on the chromosome, 0-based half-open.
    minus
        (K,) whether the region runs against the chromosome.
    offset
        (K,) region coordinate of the piece's 5'-most base.
    region
        (K,) index of the region the piece belongs to.
    stranded
        Whether a site counts on its own strand only.
    """

    bin_size: int
    offsets: NDArray[np.int64]
    bin_start: NDArray[np.int64]
    bin_end: NDArray[np.int64]
    bases: NDArray[np.int32]
    chrom: NDArray[np.str_]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    minus: NDArray[np.bool_]
    offset: NDArray[np.int64]
    region: NDArray[np.int64]
    stranded: bool

    @property
    def n_bins(self) -> int:
        """Number of bins of all regions."""
        return int(self.offsets[-1])


def promoter_regions(
    genes: Anchored,
    upstream: int,
    downstream: int,
    bin_size: int,
    anchor: str,
    lengths: dict[str, int],
    leader: NDArray[np.int64] | None = None,
) -> Regions:
    """Lay out one window a gene, bin 0 most upstream; bases beyond the chromosome's ends do not exist.

    Parameters
    ----------
    genes
        (G,) genes.
    upstream, downstream
        Bases before the anchor, and from the anchor on.
    bin_size
        Bases a bin; the last, most downstream bin is short where it does not divide the window.
    anchor
        "tss" or "start_codon".
    lengths
        Chromosome -> bases, where known.
    leader
        (G,) index of the gene whose window stands for each gene; None for its own.

    Returns
    -------
    Regions
        (G,) regions of one piece each; sites of either strand count.
    """
    windows = promoter_windows(genes, upstream, downstream, anchor, leader)
    clipped = clip_windows(windows, lengths)
    minus = windows.strand == "-"
    offset = np.where(minus, windows.end - clipped.end, clipped.start - windows.start)
    sizes = np.full(len(windows.start), upstream + downstream, np.int64)
    return _lay_out(bin_size, sizes, clipped.chrom, clipped.start, clipped.end, minus, offset, np.arange(len(sizes)), stranded=False)


def rna_regions(models: Spliced, bin_size: int) -> Regions:
    """Lay out every spliced RNA, 5' to 3'; the last bin may be short, and sites count on the RNA's strand only.

    Parameters
    ----------
    models
        G models with K exons.
    bin_size
        Bases a bin.
    """
    exons = spliced_segments(models)
    sizes = np.zeros(len(models.strand), np.int64)
    np.add.at(sizes, exons.gene, exons.end - exons.start)
    return _lay_out(bin_size, sizes, exons.chrom, exons.start, exons.end, exons.strand == "-", exons.offset, exons.gene, stranded=True)


def _lay_out(
    bin_size: int,
    sizes: NDArray[np.int64],
    chrom: NDArray[np.str_],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    minus: NDArray[np.bool_],
    offset: NDArray[np.int64],
    region: NDArray[np.int64],
    stranded: bool,
) -> Regions:
    bins = -(-sizes // bin_size)
    offsets = np.concatenate([[0], np.cumsum(bins)]).astype(np.int64)
    bin_start = (np.arange(offsets[-1]) - np.repeat(offsets[:-1], bins)) * bin_size
    bin_end = np.minimum(bin_start + bin_size, np.repeat(sizes, bins))
    first = np.full(len(sizes), np.iinfo(np.int64).max)
    last = np.zeros(len(sizes), np.int64)
    np.minimum.at(first, region, offset)
    np.maximum.at(last, region, offset + end - start)
    bases = np.minimum(bin_end, np.repeat(last, bins)) - np.maximum(bin_start, np.repeat(first, bins))
    return Regions(
        bin_size, offsets, bin_start, bin_end, np.maximum(bases, 0).astype(np.int32), chrom, start, end, minus, offset, region, stranded
    )
