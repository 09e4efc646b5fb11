"""Do two rankings of genes agree: rank correlation with an interval over genes, overlap of the tops, and a permutation null.

Axes: G genes in both, N permutations.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
N_RESAMPLES = 1000


class Agreement(NamedTuple):
    """Agreement of two statistics over genes.

    Attributes
    ----------
    n
        Genes with both.
    rho, low, high
        Spearman correlation and its 95 % bootstrap interval over genes. Genes are correlated: the interval is too narrow, the permutation
        null is not.
    top_k, overlap, expected, p_hypergeometric
        How many of the k largest absolute statistics are shared, the mean by chance, and the probability of as many.
    same_sign
        Share of the shared genes with the same sign.
    null_mean, null_sd, null_high, p_permutation, n_permutations
        Spearman correlation under permutation of the covariate: mean, spread, 95th percentile; ``(1 + #(null >= rho)) / (1 + N)``. NaN
        without permutations.
    """

    n: int
    rho: float
    low: float
    high: float
    top_k: int
    overlap: int
    expected: float
    p_hypergeometric: float
    same_sign: float
    null_mean: float
    null_sd: float
    null_high: float
    p_permutation: float
    n_permutations: int


def agreement(a: Array, b: Array, permuted_b: Array | None = None, top: int = 100, seed: int = 0) -> Agreement | None:
    """Compare two statistics of the same genes.

    Parameters
    ----------
    a, b
        (G,) such as t-statistics of one term in two cohorts; NaN where not tested.
    permuted_b
        (G, N) statistics b under permutation.
    top
        Size of the tops compared; at most a tenth of the genes, at least 5.
    seed
        Of the bootstrap.

    Returns
    -------
    Agreement or None
        None with fewer than 5 genes.
    """
    from regdecode.stats.ranks import correlations, resample_counts, resampled_correlations

    seen = np.isfinite(a) & np.isfinite(b)
    x, y = a[seen], b[seen]
    n = len(x)
    if n < 5:
        return None
    rho = float(correlations(x[:, None], y[:, None])[0])
    draws = resampled_correlations(x[:, None], y[:, None], resample_counts(n, N_RESAMPLES, seed))[:, 0]
    low, high = np.quantile(draws, [0.025, 0.975])
    k = int(min(top, max(5, n // 10), n))
    first, second = (np.argsort(-np.abs(v), kind="stable")[:k] for v in (x, y))
    shared = np.intersect1d(first, second)
    p = float(stats.hypergeom.sf(len(shared) - 1, n, k, k))
    same = float(np.mean(np.sign(x[shared]) == np.sign(y[shared]))) if len(shared) else float("nan")
    null = np.zeros(0) if permuted_b is None else null_correlations(x, permuted_b[seen])
    return Agreement(n, rho, float(low), float(high), k, len(shared), k * k / n, p, same, *_against(rho, null))


def _against(rho: float, null: Array) -> tuple[float, float, float, float, int]:
    if not len(null):
        nan = float("nan")
        return nan, nan, nan, nan, 0
    p = (1 + int((null >= rho).sum())) / (1 + len(null))
    return float(null.mean()), float(null.std(ddof=1)) if len(null) > 1 else float("nan"), float(np.quantile(null, 0.95)), p, len(null)


def null_correlations(a: Array, permuted: Array) -> Array:
    """Spearman correlation of a (G,) with each column of (G, N); columns with NaN left out."""
    from regdecode.stats.ranks import average_ranks

    known = np.isfinite(permuted).all(0)
    ranks = average_ranks(permuted[:, known].astype(np.float64))
    ranks -= ranks.mean(0)
    own = average_ranks(a[:, None])[:, 0]
    own -= own.mean()
    length = np.sqrt((ranks**2).sum(0) * (own**2).sum())
    return np.where(length > 0, own @ ranks / np.where(length > 0, length, 1.0), 0.0)
