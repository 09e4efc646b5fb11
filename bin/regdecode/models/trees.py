"""Gradient-boosted trees for many outputs, one booster an output or a principal component.

Where outputs are many (163 conditions, 173 arrays) one booster an output is slow and noisy: the outputs are rotated onto their first
principal components on training genes, one booster learns each component, and the prediction is rotated back. Either way the model is
``prediction = boosters(X) @ loadings + center``, linear in the boosters, so exact TreeSHAP of the boosters carries over to the outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xgboost as xgb


@dataclass(frozen=True)
class TreeSettings:
    """How the boosters are grown.

    `components` principal components stand in for the outputs when there are more than `max_outputs`; boosting stops `patience` rounds
    after the last gain on validation genes, or after `rounds`. The level always has a booster of its own. `huber_slope` above 0 makes the
    loss of all but the level pseudo-Huber, linear beyond so many standard deviations of a target; 0 is the squared error.
    """

    components: int = 10
    max_outputs: int = 40
    rounds: int = 1000
    patience: int = 30
    eta: float = 0.05
    max_depth: int = 6
    min_child_weight: float = 5.0
    subsample: float = 0.7
    colsample_bytree: float = 0.3
    reg_lambda: float = 1.0
    max_bin: int = 64
    huber_slope: float = 0.0


@dataclass(frozen=True)
class TreesModel:
    """Boosters C and the linear map from their outputs to T outputs.

    Attributes
    ----------
    boosters : tuple of xgboost.Booster (C)
    loadings : ndarray, float64 (C, T)
    center : ndarray, float64 (T,)
    """

    boosters: tuple[xgb.Booster, ...]
    loadings: np.ndarray
    center: np.ndarray

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Booster outputs, (G, C)."""
        data = xgb.DMatrix(X)
        return np.stack([np.asarray(b.predict(data), dtype=np.float64) for b in self.boosters], axis=1)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predicted outputs, (G, T), in the units of the targets it was fitted on."""
        return self.raw(X) @ self.loadings + self.center

    def first(self, rounds: int) -> TreesModel:
        """The same with at most so many rounds of each booster."""
        return replace(self, boosters=tuple(b[: min(rounds, b.num_boosted_rounds())] for b in self.boosters))

    def contributions(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Exact TreeSHAP of every booster.

        Returns
        -------
        values : ndarray, float32 (G, C, F)
            `np.einsum("gcf,ct->gft", values, loadings)` is the contribution of feature f to output t.
        base : ndarray, float64 (C,)
            Booster outputs where every contribution is zero; `base @ loadings + center` is the base of the outputs.
        """
        data = xgb.DMatrix(X)
        shap = np.stack([b.predict(data, pred_contribs=True) for b in self.boosters], axis=1)
        return shap[:, :, :-1], shap[0, :, -1].astype(np.float64)

    def to_json(self) -> list[bytes]:
        """Each booster as XGBoost JSON."""
        return [bytes(b.save_raw(raw_format="json")) for b in self.boosters]

    @classmethod
    def from_json(cls, texts: Sequence[bytes], loadings: np.ndarray, center: np.ndarray, threads: int = 1) -> TreesModel:
        """Rebuild a model from `to_json`, `loadings` and `center`."""
        boosters = []
        for text in texts:
            booster = xgb.Booster({"nthread": threads})
            booster.load_model(bytearray(text))
            boosters.append(booster)
        return cls(tuple(boosters), np.asarray(loadings, np.float64), np.asarray(center, np.float64))


def rotation(Y: np.ndarray, components: int) -> tuple[np.ndarray, np.ndarray]:
    """Center and leading principal directions of the outputs.

    Parameters
    ----------
    Y : ndarray (G, T)
        Training targets; NaN is taken as its output's mean.
    components : int

    Returns
    -------
    center : ndarray (T,)
        Mean of each output over measured genes.
    directions : ndarray (C, T)
        Orthonormal rows; the sign makes the largest entry of each positive.
    """
    center = np.nan_to_num(np.nanmean(Y, axis=0)) if len(Y) else np.zeros(Y.shape[1])
    residual = np.nan_to_num(Y - center)
    values, vectors = np.linalg.eigh(residual.T @ residual)
    directions = vectors[:, np.argsort(values)[::-1][:components]].T
    largest = np.abs(directions).argmax(axis=1)
    return center, directions * np.sign(directions[np.arange(len(directions)), largest])[:, None]


def components_of(Y: np.ndarray, n_keep: int, settings: TreeSettings) -> tuple[np.ndarray, np.ndarray]:
    """Find the loadings (C, T) and center (T,) of the map from boosters to outputs; the last `n_keep` outputs keep a booster each."""
    n_outputs = Y.shape[1]
    n_rotated = n_outputs - n_keep
    center = np.nan_to_num(np.nanmean(Y, axis=0))
    if n_rotated <= settings.max_outputs:
        return np.eye(n_outputs), center
    _, directions = rotation(Y[:, :n_rotated], min(settings.components, n_rotated))
    loadings = np.zeros((len(directions) + n_keep, n_outputs))
    loadings[: len(directions), :n_rotated] = directions
    loadings[len(directions) :, n_rotated:] = np.eye(n_keep)
    return loadings, center


def fit_trees(
    X: np.ndarray,
    Y: np.ndarray,
    X_val: np.ndarray,
    Y_val: np.ndarray,
    settings: TreeSettings | None = None,
    n_keep: int = 0,
    seed: int = 0,
    threads: int = 1,
    rounds: Sequence[int] | None = None,
) -> TreesModel:
    """Fit boosted trees with early stopping on validation genes.

    Parameters
    ----------
    X, X_val : ndarray, float32 (G, F)
        Features of training and validation genes (`summarise`).
    Y, Y_val : ndarray (G, T)
        Targets; NaN is legal and masked (a booster an output) or taken as the output's mean (principal components).
    settings : TreeSettings or None, optional
        None for the defaults.
    n_keep : int, optional
        Last outputs that are never rotated (1 when the last is the level).
    seed, threads : int
        Same seed and threads, same trees.
    rounds : sequence of int or None, optional
        Most rounds of each booster, in the order of `TreesModel.boosters`; None for `settings.rounds`.

    Returns
    -------
    TreesModel
    """
    settings = settings or TreeSettings()
    loadings, center = components_of(Y, n_keep, settings)
    direct = np.array_equal(loadings, np.eye(len(center)))
    fit, watch = (values - center if direct else _scores(values - center, loadings) for values in (Y, Y_val))
    params: dict[str, Any] = {
        "objective": "reg:squarederror",
        "base_score": 0.0,
        "tree_method": "hist",
        "eta": settings.eta,
        "max_depth": settings.max_depth,
        "min_child_weight": settings.min_child_weight,
        "subsample": settings.subsample,
        "colsample_bytree": settings.colsample_bytree,
        "reg_lambda": settings.reg_lambda,
        "max_bin": settings.max_bin,
        "nthread": threads,
        "verbosity": 0,
    }
    heavy_tailed = len(loadings) - n_keep  # fold changes and log ratios are, a level is not
    slopes = [settings.huber_slope if c < heavy_tailed else 0.0 for c in range(len(loadings))]
    boosters = tuple(
        _fit_one(X, fit[:, c], X_val, watch[:, c], {**params, "seed": seed * 1009 + c}, replace(settings, rounds=most), slope)
        for c, (slope, most) in enumerate(zip(slopes, rounds or [settings.rounds] * len(slopes), strict=True))
    )
    return TreesModel(boosters, loadings, center)


def _scores(centered: np.ndarray, loadings: np.ndarray) -> np.ndarray:
    """Components (G, C) of centred targets (G, T): what is not measured counts as the mean, a gene without any value as missing."""
    scores = np.nan_to_num(centered) @ loadings.T
    scores[~np.isfinite(centered).any(axis=1)] = np.nan
    return scores


def _fit_one(
    X: np.ndarray, y: np.ndarray, X_val: np.ndarray, y_val: np.ndarray, params: dict[str, Any], settings: TreeSettings, huber_slope: float
) -> xgb.Booster:
    """One booster on the measured rows of one target, cut at its best round."""
    seen, seen_val = np.isfinite(y), np.isfinite(y_val)
    if not seen.any() or np.ptp(y[seen]) == 0:
        flat = xgb.DMatrix(X[:1], label=np.zeros(1, np.float32))
        return xgb.train(params, flat, num_boost_round=1)
    if huber_slope > 0:
        # Where errors are linear the loss has little curvature, the unit of min_child_weight.
        params = {**params, "objective": "reg:pseudohubererror", "huber_slope": huber_slope * float(y[seen].std())}
        params["min_child_weight"] *= min(huber_slope, 1.0)
    train = xgb.QuantileDMatrix(X[seen], label=y[seen], max_bin=params["max_bin"], nthread=params["nthread"])
    if not seen_val.any():
        return xgb.train(params, train, num_boost_round=settings.rounds)
    watch = xgb.DMatrix(X_val[seen_val], label=y_val[seen_val], nthread=params["nthread"])
    booster = xgb.train(
        params,
        train,
        num_boost_round=settings.rounds,
        evals=[(watch, "validation")],
        early_stopping_rounds=settings.patience,
        verbose_eval=False,
    )
    return booster[: booster.best_iteration + 1]
