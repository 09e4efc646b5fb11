"""Rank-sum and Fisher tests of many scores against many sets equal scipy's, one by one; permuted tables confirm nothing."""

import numpy as np
import pytest
from scipy.stats import fisher_exact, mannwhitneyu

from regdecode.stats.target_tests import confirmed, degree_strata, permuted_counts, permuted_member, rank_rows, rank_sum_tests, top_tests


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    member = rng.random((7, 300)) < rng.uniform(0.02, 0.4, (7, 1))
    scores = rng.random((5, 300))
    scores[1] = np.round(scores[1], 1)
    scores[0, member[2]] += 0.3
    scores[4] = 0.5
    return scores, member


def test_rank_sums_are_scipys(case) -> None:
    scores, member = case
    p, area = rank_sum_tests(*rank_rows(scores), member)
    for k in range(4):
        for f in range(len(member)):
            expected = mannwhitneyu(scores[k, member[f]], scores[k, ~member[f]], alternative="greater", method="asymptotic")
            assert p[k, f] == pytest.approx(expected.pvalue, rel=1e-9)
            n = member[f].sum()
            assert area[k, f] == pytest.approx(expected.statistic / (n * (300 - n)))
    np.testing.assert_allclose(p[4], 1)
    empty = np.zeros((1, 300), dtype=bool)
    assert np.isnan(rank_sum_tests(*rank_rows(scores), empty)[0]).all()


def test_top_genes_are_fishers(case) -> None:
    scores, member = case
    found, expected, p = top_tests(scores, member, 40)
    for k in range(4):
        top = np.zeros(300, dtype=bool)
        top[np.argsort(-scores[k], kind="stable")[:40]] = True
        for f in range(len(member)):
            table = [[(top & member[f]).sum(), (top & ~member[f]).sum()], [(~top & member[f]).sum(), (~top & ~member[f]).sum()]]
            assert p[k, f] == pytest.approx(fisher_exact(table, alternative="greater")[1], rel=1e-6)
            assert found[k, f] == table[0][0]
            assert expected[k, f] == pytest.approx(40 * member[f].sum() / 300)


def test_permuted_tables(case) -> None:
    scores, member = case
    rng = np.random.default_rng(1)
    strata = degree_strata(member, 3)
    moved = permuted_member(member, rng, strata)
    assert (moved.sum(1) == member.sum(1)).all()
    assert (moved != member).any()
    for label in np.unique(strata):
        assert sorted(moved[:, strata == label].sum(0)) == sorted(member[:, strata == label].sum(0))
    ranks, ties = rank_rows(scores)
    assert confirmed(rank_sum_tests(ranks, ties, member)[0], 0.05)[1] >= 1
    null = permuted_counts(ranks, ties, member, 0.05, 30, 0)
    assert null.shape == (30, 2)
    assert null[:, 1].mean() < 0.3
    np.testing.assert_array_equal(null, permuted_counts(ranks, ties, member, 0.05, 30, 0))
