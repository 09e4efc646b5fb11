"""Are a score's highest genes the known targets of a regulator? Rank-sum and Fisher tests of many scores against many target sets.

Axes: K scores (filters), F regulators, G genes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from regdecode.stats.multiple import false_discovery


def rank_rows(scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average ranks (K, G) of each score over the genes, and the ties' sum of t^3 - t (K,)."""
    from scipy.stats import rankdata

    ranks = rankdata(scores, axis=1)
    ties = np.zeros(len(scores))
    for k, row in enumerate(scores):
        counts = np.unique(row, return_counts=True)[1].astype(np.float64)
        ties[k] = (counts**3 - counts).sum()
    return ranks, ties


def rank_sum_tests(
    ranks: NDArray[np.float64], ties: NDArray[np.float64], member: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One-sided rank-sum tests: do members (F, G) score higher than the other genes?

    Returns
    -------
    tuple of ndarray
        p (K, F), normal approximation with ties and continuity; area under the curve (K, F): the chance that a member scores higher than
        another gene. NaN for an empty or full set, and p 1 for a score that is the same in all genes.
    """
    from scipy.stats import norm

    g = ranks.shape[1]
    n = member.sum(1).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        u = ranks @ member.T.astype(np.float64) - n * (n + 1) / 2
        area = u / (n * (g - n))
        variance = n * (g - n) / 12 * ((g + 1) - ties[:, None] / (g * (g - 1)))
        p = np.where(variance > 0, norm.sf((u - n * (g - n) / 2 - 0.5) / np.sqrt(np.maximum(variance, 1e-300))), 1.0)
    empty = (n == 0) | (n == g)
    return np.where(empty, np.nan, p), np.where(empty, np.nan, area)


def top_tests(
    scores: NDArray[np.float64], member: NDArray[np.bool_], top: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Fisher's exact test, one-sided: are members frequent among the `top` genes of each score?

    Returns
    -------
    tuple of ndarray
        Members among the top (K, F), expected by chance (K, F), p (K, F).
    """
    from scipy.stats import hypergeom

    g = scores.shape[1]
    top = min(top, g)
    chosen = np.zeros(scores.shape, dtype=np.float64)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    np.put_along_axis(chosen, order, 1.0, axis=1)
    found = np.rint(chosen @ member.T.astype(np.float64)).astype(np.int64)
    n = member.sum(1)
    return found, np.broadcast_to(top * n / g, found.shape).copy(), hypergeom.sf(found - 1, g, n[None], top)


def permuted_member(member: NDArray[np.bool_], rng: np.random.Generator, strata: NDArray[np.integer] | None = None) -> NDArray[np.bool_]:
    """The table with its genes' labels permuted: set sizes and overlaps stay; with `strata` (G,) genes change places within a stratum."""
    order = np.arange(member.shape[1])
    for label in np.unique(strata) if strata is not None else [None]:
        inside = np.flatnonzero(strata == label) if strata is not None else order.copy()
        order[inside] = rng.permutation(inside)
    return member[:, order]


def degree_strata(member: NDArray[np.bool_], bins: int = 10) -> NDArray[np.int64]:
    """Strata (G,) of genes with about the same number of known regulators."""
    degree = member.sum(0)
    edges = np.unique(np.quantile(degree, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, degree, side="right")


def confirmed(p: NDArray[np.float64], level: float) -> tuple[int, int]:
    """Pairs with q <= level (Benjamini-Hochberg over all pairs of p (K, F)), and regulators that have at least one."""
    hits = false_discovery(p) <= level
    return int(hits.sum()), int(hits.any(0).sum())


def permuted_counts(
    ranks: NDArray[np.float64],
    ties: NDArray[np.float64],
    member: NDArray[np.bool_],
    level: float,
    seeds: int,
    seed: int,
    strata: NDArray[np.integer] | None = None,
) -> NDArray[np.int64]:
    """(pairs, regulators) confirmed by rank-sum tests in tables with permuted genes, one row a draw (seeds, 2)."""
    rng = np.random.default_rng(seed)
    return np.array([confirmed(rank_sum_tests(ranks, ties, permuted_member(member, rng, strata))[0], level) for _ in range(seeds)]).reshape(
        seeds, 2
    )
