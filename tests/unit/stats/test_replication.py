"""Agreement of two rankings, its permutation null, false discoveries."""

import numpy as np
import pytest
from scipy import stats

from regdecode.stats.moderated_t import moderated_t
from regdecode.stats.multiple import false_discovery
from regdecode.stats.permutation import directions, permuted_t
from regdecode.stats.replication import agreement


def test_false_discovery_is_scipys_and_keeps_nan():
    p = np.random.default_rng(0).uniform(size=50)
    p[3] = np.nan
    q = false_discovery(p)
    seen = np.isfinite(p)
    assert np.isnan(q[3])
    np.testing.assert_allclose(q[seen], stats.false_discovery_control(p[seen]))


def test_the_direction_itself_gives_the_t_of_the_fit():
    """The identity permutation: projecting on the direction is the moderated t, also of a contrast."""
    rng = np.random.default_rng(1)
    design = np.column_stack([np.ones(20), rng.normal(size=20), rng.integers(0, 2, 20)])
    values = rng.normal(size=(40, 20))
    for h in (np.array([0, 1.0, 0]), np.array([0, 1.0, -1.0])):
        result = moderated_t(values, design, h[:, None])
        u, rest = directions(design, h)
        y = values - (values @ rest) @ rest.T
        b = y @ u
        s2 = ((y**2).sum(1) - b**2) / 17
        s2_post = (result.df_prior * result.s2_prior + 17 * s2) / (result.df_prior + 17)
        finite = np.isfinite(result.df_prior)
        expected = np.where(finite, b / np.sqrt(np.where(finite, s2_post, 1)), b / np.sqrt(result.s2_prior))
        np.testing.assert_allclose(expected, result.t[:, 0], rtol=1e-8)


def test_permuted_statistics_are_t_distributed_and_seeded():
    rng = np.random.default_rng(2)
    design = np.column_stack([np.ones(30), rng.normal(size=30)])
    values = rng.normal(size=(200, 30)) * np.sqrt(5 / rng.chisquare(5, 200))[:, None]
    values[:30] += 2 * design[:, 1]
    result = moderated_t(values, design)
    first = permuted_t(values, design, np.array([0, 1.0]), result, 50, 7)
    np.testing.assert_array_equal(first, permuted_t(values, design, np.array([0, 1.0]), result, 50, 7))
    p = 2 * stats.t.sf(np.abs(first[100:]), result.df_total[100:, None])
    assert stats.kstest(p.ravel()[::50], "uniform").pvalue > 0.01
    assert np.isfinite(permuted_t(np.where(rng.random(values.shape) < 0.1, np.nan, values), design, np.array([0, 1.0]), result, 3, 0)).all()


def test_agreement_of_planted_and_of_unrelated_statistics():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=500)
    a, b = truth + rng.normal(size=500), truth + rng.normal(size=500)
    null = rng.normal(size=(500, 99))
    found = agreement(a, b, null, top=50)
    assert found.rho == pytest.approx(stats.spearmanr(a, b)[0]) and found.low < found.rho < found.high
    assert found.p_permutation == pytest.approx(0.01) and found.overlap > found.expected and found.p_hypergeometric < 0.01
    assert found.null_mean == pytest.approx(np.mean([stats.spearmanr(a, column)[0] for column in null.T]))
    other = agreement(a, rng.normal(size=500), null, top=50)
    assert other.p_permutation > 0.01 and other.low < 0 < other.high
    k = agreement(a, a, None, top=50)
    assert k.overlap == 50 and k.same_sign == 1 and k.p_hypergeometric == pytest.approx(stats.hypergeom.sf(49, 500, 50, 50))
    assert agreement(a[:4], b[:4]) is None


def test_replication_p_is_uniform_when_the_covariate_means_nothing():
    """Genes are correlated through two factors, so that rho scatters widely; the permutation null knows."""
    p = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        loadings = rng.normal(size=(150, 2))
        t = []
        for _ in range(2):
            values = loadings @ rng.normal(size=(2, 24)) + rng.normal(size=(150, 24))
            design = np.column_stack([np.ones(24), rng.normal(size=24)])
            result = moderated_t(values, design)
            t.append((result.t[:, 1], values, design, result))
        null = permuted_t(t[1][1], t[1][2], np.array([0, 1.0]), t[1][3], 99, seed)
        p.append(agreement(t[0][0], t[1][0], null).p_permutation)
    assert stats.kstest(p, "uniform").pvalue > 0.01
