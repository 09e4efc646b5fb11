"""Count, for every bin and regulator, the bases covered by any site: packed keys, one sort, one sweep.

Chromosomes are laid end to end on one axis, so that a site is a start and a width; regulator, start and width are packed in one 64-bit
integer, whose sort order is the order of the sweep. Where strands matter the axis is laid twice, once a strand, and a site of either strand
goes on both: the sweep itself knows neither strands nor chromosomes. It merges a regulator's sites as it meets them and emits compressed
columns. Without numba the same is done by numpy.
"""

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from regdecode.genome.regions import Regions

CHUNK_SITES = 1_000_000
KEY_BITS = 63


class Placed(NamedTuple):
    """Sites by index of regulator and chromosome; (N,) each. `strand` is 1, -1 or 0 (either), or None (all either)."""

    regulator: NDArray[np.int32]
    chrom: NDArray[np.int32]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    strand: NDArray[np.int8] | None


class Binned(NamedTuple):
    """(B_total, R) bases covered, float32, columns of each row ascending; and how many sites touch any region."""

    counts: csr_matrix
    n_touching: int


class Pieces(NamedTuple):
    """Pieces of regions on the axis, by start; (K,) each. `reach` is the furthest end so far, `row` the first bin of the piece's region."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    reach: NDArray[np.int64]
    offset: NDArray[np.int64]
    row: NDArray[np.int64]
    minus: NDArray[np.bool_]


class Packed(NamedTuple):
    """Touching sites in sweep order; the keys of regulator r are `pointers[r]:pointers[r + 1]`, each (regulator |) start | width."""

    keys: NDArray[np.int64]
    pointers: NDArray[np.int64]
    start_bits: int
    width_bits: int


class Columns(NamedTuple):
    """Compressed columns: rows and bases of regulator r are `pointers[r]:pointers[r + 1]`, each row at most once."""

    pointers: NDArray[np.int64]
    rows: NDArray[np.int32]
    bases: NDArray[np.float32]


def has_numba() -> bool:
    """Tell whether the compiled sweep can be used."""
    return find_spec("numba") is not None


def bin_sites(
    sites: Placed, regions: Regions, chroms: NDArray[np.str_], n_regulators: int, threads: int = 1, compiled: bool | None = None
) -> Binned:
    """Count the bases of every bin that any site of a regulator covers; a base counts once a regulator.

    Parameters
    ----------
    sites
        (N,) sites in any order, overlapping as they like.
    regions
        G regions with B_total bins.
    chroms
        (C,) names that `sites.chrom` indexes.
    n_regulators
        R.
    threads
        CPU threads of the sweep; the result does not depend on it.
    compiled
        Use numba; by default where it is installed.

    Returns
    -------
    Binned
        (B_total, R) counts.
    """
    origin, extent = _axis(regions, chroms)
    pieces = _pieces(regions, chroms, origin)
    packed, n_touching = _pack(sites, origin, extent, pieces, regions.stranded, n_regulators)
    if has_numba() if compiled is None else compiled:
        columns = _sweep_compiled(packed, pieces, regions.bin_size, regions.n_bins, threads)
    else:
        columns = _sweep_numpy(packed, pieces, regions.bin_size, regions.n_bins)
    counts = csc_matrix((columns.bases, columns.rows, columns.pointers), shape=(regions.n_bins, n_regulators)).tocsr()
    return Binned(counts, n_touching)


def _axis(regions: Regions, chroms: NDArray[np.str_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(C + 1,) where each chromosome begins, and the axis ends; (C,) bases of each chromosome that can matter (none without a region)."""
    names, which = np.unique(regions.chrom, return_inverse=True)
    furthest = np.zeros(len(names), np.int64)
    np.maximum.at(furthest, which, regions.end)
    by_name = dict(zip(names.tolist(), furthest.tolist(), strict=True))
    extent = np.array([by_name.get(name, 0) for name in chroms.tolist()], np.int64)
    return np.concatenate([[0], np.cumsum(extent)]).astype(np.int64), extent


def _pieces(regions: Regions, chroms: NDArray[np.str_], origin: NDArray[np.int64]) -> Pieces:
    """Lay the pieces on the axis; where strands matter, those of the minus strand on its second half."""
    index = {name: i for i, name in enumerate(chroms.tolist())}
    names, which = np.unique(regions.chrom, return_inverse=True)
    chrom = np.array([index.get(name, -1) for name in names.tolist()], np.int64)[which]
    used = np.flatnonzero((chrom >= 0) & (regions.end > regions.start))
    shift = origin[chrom[used]] + (origin[-1] * regions.minus[used] if regions.stranded else 0)
    start = regions.start[used] + shift
    order = np.argsort(start, kind="stable")
    used, start = used[order], start[order]
    end = start + regions.end[used] - regions.start[used]
    reach = np.maximum.accumulate(end) if len(end) else end
    return Pieces(start, end, reach, regions.offset[used], regions.offsets[:-1][regions.region[used]], regions.minus[used])


def _union(start: NDArray[np.int64], reach: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Disjoint intervals covered by intervals sorted by start, of which `reach` is the running maximum of the ends."""
    opens = np.ones(len(start), bool)
    opens[1:] = start[1:] > reach[:-1]
    first = np.flatnonzero(opens)
    return start[first], reach[np.append(first[1:], len(start)) - 1] if len(start) else reach


def _pack(
    sites: Placed, origin: NDArray[np.int64], extent: NDArray[np.int64], pieces: Pieces, stranded: bool, n_regulators: int
) -> tuple[Packed, int]:
    """Pack and sort the sites that touch a piece; also count them."""
    start = np.minimum(sites.start, extent[sites.chrom])
    width = np.minimum(sites.end, extent[sites.chrom]) - start
    start += origin[sites.chrom]
    opens, closes = _union(pieces.start, pieces.reach)
    opens = np.append(opens, np.iinfo(np.int64).max)
    strand = sites.strand if sites.strand is not None else np.zeros(len(start), np.int8)
    touching = np.zeros(len(start), bool)
    kept: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]] = []
    for lane in (1, -1) if stranded else (0,):
        at = start + origin[-1] if lane < 0 else start
        hits = (width > 0) & (opens[np.searchsorted(closes, at, side="right")] < at + width)
        if lane:
            hits &= strand != -lane
        touching |= hits
        kept.append((at[hits], width[hits], sites.regulator[hits]))
    starts, widths, regulators = (np.concatenate(column) for column in zip(*kept, strict=True))
    return _sorted_keys(starts, widths, regulators, n_regulators, int(2 * origin[-1])), int(touching.sum())


def _sorted_keys(start: NDArray[np.int64], width: NDArray[np.int64], regulator: NDArray[np.int32], n_regulators: int, axis: int) -> Packed:
    start_bits, width_bits = axis.bit_length(), int(width.max(initial=1)).bit_length()
    keys = start << width_bits | width
    pointers = np.concatenate([[0], np.cumsum(np.bincount(regulator, minlength=n_regulators))]).astype(np.int64)
    if n_regulators.bit_length() + start_bits + width_bits <= KEY_BITS:
        keys |= regulator.astype(np.int64) << (start_bits + width_bits)
        keys.sort()
        return Packed(keys, pointers, start_bits, width_bits)
    if start_bits + width_bits > KEY_BITS:
        raise OverflowError(f"{axis} positions with sites of up to {width.max()} bases do not fit in {KEY_BITS} bits")
    keys = keys[np.argsort(regulator, kind="stable")]
    for first, last in pairwise(pointers):
        keys[first:last].sort()
    return Packed(keys, pointers, start_bits, width_bits)


def _sweep_compiled(packed: Packed, pieces: Pieces, bin_size: int, n_bins: int, threads: int) -> Columns:
    """Sweep runs of regulators in threads; each writes to its own stretch of the result."""
    from regdecode.genome.binning_kernel import count_overlaps, fill_overlaps

    n_regulators = len(packed.pointers) - 1
    shares = np.searchsorted(packed.pointers, np.linspace(0, packed.pointers[-1], 4 * threads + 1)[1:-1])
    edges = np.unique(np.concatenate([[0], shares, [n_regulators]]))
    runs = [(int(first), int(last)) for first, last in pairwise(edges)]
    room = np.zeros(n_regulators + 1, np.int64)
    sweep = (
        packed.keys,
        packed.pointers,
        packed.start_bits,
        packed.width_bits,
        pieces.start,
        pieces.end,
        pieces.reach,
        pieces.offset,
        pieces.minus,
        bin_size,
    )
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda run: count_overlaps(*sweep, *run, room), runs))
        at = np.cumsum(room) - room
        rows, bases = np.empty(int(room.sum()), np.int32), np.empty(int(room.sum()), np.float32)
        found = np.zeros(n_regulators + 1, np.int64)
        list(pool.map(lambda run: fill_overlaps(*sweep, pieces.row, n_bins, *run, at, rows, bases, found), runs))
    return _close_gaps(at, found, rows, bases)


def _close_gaps(at: NDArray[np.int64], found: NDArray[np.int64], rows: NDArray[np.int32], bases: NDArray[np.float32]) -> Columns:
    """Move each regulator's entries up to its predecessor's: a bin that several merged sites touch took room once a site."""
    pointers = np.concatenate([[0], np.cumsum(found[:-1])]).astype(np.int64)
    for r in range(len(found) - 1):
        source, target = slice(at[r], at[r] + found[r]), slice(pointers[r], pointers[r + 1])
        rows[target], bases[target] = rows[source], bases[source]
    return Columns(pointers, rows[: pointers[-1]], bases[: pointers[-1]])


def _sweep_numpy(packed: Packed, pieces: Pieces, bin_size: int, n_bins: int) -> Columns:
    """Do the same with sorted searches, some regulators at a time to bound the memory."""
    n_regulators = len(packed.pointers) - 1
    parts: list[csr_matrix] = []
    first = 0
    while first < n_regulators:
        last = max(first + 1, int(np.searchsorted(packed.pointers, packed.pointers[first] + CHUNK_SITES)))
        last = min(last, n_regulators)
        parts.append(_sweep_chunk(packed, pieces, bin_size, n_bins, first, last))
        first = last
    counts = np.concatenate([[0], np.cumsum(np.concatenate([np.diff(part.indptr) for part in parts]))]).astype(np.int64)
    return Columns(counts, np.concatenate([part.indices for part in parts]), np.concatenate([part.data for part in parts]))


def _sweep_chunk(packed: Packed, pieces: Pieces, bin_size: int, n_bins: int, first: int, last: int) -> csr_matrix:
    """(last - first, B_total) bases covered by regulators first..last - 1."""
    pointers = packed.pointers[first : last + 1]
    keys = packed.keys[pointers[0] : pointers[-1]]
    regulator = np.repeat(np.arange(last - first), np.diff(pointers))
    start = (keys >> packed.width_bits) & ((1 << packed.start_bits) - 1)
    end = start + (keys & ((1 << packed.width_bits) - 1))
    span = np.int64(1) << packed.start_bits
    lane = regulator * (span + 1)  # a regulator's sites never meet another's
    reach = np.maximum.accumulate(end + lane) if len(end) else end
    opens, closes = _union(start + lane, reach)
    owner = opens // (span + 1)
    opens, closes = opens - owner * (span + 1), closes - owner * (span + 1)
    low, high = np.searchsorted(pieces.reach, opens, side="right"), np.searchsorted(pieces.start, closes, side="left")
    n = np.maximum(high - low, 0)
    site = np.repeat(np.arange(len(opens)), n)
    piece = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n) + low[site]
    begin, stop = np.maximum(opens[site], pieces.start[piece]), np.minimum(closes[site], pieces.end[piece])
    met = begin < stop
    site, piece, begin, stop = site[met], piece[met], begin[met], stop[met]
    five_prime = np.where(pieces.minus[piece], pieces.end[piece] - stop, begin - pieces.start[piece]) + pieces.offset[piece]
    three_prime = five_prime + stop - begin
    bins = (three_prime - 1) // bin_size - five_prime // bin_size + 1
    which = np.repeat(np.arange(len(bins)), bins)
    number = np.arange(bins.sum()) - np.repeat(np.cumsum(bins) - bins, bins) + (five_prime // bin_size)[which]
    bases = np.minimum(three_prime[which], (number + 1) * bin_size) - np.maximum(five_prime[which], number * bin_size)
    cells = csr_matrix((bases.astype(np.float32), (owner[site][which], pieces.row[piece][which] + number)), shape=(last - first, n_bins))
    cells.sum_duplicates()
    return cells
