"""What the bootstrap of an evaluation draws in each regime."""

import numpy as np
import pandas as pd
import pytest

from regdecode.io.records import Cells
from regdecode.training.deeprage_evaluation import CellCandidate, CellTruth, draw_units, held_units, write_cell_evaluation

SERIES = np.array(["b", "b", "a", "a", "c"])
UNIT = np.array(["u2", "u1", "u2", "u3", "u4", "u4"])


def cells_of(regime: str, unit: np.ndarray | None = None) -> Cells:
    """Six genes in five conditions; the corner of the first three in the first four is tested."""
    split = np.zeros((6, 5), np.int8)
    split[:3, :4] = 2
    return Cells(np.array(list("fedcba")), np.array(list("vwxyz")), split, {"regime": regime, "fold": "0"}, unit)


def drawn_of(cells: Cells, n: int):
    empty = np.zeros(cells.split.shape)
    return draw_units(CellTruth(cells, empty, empty, np.array([0.0]), SERIES, cells.genes, held_units(cells, SERIES)), 2, n, 3)


@pytest.mark.parametrize(
    ("regime", "sides"), [("new_gene", {0}), ("random_pair", {0}), ("new_condition", {1}), ("new_gene_and_condition", {0, 1})]
)
def test_units_of_the_sides_that_were_held_out(regime: str, sides: set[int]) -> None:
    units = held_units(cells_of(regime), SERIES)
    assert set(units) == sides
    if 0 in sides:
        np.testing.assert_array_equal(units[0], np.arange(6))
        np.testing.assert_array_equal(held_units(cells_of(regime, UNIT), SERIES)[0], [1, 0, 1, 2, 3, 3])
    if 1 in sides:
        np.testing.assert_array_equal(units[1], [1, 1, 0, 0, 2])
        np.testing.assert_array_equal(held_units(cells_of(regime), None)[1], np.arange(5))


def test_units_of_the_part_alone_are_drawn() -> None:
    """Genes draw what they draw where they alone are new, and series do not follow them."""
    alone, both = drawn_of(cells_of("new_gene"), 500), drawn_of(cells_of("new_gene_and_condition"), 500)
    np.testing.assert_array_equal(alone[0].counts[:, :3], np.random.default_rng(3).multinomial(3, np.full(3, 1 / 3), size=500))
    np.testing.assert_array_equal(alone[0].counts[:, 3:], 0)
    np.testing.assert_array_equal(both[0].counts, alone[0].counts)
    np.testing.assert_array_equal(both[1].counts[:, :2].sum(1), 2)
    np.testing.assert_array_equal(both[1].counts[:, 2], 0)
    by_unit = drawn_of(cells_of("new_gene_and_condition", UNIT), 500)
    np.testing.assert_array_equal(by_unit[0].counts[:, :2].sum(1), 2)
    np.testing.assert_array_equal(by_unit[0].weights()[:, 0], by_unit[0].weights()[:, 2])
    assert abs(np.corrcoef(by_unit[0].counts[:, 0], by_unit[1].counts[:, 0])[0, 1]) < 0.15


@pytest.mark.parametrize(("series", "known"), [(["b", "b", "a", "a", "c"], True), (["b", "b", "b", "b", "c"], False)])
def test_one_series_alone_tells_no_difference(tmp_path, series: list[str], known: bool) -> None:
    """No interval, and no share of resamples either, which would read as certain."""
    cells, rng = cells_of("new_condition"), np.random.default_rng(0)
    values = rng.normal(size=cells.split.shape)
    classes = (values > 0).astype(np.int8)
    truth = CellTruth(cells, values, classes, np.array([0.0]), np.array(series), cells.genes, held_units(cells, np.array(series)))
    candidates = [
        CellCandidate(name, "r1", "all", told := values + scale * rng.normal(size=values.shape), (told > 0).astype(np.int8), None)
        for name, scale in (("good", 0.1), ("bad", 2.0))
    ]
    write_cell_evaluation(tmp_path / "out", truth, candidates, "mini", 0, 50)
    found = pd.read_csv(tmp_path / "out" / "comparisons.tsv", sep="\t").iloc[0]
    assert found["difference"] > 0
    assert found[["low", "high", "share_not_better"]].notna().all() == known
    assert found[["low", "high", "share_not_better"]].isna().all() == (not known)
