"""How much of the co-expression of two genes a set of regulators explains, against random sets of the same size.

``explained = 1 - r(residuals)^2 / r^2``, where the residuals are of both genes after least squares on the regulators' expression.
Axes: S people, M genes of a set, P genes of the pool, B sets.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_CHUNK_NUMBERS = 2**24
_RANK = 1e-9
_NOTHING_LEFT = 1e-12


class Mediation(NamedTuple):
    """Mediation of one pair.

    Parameters
    ----------
    r, r2_full, r2_res
        Pearson correlation of the pair, its square, and the square that is left between residuals.
    explained
        ``1 - r2_res / r2_full``.
    null
        (B,) the same of random sets.
    p
        ``(1 + #(null >= explained)) / (1 + B)``.
    """

    r: float
    r2_full: float
    r2_res: float
    explained: float
    null: NDArray[np.float64]
    p: float


def residual_r2(pair: NDArray[np.float64], sets: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B,) squared correlation of two genes after least squares on each of many sets of genes.

    Parameters
    ----------
    pair
        (S, 2) expression of the two genes.
    sets
        (B, S, M) expression of the sets; genes that others of the set make up add nothing. 0 where nothing is left of a gene.
    """
    y = pair - pair.mean(0)
    x = sets - sets.mean(1, keepdims=True)
    length = np.sqrt(np.square(x).sum(1, keepdims=True))
    q, r = np.linalg.qr(x / np.where(length > 0, length, 1.0))
    own = np.abs(np.diagonal(r, axis1=1, axis2=2)) > _RANK
    along = np.where(own[:, :, None], np.einsum("bsm,sk->bmk", q, y), 0.0)
    left = y.T @ y - np.einsum("bmk,bml->bkl", along, along)
    total: NDArray[np.float64] = np.square(y).sum(axis=0)
    first, second = np.maximum(left[:, 0, 0], 0.0), np.maximum(left[:, 1, 1], 0.0)
    some = (first > _NOTHING_LEFT * total[0]) & (second > _NOTHING_LEFT * total[1])
    return np.where(some, np.square(left[:, 0, 1]) / np.where(some, first * second, 1.0), 0.0)


def draw_sets(n_pool: int, size: int, n_sets: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(B, M) random sets of different members of a pool."""
    return np.stack([rng.choice(n_pool, size, replace=False) for _ in range(n_sets)]).reshape(n_sets, size)


def mediate(
    pair: NDArray[np.float64], pool: NDArray[np.float64], drivers: NDArray[np.int64], n_sets: int, rng: np.random.Generator
) -> Mediation:
    """Test whether drivers explain the correlation of a pair better than random sets of their size.

    Parameters
    ----------
    pair
        (S, 2) expression of the two genes.
    pool
        (S, P) expression of all regulators that could have been drivers, the drivers included.
    drivers
        (M,) columns of the pool.
    n_sets
        B.
    rng
        Draws the sets.
    """
    y = pair - pair.mean(0)
    r = float(y[:, 0] @ y[:, 1] / np.sqrt(np.square(y).sum(axis=0).prod()))
    full = r * r
    observed = 1 - float(residual_r2(pair, pool[:, drivers][None])[0]) / full
    members = draw_sets(pool.shape[1], len(drivers), n_sets, rng)
    size = max(1, _CHUNK_NUMBERS // max(len(pool) * len(drivers), 1))
    parts = [residual_r2(pair, pool[:, some].transpose(1, 0, 2)) for some in np.split(members, range(size, n_sets, size))]
    null = 1 - np.concatenate(parts) / full
    beyond = int((null >= observed - 1e-12).sum())  # the drivers themselves, drawn in another order, count
    return Mediation(r, full, (1 - observed) * full, observed, null, (1 + beyond) / (1 + n_sets))
