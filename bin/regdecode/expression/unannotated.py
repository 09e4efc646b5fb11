"""Genes that a matrix holds and the annotation does not: kept under their own ids, for tests that need no model."""

from __future__ import annotations

import numpy as np

from regdecode.expression.identifiers import match_identifiers, without_version
from regdecode.expression.normalise import combine_rows
from regdecode.io.gene_table import GeneTable
from regdecode.io.matrix import Matrix
from regdecode.io.notes import Notes


def keep_unannotated(
    matrix: Matrix, genes: GeneTable, ids: np.ndarray, values: np.ndarray, add: bool, notes: Notes
) -> tuple[np.ndarray, np.ndarray]:
    """Append the rows of the matrix that have no place in the annotation.

    Parameters
    ----------
    matrix, genes
        The matrix as read; the annotation.
    ids, values
        (G,) and (G, S) of the annotated genes.
    add
        Repeated ids are summed; averaged otherwise.
    notes
        Takes the account.

    Returns
    -------
    ids, values
        (G + U,) and (G + U, S); ids without version, in the order of the file.
    """
    absent = np.flatnonzero(match_identifiers(matrix.ids, genes.gene_id, genes.gene_name).row < 0)
    names = np.array([without_version(name) for name in matrix.ids[absent].tolist()], dtype=str)
    fresh = ~np.isin(names, ids) & ~np.char.endswith(names, "_PAR_Y")
    absent, names = absent[fresh], names[fresh]
    if not len(names):
        return ids, values
    unique, first, group = np.unique(names, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    combined = combine_rows(matrix.values[absent], group.ravel(), len(unique), add)[order]
    notes.add("genes kept without a place in the annotation", len(unique), f"such as {', '.join(unique[order][:3])}; tested, not modelled")
    return np.concatenate([ids, unique[order]]), np.vstack([values, combined])
