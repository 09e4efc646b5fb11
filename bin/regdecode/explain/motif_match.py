"""Filters matched to a database of motifs: Tomtom p-values, false discovery rates over pairs.

Filters that started from a motif of the database match it nearly always. In one family with them those that started from nothing would be
matched too easily, so that these are a family of their own.

Axes: K filters, M motifs of the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regdecode.explain.tomtom import tomtom
from regdecode.stats.multiple import false_discovery

FEW_TARGETS = 25


class Matches(NamedTuple):
    """Comparison of every filter with every motif.

    Parameters
    ----------
    p
        (K, M) Tomtom's p of the best alignment, NaN for a filter without a position.
    q
        (K, M) Benjamini-Hochberg over all pairs of the filters that started from a motif, and of those that did not.
    q_within
        (K, M) Benjamini-Hochberg within one filter's M pairs, as the Tomtom program reports.
    reverse
        (K, M) whether the best alignment is to the motif's other strand.
    """

    p: NDArray[np.float64]
    q: NDArray[np.float64]
    q_within: NDArray[np.float64]
    reverse: NDArray[np.bool_]

    def best(self) -> NDArray[np.int64]:
        """Best motif of each filter (K,), -1 for a filter without a position and where there is no motif."""
        if not self.p.shape[1]:
            return np.full(len(self.p), -1)
        known: NDArray[np.bool_] = np.asarray(np.isfinite(self.p).all(1))
        return np.where(known, np.argmin(np.where(known[:, None], self.p, 1.0), 1), -1)


def match_motifs(queries: Sequence[NDArray[np.float64]], targets: Sequence[NDArray[np.float64]], started: NDArray[np.bool_]) -> Matches:
    """Compare filters with the database.

    Parameters
    ----------
    queries
        K filters' informative parts (W, 4); one without a position matches nothing.
    targets
        M motifs (W, 4).
    started
        (K,) whether a filter started from a motif.
    """
    p = np.full((len(queries), len(targets)), np.nan)
    reverse: NDArray[np.bool_] = np.zeros(p.shape, dtype=bool)
    used = [k for k, query in enumerate(queries) if len(query)]
    if used and len(targets):
        p[used], reverse[used] = tomtom([queries[k] for k in used], targets)
    within = np.vstack([false_discovery(row) for row in p]) if p.size else p.copy()
    q = np.empty_like(p)
    for family in (started, ~started):
        q[family] = false_discovery(p[family])
    return Matches(p, q, within, reverse)
