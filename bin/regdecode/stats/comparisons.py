"""Is one model better than another: paired bootstrap over genes, paired t and sign tests over outputs, permutation of outputs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats


class Difference(NamedTuple):
    """Paired difference a - b."""

    difference: float
    low: float
    high: float
    p: float


def paired_bootstrap(value_a: float, value_b: float, draws_a: np.ndarray, draws_b: np.ndarray) -> Difference:
    """Difference of two figures on the same resamples of genes.

    Parameters
    ----------
    value_a, value_b : float
        Figures on the genes themselves.
    draws_a, draws_b : ndarray (N,)
        Figures on the same N resamples.

    Returns
    -------
    Difference
        95 % percentile interval; p is two-sided, twice the smaller share of resamples on one side of zero, at least ``2 / (N + 1)``.
    """
    draws = draws_a - draws_b
    low, high = np.quantile(draws, [0.025, 0.975])
    below = (np.sum(draws <= 0) + 1) / (len(draws) + 1)
    above = (np.sum(draws >= 0) + 1) / (len(draws) + 1)
    return Difference(value_a - value_b, float(low), float(high), float(min(1.0, 2 * min(below, above))))


class OutputTest(NamedTuple):
    """A test over outputs of a - b."""

    n: int
    mean_a: float
    mean_b: float
    statistic: float
    p: float


def paired_t(a: np.ndarray, b: np.ndarray) -> OutputTest:
    """Paired t-test across outputs of per-output figures (T,); p is 1 where no output differs, NaN with fewer than 2 outputs."""
    difference = a - b
    if len(a) < 2:
        return OutputTest(len(a), float(np.mean(a)), float(np.mean(b)), np.nan, np.nan)
    spread = difference.std(ddof=1) / np.sqrt(len(a))
    if spread == 0:
        statistic = 0.0 if difference.mean() == 0 else float(np.sign(difference.mean()) * np.inf)
    else:
        statistic = float(difference.mean() / spread)
    return OutputTest(len(a), float(a.mean()), float(b.mean()), statistic, float(2 * stats.t.sf(abs(statistic), len(a) - 1)))


def sign_test(a: np.ndarray, b: np.ndarray) -> OutputTest:
    """Two-sided sign test over outputs; the statistic is the number of outputs where a > b, ties are left out of p."""
    better, worse = int(np.sum(a > b)), int(np.sum(a < b))
    p = stats.binomtest(better, better + worse).pvalue if better + worse else 1.0
    return OutputTest(len(a), float(np.mean(a)), float(np.mean(b)), float(better), float(p))


class Diagonal(NamedTuple):
    """How often an output's own prediction fits it best."""

    share: float
    expected: float
    p: float


def diagonal_test(matrix: np.ndarray, n_permutations: int = 10_000, seed: int = 0) -> Diagonal:
    """Is the diagonal the row maximum more often than chance?

    Parameters
    ----------
    matrix : ndarray (T, T)
        Correlation of predicted (rows) with actual (columns) outputs.
    n_permutations : int
        The columns' labels are permuted this often.
    seed : int

    Returns
    -------
    Diagonal
        Share of rows whose maximum is on the diagonal, its mean under permutation, and ``p = (1 + #(permuted >= observed)) / (1 + n)``.
    """
    best = matrix.argmax(axis=1)
    rows = np.arange(len(matrix))
    observed = int(np.sum(best == rows))
    rng = np.random.default_rng(seed)
    hits = np.array([int(np.sum(rng.permutation(len(matrix))[best] == rows)) for _ in range(n_permutations)])
    return Diagonal(observed / len(matrix), float(hits.mean() / len(matrix)), (1 + int(np.sum(hits >= observed))) / (1 + n_permutations))


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Benjamini-Hochberg adjusted p-values (N,); NaN stays NaN and does not count."""
    q = np.full(len(p), np.nan)
    seen = np.flatnonzero(np.isfinite(p))
    order = seen[np.argsort(p[seen], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def correlation_p(r: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Two-sided p of correlations r from n pairs, t approximation; NaN with fewer than 3 pairs."""
    with np.errstate(invalid="ignore", divide="ignore"):
        t = r * np.sqrt((n - 2) / np.maximum(1 - r * r, 1e-15))
        return np.where(n >= 3, 2 * stats.t.sf(np.abs(t), np.maximum(n - 2, 1)), np.nan)
