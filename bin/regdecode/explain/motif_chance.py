"""How many filters would match a known motif by chance: others drawn at random in their place. Axes: G genes, L bases.

Wide filters that nothing has trained can match known motifs, too (E. coli: all of 256). So what started at random is compared with filters
that start at random, what started from words with other words.
"""

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
from regdecode.training.deeprage_filters import put_filters

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


def drawn_trunk(codes: NDArray[np.uint8], shape: TrunkShape, n_words: int, n_random: int, seed: int) -> SequenceTrunk | None:
    """Filters of up to `n_words` random words of the promoters and `n_random` as they are before training; None for no filter."""
    words = drawn_words(codes, n_words, seed) if shape.width >= WORD else []
    if not words and not n_random:
        return None
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        trunk = SequenceTrunk(TrunkShape(shape.length, len(words) + n_random, shape.width, shape.strands, "global"))
    if words:
        put_filters(trunk, word_filters(words, shape.width, codes), 0)
    return trunk.eval()


def matched_by_chance(
    codes: NDArray[np.uint8],
    shape: TrunkShape,
    starts: Sequence[str],
    background: NDArray[np.float64],
    targets: Sequence[NDArray[np.float64]],
    n_sites: int,
    q: float,
    seed: int,
) -> NDArray[np.int64]:
    """Filters drawn at random that match a motif of `targets` at `q`, made and compared as a network's own are; (`DRAWS`,) counts.

    `shape` is the network's trunk (its window, width and strands), `starts` tells where its filters began ("motif", "word", "random"): for
    each that began from a word another word is drawn, for each at random another of those. All counts are 0 where there is none, no word
    fits or there is no target.
    """
    counts, n_words, n_random = np.zeros(DRAWS, np.int64), list(starts).count("word"), list(starts).count("random")
    for draw in range(DRAWS if len(targets) else 0):
        trunk = drawn_trunk(codes, shape, n_words, n_random, seed * DRAWS + draw)
        if trunk is None:
            break
        motifs = filter_motifs(codes, best_windows(trunk, codes), shape.width, background, n_sites)
        found = match_motifs([motif.core for motif in motifs], targets, np.zeros(len(motifs), bool))
        counts[draw] = (np.nan_to_num(found.q, nan=1.0).min(1) <= q).sum()
    return counts
