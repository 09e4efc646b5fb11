"""How many filters would match a known motif by chance: random words of the promoters in their place. Axes: G genes, L bases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from regdecode.explain.filters import best_windows, filter_motifs
from regdecode.explain.motif_match import match_motifs
from regdecode.genome.telling_words import word_filters
from regdecode.io.meme import LETTERS
from regdecode.models.deeprage_trunk import SequenceTrunk, TrunkShape

WORD = 7
DRAWS = 5
_TRIES = 50


def drawn_words(codes: NDArray[np.uint8], n: int, seed: int) -> list[str]:
    """Up to `n` different words without an unknown base, from random places of the promoters (G, L)."""
    rng = np.random.default_rng(seed)
    words: dict[str, None] = {}
    for _ in range(_TRIES * n):
        gene, at = rng.integers(0, len(codes)), rng.integers(0, codes.shape[1] - WORD + 1)
        place = codes[gene, at : at + WORD]
        if place.max() < len(LETTERS):
            words["".join(LETTERS[code] for code in place)] = None
        if len(words) == n:
            break
    return list(words)


def matched_by_chance(
    codes: NDArray[np.uint8],
    shape: TrunkShape,
    n: int,
    background: NDArray[np.float64],
    targets: Sequence[NDArray[np.float64]],
    n_sites: int,
    q: float,
    seed: int,
) -> NDArray[np.int64]:
    """Filters of `n` random words that match a motif of `targets` at `q`, made and compared as a network's own are; (`DRAWS`,) counts.

    `shape` is the network's trunk (its window, width and strands); all are 0 where no word fits or there is no target.
    """
    counts = np.zeros(DRAWS, np.int64)
    for draw in range(DRAWS if n and len(targets) and shape.width >= WORD else 0):
        words = drawn_words(codes, n, seed * DRAWS + draw)
        if not words:
            break
        filters = word_filters(words, shape.width, codes)
        trunk = SequenceTrunk(TrunkShape(shape.length, len(words), shape.width, shape.strands, "global"))
        trunk.conv.weight.data, trunk.conv.bias = torch.from_numpy(filters.weights), torch.nn.Parameter(torch.from_numpy(filters.bias))
        motifs = filter_motifs(codes, best_windows(trunk.eval(), codes), shape.width, background, n_sites)
        found = match_motifs([motif.core for motif in motifs], targets, np.zeros(len(words), bool))
        counts[draw] = (np.nan_to_num(found.q, nan=1.0).min(1) <= q).sum()
    return counts
