"""Completion of a gene x condition matrix from its own known cells: soft-thresholded SVD, and the Gaussian whose regression of each
condition on the others is chained until it stands still (expectation-maximisation).

Axes: G genes, S conditions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def complete_svd(values: np.ndarray, known: np.ndarray, rank: int = 60, shrink: float | None = None, rounds: int = 40) -> np.ndarray:
    """Low-rank estimate of every cell (G, S): singular values are reduced by `shrink` until the unknown cells no longer move.

    Parameters
    ----------
    values : ndarray (G, S)
        Read where `known`.
    known : ndarray of bool (G, S)
    rank : int, optional
        Components kept at most.
    shrink : float or None, optional
        None: a fortieth of the largest singular value of the known cells.
    rounds : int, optional
        Rounds at most; they stop earlier when the estimate moves by less than 1e-3 of its length.
    """
    center = column_means(values, known)
    seen = np.where(known, values - center, 0.0)
    filled, estimate = seen, np.zeros_like(seen)
    for _ in range(rounds):
        squared, vectors = np.linalg.eigh(filled.T @ filled)
        singular = np.sqrt(np.maximum(squared, 0))[::-1][:rank]
        vectors = vectors[:, ::-1][:, :rank]
        if shrink is None:
            shrink = float(singular[0]) / 40
        kept = np.maximum(singular - shrink, 0) / np.maximum(singular, 1e-12)
        before, estimate = estimate, (filled @ vectors * kept) @ vectors.T
        filled = np.where(known, seen, estimate)
        if np.linalg.norm(estimate - before) <= 1e-3 * np.linalg.norm(estimate):
            break
    return estimate + center


def column_means(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Mean of the known cells of each condition (S,); 0 where there is none."""
    return np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


@dataclass(frozen=True)
class Gaussian:
    """Genes as draws of one normal distribution over conditions.

    Attributes
    ----------
    mean : ndarray (S,)
    covariance : ndarray (S, S)
    """

    mean: np.ndarray
    covariance: np.ndarray

    def complete(self, values: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Expectation and standard deviation of every cell given the gene's other known cells.

        A known cell is predicted from the others, itself left out, so that training cells read like test cells.

        Returns
        -------
        expectation, deviation : ndarray (G, S)
        """
        expectation = np.tile(self.mean, (len(values), 1))
        deviation = np.tile(np.sqrt(np.diag(self.covariance)), (len(values), 1))
        for g in np.flatnonzero(known.any(axis=1)):
            seen, hidden = known[g], ~known[g]
            precision = np.linalg.inv(self.covariance[np.ix_(seen, seen)])
            weights = precision @ (values[g, seen] - self.mean[seen])
            spread = np.diag(precision)
            expectation[g, seen] = values[g, seen] - weights / spread
            deviation[g, seen] = 1 / np.sqrt(spread)
            across = self.covariance[np.ix_(hidden, seen)]
            expectation[g, hidden] += across @ weights
            explained = np.einsum("ij,ij->i", across @ precision, across)
            deviation[g, hidden] = np.sqrt(np.maximum(np.diag(self.covariance)[hidden] - explained, 0))
        return expectation, deviation


def _expect(centred: np.ndarray, known: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fill unknown cells with their expectation (G, S); also the summed covariance (S, S) of what was filled."""
    filled, spread = centred.copy(), np.zeros_like(covariance)
    for g in np.flatnonzero(~known.all(axis=1)):
        seen, hidden = known[g], ~known[g]
        if not seen.any():
            filled[g], spread = 0.0, spread + covariance
            continue
        across = covariance[np.ix_(seen, hidden)]
        coefficients = np.linalg.solve(covariance[np.ix_(seen, seen)], across)
        filled[g, hidden] = centred[g, seen] @ coefficients
        spread[np.ix_(hidden, hidden)] += covariance[np.ix_(hidden, hidden)] - across.T @ coefficients
    return filled, spread


def fit_gaussian(values: np.ndarray, known: np.ndarray, rounds: int = 4, noise: float = 0.01) -> Gaussian:
    """Fit mean and covariance to the known cells by expectation-maximisation.

    Parameters
    ----------
    values : ndarray (G, S)
        Read where `known`.
    known : ndarray of bool (G, S)
    rounds : int, optional
    noise : float, optional
        Variance added to each condition, as a share of the mean variance: the ridge of the regressions.
    """
    used = known.any(axis=1)
    values, known = values[used], known[used]
    mean = column_means(values, known)
    centred = np.where(known, values - mean, 0.0)
    ridge = noise * np.eye(len(mean)) * max(float((centred**2).sum()) / max(int(known.sum()), 1), 1e-12)
    covariance = centred.T @ centred / max(len(centred), 1) + 5 * ridge
    for _ in range(rounds):
        filled, spread = _expect(centred, known, covariance)
        shift = filled.mean(axis=0)
        covariance = (filled.T @ filled + spread) / len(filled) - np.outer(shift, shift) + ridge
        mean = mean + shift
        centred = np.where(known, values - mean, 0.0)
    return Gaussian(mean, covariance)
