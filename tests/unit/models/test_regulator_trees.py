"""Trees on what the regulators' ridge leaves: descriptions equal slow twins, left-out series are not read, and they find a curve."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from regdecode.genome.sequence_features import SequenceTable
from regdecode.models import regulator_trees
from regdecode.models.completion import Gaussian
from regdecode.models.condition_weights import ConditionModel, regulator_precision
from regdecode.models.deeprage_member_fits import fit_regulator_member
from regdecode.models.deeprage_members import RegulatorMember, request_of
from regdecode.models.deeprage_problem import CellProblem
from regdecode.models.regulator_trees import NEIGHBOURS, Known, LeftOut, describe, fit_regulator_trees, new_features
from regdecode.training.deeprage_learned import load_member, save_member


class Planted(NamedTuple):
    """Genes that answer only upwards to the factors that regulators follow linearly; conditions in series of four."""

    values: np.ndarray
    inputs: np.ndarray
    series: np.ndarray


@pytest.fixture(scope="module")
def planted() -> Planted:
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(80, 3))
    inputs = factors @ rng.normal(size=(3, 25)) + rng.normal(0, 0.1, (80, 25))
    values = np.maximum(rng.normal(size=(400, 3)) @ factors.T, 0) + rng.normal(0, 0.1, (400, 80))
    return Planted(values, inputs, np.repeat([f"s{k}" for k in range(20)], 4))


def problem_of(planted: Planted, series: np.ndarray | None) -> CellProblem:
    """The last 24 conditions are held out: 12 choose, 12 test; ten genes are regulators; a tenth of the cells is missing."""
    rng = np.random.default_rng(1)
    values = np.where(rng.random(planted.values.shape) < 0.1, np.nan, planted.values)
    part = np.repeat([0, 1, 2], [56, 12, 12])
    own = np.where(np.arange(400) < 10, np.arange(400), -1)
    nothing = np.zeros((400, 0), np.float32)
    cells = np.isfinite(values)
    return CellProblem(
        values, cells & (part == 0), cells & (part == 1), planted.inputs, own, SequenceTable(nothing, {}, nothing), "new_condition",
        np.array([-0.5, 0.5]), series=series,
    )  # fmt: skip


def ridge(planted: Planted, conditions: np.ndarray) -> tuple[Known, ConditionModel]:
    known = Known(planted.values[:, conditions], planted.inputs[conditions])
    return known, ConditionModel(known.inputs, regulator_precision(known.inputs, known.profiles), 0.3)


def test_left_out_conditions_equal_ridges_without_them(planted: Planted) -> None:
    inputs, profiles = planted.inputs[:12], planted.values[:5, :12]
    model = ConditionModel(inputs, np.linspace(0.5, 1.5, 25), 0.2)
    scaled = inputs * model.precision
    penalty = 0.2 * np.trace(scaled @ inputs.T) / 12
    for s in range(12):
        others = np.delete(np.arange(12), s)
        kernel = scaled[others] @ inputs[others].T + penalty * np.eye(11)
        expected = profiles[:, others] @ np.linalg.solve(kernel, scaled[others] @ inputs[s])
        assert model.left_out(profiles)[:, s] == pytest.approx(profiles[:, s] - expected)


def test_features_of_a_cell_by_hand(planted: Planted) -> None:
    known, model = ridge(planted, np.arange(60))
    new = planted.inputs[60:]
    described = describe(known, model, new)
    features = np.concatenate([block for _, block in new_features(known, described)])
    g, n = 133, 7
    assert features.shape[:2] == (400, 20)
    weights = model.weights(new)[:, n]
    assert features[g, n, 0] == pytest.approx(known.profiles[g] @ weights, rel=1e-4)
    correlation = np.array([np.corrcoef(known.profiles[g], known.inputs[:, r])[0, 1] for r in range(25)])
    best = np.argsort(-correlation)[: NEIGHBOURS[0]]
    spread = known.profiles[g].std() / known.inputs[:, best].std(axis=0)
    weight = np.maximum(correlation[best], 0.01) ** 2
    surprise = new[n] - known.inputs.T @ weights
    assert features[g, n, 2] == pytest.approx(np.average(new[n, best] * spread, weights=weight), rel=1e-4)
    assert features[g, n, 3] == pytest.approx(np.average(surprise[best] * spread, weights=weight), rel=1e-3, abs=1e-5)
    cosine = known.inputs @ new[n] / np.linalg.norm(known.inputs, axis=1) / np.linalg.norm(new[n])
    close = np.maximum(cosine, 0) ** 12
    assert features[g, n, 6] == pytest.approx(np.average(known.profiles[g], weights=close), rel=1e-4)
    assert features[g, n, 7] == pytest.approx(np.average(model.left_out(known.profiles)[g], weights=close), rel=1e-3, abs=1e-5)
    assert features[g, n, 8:11] == pytest.approx(known.profiles[g, np.argsort(-cosine)[:3]], rel=1e-5)
    assert features[g, n, 11:13] == pytest.approx([known.profiles[g].mean(), known.profiles[g].std()], rel=1e-4)


@pytest.mark.parametrize("limit", [None, 1.345])
def test_a_left_out_series_is_described_by_the_others_alone(planted: Planted, monkeypatch, limit: float | None) -> None:
    seen: list[tuple[np.ndarray, np.ndarray]] = []
    monkeypatch.setattr(regulator_trees, "fit_trees", lambda X, y, *rest, **more: seen.append((X, y)))
    for shift in (0.0, 3.0):
        values = planted.values.copy()
        values[:, planted.series == "s4"] += shift
        gaussian = Gaussian(np.zeros(80), np.cov(planted.values.T) + 0.1 * np.eye(80))
        left_out = LeftOut(values, planted.inputs, planted.series, gaussian)
        fit_regulator_trees(left_out, ConditionModel(planted.inputs, np.ones(25), 0.3, limit), None, 5)
    (before, left_before), (after, left_after) = seen
    assert before.shape[0] == 400 * 80
    same = (before == after).all(axis=1)
    moved = np.isclose(left_after - left_before, shift)[:, 0]
    assert moved.sum() == 400 * 4
    assert same[moved].all()
    assert same[~moved].mean() < 0.01


def test_trees_learn_that_genes_answer_only_upwards(planted: Planted, tmp_path) -> None:
    problem = problem_of(planted, planted.series)
    test, others = np.arange(68, 80), slice(10, None)
    found = {}
    for trees in (False, True):
        member, choices = fit_regulator_member(problem, trees=trees)
        found[trees] = member.predict(request_of(problem))
    truth = planted.values[others, 68:]
    error = {trees: float(np.square(predicted[others][:, test] - truth).mean()) for trees, predicted in found.items()}
    assert error[True] < 0.5 * error[False]
    np.testing.assert_array_equal(found[True][:10], found[False][:10])
    save_member(tmp_path / "m", "regulator_trees", member)
    again = load_member(tmp_path / "m")[1]
    assert isinstance(again, RegulatorMember)
    np.testing.assert_allclose(again.predict(request_of(problem)), found[True], atol=1e-6)
    refit, kept = fit_regulator_member(problem.with_watched(), choices, trees=True)
    assert kept.rounds == choices.rounds
    assert refit.profiles.shape == (400, 68)


@pytest.mark.parametrize("sizes", [[1, 1, 1], [4, 1]])
def test_trees_of_few_conditions_meet_as_many_columns_as_they_were_fitted_on(planted: Planted, sizes: list[int]) -> None:
    """Where a series is left out fewer conditions are known than there are columns for the nearest."""
    n = sum(sizes)
    series = np.concatenate([np.repeat([f"s{k}" for k in range(len(sizes))], sizes), np.repeat("new", 2)])
    few = problem_of(planted, None)
    few = replace(
        few, values=few.values[:, : n + 2], known=np.isfinite(few.values[:, : n + 2]) & (np.arange(n + 2) < n),
        watch=np.isfinite(few.values[:, : n + 2]) & (np.arange(n + 2) == n), inputs=few.inputs[: n + 2], series=series,
    )  # fmt: skip
    member, _ = fit_regulator_member(few, trees=True)
    assert member.trees is not None
    assert np.isfinite(member.predict(request_of(few))[10:, n:]).all()


def test_a_second_fit_grows_no_trees_that_the_first_did_not(planted: Planted) -> None:
    """One series cannot be left out; with the watched one there are two, but no one chose how long their trees grow."""
    problem = problem_of(planted, np.repeat(["known", "watched", "test"], [56, 12, 12]))
    member, choices = fit_regulator_member(problem, trees=True)
    again, _ = fit_regulator_member(problem.with_watched(), choices, trees=True)
    assert member.trees is None
    assert again.trees is None


def test_without_series_every_condition_is_its_own_and_one_series_has_no_trees(planted: Planted) -> None:
    assert fit_regulator_member(problem_of(planted, None), trees=True)[0].trees is not None
    problem = problem_of(planted, np.repeat("one", 80))
    member, choices = fit_regulator_member(problem, trees=True)
    assert member.trees is None
    assert choices.rounds is None
    plain = fit_regulator_member(problem)[0]
    np.testing.assert_array_equal(member.predict(request_of(problem)), plain.predict(request_of(problem)))
