"""Learned members and comparators of DeepRAGE against closed forms and scikit-learn-like twins."""

from functools import partial

import numpy as np
import pytest

from regdecode.errors import InputError
from regdecode.genome.sequence_features import SequenceTable
from regdecode.models.deeprage_baselines import EVERYWHERE, REGISTRY, baselines_for, predict_baseline
from regdecode.models.deeprage_member_fits import SEEN_PENALTIES, SEEN_ROUNDS, Choices, fit_ridge_member, fit_trees_member, grow, rounds_of
from regdecode.models.deeprage_members import request_of
from regdecode.models.deeprage_problem import CellProblem
from regdecode.models.geneclass import fit_stumps, readable_states, regulator_states
from regdecode.models.sequence_ridge import fit_sequence_ridge, gaussian_kernel
from regdecode.training.deeprage_stack import Fitter, fitters_for

RNG = np.random.default_rng(3)


def make_problem(regime: str, split: np.ndarray, values: np.ndarray, X: np.ndarray, inputs: np.ndarray, own=None) -> CellProblem:
    table = SequenceTable(
        X.astype(np.float32), {"kmers": (0, 4), "motifs": (4, X.shape[1] - 1), "sites": (X.shape[1] - 1, X.shape[1])},
        (X[:, 4:] > 0).astype(np.float32),
    )  # fmt: skip
    own = np.full(len(values), -1) if own is None else own
    return CellProblem(values, split == 0, split == 1, inputs, own, table, regime, np.array([-0.5, 0.5]))


@pytest.fixture
def planted() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, features and regulators: profiles are linear in the features, conditions in the regulators."""
    rng = np.random.default_rng(5)
    X, R = rng.normal(size=(240, 8)), rng.normal(size=(30, 6))
    values = X @ rng.normal(size=(8, 6)) @ R.T / 3 + 0.1 * rng.normal(size=(240, 30))
    return values, X, R


def parts(n: int) -> np.ndarray:
    return np.where(np.arange(n) % 5 == 0, 2, np.where(np.arange(n) % 5 == 1, 1, 0))


def test_sequence_ridge_equals_the_primal_ridge():
    X, Y = RNG.normal(size=(50, 5)).astype(np.float32), RNG.normal(size=(50, 3))
    model = fit_sequence_ridge(X, Y, [(3, 1.0), (2, 3.0)], None, np.array([0.7, 0.7, 0.7]))
    Z = (X - X.mean(0)) / X.std(0) * np.sqrt(np.repeat([0.25 / 3, 0.75 / 2], [3, 2]))
    coefficients = np.linalg.solve(Z.T @ Z + 0.7 * np.eye(5), Z.T @ (Y - Y.mean(0)))
    assert model.predict(X) == pytest.approx(Z @ coefficients + Y.mean(0), abs=1e-4)


def test_where_few_values_are_measured_they_alone_choose_the_penalty():
    """Seven tenths are not measured: were they taken for the mean, heavier penalties would look better."""
    rng = np.random.default_rng(4)
    B, X, held = rng.normal(size=(5, 3)), rng.normal(size=(60, 5)).astype(np.float32), rng.normal(size=(200, 5)).astype(np.float32)
    watched, penalties = np.where(rng.random((200, 3)) < 0.3, held @ B, np.nan), (0.01, 5.0, 30.0)
    found = fit_sequence_ridge(X, X @ B, [(5, 1.0)], (held, watched), penalties, sparse=True)
    for c, loading in enumerate(found.loadings):
        errors = []
        for penalty in penalties:
            one = fit_sequence_ridge(X, X @ B, [(5, 1.0)], None, (penalty,))
            of_component = np.outer((one.predict(held) - one.center) @ loading, loading) + one.center
            errors.append(np.nansum((of_component - watched) ** 2))
        assert found.penalty[c] == penalties[int(np.argmin(errors))]
    assert found.penalty[0] == min(penalties)


def test_smooth_columns_learn_what_is_not_linear():
    X = RNG.normal(size=(300, 4)).astype(np.float32)
    Y = np.column_stack([X[:, 0] ** 2 - 1, X[:, 1]])
    linear, smooth = (
        fit_sequence_ridge(X[:200], Y[:200], [(4, 1.0)], (X[200:], Y[200:]), (0.01, 0.1, 1.0), smooth=columns)
        for columns in (None, np.arange(2))
    )
    errors = [np.square(model.predict(X[200:]) - Y[200:])[:, 0].mean() for model in (linear, smooth)]
    assert errors[1] < 0.4 * errors[0]
    assert np.diag(gaussian_kernel(X, X)) == pytest.approx(1, abs=1e-5)


def test_a_component_that_sequence_does_not_tell_is_shrunk():
    X = RNG.normal(size=(200, 4)).astype(np.float32)
    Y = np.column_stack([10 * X[:, 0], RNG.normal(size=200)])
    model = fit_sequence_ridge(X[:150], Y[:150], [(4, 1.0)], (X[150:], Y[150:]))
    assert model.penalty[0] < model.penalty[1]


def test_trees_of_all_known_genes_have_the_rounds_chosen_before():
    rng = np.random.default_rng(2)
    split = np.repeat(parts(240)[:, None], 12, 1)
    problem = make_problem("new_gene", split, rng.normal(size=(240, 12)), rng.normal(size=(240, 8)), rng.normal(size=(12, 6)))
    chosen = Choices(condition_penalty=1.0, rounds=tuple(range(110, 122)))
    _, stopped = fit_trees_member(problem, ("kmers",))
    assert max(stopped.rounds) < min(chosen.rounds)  # the values are noise: watched genes end every booster early
    member, _ = fit_trees_member(problem.with_watched(), ("kmers",), chosen)
    assert tuple(booster.num_boosted_rounds() for booster in member.model.boosters) == chosen.rounds
    few, _ = fit_trees_member(problem.with_watched(), ("kmers",), Choices(condition_penalty=1.0, rounds=(3, 2, 4)))
    assert [booster.num_boosted_rounds() for booster in few.model.boosters] == [3, 2, *[4] * 10]


@pytest.mark.parametrize("known", [4, 19, 25])
def test_trees_where_watched_conditions_become_known(planted, known: int):
    """With few known conditions they are as many as the components, and those that were watched bring more."""
    values, X, R = planted
    conditions = np.where(np.arange(30) < known, 0, np.where(np.arange(30) < known + 3, 1, 2))
    split = np.tile(conditions, (240, 1))
    predicted = predict_baseline("xgboost", make_problem("new_condition", split, values, X, R))
    assert np.corrcoef(predicted[split == 2], values[split == 2])[0, 1] > 0.25


def test_the_first_stump_is_the_best_of_all_pairs():
    hits, states = (RNG.random((40, 5)) < 0.4).astype(float), (RNG.random((12, 6)) < 0.4).astype(float)
    values, known = RNG.normal(size=(40, 12)), RNG.random((40, 12)) < 0.8
    own = np.where(np.arange(40) < 24, np.arange(40) % 3, -1)
    readable = readable_states(own, 6)
    model = fit_stumps(hits, states, readable, values, known, rounds=1, rate=1.0, least=5)
    base, best = values[known].mean(), (0.0, 0, 0, 0.0)
    for m in range(5):
        for u in range(6):
            cells = known & (np.outer(hits[:, m] * (own != u % 3), states[:, u]) > 0)
            if cells.sum() >= 5:
                step = (values[cells] - base).mean()
                best = max(best, (step**2 * cells.sum(), m, u, step))
    assert (model.motif[0], model.state[0]) == best[1:3]
    assert model.step[0] == pytest.approx(best[3], rel=1e-4)
    cells = np.outer(hits[:, best[1]] * (own != best[2] % 3), states[:, best[2]]) > 0
    assert model.predict(hits, states, readable) == pytest.approx(base + best[3] * cells, rel=1e-4)


def test_stumps_find_a_planted_pair():
    hits, inputs = (RNG.random((100, 6)) < 0.3).astype(float), RNG.normal(size=(20, 4))
    states = regulator_states(inputs, 0.5)
    values = 2 * np.outer(hits[:, 4], states[:, 4 + 1]) + 0.1 * RNG.normal(size=(100, 20))
    readable = np.ones((100, 8))
    model = fit_stumps(hits, states, readable, values, np.ones(values.shape, bool), rounds=20)
    assert (model.motif[0], model.state[0]) == (4, 5)
    assert np.corrcoef(model.predict(hits, states, readable).ravel(), values.ravel())[0, 1] > 0.9


def test_no_stump_reads_the_state_of_the_gene_itself():
    hits, states = np.ones((4, 1)), (RNG.random((30, 4)) < 0.5).astype(float)
    values, readable = np.tile(states[:, 1], (4, 1)), readable_states(np.array([-1, 0, 1, -1]), 4)
    model = fit_stumps(hits, states, readable, values, np.ones(values.shape, bool), rounds=50, least=1)
    turned = states.copy()
    turned[:, [1, 3]] = 1 - turned[:, [1, 3]]
    told, blind = (model.predict(hits, one, readable) for one in (states, turned))
    assert np.array_equal(told[2], blind[2]) and np.abs(told[0] - blind[0]).max() > 0.5


def test_no_stump_where_none_has_enough_cells():
    hits, states, readable = np.ones((3, 1)), np.ones((2, 2)), np.ones((3, 2))
    model = fit_stumps(hits, states, readable, np.ones((3, 2)), np.ones((3, 2), bool), least=50)
    assert len(model.step) == 0 and model.predict(hits, states, readable) == pytest.approx(np.ones((3, 2)))


def split_for(regime: str) -> np.ndarray:
    genes, conditions = parts(240)[:, None] + 0 * parts(30), parts(30)[None] + 0 * parts(240)[:, None]
    return {
        "new_gene": genes, "new_condition": conditions,
        "random_pair": np.random.default_rng(0).choice([0, 0, 0, 1, 2], size=(240, 30)),
        "new_gene_and_condition": np.where(genes == conditions, genes, -1),
    }[regime]  # fmt: skip


@pytest.mark.parametrize("regime", ["new_condition", "new_gene_and_condition"])  # known conditions' regulators shape all fits
def test_no_regulator_reads_its_own_test_value(planted, regime):
    values, X, R = planted
    split, own = split_for(regime), np.full(240, -1)
    own[::40] = np.arange(6)  # all of them test genes, where genes are held out
    problem = make_problem(regime, split, values, X, R, own)
    models = {name: partial(predict_baseline, name) for name in baselines_for(regime, True)}
    models |= {name: partial(predict_member, fitter) for name, fitter in fitters_for(problem).items()}
    for g in (0, 120):
        asked, changed = split[g] == 2, R.copy()
        changed[asked, own[g]] += np.where(R[asked, own[g]] > 0, -3, 3)
        for name, predict in models.items():
            told, blind = (predict(make_problem(regime, split, values, X, inputs, own))[g, asked] for inputs in (R, changed))
            assert told == pytest.approx(blind, abs=1e-5), name


def predict_member(fitter: Fitter, problem: CellProblem) -> np.ndarray:
    return fitter(problem, None)[0].predict(request_of(problem))


@pytest.mark.parametrize("regime", EVERYWHERE)
def test_no_baseline_reads_a_test_cell(planted, regime):
    values, X, R = planted
    split = split_for(regime)
    hidden = np.where((split == 0) | (split == 1), values, 1e6)
    for name in baselines_for(regime, True):
        told, blind = (predict_baseline(name, make_problem(regime, split, one, X, R)) for one in (values, hidden))
        assert np.array_equal(told, blind), name
        assert np.isfinite(told).all(), name


@pytest.mark.parametrize(("regime", "name"), [("new_gene", "kmer_ridge"), ("new_condition", "regulator_ridge"), ("random_pair", "svd")])
def test_baselines_learn_what_is_planted(planted, regime, name):
    values, X, R = planted
    values = (X[:, :4] @ np.random.default_rng(9).normal(size=(4, 6)) @ R.T) / 3 + 0.1 * np.random.default_rng(8).normal(size=values.shape)
    split = {
        "new_gene": np.repeat(parts(240)[:, None], 30, 1), "new_condition": np.repeat(parts(30)[None], 240, 0),
        "random_pair": np.random.default_rng(0).choice([0, 0, 0, 1, 2], size=values.shape),
    }[regime]  # fmt: skip
    told = predict_baseline(name, make_problem(regime, split, values, X, R))
    assert np.corrcoef(told[split == 2], values[split == 2])[0, 1] > 0.95


def test_majority_is_the_most_frequent_class(planted):
    values, X, R = planted
    values = np.where(np.arange(240)[:, None] % 3 == 0, values, 0.9)
    split = np.repeat(parts(240)[:, None], 30, 1)
    assert predict_baseline("majority", make_problem("new_gene", split, values, X, R)) == pytest.approx(0.9)


def test_regimes_and_motifs_decide_which_baselines_there_are():
    assert "svd" not in baselines_for("new_gene", True)
    assert "geneclass" not in baselines_for("new_gene", False)
    assert set(baselines_for("random_pair", True)) <= set(REGISTRY)
    with pytest.raises(InputError, match="needs motifs"):
        baselines_for("new_gene", False, ("motif_ridge",))
    with pytest.raises(InputError, match="nothing to learn"):
        baselines_for("new_gene", True, ("svd",))


@pytest.fixture
def unlike() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, features and split of random pairs: promoters tell which gene it is, and nothing of what it does."""
    rng = np.random.default_rng(8)
    values = rng.normal(size=(120, 3)) @ rng.normal(size=(3, 60))
    return values, rng.normal(size=(120, 300)), rng.choice([0, 0, 0, 0, 1, 2], size=values.shape)


@pytest.mark.parametrize("noise", [False, True])
def test_in_random_pairs_watched_cells_of_the_same_genes_choose_the_penalties(unlike, noise: bool):
    values, X, split = unlike
    values = np.random.default_rng(9).normal(size=values.shape) if noise else values
    problem = make_problem("random_pair", split, values, X, np.zeros((60, 4)))
    member, chosen = fit_ridge_member(problem, ("kmers", "motifs", "sites"))
    assert chosen.penalties is not None
    assert np.median(chosen.penalties) >= 5 if noise else set(chosen.penalties[:3]) == {min(SEEN_PENALTIES)}
    told = member.predict(request_of(problem))[split == 2]
    r = np.corrcoef(told, values[split == 2])[0, 1]
    assert r < 0.2 if noise else r > 0.7
    again, _ = fit_ridge_member(problem.with_watched(), ("kmers", "motifs", "sites"), chosen)
    assert again.model.penalty == pytest.approx(chosen.penalties)


@pytest.mark.parametrize("noise", [False, True])
def test_in_random_pairs_watched_cells_of_the_same_genes_choose_the_rounds(unlike, noise: bool):
    values, X, split = unlike
    values = np.random.default_rng(9).normal(size=values.shape) if noise else values
    problem = make_problem("random_pair", split, values, X, np.zeros((60, 4)))
    member, chosen = fit_trees_member(problem, ("motifs", "sites"))
    grown = {
        n: grow(problem.table.X[:, member.columns], problem.profiles(), (n,), problem).predict(problem.table.X[:, member.columns])
        for n in SEEN_ROUNDS
    }
    errors = {n: np.square(told - problem.values)[problem.watch].sum() for n, told in grown.items()}
    best = min(errors, key=errors.__getitem__)
    assert best == (min(SEEN_ROUNDS) if noise else max(SEEN_ROUNDS))
    assert chosen.rounds == rounds_of(member.model) == (best,) * len(member.model.boosters)
    assert member.predict(request_of(problem)) == pytest.approx(grown[best], abs=1e-5)
