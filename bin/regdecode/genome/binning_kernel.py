"""The compiled sweep of `regdecode.genome.binning`; imported only where numba is used."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from regdecode.genome.numba_cache import use_writable_cache

use_writable_cache(__file__)
Int = NDArray[np.int64]


@njit(cache=True, nogil=True)
def _advance(reach: Int, at: int, position: int) -> int:
    """First index from `at` on whose reach passes `position`: doubling steps, then halving."""
    n = len(reach)
    if at >= n or reach[at] > position:
        return at
    step = 1
    while at + step < n and reach[at + step] <= position:
        at += step
        step *= 2
    while step > 0:
        if at + step < n and reach[at + step] <= position:
            at += step
        step //= 2
    return at + 1


@njit(cache=True, nogil=True)
def _next_union(keys: Int, at: int, last: int, start_mask: int, width_bits: int) -> tuple[int, int, int]:
    """Merge the site at `at` with all that follow and overlap or touch it; return start, end and the next index."""
    width_mask = (1 << width_bits) - 1
    start = (keys[at] >> width_bits) & start_mask
    end = start + (keys[at] & width_mask)
    at += 1
    while at < last:
        begin = (keys[at] >> width_bits) & start_mask
        if begin > end:
            break
        end = max(end, begin + (keys[at] & width_mask))
        at += 1
    return start, end, at


@njit(cache=True, nogil=True)
def count_overlaps(
    keys: Int,
    pointers: Int,
    start_bits: int,
    width_bits: int,
    piece_start: Int,
    piece_end: Int,
    reach: Int,
    offset: Int,
    minus: NDArray[np.bool_],
    bin_size: int,
    first: int,
    last: int,
    room: Int,
) -> None:
    """Write to `room` how often a merged site of each regulator in first..last - 1 meets a bin: the room its entries need at most."""
    start_mask = (1 << start_bits) - 1
    for r in range(first, last):
        at, near, n = pointers[r], 0, 0
        while at < pointers[r + 1]:
            start, end, at = _next_union(keys, at, pointers[r + 1], start_mask, width_bits)
            near = _advance(reach, near, start)
            k = near
            while k < len(piece_start) and piece_start[k] < end:
                if piece_end[k] > start:
                    low, high = max(start, piece_start[k]), min(end, piece_end[k])
                    begin = offset[k] + (piece_end[k] - high if minus[k] else low - piece_start[k])
                    n += (begin + high - low - 1) // bin_size - begin // bin_size + 1
                k += 1
        room[r] = n


@njit(cache=True, nogil=True)
def fill_overlaps(
    keys: Int,
    pointers: Int,
    start_bits: int,
    width_bits: int,
    piece_start: Int,
    piece_end: Int,
    reach: Int,
    offset: Int,
    minus: NDArray[np.bool_],
    bin_size: int,
    row: Int,
    n_bins: int,
    first: int,
    last: int,
    room_at: Int,
    rows: NDArray[np.int32],
    bases: NDArray[np.float32],
    found: Int,
) -> None:
    """Write the rows and bases of regulators first..last - 1 from `room_at[r]` on, and how many to `found[r]`."""
    start_mask = (1 << start_bits) - 1
    entry = np.full(n_bins, -1, np.int64)  # where a bin's entry is; older than the regulator: none yet
    for r in range(first, last):
        at, near, free = pointers[r], 0, room_at[r]
        while at < pointers[r + 1]:
            start, end, at = _next_union(keys, at, pointers[r + 1], start_mask, width_bits)
            near = _advance(reach, near, start)
            k = near
            while k < len(piece_start) and piece_start[k] < end:
                if piece_end[k] > start:
                    low, high = max(start, piece_start[k]), min(end, piece_end[k])
                    begin = offset[k] + (piece_end[k] - high if minus[k] else low - piece_start[k])
                    stop = begin + high - low
                    number = begin // bin_size
                    cell, border = row[k] + number, (number + 1) * bin_size
                    while begin < stop:
                        until = min(stop, border)
                        if entry[cell] < room_at[r]:
                            entry[cell], rows[free], bases[free] = free, cell, until - begin
                            free += 1
                        else:
                            bases[entry[cell]] += until - begin
                        begin = until
                        cell += 1
                        border += bin_size
                k += 1
        found[r] = free - room_at[r]
