"""Filters as motifs: a planted motif comes back on either strand, duplicates and dead filters do not count, redundant filters cluster."""

import numpy as np
import pytest
import torch

from regdecode.explain.filters import (
    best_windows,
    cluster_motifs,
    consensus,
    count_letters,
    filter_motifs,
    information,
    informative_part,
    similarities,
)
from regdecode.models.deeprage_trunk import SequenceTrunk, TrunkShape

FLAT = np.full(4, 0.25)
SITE = "GATTCCA"


def codes_of(text: str) -> np.ndarray:
    return np.array(["ACGTN".index(letter) for letter in text], dtype=np.uint8)


def turned(text: str) -> str:
    return text[::-1].translate(str.maketrans("ACGT", "TGCA"))


def trunk_of(strands: str, length: int = 60) -> SequenceTrunk:
    """Filter 0 reads the site, filter 1 nothing, filter 2 answers nowhere; 9 bases wide, the site in the middle."""
    trunk = SequenceTrunk(TrunkShape(length, 3, 9, strands, "global")).eval()
    with torch.no_grad():
        trunk.conv.weight.zero_()
        trunk.conv.weight[0, codes_of(SITE).astype(int), torch.arange(1, 8)] = 1.0
        trunk.conv.bias.copy_(torch.tensor([-5.5, 1.0, -1.0]))
    return trunk


def planted(rng, n: int = 200, both: bool = True):
    rows, has = [], np.arange(n) % 4 == 0
    for k in range(n):
        text = "".join(rng.choice(list("ACGT"), 60))
        if has[k]:
            at = int(rng.integers(1, 50))
            site = turned(SITE) if both and k % 8 == 0 else SITE
            text = text[:at] + site + text[at + 7 :]
        rows.append(codes_of(text))
    return np.array(rows), has


@pytest.mark.parametrize("strands", ["one", "both"])
def test_a_planted_motif_comes_back(strands) -> None:
    codes, has = planted(np.random.default_rng(0), both=strands == "both")
    trunk = trunk_of(strands)
    best = best_windows(trunk, codes)
    assert (best.activation[has, 0] > 1).all()
    motifs = filter_motifs(codes, best, 9, FLAT, 40)
    assert consensus(motifs[0].core) == SITE
    assert (motifs[0].first, motifs[0].last) == (1, 8)
    assert motifs[0].n_sites == 40
    assert motifs[0].bits[1:8].min() > 1.5
    assert motifs[1].first == motifs[1].last == 0
    assert motifs[1].active == 1
    assert (motifs[2].n_sites, motifs[2].active, len(motifs[2].core)) == (0, 0, 0)
    if strands == "both":
        assert best.reverse[has, 0].any() and not best.reverse[has, 0].all()


def test_a_sequence_that_is_there_twice_counts_once() -> None:
    codes, has = planted(np.random.default_rng(1))
    copied = np.vstack([codes, np.repeat(codes[has][:1], 30, 0)])
    trunk = trunk_of("both")
    one, two = (filter_motifs(c, best_windows(trunk, c), 9, FLAT, 40)[0] for c in (codes, copied))
    np.testing.assert_allclose(one.probabilities, two.probabilities)


def test_letters_are_counted_by_hand() -> None:
    codes = np.array([codes_of("AACGTN"), codes_of("TTACGA")])
    counts = count_letters(codes, np.array([1, 2]), np.array([False, True]), 4)
    expected = np.array([codes_of("ACGT"), codes_of("TCGT")])
    np.testing.assert_allclose(counts, np.eye(4)[expected].sum(0))
    np.testing.assert_allclose(count_letters(codes[:1], np.array([2]), np.array([True]), 4)[0], 0.25)


def test_information_and_its_part() -> None:
    np.testing.assert_allclose(information(np.vstack([np.eye(4)[0], FLAT]), FLAT), [2, 0], atol=1e-9)
    assert informative_part(np.array([0, 0.1, 1, 0, 1, 0.2, 0.0])) == (1, 6)
    assert informative_part(np.zeros(7)) == (0, 0)
    assert informative_part(np.array([2.0, 0, 0])) == (0, 3)


def test_redundant_filters_are_one_cluster() -> None:
    rng = np.random.default_rng(2)

    def noisy(text: str) -> np.ndarray:
        matrix = 0.85 * np.eye(4)[codes_of(text)] + 0.15 * rng.dirichlet(np.ones(4), len(text))
        return matrix / matrix.sum(1, keepdims=True)

    motifs = [noisy("GATTCCAG"), noisy("TTGATTCCAG"), noisy(turned("GATTCCAG")), noisy("CCGTACGC"), np.zeros((0, 4)), noisy("CCGTACGC")]
    assert cluster_motifs(motifs, FLAT).tolist() == [1, 1, 1, 2, 0, 2]
    assert cluster_motifs(motifs[3:5], FLAT).tolist() == [1, 0]
    turn = motifs[1][::-1, ::-1]
    found = similarities([motifs[0], turn, motifs[3]], FLAT)
    a, b = motifs[0] - FLAT, motifs[1] - FLAT
    expected = (a * b[2:]).sum() / np.linalg.norm(a) / np.linalg.norm(b)
    assert found[0, 1] == pytest.approx(expected)
    assert found[0, 0] == pytest.approx(1)
    assert found[0, 2] < 0.6


def test_every_alignment_is_tried() -> None:
    """All shifts, both strands, against a loop."""
    rng = np.random.default_rng(3)
    background = np.array([0.35, 0.2, 0.1, 0.35])
    motifs = [rng.dirichlet(np.full(4, 0.3), width) for width in (4, 7, 5, 7)]
    found = similarities(motifs, background)
    for i, one in enumerate(motifs):
        for j, two in enumerate(motifs):
            best = 0.0
            for a, b in ((one, two), (one, two[::-1, ::-1]), (one[::-1, ::-1], two)):
                a, b = a - background, b - background
                for shift in range(-len(a) + 1, len(b)):
                    pairs = [(x, x + shift) for x in range(len(a)) if 0 <= x + shift < len(b)]
                    total = sum(a[x] @ b[y] for x, y in pairs)
                    best = max(best, total / np.linalg.norm(a) / np.linalg.norm(b))
            assert found[i, j] == pytest.approx(best)
