"""Boosted trees on what the regulators' ridge leaves of new conditions: how far it goes for a gene, and what is not linear.

Of a new condition the regulators alone are known. A cell is described by what they lead one to expect, by the regulators whose profiles
are most similar to the gene's (their values, and how far these are from what was expected of them), by what the gene does, and how far it
was off, in the most similar known conditions, and by how well the regulators tell the gene and the condition at all. The trees learn from
known conditions, some series at a time, described by the other series alone, so that they see them as they will see new ones. Genes that
are regulators take no part: what describes a condition holds their own value.

Axes: G genes, S known conditions, N new conditions, R regulators, K neighbours, F features.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from regdecode.models.completion import Gaussian
from regdecode.models.condition_weights import ConditionModel, regulator_precision
from regdecode.models.deeprage_problem import steady_inputs
from regdecode.models.trees import TreeSettings, TreesModel, fit_trees

SETTINGS = TreeSettings(rounds=300, patience=20, eta=0.05, max_depth=5, min_child_weight=200.0, subsample=0.5, colsample_bytree=0.5)
MOST_CELLS, MOST_PARTS = 300_000, 20
NEIGHBOURS = (3, 20)
NEAR, SHARPNESS = 3, 12
_CHUNK = 512
_TINY = 1e-9


class Known(NamedTuple):
    """What is known.

    Attributes
    ----------
    profiles : ndarray (G, S)
        Genes that are no regulators, steadied.
    inputs : ndarray (S, R)
        Regulators' values, steadied.
    """

    profiles: np.ndarray
    inputs: np.ndarray


class LeftOut(NamedTuple):
    """What the trees learn from, some series at a time.

    Attributes
    ----------
    values : ndarray (G, S)
        Genes that are no regulators, as measured; NaN where not.
    inputs : ndarray (S, R)
        Regulators' values as measured; 0 where not.
    series : ndarray of str (S,)
        Left out whole, in at most `MOST_PARTS` parts.
    gaussian : Gaussian
        By which values are steadied.
    """

    values: np.ndarray
    inputs: np.ndarray
    series: np.ndarray
    gaussian: Gaussian

    def known(self, conditions: np.ndarray) -> Known:
        """Some conditions, steadied by themselves alone."""
        gaussian, values = self.gaussian.of(conditions), self.values[:, conditions]
        return Known(gaussian.steady(np.nan_to_num(values), np.isfinite(values)), steady_inputs(gaussian, self.inputs[conditions]))


class NewConditions(NamedTuple):
    """What describes new conditions.

    Attributes
    ----------
    expectations : list of ndarray (G, N)
        Of the weighted ridge, which the trees correct, and of the plain one.
    values, surprise : ndarray (R, N)
        Regulators, and their values less what the ridge expects of them: as far as the ridge heeds it, where it bounds outliers.
    likeness : ndarray (N, S)
        Cosine of the regulators in new and known conditions.
    left : ndarray (G, S)
        What the ridge leaves of each known condition when it is left out.
    sides : ndarray (N, F)
        Features of the conditions.
    """

    expectations: list[np.ndarray]
    values: np.ndarray
    surprise: np.ndarray
    likeness: np.ndarray
    left: np.ndarray
    sides: np.ndarray


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _TINY)


def describe(known: Known, model: ConditionModel, new: np.ndarray) -> NewConditions:
    """Describe new conditions by their regulators' values (N, R); `model` is the ridge that the trees correct."""
    plain = ConditionModel(known.inputs, np.ones(known.inputs.shape[1]), model.penalty)
    weights = model.weights(new)
    expectations = [known.profiles @ weights, known.profiles @ plain.weights(new)]
    told = model.told(new, weights)
    surprise = told - known.inputs.T @ weights
    likeness = _unit(new) @ _unit(known.inputs).T
    sides = [
        np.sqrt((new**2).mean(axis=1)), new.mean(axis=1), (new == 0).mean(axis=1), np.linalg.norm(weights, axis=0), weights.sum(axis=0),
        likeness.max(axis=1), np.sqrt((surprise**2).mean(axis=0)), expectations[0].std(axis=0), expectations[0].mean(axis=0),
    ]  # fmt: skip
    return NewConditions(expectations, new.T, surprise, likeness, model.left_out(known.profiles), np.stack(sides, 1))


def _by_similar_regulators(known: Known, new: NewConditions, rows: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Values and surprises of the regulators most like each gene, on the gene's own scale (N, n), and the greatest likeness (n,)."""
    genes = known.profiles[rows] - known.profiles[rows].mean(axis=1, keepdims=True)
    regulators = known.inputs.T - known.inputs.T.mean(axis=1, keepdims=True)
    likeness = _unit(genes) @ _unit(regulators).T
    order = np.argsort(-likeness, axis=1, kind="stable")[:, : max(NEIGHBOURS)]
    best = np.take_along_axis(likeness, order, axis=1)
    scale = np.linalg.norm(genes, axis=1)[:, None] / np.maximum(np.linalg.norm(regulators, axis=1)[order], _TINY)
    columns = []
    for k in NEIGHBOURS:
        weight = np.maximum(best[:, :k], 0.01) ** 2
        weight *= scale[:, :k] / weight.sum(axis=1, keepdims=True)
        columns += [np.einsum("gk,gkn->gn", weight, side[order[:, :k]]) for side in (new.values, new.surprise)]
    return columns, best[:, 0]


def new_features(known: Known, new: NewConditions) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows of genes (n,) and the features of all their cells, float32 (n, N, F), a part of the genes at a time."""
    near = np.argsort(-new.likeness, axis=1, kind="stable")[:, :NEAR]
    close = np.maximum(new.likeness, 0) ** SHARPNESS
    close /= np.maximum(close.sum(axis=1, keepdims=True), _TINY)
    for rows in np.array_split(np.arange(len(known.profiles)), max(1, len(known.profiles) // _CHUNK)):
        profiles, left = known.profiles[rows], new.left[rows]
        similar, greatest = _by_similar_regulators(known, new, rows)
        columns = [*(one[rows] for one in new.expectations), *similar, profiles @ close.T, left @ close.T]
        columns += [profiles[:, near[:, k]] for k in range(near.shape[1])]
        columns += [np.full_like(columns[0], np.nan)] * (NEAR - near.shape[1])  # a left-out series may leave fewer known than that
        told = 1 - (left**2).sum(axis=1) / np.maximum((profiles**2).sum(axis=1), _TINY)
        of_genes = np.stack(
            [profiles.mean(axis=1), profiles.std(axis=1), (profiles == 0).mean(axis=1), left.std(axis=1), told, greatest], axis=1
        )
        shape = (len(rows), len(new.likeness))
        parts = [
            np.stack(columns, 2), np.broadcast_to(of_genes[:, None], (*shape, of_genes.shape[1])),
            np.broadcast_to(new.sides[None], (*shape, new.sides.shape[1])),
        ]  # fmt: skip
        yield rows, np.concatenate(parts, axis=2).astype(np.float32)


def _cells_of(known: Known, model: ConditionModel, new: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features (cells, F) of the measured cells of new conditions, values (G, N), and what the ridge leaves of them (cells,)."""
    described, asked = describe(known, model, new), np.isfinite(values)
    features = np.concatenate([found[asked[rows]] for rows, found in new_features(known, described)])
    return features, (values - described.expectations[0])[asked]


def fit_regulator_trees(
    left_out: LeftOut,
    model: ConditionModel,
    watch: tuple[Known, np.ndarray, np.ndarray] | None,
    rounds: int | None,
    seed: int = 0,
    threads: int = 1,
) -> TreesModel | None:
    """Fit trees to what the ridge leaves of left-out series; None where all conditions are of one series, or no gene is left.

    Parameters
    ----------
    model : ConditionModel
        The ridge over all known conditions; those over parts have its penalty and limit.
    watch : (Known, ndarray (N, R), ndarray (G, N)) or None
        All known conditions, and regulators and values (NaN: not scored) of conditions that choose the rounds.
    rounds : int or None
        Rounds where nothing is watched.
    """
    generator, values = np.random.default_rng(seed), left_out.values
    names, member = np.unique(left_out.series, return_inverse=True)
    if len(names) < 2 or not len(values):
        return None
    part = (generator.permutation(len(names)) % MOST_PARTS)[member]
    share = min(1.0, MOST_CELLS / max(int(np.isfinite(values).sum()), 1))
    features, targets = [], []
    for k in range(part.max() + 1):
        others, asked = left_out.known(part != k), values[:, part == k].copy()
        asked[generator.random(asked.shape) >= share] = np.nan
        ridge = ConditionModel(others.inputs, regulator_precision(others.inputs, others.profiles), model.penalty, model.limit)
        X, y = _cells_of(others, ridge, left_out.inputs[part == k], asked)
        features.append(X)
        targets.append(y)
    X, y = np.concatenate(features), np.concatenate(targets)[:, None]
    X_watch, y_watch = X[:1], np.full((1, 1), np.nan)
    if watch is not None:
        X_watch, left = _cells_of(watch[0], model, *watch[1:])
        y_watch = left[:, None]
    return fit_trees(X, y, X_watch, y_watch, SETTINGS, seed=seed, threads=threads, rounds=None if rounds is None else (rounds,))


def correct_by_trees(known: Known, model: ConditionModel, new: np.ndarray, trees: TreesModel) -> np.ndarray:
    """New conditions (G, N): what the ridge expects and what the trees add."""
    described = describe(known, model, new)
    corrected = described.expectations[0].copy()
    for rows, features in new_features(known, described):
        corrected[rows] += trees.predict(features.reshape(-1, features.shape[2])).reshape(features.shape[:2])
    return corrected
