"""Tests of differences against scipy, statsmodels and their null distributions."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from regdecode.stats.comparisons import benjamini_hochberg, correlation_p, diagonal_test, paired_bootstrap, paired_t, sign_test


def test_paired_t_equals_scipy():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=20) + 0.3, rng.normal(size=20)
    test = paired_t(a, b)
    expected = stats.ttest_rel(a, b)
    assert (test.statistic, test.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert paired_t(a, a).p == 1
    assert paired_t(a + 1, a).p == pytest.approx(0, abs=1e-12)
    assert np.isnan(paired_t(a[:1], b[:1]).p)


def test_sign_test_equals_the_binomial_and_leaves_ties_out():
    a, b = np.array([1, 2, 3, 4, 5, 0.0]), np.array([0, 1, 2, 3, 9, 0.0])
    assert sign_test(a, b).statistic == 4
    assert sign_test(a, b).p == pytest.approx(2 * stats.binom.sf(3, 5, 0.5))
    assert sign_test(a, a).p == 1


def test_paired_bootstrap():
    draws = np.random.default_rng(0).normal(0.1, 0.02, 1000)
    difference = paired_bootstrap(0.4, 0.3, 0.3 + draws, np.full(1000, 0.3))
    assert difference.difference == pytest.approx(0.1)
    assert difference.low == pytest.approx(0.06, abs=0.005) and difference.high == pytest.approx(0.14, abs=0.005)
    assert difference.p == pytest.approx(2 / 1001)
    assert paired_bootstrap(0, 0, draws, draws).p == 1


def test_diagonal_is_found_and_chance_is_one_row():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(20, 20))
    assert diagonal_test(matrix + 10 * np.eye(20)).p == pytest.approx(1 / 10_001)
    assert diagonal_test(matrix + 10 * np.eye(20)).share == 1
    assert diagonal_test(matrix).expected == pytest.approx(1 / 20, abs=0.005)
    null = [diagonal_test(rng.normal(size=(20, 20)), 200, seed).p for seed in range(200)]
    assert np.mean(np.array(null) <= 0.05) <= 0.1


def test_benjamini_hochberg_equals_statsmodels():
    p = np.random.default_rng(0).random(50) ** 2
    np.testing.assert_allclose(benjamini_hochberg(p), multipletests(p, method="fdr_bh")[1])
    with_gap = np.insert(p, 7, np.nan)
    np.testing.assert_allclose(np.delete(benjamini_hochberg(with_gap), 7), benjamini_hochberg(p))
    assert np.isnan(benjamini_hochberg(with_gap)[7])


def test_p_of_a_correlation_equals_scipy():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=15), rng.normal(size=15)
    r, p = stats.pearsonr(x, y)
    assert correlation_p(np.array([r]), np.array([15]))[0] == pytest.approx(p)
    assert np.isnan(correlation_p(np.array([0.5]), np.array([2]))[0])
