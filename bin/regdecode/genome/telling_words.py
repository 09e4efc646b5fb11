"""Words of promoters that tell most of expression: where filters can start without a known motif.

Axes: G genes, S conditions, L bases, N words, F features, D components.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regdecode.genome.kmers import count_kmers, kmer_names
from regdecode.genome.motif_filters import Filters, motif_filters
from regdecode.io.meme import LETTERS, Motif

COMPONENTS = 30
LEAST_GENES = 20
FRESH = 0.3
CERTAIN = 0.9
SITES = 100.0
TAIL = 0.0015  # of places: the word itself and, at 7 bases, its like with one other letter


class Words(NamedTuple):
    """`words` (N,) in the order they were found; `told` (N,) share of the profiles' variance that each adds to those before it."""

    words: list[str]
    told: NDArray[np.float64]


def telling_words(
    codes: NDArray[np.uint8],
    profiles: NDArray[np.float64],
    n: int,
    length: int = 7,
    both: bool = True,
    given: NDArray[np.float32] | None = None,
) -> Words:
    """Choose words by forward selection: each next one explains most of what those before it leave.

    Linear regression of expression on the square roots of words' counts, word by word (REDUCE: Bussemaker, Li & Siggia 2001), for all
    conditions at once: on the `COMPONENTS` first principal components of the profiles. Genes with the same promoter (those of an operon)
    count as one, with their mean profile. A word counts where at least `LEAST_GENES` promoters hold it, and while at least `FRESH` of its
    variance is not that of chosen words.

    Parameters
    ----------
    codes
        (G, L) promoters, A C G T = 0 1 2 3 and 4 unknown.
    profiles
        (G, S) expression; NaN where not measured, which counts as the condition's mean.
    n
        Words to choose; fewer are returned where no more tell anything.
    length
        Bases of a word.
    both
        Whether a word stands for its reverse complement too.
    given
        (G, F) what is known of the promoters already; words that tell the same are not chosen.
    """
    codes, first, group = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    features = count_kmers(codes, length, [(0, codes.shape[1])], both)
    names = np.array(kmer_names(length, both))
    common = (features > 0).sum(0) >= min(LEAST_GENES, len(codes))
    features, names = np.sqrt(features[:, common]), names[common]
    features -= features.mean(0)
    spread = np.square(features).sum(0)
    scores, total = _components(_group_means(profiles, group.reshape(-1), len(codes)))
    if given is not None and given.shape[1]:
        basis = _basis(given[first])
        scores = scores - basis @ (basis.T @ scores)
        features -= basis @ (basis.T @ features)
    chosen, told = _forward(features, spread, scores, n)
    return Words(names[chosen].tolist(), told / max(total, 1e-12))


def _group_means(profiles: NDArray[np.float64], group: NDArray[np.integer], n: int) -> NDArray[np.float64]:
    """Mean profile (n, S) of the rows of each group; NaN where none is known."""
    known = np.isfinite(profiles)
    total, count = np.zeros((n, profiles.shape[1])), np.zeros((n, profiles.shape[1]))
    np.add.at(total, group, np.where(known, profiles, 0))
    np.add.at(count, group, known)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _components(profiles: NDArray[np.float64]) -> tuple[NDArray[np.float32], float]:
    """Scores (G, D) of the first principal components, and the variance of all of them together, summed over genes."""
    known = np.isfinite(profiles)
    mean = np.where(known, profiles, 0).sum(0) / np.maximum(known.sum(0), 1)
    centred = np.where(known, profiles - mean, 0)
    left, size, _ = np.linalg.svd(centred, full_matrices=False)
    return (left[:, :COMPONENTS] * size[:COMPONENTS]).astype(np.float32), float(np.square(centred).sum())


def _basis(given: NDArray[np.float32]) -> NDArray[np.float32]:
    """Orthonormal columns that span what is given, less its mean."""
    left, size, _ = np.linalg.svd(given - given.mean(0), full_matrices=False)
    return left[:, size > 1e-4 * max(size[0], 1e-12)]


def _forward(
    features: NDArray[np.float32], spread: NDArray[np.float32], scores: NDArray[np.float32], n: int
) -> tuple[list[int], NDArray[np.float64]]:
    """Columns in the order of choice and the squares each takes from the scores.

    Products with the scores and squared lengths of all columns are kept up to date by a Gram-Schmidt step for each choice, so that a step
    costs one product of the features with a vector.
    """
    products, lengths = features.T @ scores, np.square(features).sum(0)
    directions = np.zeros((len(features), 0), np.float32)
    chosen: list[int] = []
    told: list[float] = []
    while len(chosen) < n:
        fresh = lengths > FRESH * spread
        gains = np.where(fresh, np.square(products).sum(1) / np.maximum(lengths, 1e-12), 0.0)
        if not len(gains) or gains.max() <= 0:
            break
        best = int(gains.argmax())
        chosen.append(best)
        told.append(float(gains[best]))
        direction = features[:, best] - directions @ (directions.T @ features[:, best])
        direction /= np.linalg.norm(direction)
        directions = np.column_stack([directions, direction])
        along = features.T @ direction
        products -= np.outer(along, direction @ scores)
        lengths -= along**2
    return chosen, np.array(told)


def word_filters(words: Sequence[str], width: int, codes: NDArray[np.uint8]) -> Filters:
    """Filters that answer a word and, less, its like with one other letter; see `motif_filters`."""
    letters = np.array([[LETTERS.index(letter) for letter in word] for word in words])
    sharp = np.eye(4)[letters] * (CERTAIN - (1 - CERTAIN) / 3) + (1 - CERTAIN) / 3
    return motif_filters([Motif(word, "", rows, SITES, 0) for word, rows in zip(words, sharp, strict=True)], width, codes, tail=TAIL)
