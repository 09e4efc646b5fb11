"""Least squares of one figure on many 0/1 columns: what each switch adds, with its standard error.

Axes: N draws, K columns.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, stats

from regdecode.errors import InputError

_EXACT = 1e-13


class BinaryFit(NamedTuple):
    """Ordinary least squares with an intercept; (K,) each but the last three.

    Parameters
    ----------
    effect, se, statistic, p
        Coefficient, standard error, t and its two-sided p. A column without any effect on a figure that never varies has t 0 and p 1.
    intercept, df, r_squared
        Mean with all switches off, residual degrees of freedom, part of the variance explained.
    """

    effect: NDArray[np.float64]
    se: NDArray[np.float64]
    statistic: NDArray[np.float64]
    p: NDArray[np.float64]
    intercept: float
    df: int
    r_squared: float


def draw_switches(n_draws: int, n_columns: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(N, K) of 0 and 1, each with probability 1/2."""
    packed = np.frombuffer(rng.bytes(n_draws * (-(-n_columns // 8))), np.uint8).reshape(n_draws, -1)
    return np.unpackbits(packed, axis=1, count=n_columns) if n_columns else np.zeros((n_draws, 0), np.uint8)


def fit_switches(switches: NDArray[np.uint8], figure: NDArray[np.float64], where: str = "") -> BinaryFit:
    """Regress a figure on switches.

    Parameters
    ----------
    switches
        (N, K) of 0 and 1; fewer than 2^24 rows.
    figure
        (N,).
    where
        What is regressed, for the message.

    Raises
    ------
    InputError
        When there are too few draws for the columns.
    """
    n, k = switches.shape
    df = n - k - 1
    if df < 1:
        raise InputError(f"{n} draws for {k} columns", where, f"give --draws at least {10 * (k + 1)}")
    on = switches.astype(np.float32)
    share = on.mean(0, dtype=np.float64)
    gram = (on.T @ on).astype(np.float64) - n * np.outer(share, share)  # sums of 0 and 1 are exact in float32
    centred = figure - figure.mean()
    try:
        factor = linalg.cho_factor(gram, lower=True)
    except linalg.LinAlgError:
        what = f"{n} draws leave columns that cannot be told apart ({k} columns)"
        raise InputError(what, where, f"give --draws at least {10 * (k + 1)}") from None
    effect = linalg.cho_solve(factor, switches.T @ centred - share * centred.sum())
    residual = centred - on.astype(np.float64) @ effect + share @ effect
    total, left = float(centred @ centred), float(residual @ residual)
    scale = n * max(float(np.square(figure).max(initial=0.0)), 1e-300)
    left, total = (0.0 if amount <= _EXACT**2 * scale else amount for amount in (left, total))  # rounding alone is nothing
    inverse = linalg.cho_solve(factor, np.eye(k))
    se = np.sqrt(np.maximum(np.diag(inverse), 0.0) * left / df)
    effect = np.where(np.abs(effect) <= _EXACT * np.sqrt(scale / n), 0.0, effect)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(effect == 0, 0.0, effect / se)
    p = np.where(effect == 0, 1.0, 2 * stats.t.sf(np.abs(t), df))
    return BinaryFit(effect, se, t, p, float(figure.mean() - share @ effect), df, 1 - left / total if total > 0 else 0.0)
