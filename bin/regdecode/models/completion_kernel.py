"""Kernel ridge regression of each condition on what genes do in the others: what a normal distribution leaves of a cell is told by genes
with similar profiles, and whatever way it is curved.

The kernel is the inverse multiquadric (Hardy 1971, J Geophys Res 76:1905) of the distance between two genes' completed profiles in units of
the genes' mean squared distance. For every condition profiles are completed as if its cells were not known.

Axes: G genes, S conditions, L genes that are learnt from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from regdecode.models.completion import Gaussian

PENALTY = 0.1
MOST_GENES = 8000


def similarity(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Kernel (N, M), float32, between points (N, S) and (M, S): (1 + squared distance)^-1/2."""
    kernel = rows @ others.T
    kernel *= -2
    kernel += np.einsum("ns,ns->n", rows, rows)[:, None]
    kernel += np.einsum("ms,ms->m", others, others)
    np.maximum(kernel, 0, out=kernel)
    kernel += 1
    np.sqrt(kernel, out=kernel)
    return np.reciprocal(kernel, out=kernel)


def _points(gaussian: Gaussian, values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of one condition after the other: what is expected of the genes (G,), and the genes as points, float32 (G, S), whose mean squared
    distance is 1; values (G, S) are NaN where not known.
    """
    for s, profiles in enumerate(gaussian.leave_out(np.nan_to_num(values), np.isfinite(values))):
        centred = profiles - profiles.mean(axis=0)
        unit = np.sqrt(2 * np.square(centred).sum(axis=1).mean())
        yield profiles[:, s], (centred / max(unit, 1e-12)).astype(np.float32)


@dataclass(frozen=True)
class GeneKernel:
    """What was learnt.

    Attributes
    ----------
    learners : ndarray of int (L,)
        Rows of the genes that were learnt from.
    dual : ndarray, float32 (L, S)
        Their weights; 0 where such a gene is not known.
    """

    learners: np.ndarray
    dual: np.ndarray


def fit_gene_kernel(gaussian: Gaussian, values: np.ndarray, seed: int = 0) -> GeneKernel:
    """Learn from all genes, of more than `MOST_GENES` from such a number, drawn by the seed.

    Parameters
    ----------
    gaussian : Gaussian
        Over the conditions.
    values : ndarray (G, S)
        Outliers bent; NaN where not known.
    """
    learners = np.sort(np.random.default_rng(seed).permutation(len(values))[:MOST_GENES])
    dual = np.zeros((len(learners), values.shape[1]), np.float32)
    for s, (expectation, points) in enumerate(_points(gaussian, values)):
        seen = np.flatnonzero(np.isfinite(values[learners, s]))
        rows = learners[seen]
        kernel = similarity(points[rows], points[rows])
        kernel[np.diag_indices(len(rows))] += PENALTY
        rest = (values[rows, s] - expectation[rows]).astype(np.float32)
        factor = cho_factor(kernel.T, lower=True, overwrite_a=True, check_finite=False)  # in Fortran's order, else it is copied
        dual[seen, s] = cho_solve(factor, rest, check_finite=False)
    return GeneKernel(learners, dual)


def complete_by_kernel(gaussian: Gaussian, values: np.ndarray, kernel: GeneKernel) -> np.ndarray:
    """Every cell (G, S): what the normal distribution expects, and what similar genes add; a cell that was learnt from is among them."""
    points = enumerate(_points(gaussian, values))
    return np.stack([told + similarity(genes, genes[kernel.learners]) @ kernel.dual[:, s] for s, (told, genes) in points], axis=1)
