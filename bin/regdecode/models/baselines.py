"""The comparators, each from a feature table and targets to predictions of every gene. Test targets are never seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from regdecode.expression.scale import fit_scale
from regdecode.models.perceptron import fit_perceptron
from regdecode.models.ridge import fit_ridge, standardise
from regdecode.models.trees import fit_trees


@dataclass(frozen=True)
class BaselineData:
    """What every baseline learns from.

    Attributes
    ----------
    X : ndarray, float32 (G, F)
        `summarise` of the tracks, promoters in parts.
    X_whole : ndarray, float32 (G, F')
        The same with whole promoters.
    targets : ndarray (G, T [+ 1])
        Log2 units, the level last where there is one; NaN is legal.
    split : ndarray of str (G,)
        "train", "validation" or "test".
    has_level : bool
    seed, threads : int
    """

    X: np.ndarray
    X_whole: np.ndarray
    targets: np.ndarray
    split: np.ndarray
    has_level: bool
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        if not len(self.X) == len(self.X_whole) == len(self.targets) == len(self.split):
            raise ValueError("X, X_whole, targets and split are not of the same genes")

    @property
    def known(self) -> np.ndarray:
        """Mask of training and validation genes."""
        return self.split != "test"

    def part(self, split: str, X: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Features (of `X`, or of another table) and targets of one split."""
        chosen = self.split == split
        return (self.X if X is None else X)[chosen], self.targets[chosen]

    def pools(self) -> np.ndarray:
        """0 for each fold change, 1 for the level, (T,)."""
        pools = np.zeros(self.targets.shape[1], dtype=int)
        if self.has_level:
            pools[-1] = 1
        return pools


def predict_mean(data: BaselineData) -> np.ndarray:
    """Predict the mean of each output over training and validation genes."""
    mean = np.nan_to_num(np.nanmean(data.targets[data.known], axis=0))
    return np.tile(mean, (len(data.X), 1))


def predict_ridge(data: BaselineData) -> np.ndarray:
    """Fit ridge on training and validation genes; one penalty for all fold changes, one for the level, by 5-fold cross-validation."""
    model = fit_ridge(data.X[data.known], data.targets[data.known], data.pools(), seed=data.seed)
    return model.predict(data.X)


def predict_xgboost(data: BaselineData) -> np.ndarray:
    """Grow boosted trees, one booster an output or a principal component, stopped on validation genes.

    Where sites are broad, parts of a promoter say the same thing several times over; whole promoters are tried too and the table with the
    smaller validation error is kept.
    """
    tables = [data.X] if data.X.shape == data.X_whole.shape else [data.X, data.X_whole]
    scale = fit_scale(data.part("train")[1], data.has_level)
    fitted = []
    for X in tables:
        model = fit_trees(
            *data.part("train", X), *data.part("validation", X), n_keep=int(data.has_level), seed=data.seed, threads=data.threads
        )
        X_val, Y_val = data.part("validation", X)
        fitted.append((float(np.nanmean(scale.apply(model.predict(X_val) - Y_val) ** 2)), model.predict(X)))
    return min(fitted, key=lambda pair: pair[0])[1]


def predict_perceptron(data: BaselineData) -> np.ndarray:
    """Average two-layer perceptrons, the mean of five seeds, stopped on validation genes."""
    X, Y = data.part("train")
    X_val, Y_val = data.part("validation")
    mean, scale = standardise(X)
    target = fit_scale(Y, data.has_level)
    center = np.nan_to_num(np.nanmean(Y, axis=0))
    scaled = fit_perceptron(
        (X - mean) / scale,
        target.apply(Y - center),
        (X_val - mean) / scale,
        target.apply(Y_val - center),
        (data.X - mean) / scale,
        seed=data.seed,
        threads=data.threads,
    )
    return target.invert(scaled) + center


def predict_shuffled(data: BaselineData) -> np.ndarray:
    """Fit ridge after the feature rows were permuted among the genes of each split: what is left without any information."""
    rng = np.random.default_rng(data.seed)
    X = data.X.copy()
    for part in ("train", "validation", "test"):
        rows = np.flatnonzero(data.split == part)
        X[rows] = data.X[rng.permutation(rows)]
    return predict_ridge(BaselineData(X, X, data.targets, data.split, data.has_level, data.seed, data.threads))


BASELINES: dict[str, Callable[[BaselineData], np.ndarray]] = {
    "mean": predict_mean,
    "ridge": predict_ridge,
    "xgboost": predict_xgboost,
    "perceptron": predict_perceptron,
    "shuffled": predict_shuffled,
}
