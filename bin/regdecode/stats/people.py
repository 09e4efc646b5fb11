"""Figures of person models: variance within and between groups, predictions of unrelated people, the same person twice.

Axes: G genes, S people, T tissues.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from regdecode.stats.ranks import cross_correlations

VARIANCE_COLUMNS = [
    "source", "n_genes", "n_within", "n_between", "within_mean", "between_mean", "ratio_of_means",
    "within_median", "between_median", "median_ratio", "share_below_quarter",
]  # fmt: skip
CONCORDANCE_COLUMNS = [
    "kind", "group_a", "group_b", "n_genes", "n_same", "n_different", "mean_same", "mean_different", "auroc", "p", "note",
]  # fmt: skip
UNRELATED_COLUMNS = ["output", "own", "others_mean", "others_sd", "others_max", "rank", "n_others"]


def variance_row(source: str, within: np.ndarray, between: np.ndarray) -> dict[str, object]:
    """Compare variances over people (G, S) and over tissues (G, T) of the same genes, log2 units; NaN is left out.

    `median_ratio` is the median over genes of within / between, `share_below_quarter` the share of genes where it is below 0.25; genes that
    do not vary between tissues are left out of both.
    """
    a, b = _variances(within), _variances(between)
    seen = np.isfinite(a) & np.isfinite(b)
    a, b = a[seen], b[seen]
    ratio = a[b > 0] / b[b > 0]
    row = [
        source, len(a), within.shape[1], between.shape[1], _mean(a), _mean(b), _mean(a) / _mean(b) if len(b) and b.any() else np.nan,
        float(np.median(a)) if len(a) else np.nan, float(np.median(b)) if len(b) else np.nan,
        float(np.median(ratio)) if len(ratio) else np.nan, _mean(ratio < 0.25),
    ]  # fmt: skip
    return dict(zip(VARIANCE_COLUMNS, row, strict=True))


def _variances(values: np.ndarray) -> np.ndarray:
    """(G,) variance of each row over its measured entries, one degree of freedom less; NaN with fewer than two."""
    seen = np.isfinite(values)
    n = seen.sum(axis=1)
    mean = np.where(seen, values, 0.0).sum(axis=1) / np.maximum(n, 1)
    squares = np.where(seen, (values - mean[:, None]) ** 2, 0.0).sum(axis=1)
    return np.where(n >= 2, squares / np.maximum(n - 1, 1), np.nan)


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


@dataclass(frozen=True)
class Unrelated:
    """How well a prediction of one person fits the others.

    Attributes
    ----------
    table : DataFrame
        One row a person: correlation of their prediction with their own expression and with that of the others; `rank` 1 is the own fit
        as the best of all.
    signed_rank_p : float
        Wilcoxon signed-rank test over people of own against the mean of the others, one-sided.
    rank_sum_p : float
        Rank-sum test of all own against all other pairs, one-sided: pairs of one person hang together, so it is the more optimistic.
    """

    table: pd.DataFrame
    signed_rank_p: float
    rank_sum_p: float


def unrelated(predicted: np.ndarray, actual: np.ndarray, names: Sequence[str]) -> Unrelated:
    """Correlate every person's prediction with every person's fold changes (G, S) over genes, Spearman."""
    matrix = cross_correlations(predicted, actual)
    n = len(matrix)
    own = np.diag(matrix)
    others = matrix[~np.eye(n, dtype=bool)].reshape(n, n - 1) if n > 1 else np.zeros((n, 0))
    if n < 2:
        return Unrelated(pd.DataFrame(columns=UNRELATED_COLUMNS), float("nan"), float("nan"))
    table = pd.DataFrame(
        {
            "output": list(names),
            "own": own,
            "others_mean": others.mean(axis=1),
            "others_sd": others.std(axis=1, ddof=1) if n > 2 else np.nan,
            "others_max": others.max(axis=1),
            "rank": 1 + (others > own[:, None]).sum(axis=1),
            "n_others": n - 1,
        }
    )
    difference = own - others.mean(axis=1)
    signed = float(stats.wilcoxon(difference, alternative="greater").pvalue) if difference.any() else 1.0
    return Unrelated(table, signed, float(stats.mannwhitneyu(own, others.ravel(), alternative="greater").pvalue))


@dataclass(frozen=True)
class Sampled:
    """Fold changes (G, S) of samples, with the group (tissue or cohort) and the person of each, on `genes` (G,)."""

    genes: np.ndarray
    values: np.ndarray
    group: np.ndarray
    person: np.ndarray

    def centred(self) -> np.ndarray:
        """(G, S) less the gene's median within the sample's group: what sets a person apart from others of the same tissue."""
        result = self.values.copy()
        for group in np.unique(self.group):
            inside = self.group == group
            result[:, inside] -= np.nanmedian(self.values[:, inside], axis=1, keepdims=True)
        return np.nan_to_num(result)


def same_person(kind: str, parts: Sequence[Sampled]) -> list[dict[str, object]]:
    """Correlations between samples of two groups, of one person against different ones: one row a pair of groups that share people.

    `auroc` is the chance that a pair of samples of one person is the more alike, `p` of the rank-sum test, one-sided.
    """
    if not parts:
        return [_not_applicable(kind, "no sample sheet has a column person")]
    genes = sorted(set.intersection(*(set(part.genes.tolist()) for part in parts)))
    if len(genes) < 3:
        return [_not_applicable(kind, f"{len(genes)} genes in common")]
    blocks = []
    for part in parts:
        place = {gene: i for i, gene in enumerate(part.genes.tolist())}
        blocks.append(part.centred()[[place[gene] for gene in genes]])
    values = np.concatenate(blocks, axis=1)
    group = np.concatenate([part.group for part in parts]).astype(str)
    person = np.concatenate([part.person for part in parts]).astype(str)
    names = np.unique(group)
    rows = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            inside, other = np.flatnonzero(group == a), np.flatnonzero(group == b)
            same = person[inside][:, None] == person[other][None, :]
            if not same.any() or same.all():
                continue
            matrix = cross_correlations_between(values[:, inside], values[:, other])
            test = stats.mannwhitneyu(matrix[same], matrix[~same], alternative="greater")
            auroc = float(test.statistic) / (same.sum() * (~same).sum())
            row = [
                kind, a, b, len(genes), int(same.sum()), int((~same).sum()), matrix[same].mean(), matrix[~same].mean(), auroc,
                float(test.pvalue), "",
            ]  # fmt: skip
            rows.append(dict(zip(CONCORDANCE_COLUMNS, row, strict=True)))
    return rows or [_not_applicable(kind, "no two tissues or cohorts hold samples of the same person")]


def cross_correlations_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Spearman correlation of every column of a (G, S) with every column of b (G, R): (S, R)."""
    both = np.concatenate([a, b], axis=1)
    return cross_correlations(both, both)[: a.shape[1], a.shape[1] :]


def _not_applicable(kind: str, why: str) -> dict[str, object]:
    nothing = float("nan")
    row = [kind, "", "", 0, 0, 0, nothing, nothing, nothing, nothing, f"not applicable: {why}"]
    return dict(zip(CONCORDANCE_COLUMNS, row, strict=True))
