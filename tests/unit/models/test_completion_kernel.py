"""Kernel ridge of cells on similar genes: against a slow twin, without a cell's own value, and where something is curved."""

import numpy as np
import pytest

from regdecode.genome.sequence_features import SequenceTable
from regdecode.models import completion_kernel
from regdecode.models.completion import Gaussian, fit_gaussian
from regdecode.models.completion_kernel import PENALTY, complete_by_kernel, fit_gene_kernel, similarity
from regdecode.models.deeprage_member_fits import fit_kernel_member
from regdecode.models.deeprage_members import CompletionMember, Request, request_of
from regdecode.models.deeprage_problem import CellProblem
from regdecode.training.deeprage_learned import load_member, save_member


def curved(n_genes: int = 400) -> np.ndarray:
    """Ten conditions that follow a gene's state, and one that follows its square."""
    rng = np.random.default_rng(0)
    state = rng.normal(size=(n_genes, 1))
    return np.concatenate([state * rng.normal(size=(1, 10)) + rng.normal(0, 0.2, (n_genes, 10)), state**2 - 1], axis=1)


def some_known(truth: np.ndarray) -> np.ndarray:
    """A fifth of the cells is not known."""
    return np.where(np.random.default_rng(1).random(truth.shape) < 0.2, np.nan, truth)


def fitted(values: np.ndarray) -> Gaussian:
    return fit_gaussian(np.nan_to_num(values), np.isfinite(values))


def problem_of(values: np.ndarray, known: np.ndarray, seed: int = 0) -> CellProblem:
    nothing = np.zeros((len(values), 0), np.float32)
    inputs, own = np.zeros((values.shape[1], 1)), np.full(len(values), -1)
    table = SequenceTable(nothing, {}, nothing)
    return CellProblem(values, known, np.zeros_like(known), inputs, own, table, "random_pair", np.array([-0.5, 0.5]), seed)


def twin(gaussian: Gaussian, values: np.ndarray, learners: np.ndarray) -> np.ndarray:
    """The slow twin: every condition anew, every pair of genes by itself, and the textbook's normal equations."""
    completed = np.empty(values.shape)
    for s in range(values.shape[1]):
        known = np.isfinite(values)
        known[:, s] = False
        expected, _ = gaussian.complete(np.nan_to_num(values), known)
        profiles = np.where(known, values, expected)
        distance = np.array([[np.square(a - b).sum() for b in profiles] for a in profiles])
        kernel = 1 / np.sqrt(1 + distance / distance.mean())
        seen = np.array([g for g in learners if np.isfinite(values[g, s])])
        block = kernel[np.ix_(seen, seen)] + PENALTY * np.eye(len(seen))
        completed[:, s] = expected[:, s] + kernel[:, seen] @ np.linalg.solve(block, values[seen, s] - expected[seen, s])
    return completed


def completed_by(gaussian: Gaussian, values: np.ndarray) -> np.ndarray:
    return complete_by_kernel(gaussian, values, fit_gene_kernel(gaussian, values))


@pytest.mark.parametrize("most", [50, 14])
def test_every_cell_equals_its_slow_twin(monkeypatch, most):
    monkeypatch.setattr(completion_kernel, "MOST_GENES", most)
    values = some_known(curved(40))
    values[7] = np.nan
    gaussian = fitted(values)
    kernel = fit_gene_kernel(gaussian, values)
    assert len(kernel.learners) == min(most, 40)
    np.testing.assert_allclose(complete_by_kernel(gaussian, values, kernel), twin(gaussian, values, kernel.learners), atol=2e-5)


def test_similarity_by_hand():
    rows, others = np.random.default_rng(0).normal(size=(2, 30, 5)).astype(np.float32)
    expected = 1 / np.sqrt(1 + np.square(rows[:, None] - others[None]).sum(axis=2))
    np.testing.assert_allclose(similarity(rows, others), expected, atol=1e-6)
    np.testing.assert_allclose(np.diag(similarity(rows, rows)), 1, atol=1e-5)


def test_neither_units_nor_a_shift_matter():
    values = some_known(curved(30))
    told = [completed_by(fitted(one), one) for one in (values, 50 * values + 3)]
    np.testing.assert_allclose(50 * told[0] + 3, told[1], atol=2e-3)


def test_genes_that_are_all_the_same_get_what_is_expected():
    assert not completed_by(Gaussian(np.zeros(4), np.eye(4)), np.zeros((3, 4))).any()


def test_a_condition_in_which_no_learner_is_known_gets_what_is_expected(monkeypatch):
    monkeypatch.setattr(completion_kernel, "MOST_GENES", 5)
    values = some_known(curved(40))
    learners = fit_gene_kernel(fitted(values), values).learners
    values[learners, 3] = np.nan
    gaussian = fitted(values)
    expected, _ = gaussian.complete(np.nan_to_num(values), np.isfinite(values))
    np.testing.assert_allclose(completed_by(gaussian, values)[:, 3], expected[:, 3])


def test_what_is_curved_is_found():
    truth = curved()
    values = some_known(truth)
    gaussian = fitted(values)
    told = completed_by(gaussian, values)
    linear, _ = gaussian.complete(np.nan_to_num(values), np.isfinite(values))
    hidden = np.isnan(values[:, 10])
    error = [np.square(one - truth)[hidden, 10].mean() for one in (told, linear)]
    assert error[0] < 0.3 * error[1]


def test_an_unknown_cell_is_not_read_and_a_known_one_is():
    truth = curved(60)
    known = np.isfinite(some_known(truth))
    told = []
    for g, s in (np.argwhere(~known)[3], np.argwhere(known)[3]):
        changed = truth.copy()
        changed[g, s] += 3
        told.append([fit_kernel_member(one)[0].predict(request_of(one)) for one in (problem_of(truth, known), problem_of(changed, known))])
    np.testing.assert_array_equal(*told[0])
    assert not np.array_equal(*told[1])


def test_of_many_genes_some_are_drawn_by_the_seed(monkeypatch):
    monkeypatch.setattr(completion_kernel, "MOST_GENES", 25)
    truth, known = curved(60), np.isfinite(some_known(curved(60)))
    drawn = [fit_kernel_member(problem_of(truth, known, seed))[0].rest.learners for seed in (0, 0, 1)]
    assert [len(one) for one in drawn] == [25, 25, 25]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_cells_find_their_genes_and_conditions(tmp_path):
    values = some_known(curved(40)).astype(np.float32)
    gaussian = fitted(values)
    member = CompletionMember(gaussian, values, fit_gene_kernel(gaussian, values))
    request = Request(np.zeros((3, 0)), np.zeros((13, 2)), np.full(3, -1), np.array([*range(11), -1, 4]), np.array([2, -1, 6]))
    predicted = member.predict(request)
    completed = complete_by_kernel(gaussian, values.astype(float), member.rest)
    np.testing.assert_array_equal(predicted[[0, 2], :11], completed[[2, 6]])
    np.testing.assert_array_equal(predicted[[0, 2], 12], completed[[2, 6], 4])
    np.testing.assert_array_equal(predicted[1, :11], gaussian.mean)
    assert np.isnan(predicted[:, 11]).all()
    save_member(tmp_path / "m", "completion_kernel", member)
    name, again = load_member(tmp_path / "m")
    assert name == "completion_kernel"
    np.testing.assert_array_equal(again.predict(request), predicted)
