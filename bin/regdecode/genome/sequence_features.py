"""The table of promoter features that the learned members and the comparators of DeepRAGE read: k-mers and motifs by window.

Windows are told by distances from the sequence's end, the base next to the gene. Axes: G genes, L bases, F features, M motifs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from regdecode.genome.kmers import count_kmers, window_bounds
from regdecode.genome.occupancy import SoftMotif, background_of, occupancy, soften
from regdecode.io.meme import Motif

KMER = 6
KMER_EDGES = (0, 200, 400, 1000, 100_000)
MOTIF_EDGES = (0, 100, 200, 300, 400, 600, 1000, 100_000)
HIT = 0.5


@dataclass(frozen=True)
class SequenceTable:
    """Features of promoters.

    Attributes
    ----------
    X : ndarray, float32 (G, F)
    blocks : dict of str to (int, int)
        First and last + 1 column of each block ("kmers", "motifs", "sites": motifs over the whole promoter).
    hits : ndarray, float32 (G, M)
        1 where the promoter holds a site of the motif.
    """

    X: NDArray[np.float32]
    blocks: dict[str, tuple[int, int]]
    hits: NDArray[np.float32]

    def with_codons(self, codons: NDArray[np.float32]) -> SequenceTable:
        """The same with a block "codons" (G, C) of the genes' coding sequences."""
        first = self.X.shape[1]
        blocks = {**self.blocks, "codons": (first, first + codons.shape[1])}
        return SequenceTable(np.concatenate([self.X, codons], axis=1), blocks, self.hits)


@dataclass(frozen=True)
class Recipe:
    """How a table is made.

    Attributes
    ----------
    length
        Bases of the window; longer sequences keep their last ones.
    k, kmer_edges, motif_edges
        Word length; distances from the sequence's end that part the windows.
    motifs
        Scored against the training promoters.
    """

    length: int
    motifs: tuple[SoftMotif, ...]
    k: int = KMER
    kmer_edges: tuple[int, ...] = KMER_EDGES
    motif_edges: tuple[int, ...] = MOTIF_EDGES

    def table(self, codes: NDArray[np.uint8]) -> SequenceTable:
        """Features of promoters (G, L); square roots of counts, and soft counts of motif sites."""
        codes = np.ascontiguousarray(codes[:, codes.shape[1] - self.length :])
        words = np.sqrt(count_kmers(codes, self.k, window_bounds(self.kmer_edges, self.length)))
        bounds = window_bounds(self.motif_edges, self.length)
        places = occupancy(codes, self.motifs, bounds)
        whole = places.reshape(len(codes), len(bounds), len(self.motifs)).sum(axis=1)
        blocks, first = {}, 0
        for name, part in (("kmers", words), ("motifs", places), ("sites", np.log1p(whole))):
            blocks[name] = (first, first + part.shape[1])
            first += part.shape[1]
        return SequenceTable(np.concatenate([words, places, np.log1p(whole)], axis=1), blocks, (whole >= HIT).astype(np.float32))


def make_recipe(codes: NDArray[np.uint8], motifs: Sequence[Motif], length: int = 0) -> Recipe:
    """Score motifs against the letters of training promoters (G, L); a name that comes twice keeps its first matrix.

    Parameters
    ----------
    length
        0: the whole sequence.
    """
    length = length or codes.shape[1]
    background = background_of(codes[:, codes.shape[1] - length :])
    once = {motif.name: motif for motif in reversed([soften(motif, background) for motif in motifs if len(motif.probabilities) <= length])}
    return Recipe(length, tuple(once[name] for name in sorted(once)))
