"""Motif scanning: log-odds in whole hundredths of a bit, exact p-values, every place a motif can stand on both strands.

The score of a place is an integer, so its distribution under the background is exact by convolution over the motif's positions, and the
smallest score
whose tail probability is at most the threshold is found without sampling. Sequences are indexed once by their 8-letter words: a motif
looks up the
words that its most telling eight positions allow, and only those places are scored in full; a motif that allows many is scored
everywhere, eight
positions at a time.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

UNITS_PER_BIT = 100
WORD = 8
OTHER = 4
FORBIDDEN = -(1 << 28)
FEW = 6
CODES = np.full(256, OTHER, dtype=np.uint8)
CODES[np.frombuffer(b"ACGTacgt", dtype=np.uint8)] = [0, 1, 2, 3, 0, 1, 2, 3]
CODES[np.frombuffer(b"Uu", dtype=np.uint8)] = 3


class WordIndex(NamedTuple):
    """Words of `width` letters. `word[i]` starts at i (4**width where it holds another letter); w stands at `places[offsets[w]:offsets[w
    + 1]]`.
    """

    width: int
    word: NDArray[np.intp]
    places: NDArray[np.intp]
    offsets: NDArray[np.int64]


class Hits(NamedTuple):
    """Places of one motif on one strand, ascending, with their scores in units."""

    start: NDArray[np.int64]
    score: NDArray[np.int64]


def encode(letters: bytes) -> NDArray[np.uint8]:
    """Return (L,) codes: A C G T = 0 1 2 3, U as T, anything else 4."""
    return CODES[np.frombuffer(letters, dtype=np.uint8)]


def letter_frequencies(codes: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return (4,) frequencies of A C G T over both strands (so A = T and C = G); uniform where there is no letter."""
    counts = np.bincount(codes, minlength=5)[:4].astype(np.float64)
    both = counts + counts[::-1]
    return both / both.sum() if both.sum() else np.full(4, 0.25)


def log_odds(
    probabilities: NDArray[np.float64], sites: float, background: NDArray[np.float64], pseudocount: float = 0.1
) -> NDArray[np.int64]:
    """Return (W, 4) scores in units of 1/100 bit: log2(p' / background) with p' = (sites p + pseudocount background) / (sites +
    pseudocount).

    Parameters
    ----------
    probabilities
        (W, 4) letter probabilities.
    sites
        Sites they come from.
    background
        (4,) letter frequencies, none of them 0.
    pseudocount
        Sites' worth of background added, above 0.
    """
    smooth = (sites * probabilities + pseudocount * background) / (sites + pseudocount)
    return np.rint(UNITS_PER_BIT * np.log2(smooth / background)).astype(np.int64)


class Tail(NamedTuple):
    """P(score >= lowest + i) under the background is `probability[i]`."""

    lowest: int
    probability: NDArray[np.float64]

    def threshold(self, p_value: float) -> int | None:
        """Return the smallest score that letters reach or pass with probability <= p_value; None where even the best score is likelier."""
        allowed = np.flatnonzero((self.probability <= p_value) & (self.probability > 0))
        return self.lowest + int(allowed[0]) if len(allowed) else None

    def p_values(self, scores: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the tail probability of each score."""
        return self.probability[scores - self.lowest]


def score_tail(scores: NDArray[np.int64], background: NDArray[np.float64]) -> Tail:
    """Return the exact tail distribution of a motif's score on random letters.

    Parameters
    ----------
    scores
        (W, 4) whole scores.
    background
        (4,) letter probabilities.
    """
    mass = np.ones(1)
    for row in scores:
        shifts = row - row.min()
        longer = np.zeros(len(mass) + int(shifts.max()))
        for letter in range(4):
            longer[shifts[letter] : shifts[letter] + len(mass)] += background[letter] * mass
        mass = longer
    return Tail(int(scores.min(1).sum()), np.cumsum(mass[::-1])[::-1])


def index_words(codes: NDArray[np.uint8], width: int = WORD) -> WordIndex:
    """Index the (L - width + 1) words of a sequence; a word with another letter than A C G T is in no list of places."""
    n = max(len(codes) - width + 1, 0)
    word, valid = np.zeros(n, np.intp), np.ones(n, bool)
    for i in range(width):
        piece = codes[i : i + n]
        word = word * 4 + piece
        valid &= piece != OTHER
    word[~valid] = 4**width
    counts = np.bincount(word, minlength=4**width + 1)
    return WordIndex(width, word, np.argsort(word, kind="stable"), np.concatenate([[0], np.cumsum(counts)]))


def word_indexer(codes: NDArray[np.uint8]) -> Callable[[int], WordIndex]:
    """Return a function that gives the index of any word width up to `WORD`, each made once."""
    made: dict[int, WordIndex] = {}

    def index(width: int) -> WordIndex:
        if width not in made:
            made[width] = index_words(codes, width)
        return made[width]

    return index


class _Block(NamedTuple):
    """Consecutive positions of a motif: where they begin, the score of each word (the last entry forbids other letters), the best
    word's.
    """

    offset: int
    table: NDArray[np.int32]
    best: int


def _blocks(scores: NDArray[np.int64], span: int) -> list[_Block]:
    """Cut a motif into words of `span` positions, the most telling first; the last overlaps its neighbour with scores of 0."""
    blocks, spreads = [], []
    for begin in range(0, len(scores), span):
        offset = min(begin, len(scores) - span)
        rows = np.where(np.arange(offset, offset + span)[:, None] >= begin, scores[offset : offset + span], 0)
        table = np.zeros(1, np.int64)
        for row in rows:
            table = (table[:, None] + row).ravel()
        blocks.append(_Block(offset, np.append(table, FORBIDDEN).astype(np.int32), int(rows.max(1).sum())))
        spreads.append(float((rows.max(1) - rows.mean(1)).sum()))
    return [blocks[i] for i in np.argsort(np.negative(spreads), kind="stable")]


def find_hits(codes: NDArray[np.uint8], index: Callable[[int], WordIndex], scores: NDArray[np.int64], threshold: int) -> Hits:
    """Return every place whose score is at least the threshold.

    Parameters
    ----------
    codes
        (L,) letters; a place that covers a code 4 is no hit.
    index
        `word_indexer` of the same codes.
    scores
        (W, 4) scores.
    threshold
        Smallest score of a hit.
    """
    words = index(min(WORD, len(scores)))
    n = len(codes) - len(scores) + 1
    if n <= 0:
        return Hits(np.zeros(0, np.int64), np.zeros(0, np.int64))
    first, *others = _blocks(scores, words.width)
    still = sum(block.best for block in others)
    allowed = np.flatnonzero(first.table[:-1] >= threshold - still)
    counts = words.offsets[allowed + 1] - words.offsets[allowed]
    start: NDArray[np.int64] | None = None
    if FEW * int(counts.sum()) < n:
        begins = np.repeat(words.offsets[allowed] - np.cumsum(counts) + counts, counts)
        start = words.places[begins + np.arange(len(begins))] - first.offset
        score = np.repeat(first.table[allowed], counts)
        inside = (start >= 0) & (start < n)
        start, score = start[inside], score[inside]
    else:
        score = first.table[words.word[first.offset : first.offset + n]]
    for block in others:
        still -= block.best
        score = score + block.table[words.word[block.offset : block.offset + n] if start is None else words.word[start + block.offset]]
        kept = score >= threshold - still
        if start is not None:
            start, score = start[kept], score[kept]
        elif FEW * np.count_nonzero(kept) < n:
            start = np.flatnonzero(kept)
            score = score[start]
    if start is None:
        start = np.flatnonzero(score >= threshold)
        score = score[start]
    order = np.argsort(start, kind="stable")
    return Hits(start[order].astype(np.int64), score[order].astype(np.int64))


def other_strand(scores: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the scores of the reverse complement."""
    return scores[::-1, ::-1]
