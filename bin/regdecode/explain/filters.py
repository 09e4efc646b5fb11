"""Motif filters of a sequence model as letter probabilities: cut where they answer most, counted, trimmed, clustered.

Axes: G genes, L bases, K filters, W positions of a filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from regdecode.models.deeprage_trunk import SequenceTrunk

SITES = 100
PSEUDOCOUNT = 1.0
LEAST_BITS = 0.25
LEAST_WIDTH = 5
SAME = 0.75
_UNKNOWN = 4
_NUMBERS = 2**24


class BestWindows(NamedTuple):
    """Where each filter answers most in each sequence.

    Parameters
    ----------
    activation
        (G, K) highest activation, of one strand alone.
    start
        (G, K) first base of that window.
    reverse
        (G, K) whether it is read on the other strand.
    """

    activation: NDArray[np.float32]
    start: NDArray[np.int32]
    reverse: NDArray[np.bool_]


class FilterMotif(NamedTuple):
    """One filter as a motif.

    Parameters
    ----------
    probabilities
        (W, 4) letter probabilities.
    bits
        (W,) information of each position against the background.
    first, last
        Its informative part, [first, last); empty where there is none.
    n_sites
        Sequences that the letters were counted in.
    active
        Share of all sequences in which the filter answers at all.
    """

    probabilities: NDArray[np.float64]
    bits: NDArray[np.float64]
    first: int
    last: int
    n_sites: int
    active: float

    @property
    def core(self) -> NDArray[np.float64]:
        """Probabilities of the informative part."""
        return self.probabilities[self.first : self.last]


@torch.no_grad()
def best_windows(trunk: SequenceTrunk, codes: NDArray[np.uint8]) -> BestWindows:
    """Find each filter's best window in each sequence, on both strands where the trunk reads both.

    Parameters
    ----------
    trunk
        The sequence side, in evaluation mode.
    codes
        (G, L) sequences of the trunk's own length.
    """
    device, conv = trunk.conv.weight.device, trunk.conv
    found: list[list[NDArray]] = [[], [], []]
    size = max(1, _NUMBERS // (trunk.shape.filters * trunk.shape.steps))
    for rows in np.array_split(np.arange(len(codes)), max(1, -(-len(codes) // size))):
        letters = trunk.one_hot(torch.tensor(codes[rows], device=device))
        top, at = trunk.act(conv(letters)).max(2)
        reverse = torch.zeros_like(at, dtype=torch.bool)
        if trunk.act_reverse is not None:
            other, there = trunk.act_reverse(nn.functional.conv1d(letters, conv.weight.flip(1, 2), conv.bias)).max(2)
            reverse = other > top
            top, at = torch.where(reverse, other, top), torch.where(reverse, there, at)
        for kept, part in zip(found, (top, at.to(torch.int32), reverse), strict=True):
            kept.append(part.cpu().numpy())
    return BestWindows(*(np.concatenate(parts) for parts in found))


def count_letters(codes: NDArray[np.uint8], starts: NDArray[np.integer], reverse: NDArray[np.bool_], width: int) -> NDArray[np.float64]:
    """Letters (W, 4) of windows (n, W), those of the other strand turned; unknown bases count a quarter of each letter."""
    windows = codes[np.arange(len(codes))[:, None], starts[:, None] + np.arange(width)]
    turned = np.where(windows < _UNKNOWN, 3 - windows, windows)[:, ::-1]
    windows = np.where(reverse[:, None], turned, windows)
    table = np.vstack([np.eye(4), np.full(4, 0.25)])
    return table[windows].sum(0)


def information(probabilities: NDArray[np.float64], background: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bits (W,) of letter probabilities (W, 4) against the background (4,)."""
    safe = np.maximum(probabilities, 1e-12)
    return (probabilities * np.log2(safe / background)).sum(1)


def informative_part(bits: NDArray[np.float64], least: float = LEAST_BITS, width: int = LEAST_WIDTH) -> tuple[int, int]:
    """First and last position [first, last) that tell at least `least` bits, widened to `width`; (0, 0) where none does."""
    high = np.flatnonzero(bits >= least)
    if not len(high):
        return 0, 0
    first, last = int(high[0]), int(high[-1]) + 1
    while last - first < min(width, len(bits)):
        left, right = bits[first - 1] if first else -np.inf, bits[last] if last < len(bits) else -np.inf
        first, last = (first - 1, last) if left >= right else (first, last + 1)
    return first, last


def filter_motifs(
    codes: NDArray[np.uint8], best: BestWindows, width: int, background: NDArray[np.float64], n_sites: int = SITES
) -> list[FilterMotif]:
    """Motif of each filter: letters of the best window of the `n_sites` sequences in which it answers most.

    Sequences in which the filter does not answer never count, and neither does a sequence that is there twice; a filter that answers
    nowhere has no sites and no informative part.

    Parameters
    ----------
    codes
        (G, L) the sequences of `best`.
    width
        W.
    background
        (4,) letter frequencies, which also share out the pseudocount of one site.
    """
    motifs = []
    first_of_kind = np.zeros(len(codes), dtype=bool)
    first_of_kind[np.unique(codes, axis=0, return_index=True)[1]] = True
    for k in range(best.activation.shape[1]):
        answers = best.activation[:, k] > 0
        able = np.flatnonzero(answers & first_of_kind)
        rows = able[np.argsort(-best.activation[able, k], kind="stable")[:n_sites]]
        counts = count_letters(codes[rows], best.start[rows, k], best.reverse[rows, k], width)
        probabilities = (counts + PSEUDOCOUNT * background) / (len(rows) + PSEUDOCOUNT)
        bits = information(probabilities, background)
        first, last = informative_part(bits) if len(rows) else (0, 0)
        motifs.append(FilterMotif(probabilities, bits, first, last, len(rows), float(answers.mean())))
    return motifs


_IUPAC = {"A": "A", "C": "C", "G": "G", "T": "T", "AC": "M", "AG": "R", "AT": "W", "CG": "S", "CT": "Y", "GT": "K"}


def consensus(probabilities: NDArray[np.float64]) -> str:
    """One letter a position: a base of at least .6, a two-base code of at least .8, else N."""
    letters = []
    for row in probabilities:
        order = np.argsort(-row, kind="stable")
        if row[order[0]] >= 0.6:
            letters.append("ACGT"[order[0]])
        elif row[order[:2]].sum() >= 0.8:
            letters.append(_IUPAC["".join(sorted("ACGT"[i] for i in order[:2]))])
        else:
            letters.append("N")
    return "".join(letters)


def similarities(motifs: Sequence[NDArray[np.float64]], background: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosines (K, K) of motifs (W, 4), less the background, in their best alignments on either strand.

    Positions without a partner count against an alignment.
    """
    k, width = len(motifs), max((len(motif) for motif in motifs), default=0)
    left, turned = np.zeros((k, width, 4)), np.zeros((k, width, 4))
    for row, motif in enumerate(motifs):
        left[row, : len(motif)] = motif - background
        turned[row, : len(motif)] = motif[::-1, ::-1] - background
    norm = np.sqrt(np.square(left).sum((1, 2)))
    other = np.sqrt(np.square(turned).sum((1, 2)))
    best = np.zeros((k, k))
    for shift in range(width):
        for (moved, size), (fixed, other_size) in (
            ((left, norm), (left, norm)),
            ((left, norm), (turned, other)),
            ((turned, other), (left, norm)),
        ):
            products = moved[:, shift:].reshape(k, -1) @ fixed[:, : width - shift].reshape(k, -1).T
            cosine = products / np.maximum(np.outer(size, other_size), 1e-12)
            best = np.maximum(best, np.maximum(cosine, cosine.T))
    return best


def cluster_motifs(motifs: Sequence[NDArray[np.float64]], background: NDArray[np.float64], same: float = SAME) -> NDArray[np.int64]:
    """Clusters (K,) of redundant motifs, numbered from 1 by their first member; 0 for motifs without a position.

    Average linkage on 1 - `similarities`, cut where the mean similarity between two groups falls below `same`.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    used = [k for k, motif in enumerate(motifs) if len(motif)]
    labels = np.zeros(len(motifs), dtype=np.int64)
    if len(used) < 2:
        labels[used] = 1
        return labels
    distance = np.clip(1 - similarities([motifs[k] for k in used], background), 0, None)
    distance = (distance + distance.T) / 2
    np.fill_diagonal(distance, 0)
    raw = fcluster(linkage(squareform(distance), "average"), 1 - same, "distance")
    number: dict[int, int] = {}
    labels[used] = [number.setdefault(int(one), len(number) + 1) for one in raw]
    return labels
