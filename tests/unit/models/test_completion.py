"""Completion of a matrix from its own cells against closed forms, slow twins and planted outliers."""

import numpy as np
import pytest

from regdecode.models.completion import LIMIT, Gaussian, complete_svd, fit_gaussian, fit_robust_gaussian


def low_rank(n_genes: int = 300, n_conditions: int = 12, rank: int = 2, noise: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(n_genes, rank)) @ rng.normal(size=(rank, n_conditions)) + noise * rng.normal(size=(n_genes, n_conditions))


def test_completion_of_a_complete_matrix_is_the_regression_on_the_other_conditions():
    values = low_rank(noise=0.5)
    known = np.ones(values.shape, bool)
    model = fit_gaussian(values, known, noise=0.0)
    expectation, deviation = model.complete(values, known)
    others = np.column_stack([np.ones(len(values)), values[:, 1:]])
    coefficients, residual = np.linalg.lstsq(others, values[:, 0], rcond=None)[:2]
    assert expectation[:, 0] == pytest.approx(others @ coefficients)
    assert deviation[:, 0] == pytest.approx(np.sqrt(residual[0] / len(values)))


def test_completion_recovers_hidden_cells_better_than_the_mean():
    values = low_rank()
    known = np.random.default_rng(1).random(values.shape) < 0.8
    model = fit_gaussian(np.where(known, values, 1e9), known)  # hidden values are not read
    filled, _ = model.complete(np.where(known, values, -1e9), known)
    svd = complete_svd(np.where(known, values, 1e9), known, rank=4)
    for told in (filled, svd):
        assert np.square(told - values)[~known].mean() < 0.05 * values.var()


def test_the_deviation_of_a_hidden_cell_is_its_error():
    values = low_rank(1000, noise=0.5)
    known = np.random.default_rng(1).random(values.shape) < 0.8
    filled, deviation = fit_gaussian(values, known, noise=0.0).complete(values, known)
    assert np.square((filled - values) / deviation)[~known].mean() == pytest.approx(1, abs=0.1)


def test_a_known_cell_is_predicted_without_itself():
    values, known = low_rank(), np.ones((300, 12), bool)
    model = fit_gaussian(values, known)
    changed = values.copy()
    changed[5, 3] += 100
    assert model.complete(changed, known)[0][5, 3] == pytest.approx(model.complete(values, known)[0][5, 3])


def test_a_gene_without_a_known_cell_gets_the_mean():
    values, known = low_rank(), np.ones((300, 12), bool)
    known[7] = False
    model = fit_gaussian(values, known)
    assert model.complete(values, known)[0][7] == pytest.approx(model.mean)


def conditional(model: Gaussian, values: np.ndarray, asked: int, seen: np.ndarray) -> tuple[float, float]:
    """The slow twin: one cell of one gene given some of its others, by the textbook formula."""
    across = model.covariance[asked, seen]
    inverse = np.linalg.inv(model.covariance[np.ix_(seen, seen)])
    expected = model.mean[asked] + across @ inverse @ (values[seen] - model.mean[seen])
    return expected, np.sqrt(model.covariance[asked, asked] - across @ inverse @ across)


def test_every_cell_equals_its_slow_twin():
    values = low_rank(8, noise=0.5)
    known = np.random.default_rng(2).random(values.shape) < 0.7
    known[3], known[4] = True, False
    model = fit_gaussian(low_rank(200, noise=0.5), np.ones((200, 12), bool))
    expectation, deviation = model.complete(np.where(known, values, np.nan), known)
    for g, s in np.ndindex(values.shape):
        others = np.flatnonzero(known[g] & (np.arange(12) != s))
        assert (expectation[g, s], deviation[g, s]) == pytest.approx(conditional(model, values[g], s, others))


def test_profiles_without_a_condition_equal_their_slow_twin():
    values = low_rank(8, noise=0.5)
    known = np.random.default_rng(2).random(values.shape) < 0.7
    known[3], known[4] = True, False
    model = fit_gaussian(low_rank(200, noise=0.5), np.ones((200, 12), bool))
    left_out = list(model.leave_out(np.where(known, values, 0.0), known))
    assert len(left_out) == 12
    for s, profiles in enumerate(left_out):
        without = known.copy()
        without[:, s] = False
        assert profiles == pytest.approx(np.where(without, values, model.complete(np.where(without, values, 1e9), without)[0]))


def test_a_round_of_the_fit_equals_its_slow_twin():
    values = low_rank(60, noise=0.5)
    known = np.random.default_rng(2).random(values.shape) < 0.8
    before, after = (fit_gaussian(values, known, rounds=n, noise=0.05) for n in (2, 3))
    first_mean = np.nanmean(np.where(known, values, np.nan), axis=0)
    filled, spread = values.copy(), 0.05 * np.eye(12) * np.square(values - first_mean)[known].mean()
    for g in range(60):
        hidden, seen = np.flatnonzero(~known[g]), np.flatnonzero(known[g])
        across = before.covariance[np.ix_(hidden, seen)] @ np.linalg.inv(before.covariance[np.ix_(seen, seen)])
        filled[g, hidden] = before.mean[hidden] + across @ (values[g, seen] - before.mean[seen])
        left = before.covariance[np.ix_(hidden, hidden)] - across @ before.covariance[np.ix_(seen, hidden)]
        spread[np.ix_(hidden, hidden)] += left / 60
    assert after.mean == pytest.approx(filled.mean(axis=0))
    assert after.covariance == pytest.approx(np.cov(filled.T, bias=True) + spread)


def with_outliers(values: np.ndarray, share: float = 0.05, size: float = 6.0) -> np.ndarray:
    rng = np.random.default_rng(4)
    return values + size * rng.choice([-1, 1], values.shape) * (rng.random(values.shape) < share)


def test_outliers_have_a_bounded_say():
    truth = low_rank(500, noise=0.3)
    known = np.random.default_rng(1).random(truth.shape) < 0.8
    values = np.where(known, with_outliers(truth), 0.0)
    plain, (robust, bent) = fit_gaussian(values, known), fit_robust_gaussian(values, known)
    error = [np.square(told - truth)[~known].mean() for told in (plain.complete(values, known)[0], robust.complete(bent, known)[0])]
    assert error[1] < 0.6 * error[0]
    further = robust.complete(np.where(known, bent, 0), known)
    assert np.abs((robust.bend(values, known, bent) - further[0]) / further[1])[known].max() == pytest.approx(LIMIT)


def test_without_outliers_the_robust_fit_is_about_the_plain_one():
    values, known = low_rank(800, noise=0.5), np.ones((800, 12), bool)
    plain, (robust, _) = fit_gaussian(values, known), fit_robust_gaussian(values, known)
    assert np.abs(robust.complete(values, known)[0] - plain.complete(values, known)[0]).std() < 0.05 * values.std()


def test_a_steadied_gene_reads_itself_alone():
    values, known = with_outliers(low_rank(noise=0.3)), np.random.default_rng(1).random((300, 12)) < 0.8
    model = fit_robust_gaussian(np.where(known, values, 0), known)[0]
    steady = model.steady(np.where(known, values, 0), known)
    for g in (0, 7):
        assert model.steady(values[g : g + 1], known[g : g + 1])[0] == pytest.approx(steady[g])
        bent, seen = steady_bent(model, values[g], known[g]), np.flatnonzero(known[g])
        expected = [conditional(model, bent, s, seen)[0] for s in np.flatnonzero(~known[g])]
        assert steady[g, ~known[g]] == pytest.approx(expected)
    assert np.square(steady - low_rank(noise=0.0)).mean() < 0.3 * np.square(values - low_rank(noise=0.0)).mean()


def steady_bent(model: Gaussian, values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """A gene's values bent twice, cell by cell."""
    bent = values
    for _ in range(2):
        told = [conditional(model, bent, s, np.flatnonzero(known & (np.arange(len(known)) != s))) for s in range(len(known))]
        bent = np.array([np.clip(value, mean - LIMIT * sd, mean + LIMIT * sd) for value, (mean, sd) in zip(values, told, strict=True)])
    return bent


def test_some_conditions_of_a_distribution():
    model = fit_gaussian(low_rank(), np.ones((300, 12), bool))
    some = np.arange(12) % 3 != 0
    assert model.of(some).mean == pytest.approx(model.mean[some])
    assert model.of(some).covariance == pytest.approx(model.covariance[some][:, some])
