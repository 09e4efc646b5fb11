"""Tracks, targets and splits meet on the same genes."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from regdecode.errors import InputError
from regdecode.io.h5ad import write_expression, write_features
from regdecode.io.records import Expression, Track
from regdecode.io.splits import write_splits
from regdecode.training.dataset import load_dataset


@pytest.fixture
def files(tmp_path):
    genes = np.array([f"g{i}" for i in range(6)])
    counts = csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 1, 0]], np.float32))
    one = np.ones(6, np.int32)
    start, end = np.zeros(6, np.int64), np.ones(6, np.int64)
    track = Track("tf_gene", "tf", "gene", 1, 2, genes, np.array(["A", "B", "C"]), counts, np.arange(7), one, start, end)
    write_features(tmp_path / "tf.h5ad", track)
    values = np.arange(12, dtype=float).reshape(6, 2)
    write_expression(tmp_path / "e.h5ad", Expression(genes[::-1], np.array(["x", "y"]), values[::-1], values[::-1].mean(1), "log2"))
    write_splits(tmp_path / "s.tsv", genes[[2, 0, 1, 4, 5]], np.array(["train", "train", "train", "validation", "test"]))
    return tmp_path


def test_rows_align_and_rare_regulators_are_judged_on_training_genes_alone(files):
    data = load_dataset([files / "tf.h5ad"], files / "e.h5ad", files / "s.tsv")
    assert list(data.genes) == ["g2", "g0", "g1", "g4", "g5"]
    assert list(data.tracks[0].regulators) == ["A"]  # B is on three genes, but on one training gene
    np.testing.assert_array_equal(data.targets[:, 2], [4.5, 0.5, 2.5, 8.5, 10.5])
    np.testing.assert_array_equal(data.targets[:, 0], -0.5)
    assert list(data.rows("train")) == [0, 1, 2]


def test_a_split_gene_without_expression_is_named(files):
    write_splits(files / "s.tsv", np.array(["g0", "lost"]), np.array(["train", "test"]))
    with pytest.raises(InputError, match="lost"):
        load_dataset([files / "tf.h5ad"], files / "e.h5ad", files / "s.tsv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gene\tsplit\ng\ttrain\n", "no column gene_id"),
        ("gene_id\tsplit\ng\ttrian\n", "'trian'"),
        ("gene_id\tsplit\ng\ttrain\ng\ttest\n", "twice, first g"),
    ],
)
def test_bad_splits_are_refused(files, text, message):
    (files / "s.tsv").write_text(text)
    with pytest.raises(InputError, match=message):
        load_dataset([files / "tf.h5ad"], files / "e.h5ad", files / "s.tsv")
