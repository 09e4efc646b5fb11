"""Ridge regression of many outputs, the penalty chosen by cross-validation for every penalty at once from one eigendecomposition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PENALTIES = tuple(10.0 ** np.arange(0.0, 6.51, 0.5))


@dataclass(frozen=True)
class RidgeModel:
    """A linear model of standardised features.

    Attributes
    ----------
    mean, scale : ndarray (F,)
        Of the training features; a constant feature has scale 1.
    coefficients : ndarray (F, T)
        On standardised features.
    intercept : ndarray (T,)
    penalty : ndarray (T,)
        Chosen for each output.
    """

    mean: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray
    intercept: np.ndarray
    penalty: np.ndarray

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predicted outputs (G, T)."""
        return (X - self.mean) / self.scale @ self.coefficients + self.intercept


def standardise(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each feature, float64 (F,); 1 for a constant."""
    mean, scale = X.mean(axis=0, dtype=np.float64), X.std(axis=0, dtype=np.float64)
    return mean, np.where(scale > 0, scale, 1.0)


def ridge_path(Z: np.ndarray, Y: np.ndarray, Z_new: np.ndarray, penalties: np.ndarray) -> np.ndarray:
    """Predictions for every penalty.

    Parameters
    ----------
    Z, Z_new : ndarray (n, F), (m, F)
        Standardised features to fit on and to predict.
    Y : ndarray (n, T)
        Centred targets.
    penalties : ndarray (K,)

    Returns
    -------
    ndarray (K, m, T)
    """
    values, vectors = np.linalg.eigh(Z.T @ Z)
    right, left = vectors.T @ (Z.T @ Y), Z_new @ vectors
    return np.stack([left @ (right / (np.maximum(values, 0) + penalty)[:, None]) for penalty in penalties])


def cross_validate(Z: np.ndarray, Y: np.ndarray, groups: np.ndarray, penalties: np.ndarray) -> np.ndarray:
    """Squared error of every penalty and output summed over held-out groups, (K, T).

    Parameters
    ----------
    Z : ndarray (n, F)
    Y : ndarray (n, T)
        Centred; NaN is not scored (and counts as the mean when fitting).
    groups : ndarray of int (n,)
        Fold of each gene.
    penalties : ndarray (K,)
    """
    error = np.zeros((len(penalties), Y.shape[1]))
    for group in np.unique(groups):
        inside = groups != group
        fitted = ridge_path(Z[inside], np.nan_to_num(Y[inside]), Z[~inside], penalties)
        error += np.nansum((fitted - Y[~inside]) ** 2, axis=1)
    return error


def fit_ridge(
    X: np.ndarray,
    Y: np.ndarray,
    pooled: np.ndarray | None = None,
    penalties: tuple[float, ...] = PENALTIES,
    n_folds: int = 5,
    seed: int = 0,
) -> RidgeModel:
    """Fit with penalties chosen by cross-validation.

    Parameters
    ----------
    X : ndarray (n, F)
    Y : ndarray (n, T)
        NaN is legal: not scored, and taken as the output's mean when fitting.
    pooled : ndarray of int (T,) or None, optional
        Outputs with the same number share one penalty (all fold changes, the level apart). None: each has its own.
    penalties : tuple of float
    n_folds, seed : int
        Random folds of genes.

    Returns
    -------
    RidgeModel
    """
    grid = np.asarray(penalties)
    mean, scale = standardise(X)
    Z = (X - mean) / scale
    center = np.nan_to_num(np.nanmean(Y, axis=0))
    centred = Y - center
    groups = np.random.default_rng(seed).permutation(len(Z)) % n_folds
    error = cross_validate(Z, centred, groups, grid)
    sets = np.arange(Y.shape[1]) if pooled is None else np.asarray(pooled)
    chosen = np.zeros(Y.shape[1])
    for number in np.unique(sets):
        chosen[sets == number] = grid[error[:, sets == number].sum(axis=1).argmin()]
    values, vectors = np.linalg.eigh(Z.T @ Z)
    right = vectors.T @ (Z.T @ np.nan_to_num(centred))
    coefficients = vectors @ (right / (np.maximum(values, 0)[:, None] + chosen))
    return RidgeModel(mean, scale, coefficients, center, chosen)
