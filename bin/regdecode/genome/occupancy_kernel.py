"""The compiled loop of `regdecode.genome.occupancy`; imported only where numba is used."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from regdecode.genome.numba_cache import use_writable_cache

use_writable_cache(__file__)
NEGLIGIBLE = -4.5


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
    """Sum 1 / (1 + exp(-score)) over both strands and the starts in each window; what counts less than 0.011 is left out.

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
    still, other_still = best_of_rest(tables), best_of_rest(other_tables)
    n_starts = n_words - max(width - (words_span(tables.shape[1])), 0)
    for g in range(words.shape[0]):
        row = words[g]
        for w in range(windows.shape[0]):
            total = 0.0
            for i in range(windows[w, 0], min(windows[w, 1], n_starts)):
                score, other = tables[0, row[i + places[0]]], other_tables[0, row[i + other_places[0]]]
                if score + still > NEGLIGIBLE:
                    for b in range(1, len(places)):
                        score += tables[b, row[i + places[b]]]
                    if score > NEGLIGIBLE:
                        total += 1.0 / (1.0 + np.exp(-score))
                if other + other_still > NEGLIGIBLE:
                    for b in range(1, len(other_places)):
                        other += other_tables[b, row[i + other_places[b]]]
                    if other > NEGLIGIBLE:
                        total += 1.0 / (1.0 + np.exp(-other))
            out[g, w] = total


@njit(cache=True, nogil=True)
def best_of_rest(tables: NDArray[np.float32]) -> float:
    """Score that all words but the first add at best."""
    best = 0.0
    for b in range(1, tables.shape[0]):
        best += tables[b].max()
    return best


@njit(cache=True, nogil=True)
def words_span(size: int) -> int:
    """Letters of a word whose table has `size` = 4**k + 1 rows."""
    span, n = 0, 1
    while n * 4 < size:
        n *= 4
        span += 1
    return span
