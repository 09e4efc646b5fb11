"""Units, logs, quantiles and covariates against closed forms and other libraries."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from regdecode.errors import InputError
from regdecode.expression import normalise


def test_tpm_by_hand_and_sums_to_a_million():
    counts = np.array([[10.0, 0.0], [20.0, 5.0], [0.0, 5.0]])
    length = np.array([1000, 2000, 500])
    tpm = normalise.counts_to_tpm(counts, length)
    np.testing.assert_allclose(tpm[:, 0], [5e5, 5e5, 0])
    np.testing.assert_allclose(tpm[:, 1], np.array([0, 2.5, 10]) / 12.5 * 1e6)


def test_cpm_uses_the_totals_of_the_whole_file():
    cpm = normalise.counts_to_cpm(np.array([[1.0, 2.0]]), np.array([100.0, 50.0]))
    np.testing.assert_allclose(cpm, [[1e4, 4e4]])
    with pytest.raises(InputError, match="sample number 2 has no counts"):
        normalise.counts_to_cpm(np.array([[1.0, 0.0]]), np.array([1.0, 0.0]))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.floats(0, 1e5), min_size=4, max_size=4), min_size=2, max_size=20))
def test_log_and_fold_changes_invert_exactly(rows):
    tpm = np.array(rows)
    logs = normalise.to_log2(tpm, 0.25)
    fold, level = normalise.fold_changes(logs)
    np.testing.assert_allclose(np.median(fold, axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(normalise.restore(fold, level), logs, atol=1e-12)
    np.testing.assert_allclose(normalise.from_log2(logs, 0.25), tpm, rtol=1e-9, atol=1e-9)


def test_quantile_normalisation_by_the_published_example():
    values = np.array([[5, 4, 3], [2, 1, 4], [3, 4, 6], [4, 2, 8]], dtype=float)
    expected = np.array([[17 / 3, 5.166666667, 2.0], [2.0, 2.0, 3.0], [3.0, 5.166666667, 14 / 3], [14 / 3, 3.0, 17 / 3]])
    np.testing.assert_allclose(normalise.quantile_normalise(values), expected, rtol=1e-9)


def test_quantile_normalised_columns_share_one_distribution():
    values = np.random.default_rng(0).normal(size=(200, 5)) * [1, 2, 3, 4, 5] + [0, 9, 0, 0, 1]
    sorted_columns = np.sort(normalise.quantile_normalise(values), axis=0)
    np.testing.assert_allclose(sorted_columns, np.tile(sorted_columns[:, :1], (1, 5)), atol=1e-12)


def test_residuals_equal_ols_and_are_uncorrelated_with_covariates():
    rng = np.random.default_rng(0)
    covariates = {"rin": rng.normal(7, 1, 30).astype(str).tolist(), "batch": rng.choice(["a", "b", "c"], 30).tolist(), "flat": ["1"] * 30}
    design, names = normalise.covariate_matrix(covariates)
    assert names == ["rin", "batch=b", "batch=c"]
    values = rng.normal(size=(12, 30)) + rng.normal(size=(12, 3)) @ design.T * 3
    residuals = normalise.regress_out(values, design)
    for g in range(12):
        expected = sm.OLS(values[g], sm.add_constant(design)).fit().resid + values[g].mean()
        np.testing.assert_allclose(residuals[g], expected, atol=1e-10)
    np.testing.assert_allclose((residuals - residuals.mean(axis=1, keepdims=True)) @ design, 0, atol=1e-9)


def test_genes_with_missing_values_are_fitted_on_what_is_measured():
    rng = np.random.default_rng(1)
    design, _ = normalise.covariate_matrix({"age": rng.normal(50, 9, 20).astype(str).tolist()})
    values = 2 * design[:, 0] + rng.normal(size=(2, 20))
    values[1, :4] = np.nan
    residuals = normalise.regress_out(values, design)
    assert np.isnan(residuals[1, :4]).all()
    expected = sm.OLS(values[1, 4:], sm.add_constant(design[4:])).fit().resid + values[1, 4:].mean()
    np.testing.assert_allclose(residuals[1, 4:], expected, atol=1e-10)


def test_covariates_that_cannot_be_used_are_refused():
    with pytest.raises(InputError, match="age is missing for sample number 2"):
        normalise.covariate_matrix({"age": ["3", "", "4"]})
    with pytest.raises(InputError, match="need at least 4 samples, there are 3"):
        normalise.regress_out(np.zeros((1, 3)), np.zeros((3, 2)))
