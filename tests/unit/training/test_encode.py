"""Sparse pooling equals what the network does to dense inputs."""

import numpy as np
import pytest
import torch

from regdecode.models.decode import build_network
from regdecode.training.encode import dense_inputs, encode_tracks, regulator_scales, side, track_shapes


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("profile", {"promoter_window": 250, "rna_windows": (200, 700)}),
        ("profile", {"promoter_window": 0}),
        ("decode2020", {}),
        ("decode2020", {"rna_kernel": 3, "rna_layers": 3, "promoter_kernel": 2}),
    ],
)
@pytest.mark.parametrize("scale", ["none", "max"])
def test_encoded_features_equal_the_forward_pass(make_data, kind, settings, scale):
    data = make_data(40)
    scales = regulator_scales(data.tracks, data.split == "train", scale)
    net = build_network(kind, settings, track_shapes(data.tracks), 4).eval()
    rows = np.array([3, 0, 17, 39])
    dense = dense_inputs(data.tracks, scales, rows)
    features = encode_tracks(net, data.tracks, scales)
    torch.testing.assert_close(net.encode(dense), features[rows], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(net(dense), net.predict_encoded(features)[rows], rtol=1e-4, atol=1e-4)


def test_scales_are_the_largest_bin_of_a_training_gene(make_data):
    data = make_data(40)
    train = data.split == "train"
    for track, scale in zip(data.tracks, regulator_scales(data.tracks, train, "max")):
        rows = np.concatenate([np.arange(track.offsets[g], track.offsets[g + 1]) for g in np.flatnonzero(train)])
        largest = track.counts.toarray()[rows].max(0)
        np.testing.assert_array_equal(scale, np.where(largest > 0, largest, 1))


def test_shapes_and_sides(make_data):
    data = make_data(20)
    assert [(shape.name, shape.branch) for shape in track_shapes(data.tracks)] == [
        ("mirna_rna", "links"),
        ("rbp_rna", "rna"),
        ("tf_promoter", "promoter"),
    ]
    assert [side(track) for track in data.tracks] == ["rna", "rna", "promoter"]


def test_a_gene_without_bins_is_all_zero(make_data):
    data = make_data(20)
    tracks = tuple(track.select(np.array(["g0", "absent"])) for track in data.tracks)
    scales = regulator_scales(tracks, np.array([True, False]), "none")
    net = build_network("profile", {}, track_shapes(tracks), 2)
    assert torch.count_nonzero(encode_tracks(net, tracks, scales)[1]) == 0
