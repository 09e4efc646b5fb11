"""Tomtom: how likely a motif resembles another as much by chance. Arrays alone, nothing to compile.

Complete scores: every column of the query counts, one without a partner as much as the median over all columns of the database.
Gupta et al. 2007, doi:10.1186/gb-2007-8-2-r24; Tanaka et al. 2011, doi:10.1093/bioinformatics/btr257.
Axes: K queries, M targets, W and V positions, C columns of all targets on both strands.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BINS = 100
_ROUNDING = 1e-6


def tomtom(queries: Sequence[NDArray[np.float64]], targets: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """P-values (K, M) of the best alignment of each query (W, 4) with each target (V, 4), and whether the other strand fits best (K, M)."""
    both = [*targets, *(target[::-1, ::-1] for target in targets)]
    widths = np.array([len(target) for target in both])
    columns = np.concatenate(both)
    p = np.ones((len(queries), len(targets)))
    reverse = np.zeros(p.shape, dtype=bool)
    for k, query in enumerate(queries):
        score, each = _one(query, columns, widths)
        forward, backward = np.split(each, 2)
        reverse[k] = score[len(targets) :] > score[: len(targets)]
        p[k] = 1 - (1 - np.where(reverse[k], backward, forward)) ** 2
    return np.clip(p, 0.0, 1.0), reverse


def _one(query: NDArray[np.float64], columns: NDArray[np.float64], widths: NDArray[np.integer]) -> tuple[NDArray, NDArray]:
    """Best complete score and its p, one a target and strand."""
    similar = -np.sqrt(np.square(query[:, None] - columns[None]).sum(2))
    similar -= np.median(similar, axis=1, keepdims=True)
    low, high = similar.min(), similar.max()
    step = max(high - low, 1e-12) / BINS
    scores = np.rint((similar - low) / step).astype(np.int64)
    middle = -low / step
    best = _best_scores(scores - middle, widths)
    return best, _chance(best, _tails(scores), middle, len(query), widths)


def _best_scores(scores: NDArray[np.float64], widths: NDArray[np.integer]) -> NDArray[np.float64]:
    """Highest sum of scores (W, C) over all offsets, one a target; columns without a partner count 0."""
    w, most = len(scores), int(widths.max())
    start = np.cumsum(widths) - widths
    padded = np.zeros((w, most + 2 * w, len(widths)))
    place = np.arange(len(start)).repeat(widths)
    padded[:, w + np.arange(len(place)) - start[place], place] = scores
    best = np.full(len(widths), -np.inf)
    for offset in range(1, most + w):
        total = padded[np.arange(w), offset + np.arange(w)].sum(0)
        overlaps = offset - w < widths
        best = np.where(overlaps & (total > best), total, best)
    return best


def _tails(scores: NDArray[np.int64]) -> dict[tuple[int, int], NDArray[np.float64]]:
    """P(sum of columns [a, b) >= s) for s = 0, 1, ..., under columns of the database drawn at random."""
    pmf = [np.bincount(row, minlength=BINS + 1) / len(row) for row in scores]
    tails = {}
    for a in range(len(pmf)):
        total = np.ones(1)
        for b in range(a, len(pmf)):
            total = np.convolve(total, pmf[b])
            tails[a, b + 1] = np.append(np.cumsum(total[::-1])[::-1], 0.0)
    return tails


def _chance(
    best: NDArray[np.float64], tails: dict[tuple[int, int], NDArray[np.float64]], middle: float, w: int, widths: NDArray[np.integer]
) -> NDArray[np.float64]:
    """P that the best of all offsets scores at least as high, one a target."""
    p = np.ones(len(best))
    for v in np.unique(widths).tolist():
        members = np.flatnonzero(widths == v)
        missed = np.zeros(len(members))
        for offset in range(1 - w, v):
            a, b = max(0, -offset), min(w, v - offset)
            tail = tails[a, b]
            at = np.ceil(best[members] + (b - a) * middle - _ROUNDING).astype(np.int64)
            missed += np.log1p(-np.minimum(tail[np.clip(at, 0, len(tail) - 1)], 1 - 1e-15))
        p[members] = -np.expm1(missed)
    return p
