"""Least squares on switches: the textbook form, planted effects, honest p-values, too few draws."""

import numpy as np
import pytest
from scipy import stats

from regdecode.errors import InputError
from regdecode.stats.binary_effects import draw_switches, fit_switches


def textbook(switches, y):
    """Slow twin: inverse of X'X, intercept included."""
    X = np.column_stack([np.ones(len(y)), switches.astype(float)])
    inverse = np.linalg.inv(X.T @ X)
    beta = inverse @ X.T @ y
    residual = y - X @ beta
    df = len(y) - X.shape[1]
    se = np.sqrt(np.diag(inverse) * (residual @ residual) / df)
    t = beta / se
    return beta, se, t, 2 * stats.t.sf(np.abs(t), df), 1 - residual @ residual / np.square(y - y.mean()).sum()


def test_equals_the_textbook():
    rng = np.random.default_rng(0)
    switches = draw_switches(400, 13, rng)
    y = 3 + switches @ rng.normal(size=13) + rng.normal(size=400)
    fit = fit_switches(switches, y)
    beta, se, t, p, r2 = textbook(switches, y)
    np.testing.assert_allclose(fit.effect, beta[1:], rtol=1e-10)
    np.testing.assert_allclose(fit.se, se[1:], rtol=1e-10)
    np.testing.assert_allclose(fit.statistic, t[1:], rtol=1e-9)
    np.testing.assert_allclose(fit.p, p[1:], rtol=1e-7)
    assert fit.intercept == pytest.approx(beta[0], rel=1e-10) and fit.r_squared == pytest.approx(r2, rel=1e-9) and fit.df == 386


def test_switches_are_fair_and_reproducible():
    a, b = (draw_switches(20_000, 11, np.random.default_rng(7)) for _ in range(2))
    assert a.shape == (20_000, 11) and set(np.unique(a)) == {0, 1} and np.array_equal(a, b)
    assert np.abs(a.mean(0) - 0.5).max() < 0.02 and np.abs(np.corrcoef(a.T) - np.eye(11)).max() < 0.03
    assert draw_switches(5, 0, np.random.default_rng(0)).shape == (5, 0)


def test_without_noise():
    switches = draw_switches(200, 4, np.random.default_rng(1))
    exact = fit_switches(switches, 0.5 - 0.25 * switches[:, 2])
    np.testing.assert_allclose(exact.effect, [0, 0, -0.25, 0], atol=1e-14)
    assert exact.p[2] == 0 and np.isinf(exact.statistic[2]) and (exact.p[[0, 1, 3]] == 1).all()
    flat = fit_switches(switches, np.full(200, 0.3))
    assert (flat.effect == 0).all() and (flat.p == 1).all() and flat.intercept == pytest.approx(0.3) and flat.r_squared == 0


def test_p_is_uniform_where_nothing_is_planted():
    rng = np.random.default_rng(2)
    p = np.concatenate([fit_switches(draw_switches(120, 5, rng), rng.normal(size=120)).p for _ in range(200)])
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_too_few_draws_are_named():
    with pytest.raises(InputError, match="gene X: 10 draws for 12 columns"):
        fit_switches(draw_switches(10, 12, np.random.default_rng(0)), np.zeros(10), "gene X")
    twins = np.repeat(draw_switches(50, 1, np.random.default_rng(0)), 2, axis=1)
    with pytest.raises(InputError, match="cannot be told apart"):
        fit_switches(twins, np.zeros(50))


def test_no_column():
    fit = fit_switches(np.zeros((50, 0), np.uint8), np.full(50, 0.4))
    assert len(fit.p) == 0 and fit.intercept == pytest.approx(0.4)
