"""Learned members of DeepRAGE: members that read conditions alike are carried together."""

from dataclasses import replace

import numpy as np
import pytest

from regdecode.models.condition_weights import HUBER, ConditionModel
from regdecode.models.deeprage_members import Request, SequenceMember, sum_sequence_members
from regdecode.models.sequence_ridge import fit_sequence_ridge

GENES, KNOWN, NEW, REGULATORS = 30, 12, 4, 5


@pytest.fixture
def members() -> list[SequenceMember]:
    """Two that read conditions alike, from arrays of their own, as read from disk; a third with another penalty."""
    rng = np.random.default_rng(0)
    X, profiles, inputs = rng.normal(size=(GENES, 6)), rng.normal(size=(GENES, KNOWN)), rng.normal(size=(KNOWN, REGULATORS))
    found = []
    for columns, penalty in ((np.arange(3), 0.1), (np.arange(6), 0.1), (np.arange(3, 6), 0.5)):
        model = fit_sequence_ridge(X[:, columns], profiles, [(len(columns), 1.0)], None, np.full(2, 1.0), 2)
        found.append(SequenceMember(columns, model, ConditionModel(inputs.copy(), np.ones(REGULATORS), penalty, HUBER)))
    return found


@pytest.fixture
def request_of_new() -> Request:
    rng = np.random.default_rng(1)
    own, place = np.full(GENES, -1), np.array([3, *[-1] * NEW])
    own[:REGULATORS] = np.arange(REGULATORS)
    return Request(rng.normal(size=(GENES, 6)), rng.normal(size=(1 + NEW, REGULATORS)), own, place, np.full(GENES, -1))


def test_the_sum_is_that_of_the_members_one_by_one(members, request_of_new):
    weighted = list(zip((0.5, 0.3, 0.4), members, strict=True))
    one_by_one = sum(weight * member.predict(request_of_new) for weight, member in weighted)
    assert sum_sequence_members(weighted, request_of_new) == pytest.approx(one_by_one, abs=1e-12)


def test_weights_are_solved_for_once_for_all_that_read_conditions_alike(members, request_of_new, monkeypatch):
    solved = []
    plain = ConditionModel.weights

    def counted(model: ConditionModel, new: np.ndarray, without: int = -1) -> np.ndarray:
        solved.append((model.penalty, without))
        return plain(model, new, without)

    monkeypatch.setattr(ConditionModel, "weights", counted)
    sum_sequence_members([(1.0, member) for member in members], request_of_new)
    assert sorted(solved) == [(penalty, without) for penalty in (0.1, 0.5) for without in range(-1, REGULATORS)]


@pytest.mark.parametrize("field", ["inputs", "precision", "penalty", "limit"])
def test_conditions_that_differ_in_anything_are_not_alike(members, field):
    one = members[0].conditions
    assert one.equals(members[1].conditions)
    assert not one.equals(replace(one, **{field: 2 * getattr(one, field)}))
