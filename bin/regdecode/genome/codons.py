"""Usage of codons in coding sequences. Axes: G genes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from regdecode.genome.kmers import UNKNOWN
from regdecode.genome.scan import encode

CODONS = 64


def count_codons(codes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Counts (64,) of the codons of one coding sequence, from its first base on; a codon with another letter is not counted."""
    whole = codes[: len(codes) // 3 * 3].reshape(-1, 3).astype(np.int64)
    whole = whole[(whole < UNKNOWN).all(axis=1)]
    return np.bincount(whole @ np.array([16, 4, 1]), minlength=CODONS)


def codon_table(genes: Sequence[str], coding: Mapping[str, bytes]) -> NDArray[np.float32]:
    """Square roots of the shares of each codon, then log(100 + bases), float32 (G, 65); a gene without a sequence has zeros.

    Parameters
    ----------
    genes
        Gene ids.
    coding
        Coding sequence of each gene that has one, 5' to 3'.
    """
    table = np.zeros((len(genes), CODONS + 1), np.float32)
    for row, gene in enumerate(genes):
        letters = coding.get(gene, b"")
        counts = count_codons(encode(letters))
        if counts.sum():
            table[row, :CODONS] = np.sqrt(counts / counts.sum())
            table[row, CODONS] = np.log(100 + len(letters))
    return table
