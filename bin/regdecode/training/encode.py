"""Tracks as a network reads them: dense inputs of a few genes, or the pooled features of all genes at once.

Axes: G genes, B bins, W windows, R regulators, F features.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from regdecode.io.records import Track
from regdecode.models.decode import DecodeNet, TrackShape


def side(track: Track) -> str:
    """Part of the gene that a track describes: "rna" or "promoter"; links without positions say it in their name, ``class_rna``."""
    return "rna" if track.on == "rna" or (track.on == "gene" and track.name.endswith("_rna")) else "promoter"


def track_shapes(tracks: Sequence[Track]) -> list[TrackShape]:
    """Describe tracks as a network must know them."""
    shapes = []
    for track in tracks:
        most = int(track.bins_per_gene.max(initial=1))
        branch = "links" if track.on == "gene" else side(track)
        shapes.append(TrackShape(track.name, branch, track.bin_size, len(track.regulators), most))
    return shapes


def regulator_scales(tracks: Sequence[Track], train: NDArray[np.bool_], how: str) -> list[NDArray[np.float32]]:
    """One divisor a regulator and track, (R,) each.

    `how` is "max" (largest absolute value of any bin of a training gene, as published) or "none".
    """
    scales = []
    for track in tracks:
        scale = np.ones(len(track.regulators), np.float32)
        if how == "max":
            counts = track.counts[np.repeat(train, track.bins_per_gene)]
            largest = (
                np.maximum(counts.max(0).toarray().ravel(), -counts.min(0).toarray().ravel()) if counts.shape[0] else np.zeros(len(scale))
            )
            scale = np.where(largest > 0, largest, 1).astype(np.float32)
        scales.append(scale)
    return scales


def dense_inputs(tracks: Sequence[Track], scales: Sequence[NDArray[np.float32]], rows: NDArray[np.int64]) -> list[torch.Tensor]:
    """Make the inputs of ``DecodeNet.forward`` for genes: one [N, B, R + 1] a track, the last column the mask, zero beyond the gene."""
    inputs = []
    for track, scale in zip(tracks, scales, strict=True):
        widths = track.bins_per_gene[rows]
        x = np.zeros((len(rows), max(int(widths.max(initial=1)), 1), len(track.regulators) + 1), np.float32)
        for i, row in enumerate(rows):
            span = slice(int(track.offsets[row]), int(track.offsets[row + 1]))
            x[i, : widths[i], :-1] = track.counts[span].toarray() / scale
            x[i, : widths[i], -1] = track.bases[span] / track.bin_size
        inputs.append(torch.from_numpy(x))
    return inputs


def _bin_windows(track: Track, matrix: NDArray[np.float32]) -> csr_matrix:
    """(G * W, B_total) sparse: adds the bins of every gene up to its windows, given the (W, B) pooling of the longest gene."""
    n_genes, n_windows = len(track.genes), len(matrix)
    gene = np.repeat(np.arange(n_genes), track.bins_per_gene)
    position = np.arange(len(gene)) - track.offsets[gene]
    window, place = np.nonzero(matrix)
    windows_of: list[NDArray[np.int64]] = [window[place == b] for b in range(matrix.shape[1])]
    counts = np.array([len(w) for w in windows_of], dtype=np.int64)
    per_bin = counts[position]
    columns = np.repeat(np.arange(len(gene)), per_bin)
    flat, starts = np.concatenate([*windows_of, np.zeros(0, np.int64)]), np.concatenate([[0], np.cumsum(counts)])
    within = np.arange(len(columns)) - np.repeat(np.cumsum(per_bin) - per_bin, per_bin)
    chosen = flat[starts[position[columns]] + within]
    weights = matrix[chosen, position[columns]]
    return csr_matrix((weights, (gene[columns] * n_windows + chosen, columns)), shape=(n_genes * n_windows, len(gene)))


def pool_tracks(net: DecodeNet, tracks: Sequence[Track], scales: Sequence[NDArray[np.float32]]) -> list[torch.Tensor]:
    """Window sums of all genes, float32 [G, W, R + 1] a track: the net's poolings of ``dense_inputs(...)`` without the dense inputs."""
    parts = []
    for track, scale, matrix in zip(
        tracks, scales, net.pooling_matrices([int(t.bins_per_gene.max(initial=1)) for t in tracks]), strict=True
    ):
        adder = _bin_windows(track, matrix.numpy())
        n_genes, n_windows = len(track.genes), len(matrix)
        pooled = np.empty((n_genes, n_windows, len(scale) + 1), np.float32)
        pooled[:, :, :-1] = (adder @ track.counts.astype(np.float32)).toarray().reshape(n_genes, n_windows, -1) / scale
        pooled[:, :, -1] = (adder @ (track.bases / track.bin_size).astype(np.float32)).reshape(n_genes, n_windows)
        parts.append(torch.from_numpy(pooled))
    return parts


def encode_tracks(net: DecodeNet, tracks: Sequence[Track], scales: Sequence[NDArray[np.float32]]) -> torch.Tensor:
    """Pooled features of all genes, float32 [G, F]: ``net.encode(dense_inputs(...))`` without the dense inputs."""
    return net.finish(pool_tracks(net, tracks, scales))
