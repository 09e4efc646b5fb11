"""Boosted trees: rotation, early stopping, exact TreeSHAP, JSON."""

import numpy as np
import pytest
import shap

from regdecode.models.trees import TreeSettings, TreesModel, fit_trees, rotation

FAST = TreeSettings(rounds=60, patience=10, eta=0.2, max_depth=3, colsample_bytree=1.0, min_child_weight=1.0)


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.poisson(1.0, (600, 8)).astype(np.float32)
    signal = np.stack([2.0 * X[:, 0] * (X[:, 1] > 0), -1.5 * X[:, 2]], axis=1)
    Y = signal @ rng.normal(size=(2, 6)) + 0.1 * rng.normal(size=(600, 6))
    return {"X": X, "Y": Y}


def fit(data: dict[str, np.ndarray], settings: TreeSettings, **more: int) -> TreesModel:
    X, Y = data["X"], data["Y"]
    return fit_trees(X[:400], Y[:400], X[400:500], Y[400:500], settings, **more)


SQUARE = TreeSettings(components=6, max_outputs=3, rounds=60, patience=10, eta=0.2, max_depth=3, colsample_bytree=1.0, min_child_weight=1.0)


@pytest.mark.parametrize(
    "settings",
    [
        FAST,
        SQUARE,
        TreeSettings(components=2, max_outputs=3, rounds=60, patience=10, eta=0.2, max_depth=3, colsample_bytree=1.0, min_child_weight=1.0),
    ],
)
def test_learns_an_interaction_directly_and_through_components(data, settings):
    model = fit(data, settings)
    predicted, actual = model.predict(data["X"][500:]), data["Y"][500:]
    r = [np.corrcoef(predicted[:, t], actual[:, t])[0, 1] for t in range(6)]
    assert min(r) > 0.9
    assert len(model.boosters) == (2 if settings.components == 2 else 6)


def test_level_keeps_a_booster_of_its_own(data):
    model = fit(data, TreeSettings(components=2, max_outputs=3, rounds=30, patience=10, eta=0.2, colsample_bytree=1.0), n_keep=1)
    assert model.loadings.shape == (3, 6)
    np.testing.assert_array_equal(model.loadings[2], [0, 0, 0, 0, 0, 1])
    np.testing.assert_array_equal(model.loadings[:2, 5], [0, 0])
    np.testing.assert_allclose(model.loadings[:2] @ model.loadings[:2].T, np.eye(2), atol=1e-10)


def test_contributions_add_up_and_equal_shap(data):
    model = fit(data, FAST)
    X = data["X"][500:520]
    values, base = model.contributions(X)
    np.testing.assert_allclose(values.sum(axis=2) + base, model.raw(X), atol=1e-4)
    explainer = shap.TreeExplainer(model.boosters[0])
    np.testing.assert_allclose(values[:, 0], explainer.shap_values(X), atol=1e-4)


def test_json_keeps_predictions_bit_for_bit(data):
    model = fit(data, FAST)
    again = TreesModel.from_json(model.to_json(), model.loadings, model.center)
    np.testing.assert_array_equal(model.predict(data["X"]), again.predict(data["X"]))
    assert model.to_json()[0].startswith(b"{")


def test_same_seed_same_trees_other_seed_other_trees(data):
    first, again, other = fit(data, FAST, seed=1), fit(data, FAST, seed=1), fit(data, FAST, seed=2)
    assert first.to_json() == again.to_json()
    assert not np.array_equal(first.predict(data["X"]), other.predict(data["X"]))


def test_stops_before_the_last_round_on_noise(data):
    noise = {"X": data["X"], "Y": np.random.default_rng(1).normal(size=(600, 1))}
    assert fit(noise, FAST).boosters[0].num_boosted_rounds() < 30


def test_missing_targets_are_masked(data):
    Y = data["Y"].copy()
    Y[:200, 0] = np.nan
    model = fit_trees(data["X"][:400], Y[:400], data["X"][400:500], Y[400:500], FAST)
    kept = fit_trees(data["X"][200:400], Y[200:400], data["X"][400:500], Y[400:500], FAST)
    np.testing.assert_allclose(model.predict(data["X"])[:, 0], kept.predict(data["X"])[:, 0], atol=1e-6)


def test_constant_target_is_predicted_exactly(data):
    Y = np.full((600, 1), 3.25)
    model = fit_trees(data["X"][:400], Y[:400], data["X"][400:500], Y[400:500], FAST)
    np.testing.assert_allclose(model.predict(data["X"]), 3.25, atol=1e-6)


def test_rotation_equals_svd():
    Y = np.random.default_rng(0).normal(size=(50, 5)) @ np.diag([5, 4, 3, 2, 1.0])
    center, directions = rotation(Y, 3)
    np.testing.assert_allclose(center, Y.mean(axis=0))
    expected = np.linalg.svd(Y - center, full_matrices=False)[2][:3]
    np.testing.assert_allclose(np.abs((directions * expected).sum(axis=1)), 1, atol=1e-8)
    Y[0, 0] = np.nan
    assert np.isfinite(rotation(Y, 3)[1]).all()


def test_pseudo_huber_withstands_wild_targets():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 4)).astype(np.float32)
    clean = np.sign(X[:, :1])
    wild = clean + np.where(rng.random((600, 1)) < 0.05, 60.0, 0.0)
    error = {}
    for slope in (0.0, 0.1):
        settings = TreeSettings(rounds=200, huber_slope=slope, colsample_bytree=1.0)
        model = fit_trees(X[:400], wild[:400], X[400:500], wild[400:500], settings, 0, 0, 1)
        error[slope] = np.abs(np.median(model.predict(X[500:]) - clean[500:]))
    assert error[0.1] < 0.5 * error[0.0]


def test_without_validation_values_every_round_is_grown(data):
    settings = TreeSettings(components=2, max_outputs=3, rounds=40, patience=2, eta=0.3, max_depth=3, colsample_bytree=1.0)
    model = fit_trees(data["X"][:400], data["Y"][:400], data["X"][:1], np.full((1, 6), np.nan), settings)
    assert [booster.num_boosted_rounds() for booster in model.boosters] == [40, 40]
    few = fit_trees(data["X"][:400], data["Y"][:400], data["X"][:1], np.full((1, 6), np.nan), settings, rounds=(7, 3))
    assert [booster.num_boosted_rounds() for booster in few.boosters] == [7, 3]
    np.testing.assert_array_equal(few.boosters[0].inplace_predict(data["X"]), model.boosters[0][:7].inplace_predict(data["X"]))


def test_a_gene_without_values_teaches_nothing(data):
    settings = TreeSettings(components=2, max_outputs=3, rounds=20, patience=20, colsample_bytree=1.0)
    X, Y, nothing = data["X"], data["Y"][:400], np.full((100, 6), np.nan)
    whole = fit_trees(X[:500], np.vstack([Y, nothing]), X[:1], nothing[:1], settings)
    np.testing.assert_allclose(whole.predict(X[500:]), fit_trees(X[:400], Y, X[:1], nothing[:1], settings).predict(X[500:]), atol=1e-5)
