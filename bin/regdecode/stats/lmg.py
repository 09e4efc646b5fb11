"""What explains a figure: the variance explained, shared out by averaging over all orders of the predictors (Lindeman, Merenda, Gold).

Axes: n observations, k predictors.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np

MOST_PREDICTORS = 12


class Shares(NamedTuple):
    """Share (k,) of the variance of y that each predictor explains, with 95 % bootstrap intervals; `r2` is their sum."""

    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    r2: float
    n: int


def explained(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """R2 of the regression of y (n,) on every subset of the columns of X (n, k), (2**k,): bit j of the index is predictor j.

    Collinear predictors are no fault: the pseudo-inverse takes what they share once.
    """
    k = X.shape[1]
    Z, t = X - X.mean(axis=0), y - y.mean()
    gram, cross, total = Z.T @ Z, Z.T @ t, float(t @ t)
    scale = np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1.0))
    gram, cross = gram / np.outer(scale, scale), cross / scale
    result = np.zeros(2**k)
    if total <= 0:
        return result
    for subset in range(1, 2**k):
        columns = [j for j in range(k) if subset >> j & 1]
        inverse = np.linalg.pinv(gram[np.ix_(columns, columns)], rcond=1e-10, hermitian=True)
        result[subset] = float(cross[columns] @ inverse @ cross[columns]) / total
    return result


def average_over_orders(r2: np.ndarray, k: int) -> np.ndarray:
    """(k,) mean gain in R2 of each predictor over all orders in which predictors can enter, from the R2 of every subset (2**k,)."""
    shares = np.zeros(k)
    for j in range(k):
        others = [i for i in range(k) if i != j]
        for size in range(k):
            weight = math.factorial(size) * math.factorial(k - size - 1) / math.factorial(k)
            for chosen in itertools.combinations(others, size):
                subset = sum(1 << i for i in chosen)
                shares[j] += weight * (r2[subset | 1 << j] - r2[subset])
    return shares


def lmg(X: np.ndarray, y: np.ndarray, n_resamples: int = 200, seed: int = 0) -> Shares:
    """Share out the variance of y among predictors.

    Parameters
    ----------
    X : ndarray (n, k)
    y : ndarray (n,)
        Rows with a NaN in X or y are left out.
    n_resamples, seed : int
        Of the bootstrap over observations.

    Returns
    -------
    Shares
        NaN with fewer than k + 2 observations.
    """
    k = X.shape[1]
    if k > MOST_PREDICTORS:
        raise ValueError(f"{k} predictors; at most {MOST_PREDICTORS}")
    seen = np.isfinite(X).all(axis=1) & np.isfinite(y)
    X, y = X[seen], y[seen]
    if len(y) < k + 2:
        nothing = np.full(k, np.nan)
        return Shares(nothing, nothing, nothing, float("nan"), len(y))
    r2 = explained(X, y)
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(n_resamples):
        rows = rng.integers(0, len(y), len(y))
        draws.append(average_over_orders(explained(X[rows], y[rows]), k))
    low, high = np.quantile(draws, [0.025, 0.975], axis=0) if draws else (np.full(k, np.nan), np.full(k, np.nan))
    return Shares(average_over_orders(r2, k), low, high, float(r2[-1]), len(y))
