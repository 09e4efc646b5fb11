"""Binned tracks as one flat table a gene, for linear models, trees and perceptrons.

A network reads ragged bins; ridge, trees and a perceptron need the same columns for every gene. `summarise` adds up each regulator's bins:
over equal parts of a promoter, over the whole of an RNA, and as they are for gene-level links, then compresses the sums by
``sign(v) * log(1 + |v|)``. RNA tracks add one column with the length of the RNA, in log2 bases, because a long RNA holds more sites by
chance alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from regdecode.errors import InputError
from regdecode.io.records import Track

LENGTH = "length"
"""Name in `Design.regulator` of a column that holds the log2 length of the RNA, not a regulator."""

WHOLE = -1
"""Value in `Design.window` of a column that covers the whole region."""

_IN_WINDOWS = ("promoter", "unit_promoter")


@dataclass(frozen=True)
class Design:
    """A feature table: one row a gene, one column a regulator and window.

    Attributes
    ----------
    X : ndarray, float32 (G, F)
        Compressed sums, ``sign(v) * log(1 + |v|)`` of bases (or link values); log2 bases in length columns.
    genes : ndarray of str (G,)
    track, regulator : ndarray of str (F,)
        Where a column comes from; `regulator` is `LENGTH` for the length of an RNA.
    window : ndarray of int (F,)
        Part of the promoter, 0 the most upstream; `WHOLE` for columns that cover the whole region.
    """

    X: np.ndarray
    genes: np.ndarray
    track: np.ndarray
    regulator: np.ndarray
    window: np.ndarray

    @property
    def names(self) -> list[str]:
        """Column names, ``track|regulator`` or ``track|regulator|window``."""
        parts = zip(self.track, self.regulator, self.window, strict=True)
        return [f"{t}|{r}" if w == WHOLE else f"{t}|{r}|{w}" for t, r, w in parts]


def compress(values: np.ndarray) -> np.ndarray:
    """``sign(v) * log(1 + |v|)``: log1p that keeps the sign of signed links."""
    return np.sign(values) * np.log1p(np.abs(values))


def window_sums(track: Track, edges: np.ndarray) -> np.ndarray:
    """Add up each regulator's bins over parts of the region.

    Parameters
    ----------
    track : Track
    edges : ndarray of float (W + 1,)
        Parts of the region as fractions of its bins, 0 the most upstream end, 1 the most downstream.

    Returns
    -------
    ndarray, float32 (G, W, R)
        Bases covered (or link values) in each part. A bin belongs to the part that holds its middle.
    """
    n_bins = np.diff(track.offsets)
    gene = np.repeat(np.arange(len(n_bins)), n_bins)
    position = np.arange(len(gene)) - np.repeat(track.offsets[:-1], n_bins)
    middle = (position + 0.5) / np.repeat(np.maximum(n_bins, 1), n_bins)
    n_windows = len(edges) - 1
    part = np.clip(np.searchsorted(edges, middle, side="right") - 1, -1, n_windows)
    inside = (part >= 0) & (part < n_windows)
    target = (gene * n_windows + part)[inside]
    source = np.arange(track.offsets[0], track.offsets[-1])[inside]
    shape = (len(n_bins) * n_windows, track.counts.shape[0])
    adder = sp.csr_matrix((np.ones(len(source), np.float32), (target, source)), shape=shape)
    sums = (adder @ track.counts.astype(np.float32)).toarray()
    return sums.reshape(len(n_bins), n_windows, track.counts.shape[1]).astype(np.float32, copy=False)


def track_lengths(track: Track) -> np.ndarray:
    """Existing bases of each gene's region, int64 (G,)."""
    total = np.concatenate([[0], np.cumsum(track.bases, dtype=np.int64)])
    return total[track.offsets[1:]] - total[track.offsets[:-1]]


def summarise(tracks: Sequence[Track], windows: int | Sequence[float] = 3) -> Design:
    """Flatten binned tracks into one table.

    Parameters
    ----------
    tracks : sequence of Track
        All on the same genes in the same order.
    windows : int or sequence of float
        Number of equal parts of a promoter, or their edges as rising fractions of the promoter from 0 (most upstream) to 1.

    Returns
    -------
    Design
    """
    if not tracks:
        raise InputError("there is no feature table to summarise", fix="give at least one regulator class")
    edges = np.linspace(0.0, 1.0, windows + 1) if isinstance(windows, int) else np.asarray(windows, float)
    if len(edges) < 2 or np.any(np.diff(edges) <= 0):
        raise InputError(f"promoter windows {list(edges)} do not rise", fix="give a number of parts, or rising fractions from 0 to 1")
    genes = np.asarray(tracks[0].genes)
    blocks: list[np.ndarray] = []
    names: list[tuple[str, str, int]] = []
    lengths: list[np.ndarray] = []
    for track in tracks:
        if not np.array_equal(np.asarray(track.genes), genes):
            raise InputError(
                f"tracks {tracks[0].name} and {track.name} are not on the same genes", fix="restrict both to the genes of the split"
            )
        parted = track.on in _IN_WINDOWS and len(edges) > 2
        sums = window_sums(track, edges if parted else np.array([0.0, 1.0]))
        blocks.append(compress(sums).reshape(len(genes), -1))
        parts = range(len(edges) - 1) if parted else [WHOLE]
        names += [(track.name, str(r), w) for w in parts for r in track.regulators]
        if track.on == "rna":
            length = np.log2(np.maximum(track_lengths(track), 1)).astype(np.float32)
            if not any(np.array_equal(length, seen) for seen in lengths):
                lengths.append(length)
                blocks.append(length[:, None])
                names.append((track.name, LENGTH, WHOLE))
    track_of, regulator_of, window_of = zip(*names, strict=True)
    X = np.concatenate(blocks, axis=1).astype(np.float32, copy=False)
    return Design(X, genes, np.array(track_of), np.array(regulator_of), np.array(window_of, dtype=np.int64))
