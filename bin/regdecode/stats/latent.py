"""Latent covariates: principal components of what a design leaves unexplained, such as batch or the mixture of cells.

Axes: G genes, S samples, L latent covariates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Latent(NamedTuple):
    """Latent covariates.

    Attributes
    ----------
    values
        (S, L) orthonormal columns, each with mean 0.
    share
        (L,) part of the residual variance (of genes scaled to unit variance) that each explains.
    p
        (L,) how often permuted residuals explain as much by their component of the same rank; NaN where not asked.
    """

    values: Array
    share: Array
    p: Array


def residuals(values: Array, design: Array) -> Array:
    """Residuals of complete genes (G, S) on a design (S, C), each gene scaled to unit variance; genes without variance are left out."""
    q, _ = np.linalg.qr(design)
    left = values - (values @ q) @ q.T
    spread = np.sqrt((left**2).sum(1))
    varies = spread > 1e-9 * np.sqrt((values**2).sum(1))
    return left[varies] / spread[varies][:, None]


def latent_covariates(values: Array, design: Array, n: int) -> Latent:
    """Find the first n principal components of the residuals.

    With the tested terms left out of `design`, they also adjust for what happens to go along with those terms. With the tested terms
    among its columns they are orthogonal to them: effects stay as they are while the residual variance falls, so that whatever confounds
    them becomes significant (p-values too small; tested).

    Parameters
    ----------
    values
        (G, S); genes with NaN are left out.
    design
        (S, C).
    n
        How many.
    """
    left = residuals(values[np.isfinite(values).all(1)], design)
    vectors, share = _components(left, n)
    return Latent(vectors, share, np.full(n, np.nan))


def significant_components(values: Array, design: Array, seed: int, n_permutations: int = 20, alpha: float = 0.05) -> Latent:
    """Latent covariates as many as stand out from permuted residuals (Buja & Eyuboglu 1992), in order until the first that does not."""
    left = residuals(values[np.isfinite(values).all(1)], design)
    most = len(design) - design.shape[1] - 1
    vectors, share = _components(left, max(most, 0))
    exceeded = np.zeros(len(share))
    rng = np.random.default_rng(seed)
    for _ in range(n_permutations):
        permuted = residuals(rng.permuted(left, axis=1), design)
        exceeded += _components(permuted, len(share))[1] >= share
    p = np.maximum.accumulate((1 + exceeded) / (1 + n_permutations)) if len(share) else exceeded
    kept = int((p < alpha).sum()) if n_permutations >= 1 / alpha - 1 else int((exceeded == 0).cumprod().sum())
    return Latent(vectors[:, :kept], share[:kept], p[:kept])


def _components(left: Array, n: int) -> tuple[Array, Array]:
    """First n right singular vectors (S, n) by the smaller cross-product, signs fixed, and their shares of the sum of squares."""
    squares, vectors = np.linalg.eigh(left.T @ left)
    squares, vectors = np.maximum(squares[::-1][:n], 0), vectors[:, ::-1][:, :n]
    peak = np.abs(vectors).argmax(0)
    signs = np.where(vectors[peak, np.arange(vectors.shape[1])] < 0, -1.0, 1.0)
    return vectors * signs, squares / max(float((left**2).sum()), 1e-300)
