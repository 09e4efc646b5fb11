"""Resampled correlations against scipy on the drawn rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from regdecode.stats.ranks import average_ranks, correlations, cross_correlations, resample_counts, resampled_correlations


def data(missing: float = 0.1, ties: bool = True) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    actual = rng.normal(size=(60, 4))
    predicted = 0.5 * actual + rng.normal(size=(60, 4))
    if ties:
        predicted, actual = predicted.round(1), actual.round(1)
    actual[rng.random(actual.shape) < missing] = np.nan
    return predicted, actual


@pytest.mark.parametrize(("method", "oracle"), [("spearman", stats.spearmanr), ("pearson", stats.pearsonr)])
def test_every_resample_equals_scipy_on_the_drawn_genes(method, oracle):
    predicted, actual = data()
    counts = resample_counts(60, 20, seed=1)
    assert (counts.sum(axis=1) == 60).all()
    found = resampled_correlations(predicted, actual, counts, method)
    for b in range(20):
        drawn = np.repeat(np.arange(60), counts[b])
        for t in range(4):
            x, y = predicted[drawn, t], actual[drawn, t]
            seen = np.isfinite(y)
            assert found[b, t] == pytest.approx(oracle(x[seen], y[seen])[0], abs=1e-12)


def test_threads_change_nothing():
    predicted, actual = data()
    counts = resample_counts(60, 50, seed=1)
    np.testing.assert_array_equal(
        resampled_correlations(predicted, actual, counts, threads=1), resampled_correlations(predicted, actual, counts, threads=2)
    )


def test_constant_predictions_rank_nothing():
    _, actual = data()
    np.testing.assert_array_equal(correlations(np.ones((60, 4)), actual), 0)
    np.testing.assert_array_equal(correlations(np.full((60, 4), 0.1), actual, "pearson"), 0)


def test_unknown_method_is_refused():
    with pytest.raises(ValueError, match="kendall"):
        correlations(np.ones((3, 1)), np.ones((3, 1)), "kendall")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.integers(-3, 3).map(float), st.just(float("nan"))), min_size=1, max_size=30))
def test_ranks_equal_scipy(column):
    values = np.array(column)[:, None]
    expected = np.full(len(column), np.nan)
    seen = np.isfinite(values[:, 0])
    expected[seen] = stats.rankdata(values[seen, 0])
    np.testing.assert_array_equal(average_ranks(values)[:, 0], expected)


def test_all_pairs_of_outputs_equal_scipy():
    predicted, actual = data(missing=0)
    found = cross_correlations(predicted, actual)
    for i in range(4):
        for j in range(4):
            assert found[i, j] == pytest.approx(stats.spearmanr(predicted[:, i], actual[:, j])[0], abs=1e-12)
    assert np.isfinite(cross_correlations(*data(missing=0.3))).all()
