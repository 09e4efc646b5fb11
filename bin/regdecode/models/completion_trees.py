"""Boosted trees on what a normal distribution over conditions leaves: a cell's nearest genes and conditions, and what is not linear.

Every cell is described without its own value: what the gene's other conditions lead one to expect, how far the genes with the most similar
profiles are from what was expected of them in the same condition, and what the gene does in the most similar conditions. The trees learn
from cells that are hidden for the purpose, so that they see training cells as they will see test cells.

Axes: G genes, S conditions, K neighbours, C components, F features.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from regdecode.models.completion import Gaussian, column_means, fit_robust_gaussian
from regdecode.models.trees import TreeSettings, TreesModel, fit_trees, rotation

SETTINGS = TreeSettings(rounds=400, patience=20, eta=0.06, max_depth=7, min_child_weight=20.0, subsample=0.7, colsample_bytree=0.5)
HIDDEN, MOST_HIDDEN, DRAWS = 0.12, 200_000, 2
NEIGHBOURS = (10, 30, 100)
NEAR = 12
GENE_SCORES, CONDITION_SCORES = 12, 8
_CHUNK = 256


class CellContext(NamedTuple):
    """What describes cells.

    Attributes
    ----------
    values : ndarray (G, S)
        NaN where not known.
    expectation, deviation : ndarray (G, S)
        Of each cell given the gene's other cells.
    genes, similarity : ndarray (G, K)
        The genes with the most similar completed profiles, most similar first, and their correlations.
    near : ndarray of int (S, N)
        The most similar conditions.
    gene_scores, condition_scores : ndarray (G, C), (S, C)
        Principal components.
    """

    values: np.ndarray
    expectation: np.ndarray
    deviation: np.ndarray
    genes: np.ndarray
    similarity: np.ndarray
    near: np.ndarray
    gene_scores: np.ndarray
    condition_scores: np.ndarray


def context_of(gaussian: Gaussian, values: np.ndarray) -> CellContext:
    """Describe the cells of genes by profiles (G, S), NaN where not known."""
    known = np.isfinite(values)
    expectation, deviation = gaussian.complete(np.nan_to_num(values), known)
    filled = np.where(known, values, expectation)
    center, directions = rotation(filled, max(GENE_SCORES, CONDITION_SCORES))
    centred = filled - center
    genes, similarity = nearest(centred, max(NEIGHBOURS))
    return CellContext(
        values, expectation, deviation, genes, similarity, nearest(centred.T, NEAR)[0],
        centred @ directions[:GENE_SCORES].T, directions[:CONDITION_SCORES].T,
    )  # fmt: skip


def nearest(rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k most similar other rows (N, k) of each row, the most similar first, and their cosines."""
    unit = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)).astype(np.float32)
    k = min(k, len(unit) - 1)
    places, cosines = np.zeros((len(unit), k), np.int64), np.zeros((len(unit), k), np.float32)
    for part in np.array_split(np.arange(len(unit)), max(1, len(unit) // _CHUNK)):
        cosine = unit[part] @ unit.T
        cosine[np.arange(len(part)), part] = -np.inf
        best = np.argsort(-cosine, axis=1, kind="stable")[:, :k]
        places[part], cosines[part] = best, np.take_along_axis(cosine, best, axis=1)
    return places, cosines


def _weighted(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Means (N, S) of neighbours' values (N, K, S) that are known, weighted by (N, K); 0 where none is."""
    known = np.isfinite(values)
    total = np.einsum("nks,nk->ns", np.where(known, values, 0), weight)
    return np.asarray(total / np.maximum(np.einsum("nks,nk->ns", known.astype(weight.dtype), weight), 1e-9))


def _side(values: np.ndarray) -> list[np.ndarray]:
    """Mean, standard deviation and share of exact zeros (what is missing under `missing: zero`) of the known values of each row."""
    known = np.isfinite(values)
    mean = column_means(np.nan_to_num(values).T, known.T)
    count = np.maximum(known.sum(axis=1), 1)
    spread = np.sqrt(np.where(known, (np.nan_to_num(values) - mean[:, None]) ** 2, 0).sum(axis=1) / count)
    return [mean, spread, (values == 0).sum(axis=1) / count]


def cell_features(context: CellContext) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows of genes (N,) and the features of all their cells, float32 (N, S, F), a part of the genes at a time."""
    values, n_conditions = context.values, context.values.shape[1]
    of_genes, of_conditions = np.stack(_side(values), 1), np.stack(_side(values.T), 1)
    rest = values - context.expectation
    for rows in np.array_split(np.arange(len(values)), max(1, len(values) // _CHUNK)):
        columns = [context.expectation[rows], context.deviation[rows]]
        for k in NEIGHBOURS:
            genes, weight = context.genes[rows, :k], np.maximum(context.similarity[rows, :k], 0.01) ** 4
            columns += [_weighted(values[genes], weight), _weighted(rest[genes], weight)]
        close = values[rows][:, context.near]
        columns.append((close == 0).sum(axis=2))
        gene_side = np.concatenate([of_genes, context.gene_scores], axis=1)[rows]
        condition_side = np.concatenate([of_conditions, context.condition_scores], axis=1)
        shape = (len(rows), n_conditions)
        parts = [
            np.stack(columns, 2), close, np.broadcast_to(gene_side[:, None], (*shape, gene_side.shape[1])),
            np.broadcast_to(condition_side[None], (*shape, condition_side.shape[1])),
        ]  # fmt: skip
        yield rows, np.concatenate(parts, axis=2).astype(np.float32)


def features_at(context: CellContext, cells: np.ndarray) -> np.ndarray:
    """Features (cells, F) of the cells in a mask (G, S), in its order."""
    return np.concatenate([features[cells[rows]] for rows, features in cell_features(context)])


def fit_completion_trees(
    values: np.ndarray, watch: tuple[Gaussian, np.ndarray, np.ndarray] | None, rounds: int | None, seed: int = 0, threads: int = 1
) -> TreesModel:
    """Fit trees to what a robustly fitted normal distribution leaves of hidden cells.

    Parameters
    ----------
    values : ndarray (G, S)
        NaN where not known.
    watch : (Gaussian, ndarray (G, S), ndarray (G, S)) or None
        The distribution of all known cells, these cells bent, and values that choose the rounds; NaN elsewhere.
    rounds : int or None
        Rounds where nothing is watched.
    """
    known = np.isfinite(values)
    generator = np.random.default_rng(seed)
    features, targets = [], []
    for _ in range(DRAWS):
        hidden = known & (generator.random(known.shape) < min(HIDDEN, MOST_HIDDEN / max(known.sum(), 1)))
        gaussian, bent = fit_robust_gaussian(np.nan_to_num(values), known & ~hidden)
        context = context_of(gaussian, np.where(known & ~hidden, bent, np.nan))
        features.append(features_at(context, hidden))
        targets.append((values - context.expectation)[hidden])
    X, y = np.concatenate(features), np.concatenate(targets)[:, None]
    X_watch, y_watch = X[:1], np.full((1, 1), np.nan)
    if watch is not None:
        context, asked = context_of(watch[0], watch[1]), np.isfinite(watch[2])
        X_watch, y_watch = features_at(context, asked), (watch[2] - context.expectation)[asked][:, None]
    return fit_trees(X, y, X_watch, y_watch, SETTINGS, seed=seed, threads=threads, rounds=None if rounds is None else (rounds,))


def complete_by_trees(gaussian: Gaussian, values: np.ndarray, trees: TreesModel) -> np.ndarray:
    """Every cell (G, S): what the normal distribution expects and what the trees add."""
    context = context_of(gaussian, values)
    completed = context.expectation.copy()
    for rows, features in cell_features(context):
        completed[rows] += trees.predict(features.reshape(-1, features.shape[2])).reshape(features.shape[:2])
    return completed
