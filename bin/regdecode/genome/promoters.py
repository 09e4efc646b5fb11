"""Promoters as arrays: one row of base codes a gene, all of one length. Axes: G genes, L bases."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import Faults
from regdecode.io.fasta import FastaRecord

UNKNOWN = 4
_OTHER = 255
_CODES = np.full(256, _OTHER, dtype=np.uint8)
_CODES[np.frombuffer(b"ACGTN", dtype=np.uint8)] = [0, 1, 2, 3, UNKNOWN]
_SOME = 5


class Promoters(NamedTuple):
    """Sequences read 5' to 3' along each gene's strand: `genes` (G,), `codes` (G, L) with A C G T N = 0 1 2 3 4."""

    genes: NDArray[np.str_]
    codes: NDArray[np.uint8]


def stack_promoters(records: Iterable[FastaRecord], where: str, length: int = 0) -> Promoters:
    """Stack sequences, each named by its gene.

    Parameters
    ----------
    records
        One a gene, in upper case.
    where
        The file, for messages.
    length
        Bases of the window; a longer sequence keeps its last bases, those next to the gene. 0: the longest sequence's length.

    Raises
    ------
    InputError
        A sequence is shorter than the window, or holds a letter other than A C G T N; all at once.
    """
    listed = list(records)
    wanted = length or max(len(record.sequence) for record in listed)
    faults = Faults()
    short = [record for record in listed if len(record.sequence) < wanted]
    if short:
        faults.add(
            f"{len(short)} of {len(listed)} promoters are shorter than the window of {wanted} bases: "
            + ", ".join(f"{record.name} ({len(record.sequence)})" for record in short[:_SOME]),
            where,
            "fill them with N, or ask for a shorter window",
        )
    rows = []
    for record in listed:
        row = _CODES[np.frombuffer(record.sequence, dtype=np.uint8)]
        odd = np.flatnonzero(row == _OTHER)
        if len(odd):
            letter = chr(record.sequence[odd[0]])
            faults.add(f"base {odd[0] + 1} of {record.name} is {letter!r}", where, "write A, C, G, T, or N for a base that is not known")
        rows.append(row)
    faults.raise_if_any()
    return Promoters(np.array([record.name for record in listed]), np.stack([row[len(row) - wanted :] for row in rows]))
