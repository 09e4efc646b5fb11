"""Mediation: equal to one least squares a set, a planted mediator found, uniform p for random drivers."""

import numpy as np
import pytest
from scipy import stats

from regdecode.stats.mediation import draw_sets, mediate, residual_r2


def by_least_squares(pair, genes):
    """Slow twin: residuals of one set."""
    X = np.column_stack([np.ones(len(pair)), genes])
    left = pair - X @ np.linalg.lstsq(X, pair, rcond=None)[0]
    return np.corrcoef(left.T)[0, 1] ** 2


def make_people(n=80, pool=20, seed=0):
    """Genes 0 and 1 of the pool carry what the pair shares."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, 2))
    genes = rng.normal(size=(n, pool))
    genes[:, :2] = shared + 0.3 * rng.normal(size=(n, 2))
    pair = shared.sum(1)[:, None] + 0.5 * rng.normal(size=(n, 2))
    return 5 + pair, 3 + genes


def test_equals_one_least_squares_a_set():
    pair, pool = make_people()
    sets = draw_sets(20, 4, 50, np.random.default_rng(1))
    fast = residual_r2(pair, pool[:, sets].transpose(1, 0, 2))
    np.testing.assert_allclose(fast, [by_least_squares(pair, pool[:, some]) for some in sets], rtol=1e-9)


def test_collinear_and_constant_genes_add_nothing():
    pair, pool = make_people()
    double = np.column_stack([pool[:, 3], 2 * pool[:, 3] + 1, np.full(80, 4.0)])
    assert residual_r2(pair, double[None])[0] == pytest.approx(by_least_squares(pair, pool[:, 3:4]), rel=1e-9)


def test_a_set_that_holds_a_gene_of_the_pair_leaves_nothing():
    pair, _ = make_people()
    assert residual_r2(pair, pair[None, :, :1])[0] == 0


def test_planted_mediators_are_found():
    pair, pool = make_people()
    found = mediate(pair, pool, np.array([0, 1]), 999, np.random.default_rng(0))
    r = np.corrcoef(pair.T)[0, 1]
    assert found.r2_full == pytest.approx(r * r) and found.r2_res == pytest.approx(by_least_squares(pair, pool[:, :2]))
    assert found.explained == pytest.approx(1 - found.r2_res / found.r2_full) and found.explained > 0.5
    as_good = (found.null >= found.explained - 1e-12).sum()
    assert found.p == pytest.approx((1 + as_good) / 1000) and found.p < 0.02


def test_chunks_do_not_matter(monkeypatch):
    from regdecode.stats import mediation

    pair, pool = make_people()
    whole = mediate(pair, pool, np.arange(3), 60, np.random.default_rng(4))
    monkeypatch.setattr(mediation, "_CHUNK_NUMBERS", 80 * 3 * 7)
    np.testing.assert_allclose(mediate(pair, pool, np.arange(3), 60, np.random.default_rng(4)).null, whole.null)


def test_p_is_uniform_for_random_drivers():
    p = []
    for seed in range(150):
        pair, pool = make_people(50, 15, seed)
        rng = np.random.default_rng(1000 + seed)
        p.append(mediate(pair, pool, rng.choice(15, 3, replace=False), 99, rng).p)
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_drivers_that_are_the_whole_pool_prove_nothing():
    pair, pool = make_people(60, 3)
    assert mediate(pair, pool, np.arange(3), 50, np.random.default_rng(0)).p == 1


def test_sets_hold_different_members():
    sets = draw_sets(6, 4, 200, np.random.default_rng(0))
    assert sets.shape == (200, 4) and all(len(set(row)) == 4 for row in sets.tolist()) and set(sets.ravel()) == set(range(6))
