"""Motif scanning against enumeration: every word's probability, every place's score; memelite as second oracle."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regdecode.genome.scan import encode, find_hits, index_words, letter_frequencies, log_odds, other_strand, score_tail, word_indexer
from regdecode.genome.sequences import reverse_complement

BACKGROUND = np.array([0.3, 0.2, 0.2, 0.3])


def slow_scores(codes: np.ndarray, scores: np.ndarray) -> dict[int, int]:
    """Score of every place without another letter than A C G T."""
    width = len(scores)
    return {
        i: int(sum(scores[j, codes[i + j]] for j in range(width)))
        for i in range(len(codes) - width + 1)
        if (codes[i : i + width] < 4).all()
    }


@pytest.mark.parametrize("width", [1, 3, 6])
def test_tail_equals_enumeration_of_all_words(width: int) -> None:
    rng = np.random.default_rng(width)
    scores = rng.integers(-300, 200, (width, 4))
    words = list(itertools.product(range(4), repeat=width))
    totals = np.array([sum(scores[j, letter] for j, letter in enumerate(word)) for word in words])
    weights = np.array([np.prod(BACKGROUND[list(word)]) for word in words])
    tail = score_tail(scores, BACKGROUND)
    for total in np.unique(totals):
        assert np.isclose(tail.p_values(np.array([total]))[0], weights[totals >= total].sum(), rtol=1e-12)
    for p_value in (0.5, 0.1, 0.01):
        threshold = tail.threshold(p_value)
        reachable = [total for total in totals if weights[totals >= total].sum() <= p_value]
        if reachable:
            assert weights[totals >= threshold].sum() <= p_value
            assert threshold <= min(reachable)
        else:
            assert threshold is None


def test_a_motif_too_short_for_the_p_value_has_no_threshold() -> None:
    assert score_tail(np.array([[200, -700, -700, -700]] * 3), np.full(4, 0.25)).threshold(0.01) is None
    threshold = score_tail(np.array([[200, -700, -700, -700]] * 4), np.full(4, 0.25)).threshold(0.01)
    assert threshold is not None
    assert 3 * 200 - 700 < threshold <= 4 * 200


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    width=st.integers(1, 27),
    length=st.integers(0, 400),
    sharp=st.floats(0.05, 3),
    quantile=st.floats(0.0, 0.999),
)
def test_hits_equal_the_slow_twin(seed: int, width: int, length: int, sharp: float, quantile: float) -> None:
    """Sharp and loose motifs, thresholds from everything to nothing: both ways of finding places are walked."""
    rng = np.random.default_rng(seed)
    codes = rng.choice(5, length, p=[0.24, 0.24, 0.24, 0.24, 0.04]).astype(np.uint8)
    scores = np.rint(100 * np.log2((rng.dirichlet(np.full(4, sharp), width) + 0.002) / 0.252)).astype(np.int64)
    slow = slow_scores(codes, scores)
    threshold = int(np.quantile(list(slow.values()), quantile)) if slow else 0
    hits = find_hits(codes, word_indexer(codes), scores, threshold)
    assert dict(zip(hits.start.tolist(), hits.score.tolist(), strict=True)) == {
        place: score for place, score in slow.items() if score >= threshold
    }
    assert hits.start.tolist() == sorted(hits.start.tolist())


def test_other_strand_scores_the_reverse_complement() -> None:
    rng = np.random.default_rng(3)
    letters = rng.choice(list(b"ACGTN"), 200, p=[0.24, 0.24, 0.24, 0.24, 0.04]).astype(np.uint8).tobytes()
    scores = rng.integers(-300, 200, (7, 4))
    forward = slow_scores(encode(letters), other_strand(scores))
    backward = slow_scores(encode(reverse_complement(letters)), scores)
    assert {len(letters) - place - 7: score for place, score in backward.items()} == forward


def test_words_are_indexed_once_each_and_others_never() -> None:
    codes = encode(b"ACGTNACG")
    words = index_words(codes, 3)
    acg = 0 * 16 + 1 * 4 + 2
    assert words.places[words.offsets[acg] : words.offsets[acg + 1]].tolist() == [0, 5]
    assert words.offsets[64] == 3
    assert index_words(codes[:2], 3).word.size == 0


def test_log_odds_and_frequencies() -> None:
    scores = log_odds(np.array([[1.0, 0, 0, 0]]), 20, np.full(4, 0.25), 0.1)
    assert scores[0].tolist() == np.rint(100 * np.log2([(20 + 0.025) / 20.1 / 0.25, 0.1 / 20.1, 0.1 / 20.1, 0.1 / 20.1])).tolist()
    assert letter_frequencies(encode(b"AAAC")).tolist() == [3 / 8, 1 / 8, 1 / 8, 3 / 8]
    assert letter_frequencies(encode(b"NN")).tolist() == [0.25] * 4


def test_memelite_lies_between_a_slightly_stricter_and_a_slightly_looser_scan() -> None:
    """memelite rounds scores to tenths of a bit and p-values with them, so the same threshold is met to about a fifth."""
    memelite = pytest.importorskip("memelite")
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, 60_000).astype(np.uint8)
    uniform = np.full(4, 0.25)
    probabilities = rng.dirichlet(np.full(4, 0.4), 12)
    table = memelite.fimo({"m": probabilities.T.copy()}, np.eye(4)[codes].T[None].astype(np.int8), threshold=1e-3)[0]
    theirs = set(zip(table["start"].astype(int), table["strand"], strict=True))
    scores = log_odds(probabilities, 1e9, uniform, 1e9 * 4e-4)
    ours = {}
    for p_value in (0.75e-3, 1.3e-3):
        threshold = score_tail(scores, uniform).threshold(p_value)
        assert threshold is not None
        ours[p_value] = {
            (int(start), strand)
            for strand, matrix in (("+", scores), ("-", other_strand(scores)))
            for start in find_hits(codes, word_indexer(codes), matrix, threshold).start
        }
    assert ours[0.75e-3] <= theirs <= ours[1.3e-3]
    assert 60 < len(ours[0.75e-3]) < len(ours[1.3e-3]) < 220
