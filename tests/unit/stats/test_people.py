"""Figures of person models: closed forms and scipy."""

import numpy as np
import pytest
from scipy import stats

from regdecode.stats.people import Sampled, cross_correlations_between, same_person, unrelated, variance_row


def test_variances_of_known_spread():
    within = np.array([[0.0, 2.0], [1.0, 1.0], [5.0, np.nan]])  # variances 2, 0, none
    between = np.array([[0.0, 2.0, 4.0], [0.0, 3.0, 6.0], [1.0, 2.0, 3.0]])  # 4, 9, 1
    row = variance_row("actual", within, between)
    assert (row["n_genes"], row["n_within"], row["n_between"]) == (2, 2, 3)
    assert (row["within_mean"], row["between_mean"]) == (1.0, 6.5)
    assert row["ratio_of_means"] == pytest.approx(1 / 6.5)
    assert row["median_ratio"] == pytest.approx(np.median([2 / 4, 0]))
    assert row["share_below_quarter"] == 0.5


def test_genes_that_do_not_vary_between_tissues_have_no_ratio():
    row = variance_row("x", np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 1.0], [0.0, 4.0]]))
    assert row["median_ratio"] == pytest.approx(0.5 / 8) and row["share_below_quarter"] == 1.0


def test_unrelated_people():
    rng = np.random.default_rng(0)
    actual = rng.normal(size=(300, 12))
    predicted = actual + rng.normal(size=actual.shape)
    found = unrelated(predicted, actual, [f"p{k}" for k in range(12)])
    matrix = stats.spearmanr(predicted, actual)[0][:12, 12:]
    np.testing.assert_allclose(found.table["own"], np.diag(matrix), atol=1e-12)
    off = matrix[~np.eye(12, dtype=bool)].reshape(12, 11)
    np.testing.assert_allclose(found.table["others_mean"], off.mean(1), atol=1e-12)
    assert (found.table["rank"] == 1).all() and (found.table["n_others"] == 11).all()
    expected = stats.mannwhitneyu(np.diag(matrix), off.ravel(), alternative="greater").pvalue
    assert found.rank_sum_p == pytest.approx(expected) and found.signed_rank_p == pytest.approx(1 / 2**12)


def test_unrelated_p_is_uniform_when_nothing_is_predicted():
    p = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        p.append(unrelated(rng.normal(size=(60, 10)), rng.normal(size=(60, 10)), list("abcdefghij")).signed_rank_p)
    assert stats.kstest(p, "uniform").pvalue > 0.001 and np.mean(np.array(p) < 0.1) < 0.25


def test_one_person_has_no_control():
    assert not len(unrelated(np.ones((5, 1)), np.ones((5, 1)), ["a"]).table)


def samples(rng, group, n=8, shared=None, own=1.0):
    genes = np.array([f"g{k}" for k in range(100)])
    person = np.array([f"p{k}" for k in range(n)])
    base = rng.normal(size=(100, 1)) * 5  # the tissue's own pattern, which must not count
    return Sampled(genes, base + own * shared + rng.normal(size=(100, n)), np.full(n, group), person)


def test_same_person_in_two_tissues():
    rng = np.random.default_rng(3)
    shared = rng.normal(size=(100, 8))
    parts = [samples(rng, "skin", shared=shared), samples(rng, "blood", shared=shared)]
    (row,) = same_person("actual", parts)
    assert (row["group_a"], row["group_b"], row["n_same"], row["n_different"], row["n_genes"]) == ("blood", "skin", 8, 56, 100)
    matrix = cross_correlations_between(parts[1].centred(), parts[0].centred())
    np.testing.assert_allclose(matrix, stats.spearmanr(parts[1].centred(), parts[0].centred())[0][:8, 8:], atol=1e-12)
    assert row["auroc"] > 0.95 and row["p"] < 1e-4 and row["mean_same"] == pytest.approx(np.diag(matrix).mean())


def test_people_without_anything_in_common_are_no_more_alike():
    p = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        nothing = np.zeros((100, 8))
        p.append(same_person("actual", [samples(rng, "a", shared=nothing), samples(rng, "b", shared=nothing)])[0]["p"])
    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_not_applicable_says_why():
    rng = np.random.default_rng(0)
    one = samples(rng, "skin", shared=np.zeros((100, 8)))
    assert "no two tissues" in same_person("actual", [one])[0]["note"]
    assert "column person" in same_person("actual", [])[0]["note"]
    other = Sampled(np.array([f"x{k}" for k in range(100)]), one.values, np.full(8, "b"), one.person)
    assert "0 genes in common" in same_person("actual", [one, other])[0]["note"]
