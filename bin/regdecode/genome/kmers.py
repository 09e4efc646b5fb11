"""k-mer counts of sequences in windows. Axes: G genes, L bases, W windows, K k-mers (or pairs of a k-mer and its reverse complement)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

UNKNOWN = 4
LETTERS = "ACGT"
_CELLS = 50_000_000


def kmer_index(k: int, merge: bool = True) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Column of every word, and the word of every column.

    Parameters
    ----------
    k
        Word length.
    merge
        A word and its reverse complement share a column, named by the first of the two in alphabetical order.

    Returns
    -------
    column : ndarray (4**k,)
        Column of each word; a word's number reads its letters as digits, A C G T = 0 1 2 3.
    words : ndarray (K,)
        Number of the word that names each column.
    """
    words = np.arange(4**k, dtype=np.int64)
    if not merge:
        return words, words
    other, rest = np.zeros_like(words), words.copy()
    for _ in range(k):
        other = other * 4 + (3 - rest % 4)
        rest //= 4
    names, column = np.unique(np.minimum(words, other), return_inverse=True)
    return column.astype(np.int64).reshape(-1), names


def kmer_names(k: int, merge: bool = True) -> list[str]:
    """Letters of every column (K)."""
    words = kmer_index(k, merge)[1]
    return ["".join(LETTERS[(word >> (2 * (k - 1 - j))) & 3] for j in range(k)) for word in words.tolist()]


def word_numbers(codes: NDArray[np.uint8], k: int) -> NDArray[np.int64]:
    """Number of the word that starts at each base, (G, L - k + 1); 4**k where it holds a letter other than A C G T."""
    n = max(codes.shape[1] - k + 1, 0)
    numbers, known = np.zeros((len(codes), n), np.int64), np.ones((len(codes), n), bool)
    for j in range(k):
        piece = codes[:, j : j + n]
        numbers = numbers * 4 + piece
        known &= piece < UNKNOWN
    return np.where(known, numbers, 4**k)


def window_bounds(edges: tuple[int, ...], length: int) -> list[tuple[int, int]]:
    """First and last + 1 base of the windows between distances from the sequence's end, nearest first.

    Parameters
    ----------
    edges
        Rising distances; (0, 100, 300) are the last 100 bases and the 200 before them.
    length
        L; windows beyond it are cut, and left out when nothing is left.
    """
    bounds = [(max(length - far, 0), length - near) for near, far in pairwise(edges)]
    return [(first, last) for first, last in bounds if last > first]


def count_kmers(codes: NDArray[np.uint8], k: int, windows: list[tuple[int, int]], merge: bool = True) -> NDArray[np.float32]:
    """Words that start in each window, (G, W K): all columns of the first window, then of the second.

    Parameters
    ----------
    codes
        (G, L) letters A C G T = 0 1 2 3, others 4; a word with another letter is not counted.
    k
        Word length.
    windows
        First and last + 1 base of each; a word may end outside.
    merge
        Count a word with its reverse complement.
    """
    column, names = kmer_index(k, merge)
    n = len(names)
    lookup = np.append(column, n)
    counts = np.zeros((len(codes), len(windows) * n), np.float32)
    step = max(1, _CELLS // max(codes.shape[1], n + 1))
    for first in range(0, len(codes), step):
        found = lookup[word_numbers(codes[first : first + step], k)]
        cells = found + np.arange(len(found))[:, None] * (n + 1)
        for w, (begin, end) in enumerate(windows):
            seen = np.bincount(cells[:, begin:end].ravel(), minlength=len(found) * (n + 1))
            counts[first : first + step, w * n : (w + 1) * n] = seen.reshape(len(found), n + 1)[:, :n]
    return counts
