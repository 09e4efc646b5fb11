"""How much of each motif a sequence holds: soft counts of sites, both strands, by window.

A place with log-odds score s (bits) counts 1 / (1 + exp(-slope (s - threshold))), so that many weak sites add up and one strong site is
about 1. Axes: G genes, L bases, M motifs, W windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from regdecode.genome.kmers import word_numbers
from regdecode.genome.scan import UNITS_PER_BIT, letter_frequencies, log_odds, score_tail
from regdecode.io.meme import Motif

SPAN = 5
_FORBIDDEN = -1e4


@dataclass(frozen=True)
class SoftMotif:
    """One motif, ready to count. `scores` (W, 4) are slope x (bits), less the threshold spread evenly over its positions."""

    name: str
    scores: NDArray[np.float32]


def soften(motif: Motif, background: NDArray[np.float64], p_value: float = 2e-4, slope: float = 0.7, pseudocount: float = 1.0) -> SoftMotif:
    """Score a motif against a background.

    Parameters
    ----------
    motif
        Letter probabilities.
    background
        (4,) letter frequencies.
    p_value
        A place as good as random letters reach with this probability counts one half; the best possible place does where even that is
        likelier.
    slope
        Of the logistic, per bit.
    pseudocount
        Sites' worth of background.
    """
    scores = log_odds(motif.probabilities, motif.sites, background, pseudocount)
    threshold = score_tail(scores, background).threshold(p_value)
    if threshold is None:
        threshold = int(scores.max(1).sum())
    rows = slope * (scores - threshold / len(scores)) / UNITS_PER_BIT
    return SoftMotif(" ".join(filter(None, (motif.motif_id, motif.alternate))), rows.astype(np.float32))


def background_of(codes: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Letter frequencies (4,) of sequences over both strands, none of them 0."""
    frequencies = letter_frequencies(codes.ravel()) + 1e-6
    return frequencies / frequencies.sum()


def word_tables(scores: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Cut a motif into words of `SPAN` bases: offset of each (B,), score of every word there (B, 4**SPAN + 1), the last row forbidden.

    A motif shorter than a word is filled with positions that score 0; the last word overlaps its neighbour with scores of 0.
    """
    padded = np.vstack([scores, np.zeros((max(SPAN - len(scores), 0), 4), np.float32)]).astype(np.float64)
    places, tables = [], []
    for begin in range(0, len(padded), SPAN):
        place = min(begin, len(padded) - SPAN)
        rows = np.where(np.arange(place, place + SPAN)[:, None] >= begin, padded[place : place + SPAN], 0.0)
        table = np.zeros(1)
        for row in rows:
            table = (table[:, None] + row).ravel()
        places.append(place)
        tables.append(np.append(table, _FORBIDDEN))
    return np.array(places, np.int64), np.array(tables, np.float32)


def occupancy(codes: NDArray[np.uint8], motifs: Sequence[SoftMotif], windows: list[tuple[int, int]]) -> NDArray[np.float32]:
    """Soft counts of sites, (G, W M): all motifs of the first window, then of the second.

    Parameters
    ----------
    codes
        (G, L) letters A C G T = 0 1 2 3, others 4; a place that covers another letter counts nothing.
    motifs
        `soften`ed.
    windows
        First and last + 1 start of a place.
    """
    from regdecode.genome.occupancy_kernel import add_occupancy

    n_motifs = len(motifs)
    counts = np.zeros((len(codes), len(windows) * n_motifs), np.float32)
    if codes.shape[1] < SPAN or not n_motifs:
        return counts
    words = word_numbers(codes, SPAN).astype(np.int16)
    bounds = np.array(windows, np.int64).reshape(-1, 2)
    one = np.zeros((len(codes), len(windows)), np.float32)
    for m, motif in enumerate(motifs):
        places, tables = word_tables(motif.scores)
        other_places, other_tables = word_tables(motif.scores[::-1, ::-1])
        add_occupancy(words, places, tables, other_places, other_tables, len(motif.scores), bounds, one)
        counts[:, m::n_motifs] = one
    return counts
