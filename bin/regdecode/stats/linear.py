"""Least squares of every gene on one design, with genes that miss samples, and linear hypotheses of the coefficients.

Axes: G genes, S samples, C coefficients, K hypotheses (a coefficient or a contrast of several).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RANK_TOLERANCE = 1e-10


class LinearFit(NamedTuple):
    """Least squares of every gene.

    Attributes
    ----------
    coefficient, unscaled_sd
        (G, K) estimate of each hypothesis, and its standard error in units of the residual standard deviation; NaN where the gene's
        samples cannot tell.
    s2, df
        (G,) residual variance (NaN without residual degrees of freedom) and its degrees of freedom.
    level
        (G,) mean of the measured values.
    """

    coefficient: Array
    unscaled_sd: Array
    s2: Array
    df: Array
    level: Array


def fit_linear(values: Array, design: Array, hypotheses: Array | None = None) -> LinearFit:
    """Fit each gene over the samples measured for it.

    Parameters
    ----------
    values
        (G, S); NaN where not measured.
    design
        (S, C).
    hypotheses
        (C, K) weights of the coefficients in each hypothesis; None tests each coefficient (K = C).

    Returns
    -------
    LinearFit
        Contrasts are exact for genes with missing samples too (limma's `contrasts.fit` takes the correlations of the full design there).
    """
    weights = np.eye(design.shape[1]) if hypotheses is None else np.asarray(hypotheses, float)
    n_genes = len(values)
    coefficient = np.full((n_genes, weights.shape[1]), np.nan)
    sd, s2, df = coefficient.copy(), np.full(n_genes, np.nan), np.zeros(n_genes)
    measured = np.isfinite(values)
    for seen, rows in _patterns(measured):
        y = values[np.ix_(rows, np.flatnonzero(seen))]
        coefficient[rows], sd[rows], s2[rows], df[rows] = _fit_block(y, design[seen], weights)
    count = measured.sum(1)
    level = np.where(count > 0, np.where(measured, values, 0.0).sum(1) / np.maximum(count, 1), np.nan)
    return LinearFit(coefficient, sd, s2, df, level)


def _patterns(measured: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.int64]]]:
    """Yield each set of samples (S,) with the genes measured in just these; genes measured nowhere are left out."""
    packed = np.packbits(measured, axis=1)
    which = np.unique(packed, axis=0, return_inverse=True)[1]
    order = np.argsort(which.ravel(), kind="stable")
    for rows in np.split(order, np.cumsum(np.bincount(which.ravel()))[:-1]):
        seen = measured[rows[0]]
        if seen.any():
            yield seen, rows


def _fit_block(y: Array, x: Array, weights: Array) -> tuple[Array, Array, Array, int]:
    """Fit genes that share their samples, y (N, S): coefficient (N, K), unscaled_sd (K,), s2 (N,), df."""
    scale = np.sqrt((x**2).sum(0))
    scale = np.where(scale > 0, scale, 1.0)
    left, singular, right = np.linalg.svd(x / scale, full_matrices=False)
    kept = singular > RANK_TOLERANCE * singular[0]
    left, singular, right = left[:, kept], singular[kept], right[kept]
    scaled = weights / scale[:, None]
    projected = y @ left
    inside = right @ scaled
    estimable = np.abs(scaled - right.T @ inside).max(0) <= 1e-8 * np.abs(scaled).max(0)
    inside = np.where(estimable, inside / singular[:, None], np.nan)
    df = len(x) - int(kept.sum())
    s2 = ((y - projected @ left.T) ** 2).sum(1) / df if df > 0 else np.full(len(y), np.nan)
    return projected @ inside, np.sqrt((inside**2).sum(0)), s2, df
