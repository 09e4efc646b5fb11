"""Test regimes: what is held out is held out."""

import numpy as np
import pytest

from regdecode.errors import InputError
from regdecode.expression.cell_leakage import overlapping, windows_of
from regdecode.expression.cells import cross_parts, fold_order, parts_of, random_folds, random_pair_parts, whole_folds, without_missing
from regdecode.genome.windows import Windows


def test_a_fold_tests_and_the_next_one_tunes() -> None:
    labels = np.array(["0", "1", "2", "10", "", "0"])
    assert fold_order(["10", "2", "0"]) == ["0", "2", "10"]
    assert parts_of(labels, "0").tolist() == [2, 1, 0, 0, -1, 2]
    assert parts_of(labels, "10").tolist() == [1, 0, 0, 2, -1, 1]
    with pytest.raises(InputError, match="fold '7' of 0, 1, 2, 10"):
        parts_of(labels, "7")


def test_random_folds_are_even_and_repeat() -> None:
    folds = random_folds(23, 5, 1)
    assert sorted(np.unique(folds, return_counts=True)[1].tolist()) == [4, 4, 5, 5, 5]
    np.testing.assert_array_equal(folds, random_folds(23, 5, 1))
    assert np.any(folds != random_folds(23, 5, 2))


def test_a_series_is_in_one_fold() -> None:
    series = np.repeat([f"s{k}" for k in range(9)], np.arange(1, 10))
    folds = whole_folds(series, 3, 0, "series")
    assert all(len(set(folds[series == name])) == 1 for name in set(series))
    sizes = np.unique(folds, return_counts=True)[1]
    assert sizes.max() - sizes.min() <= 2
    with pytest.raises(InputError, match="9 series for 10 folds"):
        whole_folds(series, 10, 0, "series")


def test_random_pairs_are_the_draw_told() -> None:
    parts = random_pair_parts((300, 40), 0.1, 3)
    draw = np.random.default_rng(3).random((300, 40))
    np.testing.assert_array_equal(parts == 2, draw < 0.1)
    np.testing.assert_array_equal(parts == 1, (draw >= 0.1) & (draw < 0.2))


def test_new_genes_in_new_conditions_share_neither() -> None:
    parts = cross_parts(np.array([0, 1, 2, -1], np.int8), np.array([0, 2, 1], np.int8))
    assert parts.tolist() == [[0, -1, -1], [-1, -1, 1], [-1, 2, -1], [-1, -1, -1]]


def test_missing_cells() -> None:
    parts, values = np.array([[0, 2]], np.int8), np.array([[np.nan, 1.0]])
    assert without_missing(parts, values, "drop").tolist() == [[-1, 2]]
    assert without_missing(parts, values, "zero").tolist() == [[0, 2]]


def test_windows_that_share_a_base() -> None:
    rng = np.random.default_rng(0)
    start = rng.integers(0, 3000, 60)
    windows = Windows(rng.choice(["chrI", "chrII", ""], 60), start, start + rng.integers(1, 60, 60), np.full(60, "+"))
    query, pool = rng.random(60) < 0.4, rng.random(60) < 0.5
    pool &= ~query
    spans = [set(range(a, b)) for a, b in zip(windows.start, windows.end, strict=True)]
    near = [[windows.chrom[k] == windows.chrom[g] != "" and bool(spans[k] & spans[g]) for k in np.flatnonzero(pool)] for g in range(60)]
    brute = [any(near[g]) for g in np.flatnonzero(query)]
    assert 0 < sum(brute) < len(brute)
    np.testing.assert_array_equal(overlapping(windows, query, pool), brute)


def test_windows_are_read_off_descriptions() -> None:
    windows = windows_of(np.array(["a", "b", "c"]), {"a": "chrI:100-700(-)", "b": "no place"})
    assert windows.chrom.tolist() == ["chrI", "", ""]
    assert (windows.start[0], windows.end[0], windows.strand[0]) == (100, 700, "-")
