"""k-mer counts, motif occupancy and codons against slow twins."""

import math

import numpy as np
import pytest

from regdecode.genome.codons import codon_table, count_codons
from regdecode.genome.kmers import count_kmers, kmer_index, kmer_names, window_bounds
from regdecode.genome.occupancy import SoftMotif, background_of, occupancy, soften
from regdecode.genome.occupancy_kernel import NEGLIGIBLE
from regdecode.genome.sequence_features import make_recipe
from regdecode.io.meme import Motif


@pytest.fixture
def codes() -> np.ndarray:
    codes = np.random.default_rng(1).integers(0, 4, (7, 60)).astype(np.uint8)
    codes[2, 10:14] = 4
    return codes


def letters_of(row: np.ndarray) -> str:
    return "".join("ACGTN"[c] for c in row)


def other_strand(word: str) -> str:
    return word[::-1].translate(str.maketrans("ACGT", "TGCA"))


@pytest.mark.parametrize("merge", [True, False])
@pytest.mark.parametrize("k", [1, 3, 4])
def test_counts_equal_a_search_of_the_letters(codes, k, merge):
    windows = [(40, 60), (5, 40)]
    counts, names = count_kmers(codes, k, windows, merge), kmer_names(k, merge)
    assert counts.shape == (7, 2 * len(names))
    for g, row in enumerate(codes):
        text = letters_of(row)
        for w, (first, last) in enumerate(windows):
            starts = [text[i : i + k] for i in range(first, last) if i + k <= len(text)]
            for j, name in enumerate(names):
                wanted = starts.count(name)
                if merge and other_strand(name) != name:
                    wanted += starts.count(other_strand(name))
                assert counts[g, w * len(names) + j] == wanted


def test_a_word_and_its_reverse_complement_share_a_column():
    column, words = kmer_index(2)
    names = kmer_names(2)
    assert len(words) == len(names) == 10
    assert names[column[0 * 4 + 1]] == names[column[2 * 4 + 3]] == "AC"


def test_merged_counts_do_not_change_on_the_other_strand(codes):
    other = np.where(codes < 4, 3 - codes, 4)[:, ::-1].astype(np.uint8)
    whole = [(0, 60)]
    assert np.array_equal(count_kmers(codes, 5, whole), count_kmers(other, 5, whole))


def test_windows_are_cut_at_the_start_of_short_sequences():
    assert window_bounds((0, 100, 300, 1000), 250) == [(150, 250), (0, 150)]


def test_a_sequence_shorter_than_the_word_counts_nothing():
    assert not count_kmers(np.zeros((2, 3), np.uint8), 4, [(0, 3)]).any()


@pytest.mark.parametrize("width", [3, 5, 7, 12])
def test_occupancy_equals_the_sum_over_places(codes, width):
    scores = np.random.default_rng(width).normal(size=(width, 4)).astype(np.float32)
    windows = [(30, 60), (0, 30)]
    found = occupancy(codes, [SoftMotif("other", scores[::-1]), SoftMotif("one", scores)], windows)
    reach = max(width, 5)  # a short motif is looked up as a word of five bases
    for g, row in enumerate(codes):
        for w, (first, last) in enumerate(windows):
            total = 0.0
            for i in range(first, min(last, 60 - reach + 1)):
                if (row[i : i + reach] > 3).any():
                    continue
                here = row[i : i + width]
                for score in (scores[np.arange(width), here].sum(), scores[np.arange(width), 3 - here[::-1]].sum()):
                    total += 1 / (1 + math.exp(-score)) if score > NEGLIGIBLE else 0
            assert found[g, w * 2 + 1] == pytest.approx(total, rel=1e-4, abs=1e-5)


def test_the_threshold_parts_words_by_their_probability():
    probabilities = np.full((6, 4), 0.01)
    probabilities[np.arange(6), [0, 1, 2, 3, 0, 1]] = 0.97
    motif = soften(Motif("M", "name", probabilities, 20.0, 1), np.full(4, 0.25), p_value=4.0**-6)
    ranked = np.sort(motif.scores, axis=1)
    best = ranked[:, -1].sum()
    assert motif.name == "M name"
    assert best > 0 > best - (ranked[:, -1] - ranked[:, -2]).min()  # one word in 4**6 passes, and no other does


def test_a_planted_site_is_found_in_its_window_on_either_strand():
    probabilities = np.full((8, 4), 0.01)
    word = np.array([0, 0, 2, 2, 1, 3, 0, 1])
    probabilities[np.arange(8), word] = 0.97
    background = np.full((40, 60), 3, np.uint8)
    background[0, 50:58], background[1, 20:28] = word, 3 - word[::-1]
    table = make_recipe(background, [Motif("M", "", probabilities, 20.0, 1)]).table(background)
    first, last = table.blocks["sites"]
    assert table.hits[:, 0].tolist() == [1, 1] + [0] * 38
    assert table.X[:2, first:last].min() > 0.5 * table.X[0, first]


def test_background_is_of_both_strands():
    frequencies = background_of(np.array([[0, 0, 0, 1]], np.uint8))
    assert frequencies[0] == pytest.approx(frequencies[3])
    assert frequencies.sum() == pytest.approx(1)


def test_codons_are_read_in_frame():
    counts = count_codons(np.array([0, 3, 2, 1, 1, 1, 4, 0, 0, 1], np.uint8))
    assert counts.sum() == 2
    assert counts[0 * 16 + 3 * 4 + 2] == 1 and counts[1 * 16 + 1 * 4 + 1] == 1
    table = codon_table(["a", "b"], {"a": b"ATGATGCCC"})
    assert table[0, 14] == pytest.approx(math.sqrt(2 / 3))
    assert table[0, 64] == pytest.approx(math.log(109))
    assert not table[1].any()
