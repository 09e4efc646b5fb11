"""Moderated t against R limma 3.54 (tests/data/make_limma.R), statsmodels, and its own promises."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from regdecode.stats.linear import fit_linear
from regdecode.stats.moderated_t import moderated_t
from regdecode.stats.variance_prior import fit_moments, trigamma_inverse

LIMMA = Path(__file__).resolve().parents[2] / "data" / "limma"
NAMES = ["intercept", "age", "sex"]
CASES = {
    "plain": ({}, "plain"),
    "missing": ({}, "missing"),
    "missing_robust": ({"robust": True}, "missing"),
    "infinite": ({}, "infinite"),
    "infinite_robust": ({"robust": True}, "infinite_robust"),
    "trend": ({"trend": True}, "trend"),
    "robust": ({"robust": True}, "robust"),
    "trend_robust": ({"trend": True, "robust": True}, "trend_robust"),
    "many": ({"trend": True, "robust": True}, "many"),
}


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(LIMMA / f"{name}.tsv", sep="\t")


def compare(result, column: int, reference: pd.DataFrame, rtol: float = 1e-8, prior_rtol: float = 1e-8) -> None:
    """Every figure of limma's to 1e-8 of its size; NaN where limma has NaN."""
    ours = {"coefficient": result.coefficient[:, column], "t": result.t[:, column], "p": result.p[:, column]}
    ours |= {name: getattr(result, name) for name in ("df_total", "s2_post", "df_prior", "s2_prior")}
    tested = np.isfinite(reference["t"])
    np.testing.assert_array_equal(np.isfinite(ours["t"]), tested)
    for name, values in ours.items():
        np.testing.assert_allclose(
            values[tested], reference[name][tested], rtol=prior_rtol if "2" in name or "prior" in name else rtol, atol=1e-300, err_msg=name
        )


@pytest.mark.parametrize("case", CASES)
def test_equals_limma(case):
    options, values = CASES[case]
    y = read(f"{values}.values").to_numpy(float)
    design = read("design").to_numpy(float)[: y.shape[1]]
    result = moderated_t(y, design, **options)
    found = [path.name.split(".")[1] for path in LIMMA.glob(f"{case}.*.tsv") if "values" not in path.name]
    assert found
    for name in found:
        # statsmodels' lowess, which the robust trend of many genes follows, differs from R's in the eighth digit at a few outliers.
        compare(result, NAMES.index(name), read(f"{case}.{name}"), prior_rtol=5e-8 if case == "many" else 1e-8)


def test_equals_limma_as_it_ships():
    """Its search for the robust prior stops at 1e-8, so a few genes differ in the eighth digit."""
    values = read("many.values").to_numpy(float)
    compare(
        moderated_t(values, read("design").to_numpy(float)[:12], trend=True, robust=True),
        1,
        read("many_stock.age"),
        rtol=1e-7,
        prior_rtol=1e-7,
    )


def test_contrasts_of_a_factor_equal_limma():
    design = read("contrast.design").to_numpy(float)
    weights = np.array([[0, -1, 1, 0], [0, 0.5, 0.5, 0]]).T
    result = moderated_t(read("plain.values").to_numpy(float), design, weights)
    for k, name in enumerate(["skin_liver", "mean_blood"]):
        compare(result, k, read(f"contrast.{name}"))


def test_least_squares_equals_statsmodels_with_missing_samples_and_contrasts():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(12, 15))
    values[rng.random(values.shape) < 0.2] = np.nan
    design = np.column_stack([np.ones(15), rng.normal(50, 10, 15), rng.integers(0, 2, 15), rng.integers(0, 2, 15)])
    weights = np.array([[0, 1, 0, 0], [0, 0, 1, -1]], float).T
    fit = fit_linear(values, design, weights)
    for g, y in enumerate(values):
        seen = np.isfinite(y)
        oracle = sm.OLS(y[seen], design[seen]).fit()
        test = oracle.t_test(weights.T)
        np.testing.assert_allclose(fit.coefficient[g], test.effect, rtol=1e-9)
        np.testing.assert_allclose(fit.unscaled_sd[g] * np.sqrt(fit.s2[g]), test.sd.ravel(), rtol=1e-9)
        assert fit.df[g] == oracle.df_resid


def test_a_gene_whose_samples_cannot_tell_is_nan_and_the_rest_is_tested():
    design = np.column_stack([np.ones(10), np.arange(10.0), np.repeat([0.0, 1.0], 5)])
    values = np.random.default_rng(0).normal(size=(6, 10))
    values[0, 5:] = np.nan
    values[1] = np.nan
    result = moderated_t(values, design)
    assert np.isnan(result.t[0, 2]) and np.isfinite(result.t[0, 1])
    assert np.isnan(result.t[1]).all() and np.isfinite(result.t[2:]).all()


def test_a_constant_taken_off_a_gene_changes_nothing_but_the_intercept():
    rng = np.random.default_rng(1)
    values, design = rng.normal(size=(30, 12)), np.column_stack([np.ones(12), rng.normal(size=12)])
    shifted = values - np.median(values, axis=1, keepdims=True)
    np.testing.assert_allclose(moderated_t(values, design).t[:, 1], moderated_t(shifted, design).t[:, 1], rtol=1e-9)


@pytest.mark.parametrize("options", [{}, {"trend": True}, {"robust": True}, {"trend": True, "robust": True}])
def test_p_values_of_no_effect_are_uniform(options):
    """Over seeds; genes are independent, their variances scatter as the model says."""
    p = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        scale = np.sqrt(4 / rng.chisquare(4, 300))
        values = rng.normal(size=(300, 14)) * scale[:, None] + rng.uniform(0, 8, 300)[:, None]
        design = np.column_stack([np.ones(14), rng.normal(size=14), rng.integers(0, 2, 14)])
        p.append(moderated_t(values, design, **options).p[:, 1])
    assert stats.kstest(np.concatenate(p), "uniform").pvalue > 0.01


def test_planted_effects_lead():
    rng = np.random.default_rng(2)
    age = rng.uniform(20, 80, 30)
    values = rng.normal(size=(500, 30))
    values[:10] += 0.06 * (age - age.mean())
    result = moderated_t(values, np.column_stack([np.ones(30), age]))
    assert set(np.argsort(result.p[:, 1])[:10]) == set(range(10))


def test_prior_recovers_what_made_the_variances():
    rng = np.random.default_rng(5)
    s2 = 0.7 * rng.chisquare(8, 50000) / 8 * 12 / rng.chisquare(12, 50000)
    found = fit_moments(s2, np.full(50000, 8.0))
    assert found.df == pytest.approx(12, rel=0.05) and found.s2[0] == pytest.approx(0.7, rel=0.01)


@pytest.mark.parametrize("x", [1e-8, 1e-3, 0.5, 3.0, 1e5, 1e9])
def test_trigamma_inverse(x):
    from scipy.special import polygamma

    assert polygamma(1, trigamma_inverse(x)) == pytest.approx(x, rel=1e-6)
