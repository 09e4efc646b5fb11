"""Boosted stumps on pairs of a motif in the promoter and a regulator up or down, as in GeneClass and MEDUSA, fitted to log ratios.

A stump is h(g, s) = a where promoter g holds motif m and regulator r is up (or down) in condition s, else 0. Each round takes the stump
that reduces the squared error most and adds a part of it. All pairs are scored in one product. A gene that is itself a regulator reads
the states of the others alone. Axes: G genes, S conditions, M motifs, R regulators, U = 2 R regulator states.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class StumpModel:
    """Sum of stumps.

    Attributes
    ----------
    motif, state : ndarray of int (rounds,)
        Columns of the motif table and of the state table.
    step : ndarray (rounds,)
        What each adds, log2 units.
    base : float
        Prediction where no stump applies.
    """

    motif: np.ndarray
    state: np.ndarray
    step: np.ndarray
    base: float

    def first(self, n: int) -> StumpModel:
        """The model after its first n rounds."""
        return StumpModel(self.motif[:n], self.state[:n], self.step[:n], self.base)

    def predict(self, hits: np.ndarray, states: np.ndarray, readable: np.ndarray) -> np.ndarray:
        """Predict (G, S) from motifs (G, M), regulator states (S, U) and which of these a gene may read (G, U)."""
        weighted = hits[:, self.motif] * self.step * readable[:, self.state]
        return self.base + weighted.astype(np.float64) @ states[:, self.state].T.astype(np.float64)


def regulator_states(inputs: np.ndarray, threshold: float) -> np.ndarray:
    """0 or 1 (S, 2 R): regulator at least `threshold` up, then as far down."""
    return np.concatenate([inputs >= threshold, inputs <= -threshold], axis=1).astype(np.float32)


def readable_states(own: np.ndarray, n_states: int) -> np.ndarray:
    """0 or 1 (G, U): all states but those of the regulator that is the gene, `own` (G,), -1 for none."""
    regulator = np.arange(n_states) % (n_states // 2)
    return (regulator[None] != own[:, None]).astype(np.float32)


def fit_stumps(
    hits: np.ndarray,
    states: np.ndarray,
    readable: np.ndarray,
    values: np.ndarray,
    known: np.ndarray,
    rounds: int = 300,
    rate: float = 0.3,
    least: int = 50,
) -> StumpModel:
    """Boost.

    Parameters
    ----------
    hits : ndarray of 0 and 1 (G, M)
    states : ndarray of 0 and 1 (S, U)
    readable : ndarray of 0 and 1 (G, U)
        States that a gene may read.
    values : ndarray (G, S)
        Read where `known`.
    known : ndarray of bool (G, S)
    rounds : int, optional
    rate : float, optional
        Part of the best step that is taken.
    least : int, optional
        A stump must apply to so many known cells.
    """
    hits, states = hits.astype(np.float32), states.astype(np.float32)
    base = float(values[known].mean())
    residual = np.where(known, values - base, 0.0).astype(np.float32)
    cells = hits.T @ (known.astype(np.float32) @ states * readable)
    allowed = cells >= least
    cells = np.maximum(cells, 1)
    motifs, chosen, steps = [], [], []
    for _ in range(rounds if allowed.any() else 0):
        sums = hits.T @ (residual @ states * readable)
        gain = np.where(allowed, sums**2 / cells, -1)
        m, u = np.unravel_index(int(gain.argmax()), gain.shape)
        step = rate * float(sums[m, u] / cells[m, u])
        rows, columns = np.flatnonzero(hits[:, m] * readable[:, u]), np.flatnonzero(states[:, u])
        block = np.ix_(rows, columns)
        residual[block] -= np.float32(step) * known[block]
        motifs.append(int(m))
        chosen.append(int(u))
        steps.append(step)
    return StumpModel(np.array(motifs, np.int64), np.array(chosen, np.int64), np.array(steps, np.float64), base)
