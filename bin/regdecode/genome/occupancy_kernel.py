"""The compiled loop of `regdecode.genome.occupancy`; imported only where numba is used."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from regdecode.genome.numba_cache import use_writable_cache

use_writable_cache(__file__)
NEGLIGIBLE = -10.0


@njit(cache=True, nogil=True)
def add_occupancy(
    words: NDArray[np.int16],
    places: NDArray[np.int64],
    tables: NDArray[np.float32],
    other_places: NDArray[np.int64],
    other_tables: NDArray[np.float32],
    width: int,
    windows: NDArray[np.int64],
    out: NDArray[np.float32],
) -> None:
    """Sum 1 / (1 + exp(-score)) over both strands and the starts in each window.

    Parameters
    ----------
    words
        (G, N) number of the word at each base; the last row of a table forbids it.
    places, tables
        (B,), (B, 4**k + 1) offset of each word of the motif, and the score of every word there, the motif's threshold taken off.
    other_places, other_tables
        The same of its reverse complement.
    width
        Bases of the motif, which must lie inside the sequence.
    windows
        (W, 2) first and last + 1 start.
    out
        (G, W), written.
    """
    n_words = words.shape[1]
    n_starts = n_words - max(width - (words_span(tables.shape[1])), 0)
    for g in range(words.shape[0]):
        row = words[g]
        for w in range(windows.shape[0]):
            total = 0.0
            for i in range(windows[w, 0], min(windows[w, 1], n_starts)):
                score, other = np.float32(0), np.float32(0)
                for b in range(len(places)):
                    score += tables[b, row[i + places[b]]]
                    other += other_tables[b, row[i + other_places[b]]]
                if score > NEGLIGIBLE:
                    total += 1.0 / (1.0 + np.exp(-score))
                if other > NEGLIGIBLE:
                    total += 1.0 / (1.0 + np.exp(-other))
            out[g, w] = total


@njit(cache=True, nogil=True)
def words_span(size: int) -> int:
    """Letters of a word whose table has `size` = 4**k + 1 rows."""
    span, n = 0, 1
    while n * 4 < size:
        n *= 4
        span += 1
    return span
