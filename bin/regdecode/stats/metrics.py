"""Accuracy of predictions on held-out genes: per output, headline, per gene, with bootstrap intervals over genes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from regdecode.stats.ranks import average_ranks, correlations, resampled_correlations

LEVEL, FOLD_CHANGE, ALL = "level", "fold_change", "all"


class Figure(NamedTuple):
    """One figure of metrics.tsv, with its 95 % interval over genes."""

    output: str
    metric: str
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Accuracy:
    """Accuracy of one model on one set of genes.

    Attributes
    ----------
    figures : list of Figure
        Headline outputs (`level`, `fold_change`, `all`) first, then every output.
    spearman : ndarray (T,)
        Of each output.
    resampled : dict of str to ndarray (N,)
        Spearman of `level` and `fold_change` in each bootstrap resample, for paired comparisons.
    """

    figures: list[Figure]
    spearman: np.ndarray
    resampled: dict[str, np.ndarray]


def interval(resampled: np.ndarray, share: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap values (N,)."""
    low, high = np.quantile(resampled, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def pooled_correlation(predicted: np.ndarray, actual: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Pearson r over all entries of each resample, (N,); 0 where nothing varies.

    Parameters
    ----------
    predicted, actual : ndarray (G, T)
        NaN entries are left out.
    counts : ndarray of int (N, G)
    """
    seen = np.isfinite(predicted) & np.isfinite(actual)
    if not seen.any():
        return np.zeros(len(counts))
    x = np.where(seen, predicted - predicted[seen].mean(), 0.0)
    y = np.where(seen, actual - actual[seen].mean(), 0.0)
    sums = np.stack([seen.sum(1), x.sum(1), y.sum(1), (x * x).sum(1), (y * y).sum(1), (x * y).sum(1)], axis=1)
    n, sx, sy, sxx, syy, sxy = (counts.astype(np.float64) @ sums).T
    n = np.maximum(n, 1)
    variance = (sxx - sx * sx / n) * (syy - sy * sy / n)
    tiny = 1e-20 * max(float(sums[:, 3].sum() * sums[:, 4].sum()), 1e-300)
    return np.where(variance > tiny, (sxy - sx * sy / n) / np.sqrt(np.where(variance > tiny, variance, 1.0)), 0.0)


def evaluate_outputs(predicted: np.ndarray, actual: np.ndarray, outputs: np.ndarray, counts: np.ndarray, threads: int = 1) -> Accuracy:
    """Every figure of one model.

    Parameters
    ----------
    predicted, actual : ndarray (G, T)
        Log2 units; the output named "level" (if any) is the level, the others are fold changes or log ratios. NaN in `actual` is left out.
    outputs : ndarray of str (T,)
    counts : ndarray of int (N, G)
        Bootstrap resamples.
    threads : int

    Returns
    -------
    Accuracy
        Spearman and Pearson r of each output; `fold_change`: their mean over all outputs but the level; `all`: Pearson r over all
        fold changes pooled.
    """
    fold = outputs != LEVEL
    n = (np.isfinite(predicted) & np.isfinite(actual)).sum(axis=0)
    figures: list[Figure] = []
    resampled: dict[str, np.ndarray] = {}
    each: list[Figure] = []
    spearman = correlations(predicted, actual)
    for metric in ("spearman", "pearson"):
        value = spearman if metric == "spearman" else correlations(predicted, actual, metric)
        draws = resampled_correlations(predicted, actual, counts, metric, threads)
        for name, mask in ((LEVEL, ~fold), (FOLD_CHANGE, fold)):
            if mask.any():
                mean = draws[:, mask].mean(axis=1)
                figures.append(Figure(name, metric, float(value[mask].mean()), *interval(mean), int(n[mask].max())))
                resampled |= {name: mean} if metric == "spearman" else {}
        each += [Figure(str(outputs[t]), metric, float(value[t]), *interval(draws[:, t]), int(n[t])) for t in np.flatnonzero(fold)]
    if fold.any():
        x, y = predicted[:, fold], actual[:, fold]
        once = np.ones((1, len(x)), dtype=np.int32)
        measured = int((np.isfinite(x) & np.isfinite(y)).sum())
        figures.append(
            Figure(ALL, "pearson", float(pooled_correlation(x, y, once)[0]), *interval(pooled_correlation(x, y, counts)), measured)
        )
    return Accuracy(figures + each, spearman, resampled)


class GeneAccuracy(NamedTuple):
    """Accuracy of each gene across outputs, (G,) each."""

    spearman: np.ndarray
    pearson: np.ndarray
    rmse: np.ndarray
    n: np.ndarray


def evaluate_genes(predicted: np.ndarray, actual: np.ndarray) -> GeneAccuracy:
    """Correlate predicted and actual fold changes of each gene across outputs.

    Parameters
    ----------
    predicted, actual : ndarray (G, T)
        Fold changes only. NaN entries are left out.

    Returns
    -------
    GeneAccuracy
        Correlations are NaN where fewer than three outputs are measured.
    """
    seen = np.isfinite(predicted) & np.isfinite(actual)
    x, y = np.where(seen, predicted, np.nan), np.where(seen, actual, np.nan)
    n = seen.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rmse = np.sqrt(np.where(n > 0, np.nansum((x - y) ** 2, axis=1) / np.maximum(n, 1), np.nan))
    enough = n >= 3
    spearman, pearson = np.full(len(n), np.nan), np.full(len(n), np.nan)
    pearson[enough] = _row_correlation(x[enough], y[enough])
    spearman[enough] = _row_correlation(average_ranks(x[enough].T).T, average_ranks(y[enough].T).T)
    return GeneAccuracy(spearman, pearson, rmse, n)


def _row_correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson r of each row, NaN left out; 0 where a row does not vary."""
    if not len(x):
        return np.zeros(0)
    a = np.nan_to_num(x - np.nanmean(x, axis=1, keepdims=True))
    b = np.nan_to_num(y - np.nanmean(y, axis=1, keepdims=True))
    product = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return np.where(product > 1e-12, (a * b).sum(axis=1) / np.where(product > 1e-12, product, 1.0), 0.0)
