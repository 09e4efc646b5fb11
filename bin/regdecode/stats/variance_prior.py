"""The prior of residual variances: ``s2 ~ s2_prior F(df, df_prior)`` over genes, fitted by the moments of log s2.

Smyth (2004), Statistical Applications in Genetics and Molecular Biology 3, article 3; as limma's `fitFDist`. Axis: G genes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
MAX_KNOTS = 4
"""Functions of the natural spline that the trend of variances follows, from 30 genes on."""


class VariancePrior(NamedTuple):
    """Prior of each gene's variance, (G,) each; `df` may be infinite."""

    df: Array
    s2: Array


class Moments(NamedTuple):
    """Prior with one number of degrees of freedom; `s2` (G,)."""

    df: float
    s2: Array


def trigamma_inverse(x: float) -> float:
    """Solve ``polygamma(1, y) = x`` by Newton's method on 1 / trigamma, which is convex."""
    if x > 1e7:
        return float(1 / np.sqrt(x))
    if x < 1e-6:
        return 1 / x
    y = 0.5 + 1 / x
    for _ in range(50):
        trigamma = special.polygamma(1, y)
        step = trigamma * (1 - trigamma / x) / special.polygamma(2, y)
        y += step
        if -step / y < 1e-12:
            break
    return float(y)


def fit_moments(s2: Array, df: Array, level: Array | None = None) -> Moments:
    """Fit the prior by moments.

    Parameters
    ----------
    s2, df
        (G,) residual variances and their degrees of freedom; genes without a variance are left out of the fit.
    level
        (G,) mean values; given, the prior variance follows them on a natural cubic spline.
    """
    usable = np.isfinite(s2) & (df > 1e-15)
    if level is not None:
        usable &= np.isfinite(level)
    if usable.sum() == 0:
        return Moments(0.0, np.full(len(s2), np.nan))
    if usable.sum() == 1:
        return Moments(0.0, np.full(len(s2), float(s2[usable][0])))
    x, d = np.maximum(s2[usable], 0), df[usable]
    x = np.maximum(x, 1e-5 * (float(np.median(x)) or 1.0))
    e = np.log(x) - special.digamma(d / 2) + np.log(d / 2)
    mean, spread, is_trend = np.full(len(s2), e.mean()), float(e.var(ddof=1)), False
    if level is not None:
        basis = natural_spline(np.where(np.isfinite(level), level, np.nanmean(level)), level[usable])
        is_trend = basis.shape[1] > 1
    if level is not None and is_trend:
        coefficients, *_ = np.linalg.lstsq(basis[usable], e, rcond=None)
        mean = basis @ coefficients
        spread = float(((e - mean[usable]) ** 2).sum() / (len(e) - basis.shape[1]))
    spread -= float(special.polygamma(1, d / 2).mean())
    if spread <= 0:
        return Moments(np.inf, np.exp(mean) if is_trend else np.full(len(s2), x.mean()))
    df_prior = 2 * trigamma_inverse(spread)
    return Moments(df_prior, np.exp(mean + special.digamma(df_prior / 2) - np.log(df_prior / 2)))


def fit_prior(s2: Array, df: Array, level: Array | None = None) -> VariancePrior:
    """Fit the prior by moments, see `fit_moments`; every gene has the same degrees of freedom."""
    found = fit_moments(s2, df, level)
    return VariancePrior(np.full(len(s2), found.df), found.s2)


def natural_spline(at: Array, fitted: Array) -> Array:
    """Basis of natural cubic splines, (len(at), C), knots at quantiles of `fitted`: 4 functions from 30 genes on, fewer below."""
    n = len(fitted)
    df = min(1 + (n >= 3) + (n >= 6) + (n >= 30), len(np.unique(fitted)), MAX_KNOTS)
    if df < 2:
        return np.ones((len(at), 1))
    knots = np.quantile(fitted, np.linspace(0, 1, df))
    if len(np.unique(knots)) < df:
        return np.ones((len(at), 1))
    low, high = knots[0], knots[-1]
    u, k = (at - low) / (high - low), (knots - low) / (high - low)
    cube = np.maximum(u[:, None] - k, 0) ** 3
    d = (cube[:, :-1] - cube[:, -1:]) / (k[-1] - k[:-1])
    return np.column_stack([np.ones(len(at)), u, d[:, :-1] - d[:, -1:]])
