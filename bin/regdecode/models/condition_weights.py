"""New conditions as weighted sums of known ones, the weights from the regulators' values: ridge of every gene on the regulators, in its
dual form. Axes: G genes, S known conditions, N new conditions, R regulators.

A gene that is itself a regulator never reads its own entry: its weights come from the kernel less that regulator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def regulator_precision(inputs: np.ndarray, profiles: np.ndarray, rank: int = 20, power: float = 1.0, floor: float = 0.02) -> np.ndarray:
    """Weight of each regulator (R,): one over the variance (plus `floor`) that the leading components of the genes leave in it.

    Parameters
    ----------
    inputs : ndarray (S, R)
    profiles : ndarray (G, S)
        Genes in the known conditions, no NaN.
    rank : int, optional
        Components, at most half the conditions.
    power : float, optional
        0: all regulators alike, plain ridge.
    """
    if power == 0:
        return np.ones(inputs.shape[1])
    directions = np.linalg.eigh(profiles.T @ profiles)[1][:, -max(min(rank, len(inputs) // 2), 1) :]
    left = (inputs - directions @ (directions.T @ inputs)).var(axis=0)
    precision = (left + floor) ** -power
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
    """

    inputs: np.ndarray
    precision: np.ndarray
    penalty: float

    def _kernel(self, scaled: np.ndarray) -> np.ndarray:
        """Kernel of the known conditions (S, S) with the ridge, from weighed inputs (S, R)."""
        kernel = scaled @ self.inputs.T
        return kernel + max(self.penalty * float(np.trace(kernel)) / len(kernel), 1e-12) * np.eye(len(kernel))

    def weights(self, new: np.ndarray, without: int = -1) -> np.ndarray:
        """Weights (S, N) of the known conditions for the regulators' values `new` (N, R), one regulator left out or none."""
        precision = self.precision.copy()
        if without >= 0:
            precision[without] = 0
        scaled = self.inputs * precision
        return np.linalg.solve(self._kernel(scaled), scaled @ new.T)

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
    power: float = 1.0,
    penalties: tuple[float, ...] = (0.03, 0.1, 0.2, 0.3, 0.5, 1.0),
    default: float = 0.3,
) -> ConditionModel:
    """Choose the penalty on validation conditions.

    Parameters
    ----------
    inputs : ndarray (S, R)
    profiles : ndarray (G, S)
    own : ndarray of int (G,)
    watch : (ndarray (V, R), ndarray (G, V)) or None, optional
        Regulators and values (NaN: not scored) of validation conditions. None: the penalty is `default`.
    power : float, optional
        See `regulator_precision`.
    """
    precision = regulator_precision(inputs, profiles, power=power)
    if watch is None:
        return ConditionModel(inputs, precision, default)
    rows = own < 0
    seen = np.isfinite(watch[1][rows])
    errors = []
    for penalty in penalties:
        predicted = profiles[rows] @ ConditionModel(inputs, precision, penalty).weights(watch[0])
        errors.append(float(((predicted - watch[1][rows])[seen] ** 2).sum()))
    return ConditionModel(inputs, precision, penalties[int(np.argmin(errors))])
