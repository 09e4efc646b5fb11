"""Random words and untrained filters in the place of filters."""

import numpy as np
import torch

from regdecode.explain.filters import best_windows, filter_motifs
from regdecode.explain.motif_chance import DRAWS, WORD, drawn_trunk, drawn_words, matched_by_chance
from regdecode.models.deeprage_trunk import TrunkShape

SHAPE = TrunkShape(80, 12, 11, "both", "windows", windows=(0, 40, 80))
UNIFORM = np.full(4, 0.25)
WORDS = ["motif", *["word"] * 40]


def promoters(n: int = 200) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4, (n, 80)).astype(np.uint8)


def sharp(word: str) -> np.ndarray:
    return np.full((len(word), 4), 0.02) + 0.92 * np.eye(4)[["ACGT".index(letter) for letter in word]]


def test_words_are_of_the_promoters_and_differ() -> None:
    codes = promoters(20)
    codes[5] = 4
    words = drawn_words(codes, 30, 1)
    text = ["".join("ACGTN"[code] for code in row) for row in codes]
    assert len(set(words)) == 30
    assert all(len(word) == WORD and any(word in row for row in text) for word in words)
    assert words == drawn_words(codes, 30, 1)
    assert words != drawn_words(codes, 30, 2)
    assert drawn_words(np.full((3, 20), 4, np.uint8), 5, 1) == []


def test_words_match_themselves_and_seldom_other_motifs() -> None:
    codes = promoters()
    own = [sharp(word) for word in drawn_words(codes, 40, 3 * DRAWS)]
    counts = matched_by_chance(codes, SHAPE, WORDS, UNIFORM, own, 50, 0.1, 3)
    assert len(counts) == DRAWS
    assert counts[0] >= 38 and counts[1:].max() <= 10
    rng = np.random.default_rng(9)
    others = [rng.dirichlet(np.full(4, 0.3), 10) for _ in range(80)]
    assert matched_by_chance(codes, SHAPE, WORDS, UNIFORM, others, 50, 0.1, 3).mean() <= 1
    assert matched_by_chance(codes, SHAPE, ["motif"], UNIFORM, own, 50, 0.1, 3).tolist() == [0] * DRAWS
    assert matched_by_chance(codes, TrunkShape(80, 12, 5), WORDS, UNIFORM, own, 50, 0.1, 3).tolist() == [0] * DRAWS


def test_what_started_at_random_is_compared_with_untrained_filters() -> None:
    """As a network of that seed makes them; matched to their own windows every one of them counts, random words would not."""
    codes = promoters()
    trunk = drawn_trunk(codes, SHAPE, 0, 20, 3 * DRAWS)
    torch.manual_seed(3 * DRAWS)
    assert trunk is not None and torch.equal(trunk.conv.weight, torch.nn.Conv1d(4, 20, 11).weight)
    own = [motif.core for motif in filter_motifs(codes, best_windows(trunk, codes), 11, UNIFORM, 50)]
    counts = matched_by_chance(codes, SHAPE, ["random"] * 20, UNIFORM, own, 50, 0.1, 3)
    assert counts[0] >= 18 > counts[1:].max()
    assert matched_by_chance(codes, SHAPE, ["word"] * 20, UNIFORM, own, 50, 0.1, 3).max() < 18
    mixed = drawn_trunk(codes, SHAPE, 7, 5, 1)
    words = drawn_trunk(codes, SHAPE, 7, 0, 1)
    assert mixed is not None and words is not None and mixed.conv.weight.shape[0] == 12
    assert torch.equal(mixed.conv.weight[:7], words.conv.weight)
    assert drawn_trunk(codes, SHAPE, 0, 0, 1) is None
