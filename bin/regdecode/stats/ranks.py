"""Ranks and correlations of columns, with missing values, and their bootstrap over genes.

The bootstrap draws genes, not rows of a sorted table: a resample is a vector of counts (how often each gene was drawn). Columns are sorted
once; a resample's average ranks then follow from cumulated counts, ``rank = before + (own + 1) / 2``, so that a thousand resamples cost a
thousand linear passes and no sort.
"""

from __future__ import annotations

import numba
import numpy as np

from regdecode.genome.numba_cache import use_writable_cache

use_writable_cache(__file__)


def resample_counts(n_genes: int, n_resamples: int, seed: int) -> np.ndarray:
    """How often each gene is drawn in each bootstrap resample, int32 (n_resamples, n_genes)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_genes, np.full(n_genes, 1.0 / n_genes), size=n_resamples).astype(np.int32)


@numba.njit(cache=True)
def _weighted_ranks(values: np.ndarray, order: np.ndarray, weights: np.ndarray, ranks: np.ndarray) -> None:
    """Average ranks of `values` when value i occurs `weights[i]` times; `order` sorts the values."""
    before = 0.0
    i = 0
    n = len(order)
    while i < n:
        j = i
        total = 0.0
        first = values[order[i]]
        while j < n and values[order[j]] == first:
            total += weights[order[j]]
            j += 1
        rank = before + 0.5 * (total + 1.0)
        for k in range(i, j):
            ranks[order[k]] = rank
        before += total
        i = j


@numba.njit(cache=True)
def _weighted_correlation(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    """Pearson correlation where pair i occurs `weights[i]` times; 0 where either does not vary."""
    n = 0.0
    mean_x = 0.0
    mean_y = 0.0
    for i in range(len(x)):
        w = weights[i]
        n += w
        mean_x += w * x[i]
        mean_y += w * y[i]
    if n == 0.0:
        return 0.0
    mean_x /= n
    mean_y /= n
    xx = 0.0
    yy = 0.0
    xy = 0.0
    for i in range(len(x)):
        a = x[i] - mean_x
        b = y[i] - mean_y
        xx += weights[i] * a * a
        yy += weights[i] * b * b
        xy += weights[i] * a * b
    if xx <= 1e-24 * n or yy <= 1e-24 * n:
        return 0.0
    return xy / np.sqrt(xx * yy)


@numba.njit(parallel=True, cache=True)
def _resampled_correlations(predicted: np.ndarray, actual: np.ndarray, counts: np.ndarray, ranked: bool) -> np.ndarray:
    """See `resampled_correlations`; arrays are (T, G) and C-contiguous."""
    n_outputs = predicted.shape[0]
    n_resamples = counts.shape[0]
    result = np.zeros((n_resamples, n_outputs))
    for t in numba.prange(n_outputs):
        seen = np.flatnonzero(np.isfinite(predicted[t]) & np.isfinite(actual[t]))
        x = predicted[t][seen]
        y = actual[t][seen]
        order_x = np.argsort(x)
        order_y = np.argsort(y)
        rank_x = x.copy()
        rank_y = y.copy()
        weights = np.empty(len(seen))
        for b in range(n_resamples):
            for i in range(len(seen)):
                weights[i] = counts[b, seen[i]]
            if ranked:
                _weighted_ranks(x, order_x, weights, rank_x)
                _weighted_ranks(y, order_y, weights, rank_y)
            result[b, t] = _weighted_correlation(rank_x, rank_y, weights)
    return result


def resampled_correlations(
    predicted: np.ndarray, actual: np.ndarray, counts: np.ndarray, method: str = "spearman", threads: int = 1
) -> np.ndarray:
    """Correlation of every column in every resample.

    Parameters
    ----------
    predicted, actual : ndarray (G, T)
        NaN entries are left out, column by column.
    counts : ndarray of int (N, G)
        Resamples (`resample_counts`); a row of ones is the sample itself.
    method : str
        "spearman" or "pearson".
    threads : int

    Returns
    -------
    ndarray, float64 (N, T)
        0 where a column does not vary (a constant prediction ranks nothing).
    """
    if method not in ("spearman", "pearson"):
        raise ValueError(f"method is {method!r}")
    numba.set_num_threads(max(1, min(threads, numba.config.NUMBA_NUM_THREADS)))
    x = np.ascontiguousarray(predicted.T, dtype=np.float64)
    y = np.ascontiguousarray(actual.T, dtype=np.float64)
    return _resampled_correlations(x, y, np.ascontiguousarray(counts), method == "spearman")


def correlations(predicted: np.ndarray, actual: np.ndarray, method: str = "spearman") -> np.ndarray:
    """Correlation of every column, (T,); see `resampled_correlations`."""
    return resampled_correlations(predicted, actual, np.ones((1, len(predicted)), np.int32), method)[0]


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Average ranks (from 1) within each column (G, T); NaN stays NaN."""
    result = np.full(values.shape, np.nan)
    for t in range(values.shape[1]):
        seen = np.flatnonzero(np.isfinite(values[:, t]))
        column = values[seen, t]
        order = np.argsort(column, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(column[order]) != 0]) if len(seen) else np.zeros(0, int)
        sizes = np.diff(np.r_[starts, len(seen)])
        ranks = np.empty(len(seen))
        ranks[order] = np.repeat(starts + 0.5 * (sizes + 1), sizes)
        result[seen, t] = ranks
    return result


def cross_correlations(predicted: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """Spearman correlation of every predicted column with every actual column.

    Parameters
    ----------
    predicted, actual : ndarray (G, T)
        NaN entries take the mean rank of their column, so that one product of matrices gives all pairs; exact without NaN.

    Returns
    -------
    ndarray (T, T)
        Rows predicted, columns actual; 0 where a column does not vary.
    """
    x, y = (_standard_ranks(values) for values in (predicted, actual))
    return x.T @ y


def _standard_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks centred and scaled to unit length, NaN at the centre."""
    ranks = average_ranks(values)
    centred = np.nan_to_num(ranks - np.nanmean(ranks, axis=0))
    length = np.sqrt((centred**2).sum(axis=0))
    return centred / np.where(length > 0, length, 1.0)
