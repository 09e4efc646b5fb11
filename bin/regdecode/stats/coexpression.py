"""Is co-expression in the data found again in predictions: recovered pairs, their density, and positive against negative pairs.

A pair is co-expressed where Spearman's rho over the people goes beyond `TRUE` in the data; it is recovered where that of the predictions
goes beyond `FOUND` on the same side. Axes: G genes, T people, n pairs.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regdecode.stats.rank_rows import pair_blocks
from regdecode.stats.ranks import resample_counts

TRUE, FOUND = 0.7, 0.3
EDGES = np.linspace(-1.0, 1.0, 41)
SIGNS = ("positive", "negative")


class Screen(NamedTuple):
    """Pairs of genes.

    Parameters
    ----------
    i, j
        (n,) genes of the pairs co-expressed in the data beyond the threshold, i < j.
    actual, predicted
        (n,) rho in the data; rho of each prediction, by name.
    all_pairs
        Counts of all pairs by predicted rho, (40,) over `EDGES`, by name.
    beyond
        Share of all pairs whose predicted rho is above `FOUND`, and below -`FOUND`, by name: what chance would recover.
    """

    i: NDArray[np.int64]
    j: NDArray[np.int64]
    actual: NDArray[np.float64]
    predicted: dict[str, NDArray[np.float64]]
    all_pairs: dict[str, NDArray[np.int64]]
    beyond: dict[str, tuple[float, float]]


def screen_pairs(actual: NDArray[np.float64], predicted: dict[str, NDArray[np.float64]], threshold: float = TRUE) -> Screen:
    """Look at all pairs of genes, and keep those co-expressed in the data.

    Parameters
    ----------
    actual
        (G, T) standard ranks (`standard_rank_rows`) of the data.
    predicted
        (G, T) standard ranks of predictions, by name.
    threshold
        Least absolute rho in the data.
    """
    names = list(predicted)
    kept: list[tuple[NDArray, ...]] = []
    counts = {name: np.zeros(len(EDGES) - 1, np.int64) for name in names}
    above, below, total = dict.fromkeys(names, 0), dict.fromkeys(names, 0), 0
    for i, j, rho, others in pair_blocks(actual, [predicted[name] for name in names]):
        strong = np.abs(rho) > threshold
        kept.append((i[strong], j[strong], rho[strong], *(other[strong] for other in others)))
        total += len(i)
        for name, other in zip(names, others, strict=True):
            counts[name] += np.histogram(other, EDGES)[0]
            above[name] += int((other > FOUND).sum())
            below[name] += int((other < -FOUND).sum())
    joined = [np.concatenate(column) for column in zip(*kept, strict=True)]
    beyond = {name: (above[name] / max(total, 1), below[name] / max(total, 1)) for name in names}
    return Screen(joined[0], joined[1], joined[2], dict(zip(names, joined[3:], strict=True)), counts, beyond)


class Recovered(NamedTuple):
    """Co-expressed pairs of one sign that a prediction finds again, with a 95 % interval over genes; NaN without pairs."""

    pairs: int
    recovered: int
    share: float
    low: float
    high: float
    chance: float


class Separation(NamedTuple):
    """Area under the ROC curve of positive against negative co-expressed pairs by predicted rho, with a 95 % interval over genes."""

    auroc: float
    low: float
    high: float
    positive: int
    negative: int


def pair_weights(screen: Screen, counts: NDArray[np.int32]) -> NDArray[np.float64]:
    """(n,) how often each pair occurs in one resample of genes: the product of how often its genes were drawn, (G,)."""
    return counts[screen.i].astype(np.float64) * counts[screen.j]


def recover(screen: Screen, name: str, n_genes: int, seed: int, resamples: int = 300) -> tuple[dict[str, Recovered], Separation]:
    """Score one prediction.

    Parameters
    ----------
    screen
        Co-expressed pairs.
    name
        Which prediction.
    n_genes, seed
        Of the bootstrap, which draws genes: pairs that share a gene are not independent.
    resamples
        Number of bootstrap resamples.
    """
    score = screen.predicted[name]
    positive = screen.actual > 0
    hit = np.where(positive, score > FOUND, score < -FOUND)
    draws = resample_counts(n_genes, resamples, seed) if len(score) else np.zeros((0, n_genes), np.int32)
    curve = RankSum(score, positive)
    shares: dict[str, list[float]] = {sign: [] for sign in SIGNS}
    areas = []
    for counts in draws:
        weight = pair_weights(screen, counts)
        for sign, mine in zip(SIGNS, (positive, ~positive), strict=True):
            total = weight[mine].sum()
            if total > 0:
                shares[sign].append(float(weight[mine & hit].sum() / total))
        areas.append(curve.area(weight))
    result = {}
    for sign, mine, chance in zip(SIGNS, (positive, ~positive), screen.beyond[name], strict=True):
        n, found = int(mine.sum()), int((mine & hit).sum())
        result[sign] = Recovered(n, found, found / n if n else float("nan"), *_interval(shares[sign]), chance)
    area = curve.area(np.ones(len(score)))
    return result, Separation(area, *_interval(areas), int(positive.sum()), int((~positive).sum()))


def _interval(values: list[float]) -> tuple[float, float]:
    known = np.array([value for value in values if np.isfinite(value)])
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


class RankSum:
    """Area under the ROC curve of one score under many weightings: sorted once.

    Parameters
    ----------
    score, positive
        (n,) score, and which class each belongs to.
    """

    def __init__(self, score: NDArray[np.float64], positive: NDArray[np.bool_]) -> None:
        self.order = np.argsort(score, kind="stable")
        ordered = score[self.order]
        self.starts = np.flatnonzero(np.r_[True, np.diff(ordered) != 0]) if len(score) else np.zeros(0, np.int64)
        self.positive = positive[self.order]

    def area(self, weight: NDArray[np.float64]) -> float:
        """Weighted area, ties count half; NaN when a class has no weight."""
        if not len(self.starts):
            return float("nan")
        ordered = weight[self.order]
        up = np.add.reduceat(np.where(self.positive, ordered, 0.0), self.starts)
        down = np.add.reduceat(np.where(self.positive, 0.0, ordered), self.starts)
        total = up.sum() * down.sum()
        if total <= 0:
            return float("nan")
        return float(up @ (np.cumsum(down) - down / 2) / total)


def choose_pairs(
    i: NDArray[np.int64], j: NDArray[np.int64], actual: NDArray[np.float64], predicted: NDArray[np.float64], n: int
) -> NDArray[np.int64]:
    """Number of the `n` strongest predicted pairs whose sign is that of the data, strongest first, each gene in one pair only."""
    agree = np.flatnonzero(np.sign(actual) * np.sign(predicted) > 0)
    order = agree[np.lexsort([j[agree], i[agree], -np.abs(predicted[agree])])]
    used: set[int] = set()
    chosen: list[int] = []
    for k in order:
        if len(chosen) == n:
            break
        if int(i[k]) not in used and int(j[k]) not in used:
            used |= {int(i[k]), int(j[k])}
            chosen.append(int(k))
    return np.array(chosen, np.int64)
