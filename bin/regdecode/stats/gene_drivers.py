"""What makes a gene's expression predictable over people: site counts, length, expression, by variance shared out and by bins.

Axes: G genes, k drivers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from regdecode.io.records import Track
from regdecode.stats.lmg import lmg

DRIVER_COLUMNS = ["driver", "lmg", "low", "high", "share_of_r2", "r2", "spearman", "spearman_p", "bin_spearman", "n"]
BIN_COLUMNS = ["driver", "bin", "from", "to", "n", "mean_pearson", "share_positive"]


def site_counts(tracks: list[Track], sides: list[str]) -> dict[str, np.ndarray]:
    """(G,) number of regulators with a site on each side of a gene, "rna_sites" and "promoter_sites"; a missing side is left out."""
    counts: dict[str, np.ndarray] = {}
    for track, side in zip(tracks, sides, strict=True):
        found = np.asarray(track.genes_with_site().sum(axis=1)).ravel()
        counts[f"{side}_sites"] = counts.get(f"{side}_sites", 0) + found
    return counts


def drivers_table(accuracy: np.ndarray, drivers: dict[str, np.ndarray], n_bins: int = 10, seed: int = 0) -> pd.DataFrame:
    """drivers_of_accuracy.tsv: the variance of accuracy (G,) over genes that each driver (G,) explains, and its rank correlations.

    `lmg` is the share of the variance with a bootstrap interval, `share_of_r2` of what all explain together; `bin_spearman` correlates
    the mean accuracy of bins of equal size with their order.
    """
    names = list(drivers)
    X = np.column_stack([drivers[name] for name in names]) if names else np.zeros((len(accuracy), 0))
    varies = [bool(np.nanstd(X[:, j]) > 0) if len(X) else False for j in range(len(names))]
    found = lmg(X, accuracy, seed=seed)
    rows = []
    for j, name in enumerate(names):
        seen = np.isfinite(X[:, j]) & np.isfinite(accuracy)
        rho = stats.spearmanr(X[seen, j], accuracy[seen]) if varies[j] and seen.sum() > 2 else (np.nan, np.nan)
        bins = bins_table(accuracy, accuracy > 0, {name: drivers[name]}, n_bins)
        steps = stats.spearmanr(bins["bin"], bins["mean_pearson"])[0] if len(bins) > 2 else np.nan
        together = found.share[j] / found.r2 if found.r2 > 0 else np.nan
        row = [name, found.share[j], found.low[j], found.high[j], together, found.r2, rho[0], rho[1], steps, int(seen.sum())]
        rows.append(dict(zip(DRIVER_COLUMNS, row, strict=True)))
    return pd.DataFrame(rows, columns=DRIVER_COLUMNS)


def bins_table(accuracy: np.ndarray, positive: np.ndarray, drivers: dict[str, np.ndarray], n_bins: int = 10) -> pd.DataFrame:
    """accuracy_bins.tsv: mean accuracy and share of positive genes in bins of equal size of each driver; ties stay in one bin."""
    rows = []
    for name, values in drivers.items():
        seen = np.isfinite(values) & np.isfinite(accuracy)
        v, a, good = values[seen], accuracy[seen], positive[seen]
        if not len(v):
            continue
        edges = np.unique(np.quantile(v, np.linspace(0, 1, n_bins + 1)))
        place = np.clip(np.searchsorted(edges, v, side="right") - 1, 0, max(len(edges) - 2, 0))
        for b in np.unique(place):
            inside = place == b
            row = [name, int(b) + 1, v[inside].min(), v[inside].max(), int(inside.sum()), a[inside].mean(), good[inside].mean()]
            rows.append(dict(zip(BIN_COLUMNS, row, strict=True)))
    return pd.DataFrame(rows, columns=BIN_COLUMNS)
