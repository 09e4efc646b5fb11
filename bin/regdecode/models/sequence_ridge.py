"""Ridge of a gene's profile over many conditions on features of its sequence, solved between genes (there are more features than genes).

Some features may also enter through a Gaussian kernel, for effects that are not linear (usage of codons). The profile is rotated onto its
principal components; each has its own penalty, chosen on validation genes, so that components that sequence does not tell are shrunk away.
Axes: G genes, F features, S conditions, C components.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PENALTIES = (0.5, 1.5, 5.0, 15.0, 50.0)


@dataclass(frozen=True)
class SequenceRidge:
    """A linear model.

    Attributes
    ----------
    mean, scale : ndarray, float32 (F,)
        Of the training features; the scale holds the weight of the feature's block too (0 for a constant).
    coefficients : ndarray, float32 (F, C)
    smooth : ndarray of int
        Columns of the Gaussian kernel; none for a linear model.
    anchors, dual : ndarray, float32 (N, columns), (N, C)
        Scaled columns of the training genes and their coefficients.
    loadings : ndarray (C, S)
    center : ndarray (S,)
    penalty : ndarray (C,)
    """

    mean: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray
    smooth: np.ndarray
    anchors: np.ndarray
    dual: np.ndarray
    loadings: np.ndarray
    center: np.ndarray
    penalty: np.ndarray

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predicted profiles (G, S)."""
        Z = (X - self.mean) * self.scale
        scores = Z @ self.coefficients
        if len(self.smooth):
            scores = scores + gaussian_kernel(Z[:, self.smooth], self.anchors) @ self.dual
        return scores.astype(np.float64) @ self.loadings + self.center


def gaussian_kernel(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """exp(-d2 / (2 D)) (N, M) of rows whose squared distance is d2; D, the mean squared length of the rows of B, makes it free of units."""
    length = max(float((B**2).sum(axis=1).mean()), 1e-12)
    squared = (A**2).sum(axis=1)[:, None] + (B**2).sum(axis=1)[None] - 2 * A @ B.T
    return np.exp(-np.maximum(squared, 0) / (2 * length)).astype(np.float32)


def block_scale(X: np.ndarray, blocks: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scale (F,) that standardise each feature and give each block its share of a gene's squared length.

    Parameters
    ----------
    X : ndarray, float32 (G, F)
    blocks : list of (int, float)
        Number of features and weight of each block, in order; the weights are made to sum to 1.
    """
    mean, deviation = X.mean(axis=0), X.std(axis=0)
    varies = deviation > 1e-6
    scale = np.where(varies, 1 / np.where(varies, deviation, 1), 0).astype(np.float32)
    total, first = sum(weight for _, weight in blocks), 0
    for size, weight in blocks:
        part = slice(first, first + size)
        scale[part] *= np.float32(np.sqrt(weight / total / max(int(varies[part].sum()), 1)))
        first += size
    return mean.astype(np.float32), scale


def components(profiles: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Center (S,) and leading principal directions (C, S) of profiles; NaN counts as the condition's mean."""
    measured = np.isfinite(profiles)
    center = np.where(measured, profiles, 0).sum(axis=0) / np.maximum(measured.sum(axis=0), 1)
    residual = np.nan_to_num(profiles - center)
    vectors = np.linalg.eigh(residual.T @ residual)[1][:, ::-1][:, :n].T
    signs = np.sign(vectors[np.arange(len(vectors)), np.abs(vectors).argmax(axis=1)])
    return center, vectors * signs[:, None]


def _dual(kernel: np.ndarray, scores: np.ndarray, penalty: float) -> np.ndarray:
    """Dual coefficients (G, C) at one penalty."""
    from scipy.linalg import cho_factor, cho_solve

    ridged = kernel.copy()
    ridged[np.diag_indices_from(ridged)] += np.float32(penalty)
    return cho_solve(cho_factor(ridged, lower=True, overwrite_a=True, check_finite=False), scores, check_finite=False)


def _errors(told: np.ndarray, actual: np.ndarray, loadings: np.ndarray, sparse: bool) -> np.ndarray:
    """Squared error (C,) of each component's scores (V, C) by itself, of measured values (V, S) alone if sparse, less what all share."""
    weight = np.isfinite(actual).astype(np.float64) @ (loadings**2).T if sparse else 1.0
    return (told * (weight * told - 2 * np.nan_to_num(actual) @ loadings.T)).sum(axis=0)


def fit_sequence_ridge(
    X: np.ndarray,
    profiles: np.ndarray,
    blocks: list[tuple[int, float]],
    watch: tuple[np.ndarray, np.ndarray] | None = None,
    penalties: tuple[float, ...] | np.ndarray = PENALTIES,
    n_components: int = 30,
    smooth: np.ndarray | None = None,
    sparse: bool = False,
) -> SequenceRidge:
    """Fit.

    Parameters
    ----------
    X : ndarray, float32 (G, F)
    profiles : ndarray (G, S)
        NaN counts as the condition's mean.
    blocks : list of (int, float)
        See `block_scale`.
    watch : (ndarray (V, F), ndarray (V, S)) or None, optional
        Validation genes, which choose each component's penalty from `penalties` (a share of the mean squared length of a gene).
        None: `penalties` are the components' own, one each.
    n_components : int, optional
    smooth : ndarray of int or None, optional
        Columns that enter through a Gaussian kernel too, as heavy as all linear features together.
    sparse : bool, optional
        Whether few values of the validation genes are measured, and choose alone; otherwise the others count as the condition's mean.
    """
    center, loadings = components(profiles, min(n_components, profiles.shape[1]))
    scores = (np.nan_to_num(profiles - center) @ loadings.T).astype(np.float32)
    mean, scale = block_scale(X, blocks)
    Z = (X - mean) * scale
    kernel = Z @ Z.T
    smooth = np.zeros(0, np.int64) if smooth is None else smooth
    anchors = Z[:, smooth]
    if len(smooth):
        kernel += gaussian_kernel(anchors, anchors)
    if watch is None:
        chosen = np.broadcast_to(np.asarray(penalties, np.float64), (len(loadings),))
    else:
        held = (watch[0] - mean) * scale
        across = held @ Z.T + (gaussian_kernel(held[:, smooth], anchors) if len(smooth) else 0)
        errors = [_errors(across @ _dual(kernel, scores, penalty), watch[1] - center, loadings, sparse) for penalty in penalties]
        chosen = np.asarray(penalties, np.float64)[np.argmin(errors, axis=0)]
    dual = np.zeros((len(Z), len(loadings)), np.float32)
    for penalty in np.unique(chosen):
        own = chosen == penalty
        dual[:, own] = _dual(kernel, scores[:, own], float(penalty))
    kept = dual if len(smooth) else dual[:0]
    return SequenceRidge(mean, scale, Z.T @ dual, smooth, anchors[: len(kept)], kept, loadings, center, np.array(chosen))
