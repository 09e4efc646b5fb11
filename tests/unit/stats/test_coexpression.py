"""Spearman of rows, all pairs in blocks, recovery: against scipy, scikit-learn and plain loops."""

import itertools

import numpy as np
import pytest
from scipy import stats

from regdecode.stats.coexpression import EDGES, RankSum, choose_pairs, recover, screen_pairs
from regdecode.stats.rank_rows import spearman_to, standard_rank_rows


@pytest.mark.parametrize("ties", [False, True])
def test_spearman_of_rows_equals_scipy(ties):
    rng = np.random.default_rng(0)
    rows, other = rng.normal(size=(40, 25)), rng.normal(size=25)
    if ties:
        rows[::3], other = np.round(rows[::3]), np.round(other)
    expected = [stats.spearmanr(row, other).statistic for row in rows]
    np.testing.assert_allclose(spearman_to(rows, other), expected, atol=1e-12)
    np.testing.assert_allclose(standard_rank_rows(rows) @ standard_rank_rows(other[None])[0], expected, atol=1e-12)


def test_rows_that_do_not_vary_are_zero():
    rows = np.vstack([np.full(6, 2.0), np.arange(6.0)])
    assert spearman_to(rows, np.arange(6.0)).tolist() == [0, pytest.approx(1)] and (spearman_to(rows, np.ones(6)) == 0).all()


def test_missing_values_take_the_mean_rank():
    one = standard_rank_rows(np.array([[1.0, np.nan, 3.0, 2.0]]))
    np.testing.assert_allclose(one, np.array([[-1, 0, 1, 0]]) / np.sqrt(2))


def make_screen(n_genes=60, seed=1, blocks=None):
    """Genes of two groups that move against each other, a third that follow nothing; predictions know half of it."""
    rng = np.random.default_rng(seed)
    factor, sign = rng.normal(size=30), np.repeat([1.0, -1.0, 0.0], n_genes // 3)
    actual = sign[:, None] * factor + 0.4 * rng.normal(size=(n_genes, 30))
    predicted = sign[:, None] * factor + 1.5 * rng.normal(size=(n_genes, 30))
    return actual, predicted


def test_screen_equals_the_loop_over_pairs():
    actual, predicted = make_screen()
    screen = screen_pairs(standard_rank_rows(actual), {"all": standard_rank_rows(predicted)}, 0.6)
    a, p = (stats.spearmanr(x.T).statistic for x in (actual, predicted))
    pairs = [(i, j) for i, j in itertools.combinations(range(60), 2) if abs(a[i, j]) > 0.6]
    assert list(zip(screen.i.tolist(), screen.j.tolist())) == pairs and len(pairs) > 100
    np.testing.assert_allclose(screen.actual, [a[pair] for pair in pairs], atol=1e-12)
    np.testing.assert_allclose(screen.predicted["all"], [p[pair] for pair in pairs], atol=1e-12)
    upper = p[np.triu_indices(60, 1)]
    assert screen.all_pairs["all"].tolist() == np.histogram(upper, EDGES)[0].tolist()
    assert screen.beyond["all"] == pytest.approx(((upper > 0.3).mean(), (upper < -0.3).mean()))


def test_blocks_do_not_matter(monkeypatch):
    from regdecode.stats import coexpression, rank_rows

    actual, predicted = (standard_rank_rows(x) for x in make_screen())
    whole = screen_pairs(actual, {"all": predicted})
    monkeypatch.setattr(coexpression, "pair_blocks", lambda a, p: rank_rows.pair_blocks(a, p, 7))
    small = screen_pairs(actual, {"all": predicted})
    assert np.array_equal(whole.i, small.i) and np.array_equal(whole.j, small.j)
    np.testing.assert_allclose(whole.predicted["all"], small.predicted["all"], atol=1e-14)


def test_recovery_by_hand_and_area_by_counting():
    actual, predicted = make_screen()
    screen = screen_pairs(standard_rank_rows(actual), {"all": standard_rank_rows(predicted)})
    signs, area = recover(screen, "all", 60, 0)
    score, up = screen.predicted["all"], screen.actual > 0
    assert signs["positive"].recovered == (score[up] > 0.3).sum() and signs["negative"].recovered == (score[~up] < -0.3).sum()
    assert signs["positive"].share == pytest.approx((score[up] > 0.3).mean()) and signs["positive"].pairs == up.sum()
    beats = score[up][:, None] - score[~up][None]
    assert area.auroc == pytest.approx((beats > 0).mean() + 0.5 * (beats == 0).mean())
    assert area.auroc > 0.5 and area.low <= area.auroc <= area.high
    for one in signs.values():
        assert one.low <= one.share <= one.high and one.share > one.chance


def test_weighted_area_equals_repeated_pairs():
    rng = np.random.default_rng(3)
    score, up, weight = np.round(rng.normal(size=30), 1), rng.random(30) < 0.4, rng.integers(0, 4, 30)
    s, u = np.repeat(score, weight), np.repeat(up, weight)
    beats = s[u][:, None] - s[~u][None]
    assert RankSum(score, up).area(weight.astype(float)) == pytest.approx((beats > 0).mean() + 0.5 * (beats == 0).mean())


def test_predictions_of_noise_separate_nothing():
    actual, _ = make_screen(90)
    noise = standard_rank_rows(np.random.default_rng(9).normal(size=(90, 30)))
    screen = screen_pairs(standard_rank_rows(actual), {"all": noise})
    _, area = recover(screen, "all", 90, 0)
    assert area.low < 0.5 < area.high


def test_one_sign_or_no_pair_at_all():
    actual = standard_rank_rows(np.arange(10.0) + 1e-3 * np.random.default_rng(0).normal(size=(5, 10)))
    signs, area = recover(screen_pairs(actual, {"all": actual}), "all", 5, 0)
    assert signs["positive"].share == 1 and signs["negative"].pairs == 0 and np.isnan(signs["negative"].share) and np.isnan(area.auroc)
    nothing = standard_rank_rows(np.random.default_rng(0).normal(size=(4, 50)))
    signs, area = recover(screen_pairs(nothing, {"all": nothing}), "all", 4, 0)
    assert signs["positive"].pairs == 0 and np.isnan(area.low)


def test_choice_takes_the_strongest_with_the_right_sign_and_each_gene_once():
    i, j = np.array([0, 0, 1, 2, 3]), np.array([1, 2, 2, 3, 4])
    actual, predicted = np.array([0.9, 0.8, -0.8, 0.9, -0.9]), np.array([0.5, 0.9, 0.95, 0.4, -0.3])
    assert choose_pairs(i, j, actual, predicted, 5).tolist() == [1, 4]
    assert choose_pairs(i, j, actual, predicted, 1).tolist() == [1]
