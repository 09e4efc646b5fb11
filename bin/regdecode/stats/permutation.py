"""Moderated t-statistics of permuted samples: what a hypothesis looks like when the covariate means nothing, genes' correlations kept.

A hypothesis h of the coefficients is one direction u in sample space, orthogonal to what the rest of the design spans: the estimate is
proportional to ``u y``. Permuting u, and taking the rest of the design off again, refits every gene by one product of matrices.
Axes: G genes, S samples, C columns, N permutations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from regdecode.stats.moderated_t import ModeratedT, posterior_variance
from regdecode.stats.variance_prior import VariancePrior

Array = NDArray[np.float64]
BLOCK = 4096


def directions(design: Array, hypothesis: Array) -> tuple[Array, Array]:
    """Unit direction (S,) of a hypothesis (C,), and an orthonormal basis (S, C - 1) of the design without it."""
    q, r = np.linalg.qr(design)
    inside = np.linalg.solve(r.T, hypothesis)
    u = q @ inside
    u /= np.linalg.norm(u)
    rest = q - np.outer(u, u @ q)
    left, singular, _ = np.linalg.svd(rest, full_matrices=False)
    return u, left[:, singular > 1e-8]


def permuted_directions(u: Array, rest: Array, n: int, seed: int) -> Array:
    """N permutations of a direction, orthogonal to the rest of the design again and of unit length, (S, N)."""
    rng = np.random.default_rng(seed)
    drawn = np.stack([rng.permutation(u) for _ in range(n)], axis=1)
    drawn -= rest @ (rest.T @ drawn)
    return drawn / np.linalg.norm(drawn, axis=0)


def permuted_t(values: Array, design: Array, hypothesis: Array, result: ModeratedT, n: int, seed: int) -> NDArray[np.float32]:
    """Moderated t of every gene under N permutations of the tested direction.

    Parameters
    ----------
    values
        (G, S); a missing value counts as what the design without the hypothesis fits.
    design
        (S, C).
    hypothesis
        (C,) weights of the coefficients.
    result
        The test of the samples as they are: its prior and degrees of freedom are used.
    n, seed
        How many permutations, and their seed.

    Returns
    -------
    ndarray, float32 (G, N)
    """
    u, rest = directions(design, hypothesis)
    drawn = permuted_directions(u, rest, n, seed)
    prior = VariancePrior(result.df_prior[:, None], result.s2_prior[:, None])
    out = np.full((len(values), n), np.nan, np.float32)
    for first in range(0, len(values), BLOCK):
        rows = slice(first, first + BLOCK)
        y = _without(values[rows], rest)
        projected = y @ drawn
        squares = (y**2).sum(1)[:, None] - projected**2
        df = result.df[rows][:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            s2 = np.maximum(squares, 0) / df
            part = VariancePrior(prior.df[rows], prior.s2[rows])
            out[rows] = projected / np.sqrt(posterior_variance(s2, df, part))
    return out


def _without(values: Array, rest: Array) -> Array:
    """Residuals on the rest of the design; missing values 0."""
    measured = np.isfinite(values)
    complete = measured.all(1)
    left = np.zeros_like(values)
    left[complete] = values[complete] - (values[complete] @ rest) @ rest.T
    for g in np.flatnonzero(~complete & measured.any(1)):
        seen = measured[g]
        fitted = rest[seen] @ np.linalg.lstsq(rest[seen], values[g, seen], rcond=None)[0]
        left[g, seen] = values[g, seen] - fitted
    return left
