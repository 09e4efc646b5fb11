"""Words that tell most of expression, against ordinary least squares word by word."""

import numpy as np
import pytest

from regdecode.genome.kmers import count_kmers, kmer_names
from regdecode.genome.telling_words import COMPONENTS, LEAST_GENES, telling_words, word_filters

WORD = "CGATGAG"


def letters(word: str) -> np.ndarray:
    return np.array(["ACGT".index(letter) for letter in word], np.uint8)


def planted(n: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Promoters in which two words were put, profiles that each shifts in conditions of its own, and who holds which."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, 120)).astype(np.uint8)
    profiles = 0.3 * rng.normal(size=(n, 12))
    holders = {}
    for word, conditions, shift, at in ((WORD, slice(0, 6), 2.0, 20), ("CCCCTTA", slice(6, 9), -1.5, 70)):
        has = rng.random(n) < 0.4
        codes[has, at : at + 7] = letters(word)
        profiles[has, conditions] += shift
        holders[word] = has
    return codes, profiles, holders


def slow_words(codes: np.ndarray, profiles: np.ndarray, n: int, length: int, both: bool) -> tuple[list[str], list[float]]:
    """Forward selection as it is told in textbooks: fit every word beside the chosen ones, keep the one with the least squares left."""
    counts = np.sqrt(count_kmers(codes, length, [(0, codes.shape[1])], both).astype(float))
    names = kmer_names(length, both)
    able = [k for k in range(len(names)) if (counts[:, k] > 0).sum() >= LEAST_GENES]
    target = profiles - profiles.mean(0)
    total = left = np.square(target).sum()
    chosen: list[int] = []
    told = []
    for _ in range(n):
        fits = {}
        for k in able:
            if k not in chosen:
                design = np.column_stack([np.ones(len(codes)), counts[:, [*chosen, k]]])
                fits[k] = np.square(target - design @ np.linalg.lstsq(design, target, rcond=None)[0]).sum()
        best = min(fits, key=lambda k: fits[k])
        chosen.append(best)
        told.append((left - fits[best]) / total)
        left = fits[best]
    return [names[k] for k in chosen], told


@pytest.mark.parametrize("both", [True, False])
def test_equals_least_squares_word_by_word(both) -> None:
    codes, profiles, _ = planted(120, 1)
    assert profiles.shape[1] <= COMPONENTS
    words, told = telling_words(codes, profiles, 5, 4, both)
    wanted, share = slow_words(codes, profiles, 5, 4, both)
    assert words == wanted
    np.testing.assert_allclose(told, share, rtol=1e-3)


def test_planted_words_come_first_and_tell_what_they_do() -> None:
    codes, profiles, holders = planted()
    found = telling_words(codes, profiles, 10)
    assert set(found.words[:2]) == {"CGATGAG", "CCCCTTA"}
    assert len(set(found.words)) == 10
    has = holders[WORD]
    centred = profiles - profiles.mean(0)
    means = np.where(has[:, None], centred[has].mean(0), centred[~has].mean(0))
    assert found.told[found.words.index(WORD)] == pytest.approx(np.square(means).sum() / np.square(centred).sum(), abs=0.03)
    assert found.told[:2].min() > 5 * found.told[2:].max()


def test_what_is_known_already_is_not_told_again() -> None:
    codes, profiles, holders = planted()
    given = np.column_stack([holders[WORD], np.zeros(len(codes))]).astype(np.float32)
    found = telling_words(codes, profiles, 5, given=given)
    assert found.words[0] == "CCCCTTA"
    assert WORD not in found.words


def test_genes_that_share_a_promoter_count_as_one() -> None:
    codes, profiles, _ = planted()
    odd = np.random.default_rng(5).integers(0, 4, (1, 120)).astype(np.uint8)
    operon = 3 * np.random.default_rng(6).normal(size=(1, 12)) + 0.1 * np.random.default_rng(7).normal(size=(80, 12))
    many, together = np.concatenate([codes, np.repeat(odd, 80, 0)]), np.concatenate([profiles, operon])
    once = telling_words(np.concatenate([codes, odd]), np.concatenate([profiles, operon.mean(0, keepdims=True)]), 8)
    given = np.random.default_rng(8).random((len(many), 2)).astype(np.float32)
    given[300:] = given[300]
    found = telling_words(many, together, 8)
    assert found.words == once.words
    np.testing.assert_allclose(found.told, once.told, rtol=1e-4)
    assert (
        telling_words(many, together, 8, given=given).words
        == telling_words(
            np.concatenate([codes, odd]), np.concatenate([profiles, operon.mean(0, keepdims=True)]), 8, given=given[:301]
        ).words
    )


def test_unknown_bases_and_missing_values() -> None:
    codes, profiles, _ = planted()
    holes = np.random.default_rng(3).random(profiles.shape) < 0.2
    codes[:30] = 4
    found = telling_words(codes, np.where(holes, np.nan, profiles), 2)
    assert set(found.words) == {"CGATGAG", "CCCCTTA"}


def test_fewer_words_where_no_more_tell_anything() -> None:
    codes, profiles, _ = planted(60)
    assert telling_words(codes, np.zeros_like(profiles), 5).words == []
    assert len(telling_words(codes, profiles, 500, 3).words) <= 32
    assert telling_words(np.full((40, 30), 4, np.uint8), profiles[:40], 5).words == []


def test_filters_answer_their_word_and_little_else() -> None:
    codes = np.random.default_rng(4).integers(0, 4, (300, 200)).astype(np.uint8)
    filters = word_filters([WORD], 19, codes)
    assert filters.names == [WORD]

    def score(word: str) -> float:
        site = np.full(19, 4)
        site[6:13] = letters(word)
        return float((filters.weights[0] * np.eye(5, 4)[site].T).sum() + filters.bias[0])

    assert score(WORD) > score("CGATGAC") > 0 > score("CGTTGAC")
