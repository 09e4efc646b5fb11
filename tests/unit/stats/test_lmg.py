"""Variance shared out over all orders: closed forms, and a slow twin by least squares."""

import itertools

import numpy as np
import pytest

from regdecode.stats.lmg import average_over_orders, explained, lmg


def slow(X, y):
    """Average over every order of the gain in R2, each regression by least squares."""

    def r2(columns):
        design = np.column_stack([np.ones(len(y)), X[:, list(columns)]])
        residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        return 1 - residual @ residual / ((y - y.mean()) @ (y - y.mean()))

    gains = np.zeros(X.shape[1])
    orders = list(itertools.permutations(range(X.shape[1])))
    for order in orders:
        for place, j in enumerate(order):
            gains[j] += r2(order[: place + 1]) - r2(order[:place])
    return gains / len(orders)


def test_equals_least_squares_over_all_orders():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 4))
    y = X @ [1.0, -2.0, 0.0, 0.5] + rng.normal(size=60)
    found = lmg(X, y, n_resamples=20)
    np.testing.assert_allclose(found.share, slow(X, y), atol=1e-10)
    assert found.share.sum() == pytest.approx(found.r2, abs=1e-12) and found.n == 60
    assert np.all(found.low <= found.high)


def test_two_equal_predictors_share_alike_and_a_constant_explains_nothing():
    rng = np.random.default_rng(1)
    x = rng.normal(size=50)
    y = x + rng.normal(size=50)
    shares = lmg(np.column_stack([x, x, np.ones(50)]), y, n_resamples=0).share
    r2 = np.corrcoef(x, y)[0, 1] ** 2
    np.testing.assert_allclose(shares, [r2 / 2, r2 / 2, 0], atol=1e-10)


def test_orthogonal_predictors_give_their_squared_correlations():
    X = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]] * 5, float)
    y = 3 * X[:, 0] + X[:, 1] + np.tile([0.5, -0.5, -0.5, 0.5], 5)
    np.testing.assert_allclose(lmg(X, y, 0).share, [np.corrcoef(X[:, j], y)[0, 1] ** 2 for j in (0, 1)], atol=1e-12)


def test_too_few_rows_or_no_variance():
    assert np.isnan(lmg(np.eye(3), np.arange(3.0)).share).all()
    np.testing.assert_array_equal(explained(np.arange(5.0)[:, None], np.ones(5)), [0, 0])
    np.testing.assert_array_equal(average_over_orders(np.zeros(4), 2), [0, 0])


def test_rows_with_missing_values_are_left_out():
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    Z, t = np.vstack([X, [[np.nan, 1], [0, 0]]]), np.append(y, [0, np.nan])
    np.testing.assert_allclose(lmg(Z, t, 0).share, lmg(X, y, 0).share)
