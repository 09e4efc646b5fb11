"""New conditions as weighted sums of known ones: ridge in closed form, and its robust form against a slow twin."""

import numpy as np
import pytest

from regdecode.models.condition_weights import HUBER, ConditionModel, fit_conditions, regulator_precision, robust_deviations

RNG = np.random.default_rng(3)


def robust_deviation(values: np.ndarray) -> float:
    """The slow twin for one column."""
    return float(np.median(np.abs(values))) / 0.6745


def test_condition_weights_are_the_ridge_of_each_gene_on_the_regulators():
    inputs, new, profiles = RNG.normal(size=(15, 4)), RNG.normal(size=(3, 4)), RNG.normal(size=(6, 15))
    model = ConditionModel(inputs, np.ones(4), 0.2)
    penalty = 0.2 * np.trace(inputs @ inputs.T) / 15
    primal = np.linalg.solve(inputs.T @ inputs + penalty * np.eye(4), inputs.T @ profiles.T)
    assert model.predict(profiles, new, np.full(6, -1)) == pytest.approx((new @ primal).T)


@pytest.mark.parametrize("robust", [False, True])
def test_a_regulator_does_not_read_its_own_entry(robust: bool):
    inputs, profiles = RNG.normal(size=(15, 4)), RNG.normal(size=(6, 15))
    own = np.array([-1, 2, -1, -1, 0, -1])
    model = fit_conditions(inputs, profiles, own, robust=robust)
    new = RNG.normal(size=(3, 4))
    changed = new.copy()
    changed[:, 2] += 50
    before, after = model.predict(profiles, new, own), model.predict(profiles, changed, own)
    assert after[1] == pytest.approx(before[1])
    assert np.abs(after[0] - before[0]).max() > 1e-3
    without = ConditionModel(np.delete(inputs, 2, 1), np.delete(model.precision, 2), model.penalty, model.limit)
    assert before[1] == pytest.approx(without.predict(profiles[1:2], np.delete(new, 2, 1), np.array([-1]))[0])


def test_noisy_regulators_weigh_less():
    factor = RNG.normal(size=40)
    inputs = np.column_stack([factor, factor + 3 * RNG.normal(size=40)])
    precision = regulator_precision(inputs, np.outer(RNG.normal(size=50), factor), rank=1)
    assert precision[0] > 20 * precision[1]
    assert precision.mean() == pytest.approx(1)


def huber_ridge(model: ConditionModel, new: np.ndarray) -> np.ndarray:
    """The slow twin for one condition (R,): least squares weighed anew by each regulator's miss, until nothing moves."""
    scaled = model.inputs * model.precision
    ridge = model.penalty * np.trace(scaled @ model.inputs.T) / len(scaled) * np.eye(len(scaled))
    seen, pull = new != 0, np.ones(len(new))
    for _ in range(500):
        weighed = (scaled * pull)[:, seen]
        weights = np.linalg.solve(weighed @ model.inputs[:, seen].T + ridge, weighed @ new[seen])
        left = np.abs(new - model.inputs.T @ weights) * np.sqrt(model.precision)
        pull = np.minimum(1, model.limit * robust_deviation(left[seen]) / np.maximum(left, 1e-12))
    return weights


def outlying(n_new: int = 3) -> tuple[ConditionModel, np.ndarray, np.ndarray]:
    """A robust model of 60 regulators that follow two factors; new conditions that mix known ones, without and with outliers and gaps."""
    rng = np.random.default_rng(11)
    inputs = rng.normal(size=(15, 2)) @ rng.normal(size=(2, 60)) + 0.1 * rng.normal(size=(15, 60))
    model = ConditionModel(inputs, rng.uniform(0.5, 1.5, 60), 0.01, HUBER)
    clean = rng.normal(size=(n_new, 15)) @ inputs + 0.1 * rng.normal(size=(n_new, 60))
    new = clean.copy()
    new[:, :6] += 8
    new[:, 50:53] = 0
    return model, clean, new


def test_robust_weights_equal_their_slow_twin():
    model, _, new = outlying()
    expected = np.stack([huber_ridge(model, one) for one in new], axis=1)
    assert model.weights(new) == pytest.approx(expected, abs=2e-3 * np.abs(expected).max())


def test_an_outlier_pulls_no_harder_when_it_is_further_off():
    model, clean, new = outlying()
    profiles = np.random.default_rng(1).normal(size=(20, 2)) @ np.linalg.svd(model.inputs, full_matrices=False)[0].T[:2]
    nobody = np.full(20, -1)
    wanted = model.predict(profiles, clean, nobody)
    plain = ConditionModel(model.inputs, model.precision, model.penalty)
    error = [np.square(one.predict(profiles, new, nobody) - wanted).mean() for one in (model, plain)]
    assert error[0] < 0.2 * error[1]
    further = new.copy()
    further[:, :6] += 1000
    assert model.predict(profiles, further, nobody) == pytest.approx(model.predict(profiles, new, nobody), abs=0.02 * np.abs(wanted).max())


def test_what_a_robust_model_is_told():
    model, _, new = outlying()
    weights = model.weights(new)
    told, expected = model.told(new, weights), model.inputs.T @ weights
    bound = HUBER * robust_deviation((np.sqrt(model.precision) * (new[0] - expected[:, 0]))[new[0] != 0])
    assert told[50:53] == pytest.approx(expected[50:53])
    assert (told - expected)[:6, 0] * np.sqrt(model.precision[:6]) == pytest.approx(bound)
    close = np.abs(new[0] - expected[:, 0]) * np.sqrt(model.precision) < bound
    assert told[close & (new[0] != 0), 0] == pytest.approx(new[0, close & (new[0] != 0)])


def test_a_condition_without_any_regulator_is_the_zero_profile():
    model, _, _ = outlying()
    assert model.weights(np.zeros((2, 60))) == pytest.approx(0)


@pytest.mark.parametrize("rows", [7, 8])
def test_deviations_of_many_columns_equal_each_columns_own(rows: int):
    values, measured = RNG.normal(size=(rows, 30)), RNG.random((rows, 30)) < 0.6
    measured[:, 3], measured[:, 4] = False, True
    found = robust_deviations(values, measured)
    assert found[3] == 0
    for k in np.delete(np.arange(30), 3):
        assert found[k] == pytest.approx(robust_deviation(values[measured[:, k], k]))
