"""False discovery rates."""

from __future__ import annotations

import numpy as np


def false_discovery(p: np.ndarray) -> np.ndarray:
    """Benjamini-Hochberg q of p-values (any shape, taken as one family); NaN stays NaN and does not count."""
    from statsmodels.stats.multitest import multipletests

    q = np.full(p.shape, np.nan)
    known = np.isfinite(p)
    if known.any():
        q[known] = multipletests(p[known], method="fdr_bh")[1]
    return q
