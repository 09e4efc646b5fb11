"""Arms permute whole genes inside each split, or keep one output."""

import numpy as np
import pytest

from regdecode.errors import InputError
from regdecode.training.arms import apply_arm, permutation, permute_genes, resolve_arm


def matrices(track):
    return [track.counts[track.offsets[g] : track.offsets[g + 1]].toarray() for g in range(len(track.genes))]


def test_permutation_stays_inside_splits(make_data):
    split = make_data(50).split
    source = permutation(split, 1)
    assert sorted(source) == list(range(50)) and (split[source] == split).all() and (source != np.arange(50)).any()
    np.testing.assert_array_equal(source, permutation(split, 1))


def test_whole_matrices_move(make_data):
    track = make_data(30).tracks[1]
    source = np.random.default_rng(0).permutation(30)
    moved = permute_genes(track, source)
    for g, matrix in enumerate(matrices(moved)):
        np.testing.assert_array_equal(matrix, matrices(track)[source[g]])
    np.testing.assert_array_equal(moved.bins_per_gene, track.bins_per_gene[source])
    assert moved.bases.sum() == track.bases.sum()


@pytest.mark.parametrize(
    ("arm", "moved"), [("shuffled_rna", [True, True, False]), ("shuffled_promoter", [False, False, True]), ("shuffled_all", [True] * 3)]
)
def test_arms_shuffle_their_side(make_data, arm, moved):
    data = make_data(50)
    after = apply_arm(data, arm)
    for before, now, changed in zip(data.tracks, after.tracks, moved):
        assert (now is not before) == changed
    np.testing.assert_array_equal(after.targets, data.targets)


def test_single_task(make_data):
    data = make_data(30)
    one = apply_arm(data, "single_task:t1")
    np.testing.assert_array_equal(one.targets, data.targets[:, 1:2])
    assert list(one.outputs) == ["t1"] and not one.has_level
    assert apply_arm(data, "single_task:level").has_level


def test_outputs_spread_by_variance(make_data):
    data = make_data(40)
    data.targets[:, :3] *= np.array([3.0, 10.0, 0.1]) / data.targets[data.split == "train", :3].std(0)
    data.targets[data.split == "test", 2] *= 1e6  # test genes have no say
    assert [resolve_arm(data, f"single_task:{i}/3") for i in (1, 2, 3)] == ["single_task:t2", "single_task:t0", "single_task:t1"]
    assert [resolve_arm(data, f"single_task:{i}/2") for i in (1, 2)] == ["single_task:t2", "single_task:t1"]
    assert resolve_arm(data, "single_task:level") == "single_task:level"
    with pytest.raises(InputError, match="no output 4 of 4 among 3"):
        resolve_arm(data, "single_task:4/4")


@pytest.mark.parametrize(
    ("arm", "message"), [("shuffle", "unknown arm 'shuffle'"), ("single_task:", "unknown arm"), ("single_task:liver", "no output 'liver'")]
)
def test_bad_arms(make_data, arm, message):
    with pytest.raises(InputError, match=message):
        apply_arm(make_data(20), arm)


def test_an_arm_that_shuffles_nothing_is_refused(make_data):
    with pytest.raises(InputError, match="shuffle nothing"):
        apply_arm(make_data(20, which="p"), "shuffled_rna")
