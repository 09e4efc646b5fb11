"""Trees on what a normal distribution leaves: descriptions equal slow twins, and they find what is not linear."""

import numpy as np

from regdecode.models.completion import fit_gaussian, fit_robust_gaussian
from regdecode.models.completion_trees import (
    NEIGHBOURS,
    cell_features,
    complete_by_trees,
    context_of,
    features_at,
    fit_completion_trees,
    nearest,
)


def curved(n_genes: int = 400, seed: int = 0) -> np.ndarray:
    """Ten conditions that follow a gene's state, and one that follows its square, which no linear regression on the others can tell."""
    rng = np.random.default_rng(seed)
    state = rng.normal(size=(n_genes, 1))
    return np.concatenate([state * rng.normal(size=(1, 10)) + rng.normal(0, 0.1, (n_genes, 10)), state**2 - 1], axis=1)


def hide(values: np.ndarray, share: float, seed: int) -> np.ndarray:
    return np.where(np.random.default_rng(seed).random(values.shape) < share, np.nan, values)


def test_nearest_rows_are_those_of_largest_cosine() -> None:
    rows = np.random.default_rng(0).normal(size=(300, 7))
    places, cosines = nearest(rows, 5)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    every = unit @ unit.T
    np.fill_diagonal(every, -2)
    np.testing.assert_array_equal(places, np.argsort(-every, axis=1)[:, :5])
    np.testing.assert_allclose(cosines, np.sort(every, axis=1)[:, ::-1][:, :5], atol=1e-6)
    assert nearest(rows[:3], 5)[0].shape == (3, 2)


def test_features_of_a_cell_by_hand() -> None:
    values = hide(curved(530), 0.2, 1)
    values[5, 2] = 0.0
    context = context_of(fit_gaussian(np.nan_to_num(values), np.isfinite(values)), values)
    blocks = list(cell_features(context))
    assert len(blocks) > 1
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in blocks]), np.arange(530))
    features = np.concatenate([block for _, block in blocks])
    g, s = 301, 4
    np.testing.assert_allclose(features[g, s, :2], [context.expectation[g, s], context.deviation[g, s]], rtol=1e-5)
    genes = context.genes[g, : NEIGHBOURS[0]]
    weight = np.maximum(context.similarity[g, : NEIGHBOURS[0]], 0.01) ** 4
    seen = np.isfinite(values[genes, s])
    np.testing.assert_allclose(features[g, s, 2], np.average(values[genes, s][seen], weights=weight[seen]), rtol=1e-4)
    rest = (values - context.expectation)[genes, s][seen]
    np.testing.assert_allclose(features[g, s, 3], np.average(rest, weights=weight[seen]), rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(features[g, s, 9 : 9 + 10], values[g, context.near[s]].astype(np.float32))
    zeros = [np.sum(values[5, context.near[c]] == 0) for c in range(11)]
    np.testing.assert_array_equal(features[5, :, 8], zeros)
    mask = np.zeros(values.shape, bool)
    mask[g, s] = mask[2, 3] = True
    np.testing.assert_array_equal(features_at(context, mask), features[[2, g], [3, s]])


def test_what_is_not_linear_is_found() -> None:
    truth = curved(1200)
    values = hide(truth, 0.2, 1)
    watched = np.where(np.isnan(values) & (np.random.default_rng(2).random(truth.shape) < 0.5), truth, np.nan)
    asked = np.isnan(values) & np.isnan(watched)
    known = np.isfinite(values)
    gaussian, bent = fit_robust_gaussian(np.nan_to_num(values), known)
    bent = np.where(known, bent, np.nan)
    trees = fit_completion_trees(values, (gaussian, bent, watched), None)
    linear = gaussian.complete(np.nan_to_num(values), known)[0]
    error = [np.square(told - truth)[:, 10][asked[:, 10]].mean() for told in (complete_by_trees(gaussian, bent, trees), linear)]
    assert error[0] < 0.5 * error[1]


def test_as_many_rounds_as_chosen() -> None:
    values = hide(curved(), 0.2, 1)
    assert fit_completion_trees(values, None, 7).boosters[0].num_boosted_rounds() == 7
