"""The ensemble of sequence models: its name, its weights, and which cells each fit may predict."""

from pathlib import Path

import numpy as np
import pytest

from regdecode.genome.sequence_features import SequenceTable
from regdecode.models.deeprage_member_fits import Choices
from regdecode.models.deeprage_problem import CellProblem
from regdecode.training.deeprage_networks import Network
from regdecode.training.deeprage_stack import Stacked, fit_twice, model_name, reads_promoter_alone, stack_weights

PART = np.tile([0, 0, 1, 1, 2], (40, 4))
PATTERN = np.arange(800.0).reshape(40, 20)


def make_problem(values: np.ndarray) -> CellProblem:
    nothing = np.zeros((40, 0), np.float32)
    known, watch = PART == 0, PART == 1
    return CellProblem(
        values, known, watch, np.ones((20, 2)), np.full(40, -1), SequenceTable(nothing, {}, nothing), "random_pair", np.array([-0.5, 0.5])
    )


@pytest.mark.parametrize(("presets", "name"), [(["mine", "mine"], "mine"), (["mine", "other"], "default"), ([], "default")])
def test_an_ensemble_has_its_networks_preset_for_a_name(presets: list[str], name: str) -> None:
    assert model_name([Network(Path("x"), {"model": preset}, np.zeros(0)) for preset in presets]) == name


def test_weights_are_those_of_watched_cells_alone_and_equal_within_a_group() -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 40, 20))
    watched = PART == 1
    values = np.where(watched, 0.7 * (a + b) / 2 + 0.3 * c, rng.normal(size=(40, 20)) * 100)
    found = stack_weights([a, b, c, -values], ["network", "network", "ridge", "contrary"], make_problem(values))
    assert found == pytest.approx([0.35, 0.35, 0.3, 0], abs=1e-9)
    assert stack_weights([-values, -2 * values], ["one", "other"], make_problem(values)) == pytest.approx([0.5, 0.5])


def test_watched_cells_keep_the_first_fit_and_all_others_get_the_second() -> None:
    class Member:
        def __init__(self, told: float) -> None:
            self.told = told

        def predict(self, request) -> np.ndarray:
            return self.told * PATTERN

    def fitter(problem: CellProblem, chosen: Choices | None) -> tuple[Member, Choices]:
        return Member(2.0 if chosen else 1.0), Choices(rounds=(3,))

    stacked = fit_twice("member", fitter, make_problem(np.random.default_rng(1).normal(size=(40, 20))))
    np.testing.assert_array_equal(stacked.values, np.where(PART == 1, PATTERN, 2 * PATTERN))


def test_promoters_alone_are_networks_without_a_memory_and_members_named_so() -> None:
    networks = [Network(Path("x"), {"memory": {"genes": genes}}, np.zeros(0)) for genes in ([], ["g1"])]
    stacked = [Stacked(name, None, np.zeros(0)) for name in ("promoter_trees", "coding_trees", "kernel")]
    assert [reads_promoter_alone(k, networks, stacked) for k in range(5)] == [True, False, True, False, False]
