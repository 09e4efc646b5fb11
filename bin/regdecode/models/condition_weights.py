"""New conditions as weighted sums of known ones, the weights from the regulators' values: ridge of every gene on the regulators, in its
dual form. Axes: G genes, S known conditions, N new conditions, R regulators.

A gene that is itself a regulator never reads its own entry: its weights come from the kernel less that regulator.

A robust model reads a new condition as a sum of known ones plus outliers: a regulator that the sum misses by more than `limit` standard
deviations pulls no harder than one at the limit, and one that was not measured (0) does not pull. Huber's regression with a ridge, solved
by his pseudo-values (Huber & Ronchetti 2009, Robust Statistics, 7.8): one matrix serves every step, every condition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HUBER = 1.345
STEPS, STILL = 60, 1e-4
PLAIN_PENALTY, ROBUST_PENALTY = 0.3, 0.1
_TINY = 1e-12


def robust_deviations(values: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """Standard deviation of a normal distribution with the median absolute value of each column's measured rows; 0 where there is none."""
    count = measured.sum(axis=0)
    middle = np.stack([np.maximum(count - 1, 0) // 2, count // 2])
    ordered = np.sort(np.where(measured, np.abs(values), np.inf), axis=0)
    return np.where(count > 0, np.take_along_axis(ordered, middle, axis=0).mean(axis=0) / 0.6745, 0.0)


def regulator_precision(inputs: np.ndarray, profiles: np.ndarray, rank: int = 20, floor: float = 0.02) -> np.ndarray:
    """Weight of each regulator (R,): one over the variance (plus `floor`) that the leading components of the genes leave in it.

    Parameters
    ----------
    inputs : ndarray (S, R)
    profiles : ndarray (G, S)
        Genes in the known conditions, no NaN.
    rank : int, optional
        Components, at most half the conditions.
    """
    directions = np.linalg.eigh(profiles.T @ profiles)[1][:, -max(min(rank, len(inputs) // 2), 1) :]
    left = (inputs - directions @ (directions.T @ inputs)).var(axis=0)
    precision = 1 / (left + floor)
    return precision / precision.mean()


@dataclass(frozen=True)
class ConditionModel:
    """Maps regulators' values to weights on the known conditions.

    Attributes
    ----------
    inputs : ndarray (S, R)
        Regulators in the known conditions.
    precision : ndarray (R,)
        Weight of each regulator in the kernel.
    penalty : float
        Of the ridge, as a share of the kernel's mean diagonal.
    limit : float or None
        See above; None: ordinary ridge.
    """

    inputs: np.ndarray
    precision: np.ndarray
    penalty: float
    limit: float | None = None

    def equals(self, other: ConditionModel) -> bool:
        """Whether both give any new condition the same weights."""
        return (
            (self.penalty, self.limit) == (other.penalty, other.limit)
            and np.array_equal(self.inputs, other.inputs)
            and np.array_equal(self.precision, other.precision)
        )

    def _kernel(self, scaled: np.ndarray) -> np.ndarray:
        """Kernel of the known conditions (S, S) with the ridge, from weighed inputs (S, R)."""
        kernel = scaled @ self.inputs.T
        return kernel + max(self.penalty * float(np.trace(kernel)) / len(kernel), _TINY) * np.eye(len(kernel))

    def weights(self, new: np.ndarray, without: int = -1) -> np.ndarray:
        """Weights (S, N) of the known conditions for the regulators' values `new` (N, R), one regulator left out or none."""
        precision = self.precision.copy()
        if without >= 0:
            precision[without] = 0
        scaled = self.inputs * precision
        gain = np.linalg.solve(self._kernel(scaled), scaled)
        weights = gain @ new.T
        if self.limit is None:
            return weights
        for _ in range(STEPS):
            before, weights = weights, gain @ self.told(new, weights, without)
            if np.abs(weights - before).max() <= STILL * np.abs(weights).max():
                break
        return weights

    def told(self, new: np.ndarray, weights: np.ndarray, without: int = -1) -> np.ndarray:
        """Regulators (R, N) as the model reads them: a robust one what `weights` expect, and a bounded part of what was measured beyond."""
        if self.limit is None:
            return np.asarray(new.T)
        measured = (new != 0).T
        if without >= 0:
            measured[without] = False
        expected = self.inputs.T @ weights
        units = np.sqrt(self.precision)[:, None]
        left = (new.T - expected) * units
        bound = self.limit * robust_deviations(left, measured)
        return np.asarray(expected + np.where(measured, np.clip(left, -bound, bound) / units, 0))

    def left_out(self, profiles: np.ndarray) -> np.ndarray:
        """Values (G, S) less what the ridge over the other conditions expects of them, from one inverse (Allen's PRESS)."""
        inverse = np.linalg.inv(self._kernel(self.inputs * self.precision))
        return np.asarray(profiles @ inverse / np.diag(inverse))

    def predict(self, profiles: np.ndarray, new: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Predict new conditions.

        Parameters
        ----------
        profiles : ndarray (G, S)
            Genes in the known conditions, no NaN.
        new : ndarray (N, R)
        own : ndarray of int (G,)
            The regulator that is the gene, -1 for none.

        Returns
        -------
        ndarray (G, N)
        """
        predicted = profiles @ self.weights(new)
        for g in np.flatnonzero(own >= 0):
            predicted[g] = profiles[g] @ self.weights(new, int(own[g]))
        return predicted


def fit_conditions(
    inputs: np.ndarray,
    profiles: np.ndarray,
    own: np.ndarray,
    watch: tuple[np.ndarray, np.ndarray] | None = None,
    robust: bool = True,
    penalties: tuple[float, ...] = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0),
    default: float | None = None,
) -> ConditionModel:
    """Choose the penalty on validation conditions.

    Parameters
    ----------
    inputs : ndarray (S, R)
    profiles : ndarray (G, S)
    own : ndarray of int (G,)
    watch : (ndarray (V, R), ndarray (G, V)) or None, optional
        Regulators and values (NaN: not scored) of validation conditions. None: the penalty is `default`.
    robust : bool, optional
        Weigh regulators by `regulator_precision` and bound their pull; otherwise ordinary ridge.
    """
    precision = regulator_precision(inputs, profiles) if robust else np.ones(inputs.shape[1])
    limit = HUBER if robust else None
    if watch is None:
        return ConditionModel(inputs, precision, (ROBUST_PENALTY if robust else PLAIN_PENALTY) if default is None else default, limit)
    rows = own < 0
    seen = np.isfinite(watch[1][rows])
    errors = []
    for penalty in penalties:
        predicted = profiles[rows] @ ConditionModel(inputs, precision, penalty, limit).weights(watch[0])
        errors.append(float(((predicted - watch[1][rows])[seen] ** 2).sum()))
    return ConditionModel(inputs, precision, penalties[int(np.argmin(errors))], limit)
