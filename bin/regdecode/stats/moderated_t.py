"""Moderated t-tests: linear models gene by gene, variances shrunk towards a common prior.

Smyth (2004), Statistical Applications in Genetics and Molecular Biology 3, article 3. With residual variance ``s2`` on ``d`` degrees of
freedom and a prior ``s2_prior`` on ``d_prior``, the posterior variance is ``(d_prior s2_prior + d s2) / (d_prior + d)`` and
``t = coefficient / (unscaled_sd sqrt(posterior))`` on ``d_prior + d`` degrees of freedom. Equal to R limma's `lmFit` and `eBayes`.
Axes: G genes, S samples, C coefficients, K hypotheses.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from regdecode.stats.linear import LinearFit, fit_linear
from regdecode.stats.variance_prior import VariancePrior, fit_prior
from regdecode.stats.variance_prior_robust import fit_prior_robust

Array = NDArray[np.float64]


class ModeratedT(NamedTuple):
    """Results; NaN where a gene has too few samples for the hypothesis.

    Attributes
    ----------
    coefficient, se, t, p
        (G, K); `se` from the posterior variance, `p` two-sided.
    df_total, s2_post, df_prior, s2_prior
        (G,).
    s2, df
        (G,) residual variance and its degrees of freedom.
    """

    coefficient: Array
    se: Array
    t: Array
    p: Array
    df_total: Array
    s2_post: Array
    df_prior: Array
    s2_prior: Array
    s2: Array
    df: Array


def posterior_variance(s2: Array, df: Array, prior: VariancePrior) -> Array:
    """Residual variances shrunk towards their prior; arrays of (G,) or (G, N) against a prior of (G,) or (G, 1)."""
    infinite = np.isinf(prior.df)
    weight = np.where(infinite, 0.0, prior.df)
    with np.errstate(invalid="ignore", divide="ignore"):
        shrunk = (weight * prior.s2 + df * np.where(np.isfinite(s2), s2, 0.0)) / (weight + df)
    return np.where(infinite, prior.s2, shrunk)


def moderated_t(values: Array, design: Array, hypotheses: Array | None = None, trend: bool = False, robust: bool = False) -> ModeratedT:
    """Moderated t-test of every gene and hypothesis.

    Parameters
    ----------
    values
        (G, S) log2 values; NaN where not measured. Any constant may be taken off a gene: only the intercept changes.
    design
        (S, C).
    hypotheses
        (C, K) weights of the coefficients; None tests each coefficient.
    trend
        Let the prior variance follow the mean level.
    robust
        Fit the prior so that a few wild genes do not decide it.
    """
    return moderate(fit_linear(values, design, hypotheses), trend, robust)


def moderate(fit: LinearFit, trend: bool = False, robust: bool = False) -> ModeratedT:
    """Shrink the variances of a fit, and test; see `moderated_t`."""
    level = fit.level if trend else None
    prior = fit_prior_robust(fit.s2, fit.df, level) if robust else fit_prior(fit.s2, fit.df, level)
    s2_post = posterior_variance(fit.s2, fit.df, prior)
    df_total = np.minimum(fit.df + prior.df, fit.df.sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        se = fit.unscaled_sd * np.sqrt(s2_post)[:, None]
        t = fit.coefficient / se
    p = 2 * stats.t.sf(np.abs(t), df_total[:, None])
    return ModeratedT(fit.coefficient, se, t, p, df_total, s2_post, prior.df, prior.s2, fit.s2, fit.df)
