"""The prior of residual variances where some genes are wild: moments of winsorised log variances, outliers shrunk less.

Phipson, Lee, Majewski, Alexander & Smyth (2016), Annals of Applied Statistics 10, 946-963; as limma's `fitFDistRobustly`. Axis: G genes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from regdecode.stats.variance_prior import Moments, VariancePrior, fit_moments

Array = NDArray[np.float64]
TAILS = (0.05, 0.1)
"""Shares winsorised at the low and at the high end."""
SPAN = 0.4
NODES, WEIGHTS = (np.polynomial.legendre.leggauss(128)[0] + 1) / 2, np.polynomial.legendre.leggauss(128)[1] / 2


class _Winsorised(NamedTuple):
    """Log variances `z` (G,) on common degrees of freedom `df`, their `trend`, and mean and variance of the winsorised residuals."""

    z: Array
    df: float
    trend: Array
    mean: float
    variance: float


def fit_prior_robust(s2: Array, df: Array, level: Array | None = None) -> VariancePrior:
    """Fit the prior from winsorised variances.

    Parameters
    ----------
    s2, df
        (G,) residual variances and their degrees of freedom.
    level
        (G,) mean values; given, the prior variance follows them by a local regression.

    Returns
    -------
    VariancePrior
        A gene whose variance is larger than the prior allows for has fewer prior degrees of freedom, so that it is shrunk less.
    """
    usable = np.isfinite(s2) & (df > 1e-6)
    n = int(usable.sum())
    if n <= 2 or max(TAILS) < 1 / n or np.median(s2[usable]) <= 0:
        found = fit_moments(s2, df, level)
        return VariancePrior(np.full(len(s2), found.df), found.s2)
    covariate = None if level is None else level[usable]
    x = np.maximum(s2[usable], 1e-12 * np.median(s2[usable]))
    plain = fit_moments(x, df[usable], covariate)
    fitted, common = _robust(x, df[usable], covariate, plain)
    df_prior, s2_prior = np.full(len(s2), common), np.full(len(s2), np.nan)
    df_prior[usable], s2_prior[usable] = fitted
    if level is None:
        s2_prior[~usable] = fitted.s2[0]
    elif n < len(s2):
        at, first = np.unique(level[usable], return_inverse=True)
        mean = np.bincount(first, np.log(fitted.s2)) / np.bincount(first)
        s2_prior[~usable] = np.exp(np.interp(level[~usable], at, mean))
    return VariancePrior(df_prior, s2_prior)


def _robust(x: Array, df: Array, level: Array | None, plain: Moments) -> tuple[VariancePrior, float]:
    """Prior of genes that all have a variance, and the degrees of freedom of a gene that is no outlier."""
    n = len(x)
    w = _winsorise(x, df, level, plain)

    def excess(u: float) -> float:
        return float(np.log(w.variance / _winsorised_moments(w.df, u / (1 - u) if u < 1 else np.inf)[1]))

    if excess(1.0) <= 0:
        common = np.inf
    elif np.isinf(plain.df):
        return VariancePrior(np.full(n, np.inf), plain.s2), np.inf
    else:
        low = plain.df / (1 + plain.df)
        root = low if excess(low) >= 0 else optimize.brentq(excess, low, 1.0, xtol=1e-14, rtol=1e-14)
        common = plain.df if root == low else root / (1 - root)
    corrected = w.trend + w.mean - _winsorised_moments(w.df, common)[0]
    log_ratio = w.z - corrected
    shrunk = _infinite_df(log_ratio, w.df) if np.isinf(common) else _finite_df(log_ratio, w.df, common)
    return VariancePrior(shrunk, np.exp(corrected)), common


def _winsorise(x: Array, df: Array, level: Array | None, plain: Moments) -> _Winsorised:
    """Bring variances onto the largest degrees of freedom, take off their trend, and winsorise."""
    most, n = float(df.max()), len(x)
    few = df < most - 1e-14
    if few.any():
        ratio = x[few] / plain.s2[few]
        x = x.copy()
        x[few] = plain.s2[few] * _same_tail(ratio, df[few], most, plain.df)
    z = np.log(x)
    trend = np.full(n, stats.trim_mean(z, TAILS[1])) if level is None else local_regression(z, level)
    residual = z - trend
    low, high = np.quantile(residual, [TAILS[0], 1 - TAILS[1]])
    winsorised = np.clip(residual, low, high)
    return _Winsorised(z, most, trend, float(winsorised.mean()), float(winsorised.var(ddof=1)))


def _same_tail(ratio: Array, df: Array, most: float, df_prior: float) -> Array:
    """Variance ratios on `df` degrees of freedom as ratios on `most` that are as extreme."""
    upper, lower = _f_sf(ratio, df, df_prior), _f_cdf(ratio, df, df_prior)
    if np.isinf(df_prior):
        high, low = stats.chi2.isf(upper, most) / most, stats.chi2.ppf(lower, most) / most
    else:
        high, low = stats.f.isf(upper, most, df_prior), stats.f.ppf(lower, most, df_prior)
    return np.where(upper < lower, high, low)


def _f_sf(x: Array, df: Array | float, df_prior: float) -> Array:
    return stats.chi2.sf(x * df, df) if np.isinf(df_prior) else stats.f.sf(x, df, df_prior)


def _f_cdf(x: Array, df: Array | float, df_prior: float) -> Array:
    return stats.chi2.cdf(x * df, df) if np.isinf(df_prior) else stats.f.cdf(x, df, df_prior)


def local_regression(y: Array, x: Array) -> Array:
    """Robust local regression (lowess) of y on x, as limma's `loessFit` with span 0.4 and 4 iterations; (G,) fitted values."""
    from statsmodels.nonparametric.smoothers_lowess import lowess

    order = np.argsort(x, kind="stable")
    fitted = np.empty(len(x))
    fitted[order] = lowess(y[order], x[order], frac=SPAN, it=3, delta=0.01 * np.ptp(x), is_sorted=True, return_sorted=False)
    return fitted


def _winsorised_moments(df: float, df_prior: float) -> tuple[float, float]:
    """Mean and variance of the log of an F variable winsorised at `TAILS`, by Gauss-Legendre quadrature in ``f / (1 + f)``."""
    tails = np.array(TAILS)
    points = np.array([tails[0], 1 - tails[1]])
    quantiles = stats.chi2.ppf(points, df) / df if np.isinf(df_prior) else stats.f.ppf(points, df, df_prior)
    edge = np.log(quantiles)
    low, high = quantiles / (1 + quantiles)
    nodes = low + (high - low) * NODES
    f = nodes / (1 - nodes)
    z = np.log(f)
    density = df * stats.chi2.pdf(df * f, df) if np.isinf(df_prior) else stats.f.pdf(f, df, df_prior)
    weight = (high - low) * WEIGHTS * density / (1 - nodes) ** 2
    mean = float((weight * z).sum() + (edge * tails).sum())
    return mean, float((weight * (z - mean) ** 2).sum() + ((edge - mean) ** 2 * tails).sum())


def _infinite_df(log_ratio: Array, df: float) -> Array:
    """Prior degrees of freedom of each gene where those of the common prior are infinite: fewer for outliers."""
    n = len(log_ratio)
    tail = stats.chi2.sf(np.exp(log_ratio) * df, df)
    empirical = (n - stats.rankdata(log_ratio) + 0.5) / n
    not_outlier = np.minimum(tail / empirical, 1)
    shrunk = np.full(n, np.inf)
    outlier = not_outlier < 1
    if outlier.any():
        shrunk[outlier] = not_outlier[outlier] * n * df
        order = np.argsort(tail, kind="stable")
        shrunk[order] = np.maximum.accumulate(shrunk[order])
    return shrunk


def _finite_df(log_ratio: Array, df: float, common: float) -> Array:
    """Prior degrees of freedom of each gene: the common ones, fewer in proportion to the probability that the gene is an outlier."""
    n = len(log_ratio)
    ratio = np.exp(log_ratio)
    log_tail = stats.f.logsf(ratio, df, common)
    log_empirical = np.log(n - stats.rankdata(ratio) + 0.5) - np.log(n)
    log_not = np.minimum(log_tail - log_empirical, 0)
    if not (log_not < 0).any():
        return np.full(n, common)
    not_outlier, outlier = np.exp(log_not), -np.expm1(log_not)
    if np.isneginf(log_tail.min()):
        shrunk = not_outlier * common
    else:
        of_outliers = np.log(0.5) / log_tail.min() * common
        of_outliers *= np.log(0.5) / stats.f.logsf(ratio.max(), df, of_outliers)
        shrunk = not_outlier * common + outlier * of_outliers
    order = np.argsort(log_tail, kind="stable")
    ordered = shrunk[order]
    mean = np.cumsum(ordered) / np.arange(1, n + 1)
    least = int(mean.argmin())
    ordered[: least + 1] = mean[least]
    shrunk[order] = np.maximum.accumulate(ordered)
    return shrunk
