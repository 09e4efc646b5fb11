"""What the comparators and the learned members of DeepRAGE read: cells of a gene x condition matrix, features of promoters, regulators.

Axes: G genes, S conditions, R regulators, F features, M motifs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from regdecode.genome.sequence_features import SequenceTable
from regdecode.models.completion import Gaussian, fit_robust_gaussian

HELD_SHARE = 0.1


class Robust(NamedTuple):
    """What outliers are told by.

    Attributes
    ----------
    gaussian : Gaussian
        Over the known conditions, of the known genes.
    bent : ndarray (known genes, K)
        Their profiles with outliers moved to the limit; NaN where not known.
    profiles : ndarray (known genes, K)
        The same, steadied; no NaN.
    inputs : ndarray (K, R)
        Regulators in the known conditions, steadied.
    """

    gaussian: Gaussian
    bent: np.ndarray
    profiles: np.ndarray
    inputs: np.ndarray


@dataclass(frozen=True)
class CellProblem:
    """One fold.

    Attributes
    ----------
    values : ndarray (G, S)
        Log2 ratios; NaN where not measured.
    known, watch : ndarray of bool (G, S)
        Cells to learn from, and cells that choose penalties and rounds; all measured.
    inputs : ndarray (S, R)
        Regulators' values.
    own : ndarray of int (G,)
        The regulator that is the gene, -1 for none.
    table : SequenceTable
    regime : str
    edges : ndarray
        Edges of the classes.
    seed, threads : int
    series : ndarray of str (S,) or None
        Series of each condition; None: every condition is its own.
    """

    values: np.ndarray
    known: np.ndarray
    watch: np.ndarray
    inputs: np.ndarray
    own: np.ndarray
    table: SequenceTable
    regime: str
    edges: np.ndarray
    seed: int = 0
    threads: int = 1
    series: np.ndarray | None = None

    @property
    def genes(self) -> np.ndarray:
        """Mask (G,) of genes with a known cell."""
        return np.asarray(self.known.any(axis=1))

    @property
    def conditions(self) -> np.ndarray:
        """Mask (S,) of conditions with a known cell."""
        return np.asarray(self.known.any(axis=0))

    def profiles(self) -> np.ndarray:
        """Known cells of all genes in the known conditions (G, S known); NaN elsewhere."""
        return np.where(self.known, self.values, np.nan)[:, self.conditions]

    @cached_property
    def robust(self) -> Robust:
        """Known cells without their outliers."""
        profiles = self.profiles()[self.genes]
        known = np.isfinite(profiles)
        gaussian, bent = fit_robust_gaussian(np.nan_to_num(profiles), known)
        inputs = steady_inputs(gaussian, self.inputs[self.conditions])
        return Robust(gaussian, np.where(known, bent, np.nan), gaussian.steady(np.nan_to_num(profiles), known), inputs)

    def watched_profiles(self) -> np.ndarray:
        """Watched cells in the known conditions (G, S known); NaN elsewhere."""
        return np.where(self.watch, self.values, np.nan)[:, self.conditions]

    def known_genes_watched(self) -> bool:
        """Whether watched cells are of known genes in known conditions, as in random pairs."""
        return bool(np.isfinite(self.watched_profiles()[self.genes]).any())

    def watched_error(self, predicted: np.ndarray) -> float:
        """Squared error of profiles (G, S known) on watched cells."""
        return float(np.nansum((predicted - self.watched_profiles()) ** 2))

    def with_watched(self) -> CellProblem:
        """Learn from the watched cells too; nothing is watched any more.

        Unless both genes and conditions are new: their watched cells are a corner of their own.
        """
        if self.regime == "new_gene_and_condition":
            return self
        return replace(self, known=self.known | self.watch, watch=np.zeros_like(self.watch))


def split_genes(problem: CellProblem) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of genes to fit on, rows to choose by, and the profiles of the latter that choose.

    New genes that are watched choose, or the watched cells of known ones; where none is watched in a known condition, a tenth of the known
    genes, drawn by the seed.
    """
    fit, watched = np.flatnonzero(problem.genes), problem.watched_profiles()
    choose = np.flatnonzero(np.isfinite(watched).any(axis=1))
    if len(choose) or len(fit) < 2:
        return fit, choose, watched[choose]
    order = np.random.default_rng(problem.seed).permutation(fit)
    n = max(1, round(HELD_SHARE * len(fit)))
    choose = np.sort(order[:n])
    return np.sort(order[n:]), choose, problem.profiles()[choose]


def steady_inputs(gaussian: Gaussian, inputs: np.ndarray) -> np.ndarray:
    """Regulators (S, R) read like genes, each by its own row: outliers bent, missing values (0) filled."""
    return gaussian.steady(inputs.T, inputs.T != 0).T
