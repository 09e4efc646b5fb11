"""Targets in units of their spread, and back. Nothing is centred."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Scalers:
    """Divisors of the targets, log2 units: one for all fold changes together, one for the level (1 where there is none)."""

    fold_change: float
    level: float
    has_level: bool

    def divisors(self, n_outputs: int) -> NDArray[np.float64]:
        """(T,) one divisor an output; the level is the last."""
        divisors = np.full(n_outputs, self.fold_change)
        if self.has_level:
            divisors[-1] = self.level
        return divisors


def fit_scalers(targets: NDArray[np.float64], has_level: bool) -> Scalers:
    """Take the standard deviation of all measured fold changes pooled, and of the level, over (G, T) training targets."""
    changes = targets[:, :-1] if has_level else targets
    pooled = float(np.nanstd(changes)) if np.isfinite(changes).any() else 1.0
    level = float(np.nanstd(targets[:, -1])) if has_level else 1.0
    return Scalers(pooled if pooled > 0 else 1.0, level if level > 0 else 1.0, has_level)
