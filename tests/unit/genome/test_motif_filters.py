"""Known motifs as filters."""

import numpy as np

from regdecode.genome.motif_filters import best_window, motif_filters
from regdecode.io.meme import Motif


def motif(text: str) -> Motif:
    table = np.full((len(text), 4), 0.01)
    table[np.arange(len(text)), ["ACGT".index(letter) for letter in text]] = 0.97
    return Motif(text, "", table, 50.0, 1)


def test_a_filter_answers_its_motif_and_little_else() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (200, 120)).astype(np.uint8)
    filters = motif_filters([motif("CCGTACGG"), motif("TTACGTAACC")], 12, codes)
    assert filters.names == ["CCGTACGG", "TTACGTAACC"]
    assert filters.weights.shape == (2, 4, 12)
    site = np.full(12, 4)
    site[2:10] = ["ACGT".index(letter) for letter in "CCGTACGG"]
    letters = np.eye(5, 4)[site].T
    scores = (filters.weights * letters).sum((1, 2)) + filters.bias
    assert scores[0] > 1 > 0 > scores[1]
    windows = np.lib.stride_tricks.sliding_window_view(codes, 12, axis=1).reshape(-1, 12)
    places = np.eye(5, 4)[windows].transpose(0, 2, 1).reshape(len(windows), -1)
    passed = (places @ filters.weights.reshape(2, -1).T + filters.bias > 0).mean(0)
    np.testing.assert_allclose(passed, 0.005, atol=0.003)


def test_a_long_motif_gives_its_most_informative_part() -> None:
    table = np.vstack([np.full((6, 4), 0.25), motif("ACGTAC").probabilities, np.full((3, 4), 0.25)])
    scores = np.log2(table / 0.25)
    np.testing.assert_array_equal(best_window(scores, table, 6), scores[6:12])
    np.testing.assert_array_equal(best_window(scores, table, 40), scores)
