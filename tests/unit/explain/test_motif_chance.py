"""Random words in the place of filters."""

import numpy as np

from regdecode.explain.motif_chance import DRAWS, WORD, drawn_words, matched_by_chance
from regdecode.models.deeprage_trunk import TrunkShape

SHAPE = TrunkShape(80, 12, 11, "both", "windows", windows=(0, 40, 80))
UNIFORM = np.full(4, 0.25)


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
    counts = matched_by_chance(codes, SHAPE, 40, UNIFORM, own, 50, 0.1, 3)
    assert len(counts) == DRAWS
    assert counts[0] >= 38 and counts[1:].max() <= 10
    rng = np.random.default_rng(9)
    others = [rng.dirichlet(np.full(4, 0.3), 10) for _ in range(80)]
    assert matched_by_chance(codes, SHAPE, 40, UNIFORM, others, 50, 0.1, 3).mean() <= 1
    assert matched_by_chance(codes, SHAPE, 0, UNIFORM, own, 50, 0.1, 3).tolist() == [0] * DRAWS
    assert matched_by_chance(codes, TrunkShape(80, 12, 5), 40, UNIFORM, own, 50, 0.1, 3).tolist() == [0] * DRAWS
