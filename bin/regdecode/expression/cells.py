"""Test regimes: new genes, new conditions (whole series), random pairs, new genes in new conditions. Axes: G genes, S conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from regdecode.errors import InputError

TRAIN, VALIDATION, TEST, UNUSED = 0, 1, 2, -1


def fold_order(labels: Sequence[str]) -> list[str]:
    """Names of folds, each once: by number where all are numbers, else as text."""
    unique = set(labels)
    return sorted(unique, key=lambda name: (int(name), name)) if all(name.isdigit() for name in unique) else sorted(unique)


def parts_of(labels: np.ndarray, test: str) -> np.ndarray:
    """Part of each member (N,), int8: the fold `test` is 2, the next fold in order (after the last, the first) 1, the rest 0, "" -1.

    Raises
    ------
    InputError
        There is no such fold, or there are fewer than three.
    """
    names = fold_order([name for name in labels.tolist() if name])
    if test not in names or len(names) < 3:
        raise InputError(f"fold {test!r} of {', '.join(names) or 'none'}", "folds", "name one of at least three folds")
    after = names[(names.index(test) + 1) % len(names)]
    parts = np.where(labels == test, TEST, np.where(labels == after, VALIDATION, TRAIN))
    return np.where(labels == "", UNUSED, parts).astype(np.int8)


def random_folds(n_members: int, n: int, seed: int) -> np.ndarray:
    """Fold names (N,) "0" to "n-1", of equal size to one member."""
    order = np.random.default_rng(seed).permutation(n_members)
    labels = np.empty(n_members, dtype=object)
    labels[order] = [str(k % n) for k in range(n_members)]
    return labels.astype(str)


def whole_folds(groups: np.ndarray, n: int, seed: int, what: str) -> np.ndarray:
    """Fold names (N,) such that a group is in one fold alone; the largest groups first, each to the smallest fold.

    Raises
    ------
    InputError
        There are fewer groups than folds.
    """
    names, sizes = np.unique(groups, return_counts=True)
    if len(names) < n:
        raise InputError(f"{len(names)} {what} for {n} folds", "deeprage.regimes", "ask for fewer folds, or for folds of something finer")
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-sizes[order], kind="stable")]
    filled, fold_of = np.zeros(n, dtype=np.int64), {}
    for k in order.tolist():
        smallest = int(np.argmin(filled))
        fold_of[names[k]] = str(smallest)
        filled[smallest] += sizes[k]
    return np.array([fold_of[name] for name in groups])


def random_pair_parts(shape: tuple[int, int], share: float, seed: int) -> np.ndarray:
    """Parts (G, S), int8: test where ``default_rng(seed).random((G, S)) < share``, validation for as much again, the rest train."""
    draw = np.random.default_rng(seed).random(shape)
    return np.where(draw < share, TEST, np.where(draw < 2 * share, VALIDATION, TRAIN)).astype(np.int8)


def cross_parts(genes: np.ndarray, conditions: np.ndarray) -> np.ndarray:
    """Parts (G, S) of new genes in new conditions: a cell belongs to a part when its gene (G,) and its condition (S,) both do, else -1."""
    return np.where(genes[:, None] == conditions[None, :], genes[:, None], UNUSED).astype(np.int8)


def gene_parts(genes: np.ndarray, n_conditions: int) -> np.ndarray:
    """Parts (G, S) of whole genes."""
    return np.repeat(genes[:, None], n_conditions, axis=1)


def condition_parts(conditions: np.ndarray, n_genes: int) -> np.ndarray:
    """Parts (G, S) of whole conditions."""
    return np.repeat(conditions[None, :], n_genes, axis=0)


def without_missing(parts: np.ndarray, values: np.ndarray, missing: str) -> np.ndarray:
    """Cells without a value are not used where `missing` is "drop"; under "zero" they stay."""
    return parts if missing == "zero" else np.where(np.isfinite(values), parts, UNUSED).astype(np.int8)


def labels_of(names: np.ndarray, table: Mapping[str, str], what: str, where: str) -> np.ndarray:
    """Fold of each name, "" where the table has none.

    Raises
    ------
    InputError
        The table has none of the names.
    """
    labels = np.array([table.get(name, "") for name in names.tolist()], dtype=str)
    if not np.any(labels != ""):
        raise InputError(
            f"no {what} of the expression is in the folds file: it has {', '.join(list(table)[:3])}; there are {', '.join(names[:3])}",
            where,
            f"give the folds of these {what}s",
        )
    return labels
