"""Exact TreeSHAP of trees members, carried from boosters to outputs and from columns to regulators.

A trees member is ``boosters(X) @ loadings + center``: linear in its boosters, so SHAP values of the boosters (Lundberg et al. 2020,
path-dependent TreeSHAP, computed by XGBoost itself) map to outputs by the loadings. Contributions of the columns of one regulator are
added up.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

if TYPE_CHECKING:
    from regdecode.models.trees import TreesModel


def tree_contributions(
    model: "TreesModel",
    X: NDArray[np.float32],
    groups: NDArray[np.int64],
    n_groups: int,
    reference: NDArray[np.float32] | None = None,
    batch: int = 256,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Contributions of groups of columns to every output.

    Parameters
    ----------
    model
        Boosters C and their map to T outputs.
    X
        (G, F) features.
    groups
        (F,) group of each column.
    n_groups
        Number of groups, n.
    reference
        (F,) features of a reference gene. With it, contributions are SHAP(x) - SHAP(reference) and add up to f(x) - f(reference), as those
        of networks do; without it they add up to f(x) - base, the mean over the training genes.
    batch
        Genes at a time.

    Returns
    -------
    contributions
        (G, n, T).
    base
        (T,) output where all contributions are zero: f(reference), or the base.
    """
    to_groups = csr_matrix((np.ones(len(groups)), (groups, np.arange(len(groups)))), shape=(n_groups, len(groups)))

    def grouped(rows: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        values, bases = model.contributions(rows)  # (G', C, F), (C,)
        summed = (to_groups @ values.astype(np.float64).reshape(-1, len(groups)).T).T.reshape(len(rows), -1, n_groups)
        return np.einsum("gcn,ct->gnt", summed, model.loadings, optimize=True), bases @ model.loadings + model.center

    parts = [grouped(X[first : first + batch]) for first in range(0, len(X), batch)]
    found = np.concatenate([values for values, _ in parts])
    if reference is None:
        return found, parts[0][1]
    at_reference, base = grouped(np.asarray(reference, np.float32)[None])
    return found - at_reference, at_reference[0].sum(0) + base
