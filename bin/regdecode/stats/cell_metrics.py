"""Accuracy of predicted genes x conditions: correlation, error, classes, with bootstrap intervals.

The bootstrap draws units of what was held out: genes or transcription units, series of conditions. Where both sides were, both are drawn,
and a cell weighs how often its gene is drawn times how often its condition is (pigeonhole bootstrap, Owen 2007).

Axes: G genes, S conditions, U units, F figures that add up, N resamples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

TINY = 1e-12


class CellFigure(NamedTuple):
    """One figure of metrics.tsv with its 95 % interval; NaN bounds where there is one unit alone."""

    metric: str
    value: float
    low: float
    high: float
    n: int


class Drawn(NamedTuple):
    """Resamples of genes or of conditions: the `unit` (G,) or (S,) of each, 0 to U - 1; `counts` (N, U) of how often each unit is drawn."""

    unit: np.ndarray
    counts: np.ndarray

    @property
    def alone(self) -> bool:
        """Whether there is one unit at most: drawn again it is the same, which says nothing of its spread."""
        return bool(np.count_nonzero(self.counts.any(axis=0)) < 2)

    def weights(self) -> np.ndarray:
        """How often each gene (N, G) or condition (N, S) is drawn."""
        return self.counts[:, self.unit]

    def per_unit(self, sums: np.ndarray) -> np.ndarray:
        """Sums (U, F) of each unit from those of genes (G, F) or conditions (S, F)."""
        found = np.zeros((self.counts.shape[1], sums.shape[1]))
        np.add.at(found, self.unit, sums)
        return found


@dataclass(frozen=True)
class CellScores:
    """Figures of one model on one part, its resampled pooled r (N,), and its confusion counts (classes actual, classes predicted)."""

    figures: list[CellFigure]
    resampled: np.ndarray
    confusion: np.ndarray


def tune_cuts(values: np.ndarray, classes: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Cuts (n - 1,) of predicted values that make most classes right.

    The number right is a sum with one term a cut, the cells of the class below it less those of the class above it at or under the cut, so
    every cut is found alone; they are then put in order.

    Parameters
    ----------
    values, classes
        (M,) predictions and true classes of the tuning cells; with none, the cuts are `edges`.
    edges
        (n - 1,) edges of the true classes.
    """
    seen = np.isfinite(values) & (classes >= 0)
    if not seen.any():
        return np.asarray(edges, dtype=np.float64)
    order = np.argsort(values[seen], kind="stable")
    ordered, labels = values[seen][order].astype(np.float64), classes[seen][order]
    last = np.append(np.diff(ordered) > 0, True)
    between = np.append((ordered[:-1] + ordered[1:]) / 2, ordered[-1] + 1.0)
    cuts = []
    for k in range(len(edges)):
        gain = np.cumsum((labels == k).astype(np.int64) - (labels == k + 1))
        gain = np.where(last, gain, np.iinfo(np.int64).min)
        best = int(np.argmax(gain))
        cuts.append(between[best] if gain[best] > 0 else ordered[0] - 1.0)
    return np.maximum.accumulate(np.array(cuts))


def cut_classes(values: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Predicted classes, int8: how many cuts lie below each value; -1 for NaN."""
    found = np.searchsorted(cuts, np.nan_to_num(values), side="left").astype(np.int8)
    return np.where(np.isfinite(values), found, np.int8(-1))


def correlation_of_sums(sums: np.ndarray) -> np.ndarray:
    """Pearson r of sums (..., 6): n, x, y, x x, y y, x y; NaN where a side does not vary."""
    n, sx, sy, sxx, syy, sxy = np.moveaxis(sums, -1, 0)
    n = np.maximum(n, 1)
    vx, vy = sxx - sx * sx / n, syy - sy * sy / n
    good = (vx > TINY * np.maximum(sxx, TINY)) & (vy > TINY * np.maximum(syy, TINY))
    return np.where(good, (sxy - sx * sy / n) / np.sqrt(np.where(good, vx * vy, 1.0)), np.nan)


def moments(predicted: np.ndarray, actual: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Six sums of each cell (G, S, 6), 0 outside `mask`; centred on the means, for accuracy."""
    x = np.where(mask, predicted - predicted[mask].mean(), 0.0)
    y = np.where(mask, actual - actual[mask].mean(), 0.0)
    return np.stack([mask.astype(np.float64), x, y, x * x, y * y, x * y], axis=-1)


def class_figures(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """Accuracy, majority, balanced accuracy and Cohen's kappa of confusion counts (..., actual, predicted)."""
    total = np.maximum(confusion.sum((-1, -2)), 1)
    rows, columns = confusion.sum(-1), confusion.sum(-2)
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    accuracy = right.sum(-1) / total
    recall = np.where(rows > 0, right / np.maximum(rows, 1), np.nan)
    chance = (rows * columns).sum(-1) / total**2
    return {
        "accuracy": accuracy,
        "majority": rows.max(-1) / total,
        "balanced_accuracy": np.nanmean(recall, axis=-1),
        "kappa": np.where(chance < 1, (accuracy - chance) / np.maximum(1 - chance, TINY), 0.0),
    }


def unit_counts(n_units: int, n_resamples: int, rng: np.random.Generator) -> np.ndarray:
    """How often each unit is drawn, (N, U)."""
    return rng.multinomial(n_units, np.full(n_units, 1 / n_units), size=n_resamples).astype(np.float64)


def score_cells(
    predicted: np.ndarray,
    actual: np.ndarray,
    part: np.ndarray,
    classes: np.ndarray,
    called: np.ndarray,
    n_classes: int,
    drawn: Mapping[int, Drawn],
) -> CellScores:
    """Every figure of one model on one part.

    Parameters
    ----------
    predicted, actual
        (G, S) log2 ratios; NaN is left out.
    part
        (G, S) cells to score.
    classes, called
        (G, S) true and predicted classes, -1 for none.
    drawn
        Bootstrap of the sides that were held out, by axis: 0 genes, 1 conditions, or both.
    """
    if len(drawn) == 2:
        drawn = {axis: Drawn(side.unit[part.any(1 - axis)], side.counts) for axis, side in drawn.items()}
        corner = np.ix_(part.any(1), part.any(0))
        predicted, actual, part, classes, called = (table[corner] for table in (predicted, actual, part, classes, called))
    mask = part & np.isfinite(predicted) & np.isfinite(actual)
    n, unknown = int(mask.sum()), np.full(len(next(iter(drawn.values())).counts), np.nan)
    if not n:
        return CellScores([], unknown, np.zeros((n_classes, n_classes)))
    cells = moments(predicted, actual, mask)
    sums, drawn_sums = _pooled(cells, drawn)
    draws: dict[str, np.ndarray] = {"pearson": correlation_of_sums(drawn_sums)}
    values: dict[str, float] = {"pearson": float(correlation_of_sums(sums))}
    error, drawn_error = _pooled(np.where(mask, np.square(predicted - actual), 0.0)[..., None], drawn)
    draws["mse"], values["mse"] = drawn_error[:, 0] / np.maximum(drawn_sums[:, 0], 1), float(error[0] / n)
    for name, axis in (("pearson_within_condition", 0), ("pearson_within_gene", 1)):
        values[name], draws[name] = _mean_within(cells, axis, drawn)
    confusion, drawn_confusion = _confusions(classes, called, mask, n_classes, drawn)
    confusion = confusion.reshape(n_classes, n_classes)
    whole, resampled = class_figures(confusion), class_figures(drawn_confusion.reshape(-1, n_classes, n_classes))
    for name in whole:
        values[name], draws[name] = float(whole[name]), resampled[name]
    values["coverage"], draws["coverage"] = n / int((part & np.isfinite(actual)).sum()), unknown
    if any(side.alone for side in drawn.values()):
        draws = dict.fromkeys(draws, unknown)
    return CellScores([_figure(name, values[name], draws[name], n) for name in values], draws["pearson"], confusion)


def _figure(name: str, value: float, draws: np.ndarray, n: int) -> CellFigure:
    seen = draws[np.isfinite(draws)]
    low, high = np.quantile(seen, [0.025, 0.975]) if len(seen) > 1 else (np.nan, np.nan)
    return CellFigure(name, value, float(low), float(high), n)


def _pooled(cells: np.ndarray, drawn: Mapping[int, Drawn]) -> tuple[np.ndarray, np.ndarray]:
    """Sums of cells (G, S, F) over genes and conditions, (F,), and their resamples (N, F)."""
    if len(drawn) == 1:
        ((axis, side),) = drawn.items()
        per_unit = side.per_unit(cells.sum(1 - axis))
        return per_unit.sum(0), side.counts @ per_unit
    per_condition = drawn[0].weights() @ cells.reshape(len(cells), -1)
    return cells.sum((0, 1)), np.einsum("ns,nsf->nf", drawn[1].weights(), per_condition.reshape(-1, *cells.shape[1:]))


def _confusions(
    classes: np.ndarray, called: np.ndarray, mask: np.ndarray, n: int, drawn: Mapping[int, Drawn]
) -> tuple[np.ndarray, np.ndarray]:
    """Confusion counts of all cells, actual by predicted class in one row (n n,), and their resamples (N, n n)."""
    scored = mask & (classes >= 0) & (called >= 0)
    entry = classes.astype(np.int64) * n + called
    if len(drawn) == 2:
        return _pooled(np.where(scored, entry, -1)[..., None] == np.arange(n * n), drawn)
    ((axis, side),) = drawn.items()
    flat = side.unit[np.nonzero(scored)[axis]] * n * n + entry[scored]
    per_unit = np.bincount(flat, minlength=side.counts.shape[1] * n * n).reshape(-1, n * n).astype(np.float64)
    return per_unit.sum(0), side.counts @ per_unit


def _mean_within(cells: np.ndarray, axis: int, drawn: Mapping[int, Drawn]) -> tuple[float, np.ndarray]:
    """Mean over conditions (axis 0) or genes (axis 1) of r within each, and its resamples (N,)."""
    each = correlation_of_sums(cells.sum(axis))
    value = float(np.nanmean(each)) if np.isfinite(each).any() else np.nan
    if axis not in drawn:
        weight = drawn[1 - axis].weights() * np.isfinite(each)
        return value, _quotient(weight @ np.nan_to_num(each), weight.sum(1))
    flat = np.moveaxis(cells, axis, 0)
    sums = drawn[axis].weights() @ flat.reshape(len(flat), -1)
    within = correlation_of_sums(sums.reshape(len(sums), -1, 6))
    weight = np.isfinite(within) * (drawn[1 - axis].weights() if 1 - axis in drawn else 1.0)
    return value, _quotient((weight * np.nan_to_num(within)).sum(1), weight.sum(1))


def _quotient(total: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Sums (N,) over their weights; NaN where nothing was weighed."""
    return np.where(weight > 0, total / np.maximum(weight, TINY), np.nan)


def table_rows(
    predicted: np.ndarray, actual: np.ndarray, part: np.ndarray, classes: np.ndarray, called: np.ndarray, axis: int
) -> dict[str, np.ndarray]:
    """Figures of each gene (axis 1) or condition (axis 0): n, pearson, mse, accuracy, majority; NaN where nothing is scored."""
    mask = part & np.isfinite(predicted) & np.isfinite(actual)
    n = mask.sum(axis)
    some = np.maximum(n, 1)
    if not mask.any():
        return {name: np.full(len(n), np.nan) for name in ("n", "pearson", "mse", "accuracy", "majority")}
    most = np.max([(mask & (classes == k)).sum(axis) for k in np.unique(classes[mask])], axis=0)
    table = {
        "n": n,
        "pearson": correlation_of_sums(moments(predicted, actual, mask).sum(axis)),
        "mse": np.where(mask, np.square(np.nan_to_num(predicted - actual)), 0.0).sum(axis) / some,
        "accuracy": (mask & (classes == called)).sum(axis) / some,
        "majority": most / some,
    }
    return {name: np.where(n > 0, column, np.nan) for name, column in table.items()}
