"""Ridge against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from regdecode.models.ridge import cross_validate, fit_ridge, ridge_path, standardise


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.poisson(1.0, (120, 9)).astype(np.float32)
    X[:, 8] = 3
    return X, X[:, :3] @ rng.normal(size=(3, 4)) + rng.normal(size=(120, 4)) + 7


def test_every_penalty_equals_sklearn(data):
    X, Y = data
    mean, scale = standardise(X)
    Z = (X - mean) / scale
    path = ridge_path(Z[:90], Y[:90] - 7, Z[90:], np.array([0.5, 50.0]))
    for k, penalty in enumerate((0.5, 50.0)):
        expected = Ridge(alpha=penalty, fit_intercept=False).fit(Z[:90], Y[:90] - 7).predict(Z[90:])
        np.testing.assert_allclose(path[k], expected, atol=1e-8)


def test_fit_equals_sklearn_at_its_penalty(data):
    X, Y = data
    model = fit_ridge(X, Y, pooled=np.array([0, 0, 0, 1]))
    assert len(set(model.penalty[:3])) == 1
    mean, scale = standardise(X)
    for t in range(4):
        expected = Ridge(alpha=model.penalty[t]).fit((X - mean) / scale, Y[:, t]).predict((X - mean) / scale)
        np.testing.assert_allclose(model.predict(X)[:, t], expected, atol=1e-6)


def test_noise_asks_for_the_largest_penalty_and_signal_for_a_small_one():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 20))
    Y = np.stack([rng.normal(size=200), X @ rng.normal(size=20)], axis=1)
    penalty = fit_ridge(X, Y).penalty
    assert penalty[0] > 1e3 and penalty[1] == 1


def test_missing_targets_are_not_scored(data):
    X, Y = data
    mean, scale = standardise(X)
    Z, centred = (X - mean) / scale, Y - Y.mean(axis=0)
    groups = np.arange(120) % 2
    grid = np.array([1.0])
    whole = cross_validate(Z, centred, groups, grid)
    centred[0, 0] = np.nan
    missing = cross_validate(Z, centred, groups, grid)
    assert missing[0, 0] != whole[0, 0] and missing[0, 1] == whole[0, 1] and np.isfinite(missing).all()
    Y = Y.copy()
    Y[0, 0] = np.nan
    assert np.isfinite(fit_ridge(X, Y).predict(X)).all()
