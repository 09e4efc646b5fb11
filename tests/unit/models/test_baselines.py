"""Comparators on planted data: what each can and cannot learn, and that none sees the test targets."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from regdecode.models.baselines import BASELINES, BaselineData
from regdecode.models.perceptron import PerceptronSettings, fit_perceptron, masked_error
from regdecode.stats.ranks import correlations


@pytest.fixture(scope="module")
def data() -> BaselineData:
    rng = np.random.default_rng(0)
    X = np.log1p(rng.poisson(0.7, (900, 12))).astype(np.float32)
    fold = X[:, :3] @ rng.normal(size=(3, 5)) + 0.3 * rng.normal(size=(900, 5))
    fold[rng.random(fold.shape) < 0.05] = np.nan
    level = 5 + 2 * (X[:, 3] > 0) * (X[:, 4] > 0) + 0.2 * rng.normal(size=900)
    split = np.array(["train"] * 600 + ["validation"] * 150 + ["test"] * 150)
    return BaselineData(X, X, np.column_stack([fold, level]), split, has_level=True)


@pytest.fixture(scope="module")
def predictions(data: BaselineData) -> dict[str, np.ndarray]:
    return {name: fit(data) for name, fit in BASELINES.items()}


def rho(data: BaselineData, values: np.ndarray) -> tuple[float, float]:
    test = data.split == "test"
    found = correlations(values[test], data.targets[test])
    return float(found[:-1].mean()), float(found[-1])


def test_planted_effects_are_found_and_shuffled_ones_are_not(data, predictions):
    for name in ("ridge", "xgboost", "perceptron"):
        fold, level = rho(data, predictions[name])
        assert fold > 0.75, name
        assert level > 0.55, name
    fold, level = rho(data, predictions["shuffled"])
    assert abs(fold) < 0.15 and abs(level) < 0.25


def test_mean_is_the_mean_of_what_is_known(data, predictions):
    np.testing.assert_allclose(predictions["mean"][0], np.nanmean(data.targets[data.known], axis=0))
    assert rho(data, predictions["mean"]) == (0, 0)


def test_test_targets_are_never_seen(data, predictions):
    targets = data.targets.copy()
    targets[data.split == "test"] = 1e6
    blind = replace(data, targets=targets)
    for name in ("mean", "ridge", "xgboost", "shuffled"):
        np.testing.assert_array_equal(BASELINES[name](blind), predictions[name])


def test_predictions_are_finite_in_log2_units(data, predictions):
    for name, values in predictions.items():
        assert values.shape == data.targets.shape and np.isfinite(values).all()
        assert abs(values[:, -1].mean() - data.targets[:, -1].mean()) < 0.3, name


def test_trees_keep_the_table_that_validates_better(data, predictions):
    noise = np.random.default_rng(1).random((900, 20)).astype(np.float32)
    for swapped in (replace(data, X=noise), replace(data, X_whole=noise)):
        np.testing.assert_array_equal(BASELINES["xgboost"](swapped), predictions["xgboost"])


def test_perceptron_repeats_with_its_seed(data):
    X, Y = data.part("train")
    X_val, Y_val = data.part("validation")
    quick = PerceptronSettings(hidden=16, epochs=2, n_seeds=1)
    runs = [fit_perceptron(X, Y, X_val, Y_val, X_val, quick, seed=seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_missing_targets_carry_no_gradient():
    predicted = torch.zeros(2, 2, requires_grad=True)
    error = masked_error(predicted, torch.tensor([[1.0, float("nan")], [float("nan"), 3.0]]))
    error.backward()
    assert error.item() == pytest.approx(5)
    assert predicted.grad is not None and predicted.grad.tolist() == [[-1, 0], [0, -3]]
