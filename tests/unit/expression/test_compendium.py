"""The compendium: own entries, missing values, absent regulators."""

import numpy as np
import pytest

from regdecode.errors import InputError
from regdecode.expression.compendium import build_compendium, find_regulators, target_ratios
from regdecode.io.notes import Notes
from regdecode.io.records import Expression

GENES = np.array(["g1", "g2", "g3", "g4"])
VALUES = np.array([[1.0, 2.0], [np.nan, 4.0], [5.0, 6.0], [7.0, np.nan]])
TRAINING = np.zeros((4, 2), np.int8)


def expression(values=VALUES) -> Expression:
    return Expression(GENES, np.array(["x", "y"]), values, None, "log_ratio")


def test_inputs_and_own_entries() -> None:
    found = build_compendium(expression(), np.array(["g4", "g2", "g1"]), TRAINING[:3], np.array([1, 3]))
    assert found.regulators.tolist() == ["g2", "g4"]
    assert found.inputs.tolist() == [[0, 7], [4, 0]]
    assert found.own.tolist() == [1, 0, -1]
    np.testing.assert_array_equal(found.values, VALUES[[3, 1, 0]])


def test_levels_become_fold_changes() -> None:
    values = np.array([[1.0, 3.0], [2.0, 2.0], [0.0, 8.0], [1.0, 1.0]])
    found = build_compendium(Expression(GENES, np.array(["x", "y"]), values, np.median(values, 1), "tpm"), GENES, TRAINING, np.array([0]))
    assert found.values[2].tolist() == [-4, 4]
    assert found.inputs[:, 0].tolist() == [-1, 1]


def test_no_held_out_level_moves_a_training_target() -> None:
    rng = np.random.default_rng(0)
    levels, split = rng.normal(size=(4, 6)), np.zeros((4, 6), np.int8)
    split[:3, 4:] = 2  # held-out conditions
    split[3], split[3, 4:] = -1, 2  # a new gene in them
    changed = np.where(split == 2, rng.normal(size=(4, 6)) + 9, levels)
    before, after = (
        target_ratios(Expression(GENES, np.arange(6).astype(str), values, np.median(values, 1), "tpm"), np.arange(4), split)
        for values in (levels, changed)
    )
    np.testing.assert_array_equal(before[split != 2], after[split != 2])
    np.testing.assert_allclose(before, levels - np.median(levels[:, :4], axis=1, keepdims=True))
    np.testing.assert_allclose(after[split == 2] - before[split == 2], (changed - levels)[split == 2])


def test_a_gene_without_a_value_where_others_train_has_no_target() -> None:
    levels, split = np.array([[np.nan, 3.0], [1.0, 2.0]]), np.array([[2, 2], [0, 2]], np.int8)
    found = target_ratios(Expression(GENES[:2], np.array(["x", "y"]), levels, np.array([3.0, 1.5]), "tpm"), np.arange(2), split)
    np.testing.assert_array_equal(found, [[np.nan, np.nan], [0, 1]])


def test_regulators_by_id_or_name_and_every_absent_one_is_listed() -> None:
    notes = Notes("n")
    rows = find_regulators(["g3", "ABC1", "zz", "yy"], GENES, np.array(["ABC1", "", "", ""]), notes, "list")
    assert rows.tolist() == [2, 0]
    assert [(note.n, note.why) for note in notes.notes if "not in" in note.what] == [(2, "zz, yy")]
    with pytest.raises(InputError, match=r"list: 3 of 4 regulators are not in the expression matrix: a, b, c"):
        find_regulators(["g3", "a", "b", "c"], GENES, GENES, notes, "list")


def test_a_condition_without_a_value_is_named() -> None:
    values = VALUES.copy()
    values[:, 1] = np.nan
    with pytest.raises(InputError, match="condition y has no measured value"):
        build_compendium(expression(values), GENES, TRAINING, np.array([0]))
