"""Accuracy of predicted genes x conditions: correlation, error, classes, with bootstrap intervals.

The unit of the bootstrap is what was held out: the gene, or the series of conditions. Axes: G genes, S conditions, U units, N resamples.
"""

from __future__ import annotations

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


def unit_counts(n_units: int, n_resamples: int, seed: int) -> np.ndarray:
    """How often each unit is drawn, (N, U)."""
    return np.random.default_rng(seed).multinomial(n_units, np.full(n_units, 1 / n_units), size=n_resamples).astype(np.float64)


def score_cells(
    predicted: np.ndarray,
    actual: np.ndarray,
    part: np.ndarray,
    classes: np.ndarray,
    called: np.ndarray,
    n_classes: int,
    unit: np.ndarray,
    by_gene: bool,
    counts: np.ndarray,
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
    unit
        (G,) unit of each gene where `by_gene`, else (S,) of each condition: 0 to U - 1.
    counts
        (N, U) bootstrap resamples of the units.
    """
    mask = part & np.isfinite(predicted) & np.isfinite(actual)
    n = int(mask.sum())
    if not n:
        return CellScores([], np.full(len(counts), np.nan), np.zeros((n_classes, n_classes)))
    cells = moments(predicted, actual, mask)
    per_unit = _by_unit(cells, unit, by_gene, counts.shape[1])
    error = _by_unit(np.where(mask, np.square(predicted - actual), 0.0)[..., None], unit, by_gene, counts.shape[1])[:, 0]
    draws: dict[str, np.ndarray] = {"pearson": correlation_of_sums(counts @ per_unit)}
    values: dict[str, float] = {"pearson": float(correlation_of_sums(per_unit.sum(0)))}
    size = counts @ per_unit[:, 0]
    draws["mse"], values["mse"] = (counts @ error) / np.maximum(size, 1), float(error.sum() / n)
    for name, axis in (("pearson_within_condition", 0), ("pearson_within_gene", 1)):
        values[name], draws[name] = _mean_within(cells, axis, unit, by_gene, counts)
    confusion = _confusions(classes, called, mask, unit, by_gene, counts.shape[1], n_classes)
    whole = class_figures(confusion.sum(0))
    resampled = class_figures((counts @ confusion.reshape(len(confusion), -1)).reshape(-1, n_classes, n_classes))
    for name in whole:
        values[name], draws[name] = float(whole[name]), resampled[name]
    values["coverage"], draws["coverage"] = n / int((part & np.isfinite(actual)).sum()), np.full(len(counts), np.nan)
    return CellScores([_figure(name, values[name], draws[name], n) for name in values], draws["pearson"], confusion.sum(0))


def _figure(name: str, value: float, draws: np.ndarray, n: int) -> CellFigure:
    seen = draws[np.isfinite(draws)]
    low, high = np.quantile(seen, [0.025, 0.975]) if len(seen) > 1 else (np.nan, np.nan)
    return CellFigure(name, value, float(low), float(high), n)


def _by_unit(cells: np.ndarray, unit: np.ndarray, by_gene: bool, n_units: int) -> np.ndarray:
    """Sum cells (G, S, F) over each unit: (U, F)."""
    sums = cells.sum(1 if by_gene else 0)
    found = np.zeros((n_units, cells.shape[2]))
    np.add.at(found, unit, sums)
    return found


def _confusions(
    classes: np.ndarray, called: np.ndarray, mask: np.ndarray, unit: np.ndarray, by_gene: bool, n_units: int, n: int
) -> np.ndarray:
    """Confusion counts of each unit, (U, actual, predicted)."""
    g, s = np.nonzero(mask & (classes >= 0) & (called >= 0))
    of = unit[g] if by_gene else unit[s]
    flat = (of * n + classes[g, s]) * n + called[g, s]
    return np.bincount(flat, minlength=n_units * n * n).reshape(n_units, n, n).astype(np.float64)


def _mean_within(cells: np.ndarray, axis: int, unit: np.ndarray, by_gene: bool, counts: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean over conditions (axis 0) or genes (axis 1) of r within each, and its resamples (N,)."""
    each = correlation_of_sums(cells.sum(axis))
    value = float(np.nanmean(each)) if np.isfinite(each).any() else np.nan
    if by_gene == (axis == 1):
        weight = counts[:, unit] * np.isfinite(each)
        return value, (weight @ np.nan_to_num(each)) / np.maximum(weight.sum(1), TINY)
    flat = cells if by_gene else cells.transpose(1, 0, 2)
    drawn = counts[:, unit] @ flat.reshape(len(flat), -1)
    within = correlation_of_sums(drawn.reshape(len(counts), flat.shape[1], 6))
    seen = np.isfinite(within)
    return value, np.where(seen, within, 0.0).sum(1) / np.maximum(seen.sum(1), 1)


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
