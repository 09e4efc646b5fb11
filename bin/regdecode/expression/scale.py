"""Pooled scaling of targets: one divisor for all fold changes, one for the level, nothing is centred.

Fitted on training genes and saved with the model, so that predictions go back to log2 units exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from regdecode.errors import InputError


@dataclass(frozen=True)
class TargetScale:
    """Divisors of the targets.

    Attributes
    ----------
    fold_change : float
        Standard deviation of all training fold changes (or log ratios) pooled, log2 units.
    level : float or None
        Standard deviation of the training levels, log2 units; None where there is no level.
    """

    fold_change: float
    level: float | None

    def divisors(self, n_outputs: int) -> np.ndarray:
        """Divisor of each of `n_outputs` targets, the level (where there is one) being the last, (n_outputs,)."""
        values = np.full(n_outputs, self.fold_change)
        if self.level is not None:
            values[-1] = self.level
        return values

    def apply(self, targets: np.ndarray) -> np.ndarray:
        """Targets (G, T) in log2 units to scaled targets."""
        return targets / self.divisors(targets.shape[1])

    def invert(self, scaled: np.ndarray) -> np.ndarray:
        """Scaled targets (G, T) back to log2 units."""
        return scaled * self.divisors(scaled.shape[1])

    def to_dict(self) -> dict[str, float]:
        """As it is saved in a model's config.json."""
        return {"fold_change": self.fold_change} | ({} if self.level is None else {"level": self.level})

    @classmethod
    def from_dict(cls, saved: dict[str, float]) -> TargetScale:
        """From a model's config.json."""
        return cls(float(saved["fold_change"]), float(saved["level"]) if "level" in saved else None)


def fit_scale(targets: np.ndarray, has_level: bool) -> TargetScale:
    """Fit the divisors on training genes.

    Parameters
    ----------
    targets : ndarray (G, T [+ 1])
        Training targets in log2 units, the level last where there is one; NaN is left out.
    has_level : bool

    Raises
    ------
    InputError
        The targets do not vary.
    """
    fold = targets[:, :-1] if has_level else targets
    spread = [float(np.nanstd(fold))] if fold.shape[1] else [1.0]
    spread += [float(np.nanstd(targets[:, -1]))] if has_level else []
    if not all(np.isfinite(value) and value > 0 for value in spread):
        raise InputError("the training targets do not vary", "expression", "check the matrix, the grouping and the splits")
    return TargetScale(spread[0], spread[1] if has_level else None)
