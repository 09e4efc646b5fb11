"""Designs from sample sheets: columns, hypotheses, and what cannot be estimated named."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from regdecode.errors import InputError
from regdecode.stats.design import build_design

N = 12
SAMPLES = np.array([f"p{i}" for i in range(N)])
AGE = np.array([20, 31, 44, 52, 61, 73, 25, 38, 47, 56, 68, 70.0])
SEX = np.array(["F", "M"] * 6, dtype=object)
TISSUE = np.array(["blood", "skin", "lung", "lung"] * 3, dtype=object)
SHEET = {"age": AGE, "sex": SEX, "tissue": TISSUE}


def refused(message: str, formula: str, sheet=None, **options) -> None:
    with pytest.raises(InputError, match=message):
        build_design(SHEET | (sheet or {}), SAMPLES, formula, **options)


def test_terms_columns_and_meanings():
    design = build_design(SHEET, SAMPLES, "~ age + sex", ["sex", "age"])
    assert design.columns == ["Intercept", "sex[T.M]", "age"] and design.names == ["sex", "age"]
    np.testing.assert_array_equal(design.matrix[:, 1], SEX == "M")
    assert "M than in F" in design.meanings[0]
    assert build_design(SHEET, SAMPLES, "~ age + tissue").names == ["tissue[T.lung]", "tissue[T.skin]", "age"]
    assert build_design({"sex": np.array([1.0, 2.0] * 6)}, SAMPLES, "~ C(sex)", ["sex"]).names == ["sex"]


def test_contrasts_give_what_statsmodels_gives():
    design = build_design(SHEET, SAMPLES, "~ tissue + age", ["age"], {"skin_lung": "tissue[T.skin] - tissue[T.lung]"})
    y = np.random.default_rng(0).normal(size=N)
    fit = smf.ols("y ~ tissue + age", pd.DataFrame({**SHEET, "y": y})).fit()
    from regdecode.stats.linear import fit_linear

    ours = fit_linear(y[None], design.matrix, design.hypotheses)
    assert design.names == ["age", "skin_lung"]
    assert ours.coefficient[0, 1] == pytest.approx(float(fit.params["tissue[T.skin]"] - fit.params["tissue[T.lung]"]))
    assert ours.coefficient[0, 0] == pytest.approx(float(fit.params["age"]))


def test_faults_are_named():
    refused("no column 'aeg'; did you mean age", "~ aeg")
    holes = AGE.copy()
    holes[[1, 4]] = np.nan
    refused(r"age is missing for p1, p4 \(2 of 12", "~ age + sex", {"age": holes})
    refused("sex is 'F' in every sample: it has one level", "~ age + sex", {"sex": np.array(["F"] * N, object)})
    refused("batch is 3.0 in every sample", "~ batch", {"batch": np.full(N, 3.0)})
    refused("collinear: it follows from .*age", "~ age + twice", {"twice": 2 * AGE + 1})
    refused("collinear", "~ sex + gender", {"gender": np.array(["woman", "man"] * 6, object)})
    refused("number in most samples, but not in p3", "~ age", {"age": np.array([*AGE[:3], "old", *AGE[4:]], object)})
    refused("12 samples cannot fit 13 design columns", "~ person + age", {"person": SAMPLES.astype(object)})
    refused("'ag' is tested but is not in the design; did you mean age", "~ age", test=["ag"])
    refused("cannot be read", "~ age +* sex")
    refused("outcome", "age ~ sex")
    refused("contrast 'x'", "~ tissue", contrasts={"x": "tissue[T.brain] - tissue[T.lung]"})
    with pytest.raises(InputError, match="no sample sheet"):
        build_design({}, SAMPLES, "~ age")


@pytest.mark.parametrize("formula", ["~ __import__('os').system('true')", "~ open('x')", "~ age.real", "~ [x for x in age]"])
def test_formulas_run_no_code(formula):
    with pytest.raises(InputError):
        build_design(SHEET, SAMPLES, formula)


def test_all_faults_at_once():
    with pytest.raises(InputError, match=r"(?s)2 faults.*no column 'rin'.*sex is 'F'"):
        build_design(SHEET | {"sex": np.array(["F"] * N, object)}, SAMPLES, "~ rin + sex")
