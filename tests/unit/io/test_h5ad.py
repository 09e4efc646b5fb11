"""Every record survives its file."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from regdecode.errors import InputError
from regdecode.io import h5ad
from regdecode.io.records import Attributions, CellPredictions, Cells, Expression, Predictions, Track


@pytest.fixture
def track() -> Track:
    counts = csr_matrix(np.array([[0, 5], [100, 0], [0, 0], [7, 7]], dtype=np.float32))
    genes, regulators, offsets = np.array(["g1", "g2", "g3"]), np.array(["A", "B"]), np.array([0, 2, 2, 4])
    bases, starts, ends = np.array([100, 100, 100, 40], np.int32), np.array([0, 100, 0, 100]), np.array([100, 200, 100, 140])
    return Track("tf_promoter", "tf", "promoter", 100, 30, genes, regulators, counts, offsets, bases, starts, ends)


def assert_same(left: object, right: object) -> None:
    for name, value in vars(left).items():
        other = getattr(right, name)
        if isinstance(value, csr_matrix):
            np.testing.assert_array_equal(value.toarray(), other.toarray())
        elif isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, other)
        elif isinstance(value, dict):
            assert value.keys() == other.keys()
        else:
            assert value == other


def test_features_survive(tmp_path, track):
    h5ad.write_features(tmp_path / "f.h5ad", track)
    assert_same(track, h5ad.read_features(tmp_path / "f.h5ad"))


def test_expression_survives_with_nan_and_without_level(tmp_path):
    values = np.array([[1.0, np.nan], [0.1, 2.0]])
    sheet, settings = {"age": np.array([1.5, 2.5])}, {"pseudocount": 0.25}
    expression = Expression(np.array(["g1", "g2"]), np.array(["a", "b"]), values, None, "log_ratio", sheet, settings)
    h5ad.write_expression(tmp_path / "e.h5ad", expression)
    back = h5ad.read_expression(tmp_path / "e.h5ad")
    assert_same(expression, back)
    assert list(back.target_names()) == ["a", "b"]


def test_targets_are_fold_changes_then_level():
    expression = Expression(np.array(["g"]), np.array(["a", "b", "c"]), np.array([[1.0, 2.0, 5.0]]), np.array([2.0]), "tpm")
    assert list(expression.target_names()) == ["a", "b", "c", "level"]
    np.testing.assert_array_equal(expression.targets(), [[-1, 0, 3, 2]])


def test_predictions_and_attributions_survive(tmp_path):
    values = np.array([[1, 2]], np.float32)
    predictions = Predictions(np.array(["g1"]), np.array(["test"]), np.array(["a", "level"]), values, {"model": "default"})
    h5ad.write_predictions(tmp_path / "p.h5ad", predictions)
    assert_same(predictions, h5ad.read_predictions(tmp_path / "p.h5ad"))
    genes, tracks, regulators = np.array(["g1", "g1"]), np.array(["t", "t"]), np.array(["A", "B"])
    attributions = Attributions(genes, tracks, regulators, np.array(["a"]), values.T, {"model": "m"})
    h5ad.write_attributions(tmp_path / "a.h5ad", attributions)
    assert_same(attributions, h5ad.read_attributions(tmp_path / "a.h5ad"))


def test_another_kind_of_file_is_refused(tmp_path, track):
    h5ad.write_features(tmp_path / "f.h5ad", track)
    with pytest.raises(InputError, match="holds 'features', not 'expression'"):
        h5ad.read_expression(tmp_path / "f.h5ad")
    (tmp_path / "no.h5ad").write_text("not hdf5")
    with pytest.raises(InputError, match="cannot be read"):
        h5ad.read_features(tmp_path / "no.h5ad")


def test_select_keeps_order_and_gives_absent_genes_no_bins(track):
    chosen = track.select(np.array(["g3", "new", "g1"]), np.array([False, True]))
    assert list(chosen.offsets) == [0, 2, 2, 4]
    np.testing.assert_array_equal(chosen.counts.toarray(), [[0], [7], [5], [0]])
    assert list(chosen.bases) == [100, 40, 100, 100]


def test_genes_with_site_counts_genes_not_bins(track):
    np.testing.assert_array_equal(track.genes_with_site().toarray(), [[1, 1], [0, 0], [1, 1]])


@pytest.mark.parametrize("unit", [None, np.array(["u1", "u1"])])
def test_cells_survive(tmp_path, unit):
    split = np.array([[0, 1, -1], [2, 0, 0]], np.int8)
    cells = Cells(np.array(["g1", "g2"]), np.array(["x", "y", "z"]), split, {"regime": "new_gene"}, unit)
    h5ad.write_cells(tmp_path / "c.h5ad", cells)
    assert_same(cells, h5ad.read_cells(tmp_path / "c.h5ad"))


@pytest.mark.parametrize("classes", [(), ("p_up", "p_down")])
def test_predictions_of_cells_survive(tmp_path, classes):
    values = np.array([[1.5, np.nan]], np.float32)
    layers = {name: np.full((1, 2), k, np.float32) for k, name in enumerate(classes)}
    predictions = CellPredictions(np.array(["g1"]), np.array(["x", "y"]), values, {"model": "m"}, layers)
    h5ad.write_cell_predictions(tmp_path / "p.h5ad", predictions)
    found = h5ad.read_cell_predictions(tmp_path / "p.h5ad")
    assert_same(predictions, found)
    assert {name: float(table[0, 0]) for name, table in found.probabilities.items()} == {name: k for k, name in enumerate(classes)}
    with pytest.raises(InputError, match="holds 'cell_predictions', not 'cells'"):
        h5ad.read_cells(tmp_path / "p.h5ad")
