"""Flat feature tables against sums by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from regdecode.errors import InputError
from regdecode.genome.summaries import LENGTH, WHOLE, compress, summarise, track_lengths, window_sums
from regdecode.io.records import Track

GENES = np.array(["g1", "g2", "g3"])


def make_track(on: str, bins: list[int], n_regulators: int = 2, name: str = "t", bin_size: int = 10) -> Track:
    rows = sum(bins)
    counts = np.random.default_rng(rows).integers(0, 3, (rows, n_regulators)).astype(np.float32)
    offsets = np.concatenate([[0], np.cumsum(bins)]).astype(np.int64)
    bases = np.full(rows, bin_size, np.int32)
    bases[-1] = 4
    positions = np.arange(rows, dtype=np.int64)
    regulators = np.array([f"R{i}" for i in range(n_regulators)])
    return Track(name, "tf", on, bin_size, 1, GENES, regulators, csr_matrix(counts), offsets, bases, positions, positions + bin_size)


def test_promoter_is_summed_in_three_parts():
    track = make_track("promoter", [6, 6, 6])
    design = summarise([track])
    dense = track.counts.toarray().reshape(3, 3, 2, 2).sum(axis=2)
    np.testing.assert_allclose(design.X, np.log1p(dense).reshape(3, 6), rtol=1e-6)
    assert design.names == ["t|R0|0", "t|R1|0", "t|R0|1", "t|R1|1", "t|R0|2", "t|R1|2"]


def test_uneven_edges_follow_bin_middles():
    track = make_track("promoter", [30, 30, 30])
    sums = window_sums(track, np.array([0, 1 / 3, 8 / 15, 11 / 15]))
    dense = track.counts.toarray().reshape(3, 30, 2)
    expected = np.stack([dense[:, 0:10].sum(1), dense[:, 10:16].sum(1), dense[:, 16:22].sum(1)], axis=1)
    np.testing.assert_array_equal(sums, expected)


def test_rna_is_summed_whole_with_its_length():
    track = make_track("rna", [2, 0, 5])
    design = summarise([track])
    dense = track.counts.toarray()
    expected = np.log1p(np.stack([dense[:2].sum(0), np.zeros(2), dense[2:].sum(0)]))
    np.testing.assert_allclose(design.X[:, :2], expected, rtol=1e-6)
    np.testing.assert_array_equal(track_lengths(track), [20, 0, 44])
    np.testing.assert_allclose(design.X[:, 2], np.log2([20, 1, 44]), rtol=1e-6)
    assert design.regulator[2] == LENGTH and set(design.window) == {WHOLE}


def test_two_rna_tracks_of_one_annotation_share_a_length_column():
    design = summarise([make_track("rna", [2, 3, 5], name="a"), make_track("rna", [2, 3, 5], name="b")])
    assert (design.regulator == LENGTH).sum() == 1


def test_links_keep_their_sign():
    track = make_track("gene", [1, 1, 1])
    track.counts.data[0] = -3
    design = summarise([track])
    np.testing.assert_allclose(design.X, compress(track.counts.toarray()), rtol=1e-6)
    assert design.X.min() == pytest.approx(-np.log(4))


def test_tracks_on_other_genes_and_falling_windows_are_refused():
    track = make_track("promoter", [6, 6, 6])
    with pytest.raises(InputError, match="not on the same genes"):
        summarise([track, track.select(GENES[::-1])])
    with pytest.raises(InputError, match="do not rise"):
        summarise([track], windows=[0, 0.5, 0.5])
    with pytest.raises(InputError, match="no feature table"):
        summarise([])
