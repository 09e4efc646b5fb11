"""Does a regulator's activity follow the expression of its own gene over outputs (tissues, conditions, people)?

Axes: R regulators, T outputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from regdecode.io.gene_table import GeneTable
from regdecode.stats.comparisons import correlation_p
from regdecode.stats.multiple import false_discovery
from regdecode.stats.ranks import correlations

COLUMNS = ["regulator", "gene", "n", "rho", "p", "q", "sign", "class", "gene_name", "outputs"]
STRONG = 0.3


def genes_of_regulators(regulators: Sequence[str], genes: GeneTable) -> np.ndarray:
    """Row of each regulator's own gene, -1 where there is none: by id, by name, by name whatever its case where that is unique."""
    by_id = {gene: i for i, gene in enumerate(genes.gene_id.tolist())}
    by_name: dict[str, list[int]] = {}
    by_case: dict[str, list[int]] = {}
    for i, name in enumerate(genes.gene_name.tolist()):
        by_name.setdefault(name, []).append(i)
        by_case.setdefault(name.lower(), []).append(i)
    rows = np.full(len(regulators), -1, np.int64)
    for r, regulator in enumerate(regulators):
        found = [by_id[regulator]] if regulator in by_id else by_name.get(regulator) or by_case.get(regulator.lower()) or []
        if len(found) == 1:
            rows[r] = found[0]
    return rows


def activity_table(names: pd.DataFrame, activity: np.ndarray, expression: np.ndarray, genes: pd.DataFrame, outputs: str) -> pd.DataFrame:
    """Spearman correlation of each regulator's activity with its gene's expression.

    Parameters
    ----------
    names
        R rows; columns regulator and class.
    activity, expression
        (R, T); NaN where not measured.
    genes
        R rows; columns gene and gene_name.
    outputs
        Which outputs these are, such as "all".

    Returns
    -------
    DataFrame
        One row a regulator with at least 4 outputs; `sign` is 1 or -1 where ``|rho| > 0.3`` and q < 0.05, else 0.
    """
    n = (np.isfinite(activity) & np.isfinite(expression)).sum(1)
    rho = correlations(activity.T, expression.T) if len(names) else np.zeros(0)
    varies = np.array([_varies(x, y) for x, y in zip(activity, expression, strict=True)], dtype=bool)
    kept = (n >= 4) & varies
    p = correlation_p(rho, n)
    table = pd.DataFrame({"regulator": names["regulator"].to_numpy(), "gene": genes["gene"].to_numpy(), "n": n, "rho": rho, "p": p})
    table = table.assign(**{"class": names["class"].to_numpy(), "gene_name": genes["gene_name"].to_numpy(), "outputs": outputs})[kept]
    q = false_discovery(table["p"].to_numpy(float))
    strong = (q < 0.05) & (table["rho"].abs() > STRONG)
    return table.assign(q=q, sign=np.where(strong, np.sign(table["rho"]), 0).astype(int))[COLUMNS].reset_index(drop=True)


def _varies(x: np.ndarray, y: np.ndarray) -> bool:
    seen = np.isfinite(x) & np.isfinite(y)
    return bool(seen.any() and np.ptp(x[seen]) > 0 and np.ptp(y[seen]) > 0)


def direction_table(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Regulators whose activity follows their expression in the same direction in several cohorts or tissues.

    Parameters
    ----------
    tables
        Cohort to its `activity_table`.

    Returns
    -------
    DataFrame
        regulator, class, n_cohorts (tested), n_positive, n_negative (significant with that sign), mean_rho, same_sign (share of tested
        cohorts with the sign of the mean), consistent (at least two significant, all of one sign).
    """
    columns = ["regulator", "class", "n_cohorts", "n_positive", "n_negative", "mean_rho", "same_sign", "consistent"]
    parts = [table[table["outputs"] == "all"].assign(cohort=cohort) for cohort, table in tables.items()]
    whole = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if whole.empty:
        return pd.DataFrame(columns=columns)
    rows = []
    for (regulator, cls), part in whole.groupby(["regulator", "class"], sort=True):
        mean = float(part["rho"].mean())
        up, down = int((part["sign"] > 0).sum()), int((part["sign"] < 0).sum())
        same = float((np.sign(part["rho"]) == np.sign(mean)).mean())
        rows.append((regulator, cls, part["cohort"].nunique(), up, down, mean, same, max(up, down) >= 2 and min(up, down) == 0))
    return pd.DataFrame(rows, columns=columns)
