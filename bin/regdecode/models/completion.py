"""Completion of a gene x condition matrix from its own known cells: soft-thresholded SVD, and the Gaussian whose regression of each
condition on the others is chained until it stands still (expectation-maximisation).

Arrays have outliers, and least squares follows them. The robust fit moves what lies too far from its expectation to the limit and fits
again: Huber's pseudo-values (Huber & Ronchetti 2009, Robust Statistics, 7.8).

Axes: G genes, S conditions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

LIMIT, BENDS = 2.0, 2


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

        A known cell is predicted from the others, itself left out, so that training cells read like test cells. All follows from one
        inverse of the covariance and, for each gene, from that of its unknown conditions' block of it, which is small.

        Returns
        -------
        expectation, deviation : ndarray (G, S)
        """
        precision = np.linalg.inv(self.covariance)
        pulled = np.where(known, values - self.mean, 0.0) @ precision
        expectation, deviation = np.empty(known.shape), np.empty(known.shape)
        for g, seen in enumerate(known):
            hidden = np.flatnonzero(~seen)
            inverse = np.linalg.inv(precision[np.ix_(hidden, hidden)])
            filled, across = -inverse @ pulled[g, hidden], precision[np.ix_(hidden, seen)]
            spread = np.diag(precision)[seen] - np.einsum("hs,hs->s", across, inverse @ across)
            expectation[g, seen] = values[g, seen] - (pulled[g, seen] + filled @ across) / spread
            deviation[g, seen] = spread**-0.5
            expectation[g, hidden] = self.mean[hidden] + filled
            deviation[g, hidden] = np.diag(inverse) ** 0.5
        return expectation, deviation

    def leave_out(self, values: np.ndarray, known: np.ndarray) -> Iterator[np.ndarray]:
        """Completed profiles (G, S), once for each condition, as if no cell of it were known.

        What is expected of a gene's unknown cells reads its known ones; that condition's is taken out of there too, so that nothing in a
        profile tells the value that it leaves out.
        """
        precision = np.linalg.inv(self.covariance)
        expectation, _ = self.complete(values, known)
        filled = np.where(known, values, expectation)
        unknown = [np.flatnonzero(~row) for row in known]
        inverses = [np.linalg.inv(precision[np.ix_(hidden, hidden)]) for hidden in unknown]
        gaps = np.array([len(hidden) > 0 for hidden in unknown])
        for s in range(known.shape[1]):
            profiles = filled.copy()
            profiles[:, s] = expectation[:, s]
            for g in np.flatnonzero(gaps & known[:, s]):
                hidden = unknown[g]
                profiles[g, hidden] += inverses[g] @ precision[hidden, s] * (values[g, s] - expectation[g, s])
            yield profiles

    def bend(self, values: np.ndarray, known: np.ndarray, bent: np.ndarray) -> np.ndarray:
        """Values (G, S) where known, at most `LIMIT` standard deviations from what the gene's other cells in `bent` lead one to expect."""
        expectation, deviation = self.complete(bent, known)
        return np.where(known, expectation + np.clip(values - expectation, -LIMIT * deviation, LIMIT * deviation), 0.0)

    def steady(self, values: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Profiles (G, S) halfway between what is known, bent, and what the gene's other cells lead one to expect; that alone elsewhere."""
        bent = values
        for _ in range(BENDS):
            bent = self.bend(values, known, bent)
        expectation = self.complete(bent, known)[0]
        return np.where(known, (bent + expectation) / 2, expectation)

    def of(self, conditions: np.ndarray) -> Gaussian:
        """The same over some of the conditions."""
        return Gaussian(self.mean[conditions], self.covariance[np.ix_(conditions, conditions)])


def _expect(centred: np.ndarray, known: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fill unknown cells, 0 in `centred`, with their expectation (G, S); also the summed covariance (S, S) of what was filled."""
    filled, spread = centred.copy(), np.zeros_like(covariance)
    precision = np.linalg.inv(covariance)
    pulled = centred @ precision
    for g in np.flatnonzero(~known.all(axis=1)):
        hidden = np.flatnonzero(~known[g])
        inverse = np.linalg.inv(precision[np.ix_(hidden, hidden)])
        filled[g, hidden] = -inverse @ pulled[g, hidden]
        spread[np.ix_(hidden, hidden)] += inverse
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


def fit_robust_gaussian(values: np.ndarray, known: np.ndarray) -> tuple[Gaussian, np.ndarray]:
    """Fit mean and covariance so that outliers have a bounded say.

    Parameters
    ----------
    values : ndarray (G, S)
        Read where `known`.
    known : ndarray of bool (G, S)

    Returns
    -------
    gaussian : Gaussian
    bent : ndarray (G, S)
        What it was fitted to: see `Gaussian.bend`; 0 where not known.
    """
    gaussian, bent = fit_gaussian(values, known), values
    for _ in range(BENDS):
        bent = gaussian.bend(values, known, bent)
        gaussian = fit_gaussian(bent, known)
    return gaussian, bent
