"""Spearman's rho between rows: thousands of draws against one row, or all pairs of genes in blocks.

Axes: N draws, G genes, T outputs.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from regdecode.stats.ranks import average_ranks


def standard_rank_rows(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks of each row of (G, T), centred and of unit length: ``a @ b.T`` of two such tables holds Spearman's rho.

    NaN takes the mean rank of its row; a row that does not vary is all 0.
    """
    ranks = average_ranks(values.T).T
    measured = np.isfinite(ranks)
    mean = np.where(measured, ranks, 0.0).sum(1, keepdims=True) / np.maximum(measured.sum(1, keepdims=True), 1)
    centred = np.where(measured, ranks - mean, 0.0)
    length = np.sqrt(np.square(centred).sum(1, keepdims=True))
    return centred / np.where(length > 0, length, 1.0)


def spearman_to(rows: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) Spearman's rho of each row of (N, T) with one row (T,); 0 where either does not vary.

    Ranks are not spread back: the other row is read in each row's order, and multiplied by 1 .. T. Rows with ties take average ranks.
    """
    n_outputs = rows.shape[1]
    target = standard_rank_rows(other[None])[0]
    order = np.argsort(rows, axis=1)
    ordered = np.take_along_axis(rows, order, 1)
    tied = (np.diff(ordered, axis=1) == 0).any(1)
    ranks = np.arange(n_outputs) - (n_outputs - 1) / 2
    rho = target[order] @ (ranks / max(np.linalg.norm(ranks), 1e-300))
    if tied.any():
        rho[tied] = standard_rank_rows(rows[tied]) @ target
    return np.clip(rho, -1.0, 1.0)


def pair_blocks(
    actual: NDArray[np.float64], predicted: list[NDArray[np.float64]], rows: int = 512
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], list[NDArray[np.float64]]]]:
    """All pairs of genes, some rows of the table of pairs at a time.

    Parameters
    ----------
    actual, predicted
        (G, T) standard ranks of the data, and of any number of predictions.
    rows
        Genes at a time.

    Yields
    ------
    i, j
        (n,) genes of each pair, i < j.
    rho
        (n,) of the data; then a list, (n,) of each prediction.
    """
    n_genes = len(actual)
    for first in range(0, n_genes, rows):
        here = slice(first, min(first + rows, n_genes))
        i, j = np.nonzero(np.arange(first, n_genes)[None] > np.arange(here.start, here.stop)[:, None])
        yield i + first, j + first, _block(actual, here)[i, j], [_block(one, here)[i, j] for one in predicted]


def _block(ranks: NDArray[np.float64], here: slice) -> NDArray[np.float64]:
    return np.clip(ranks[here] @ ranks[here.start :].T, -1.0, 1.0)
