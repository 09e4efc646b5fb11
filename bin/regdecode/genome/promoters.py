"""Promoters as arrays: one row of base codes a gene, all of one length. Axes: G genes, L bases."""

import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import Faults, InputError
from regdecode.io.fasta import FastaRecord

log = logging.getLogger(__name__)
UNKNOWN = 4
_OTHER = 255
_CODES = np.full(256, _OTHER, dtype=np.uint8)
_CODES[np.frombuffer(b"ACGTN", dtype=np.uint8)] = [0, 1, 2, 3, UNKNOWN]
_SOME = 5


class Promoters(NamedTuple):
    """Sequences read 5' to 3' along each gene's strand: `genes` (G,), `codes` (G, L) with A C G T N = 0 1 2 3 4."""

    genes: NDArray[np.str_]
    codes: NDArray[np.uint8]


def _check_masked(rows: Sequence[NDArray[np.uint8]], wanted: int, where: str) -> None:
    """Count promoters that are N throughout; refuse them where all are."""
    masked = sum(bool((row[len(row) - wanted :] == UNKNOWN).all()) for row in rows)
    if masked == len(rows):
        raise InputError(f"all {masked} promoters are N throughout", where, "give promoters of a genome that is not masked")
    if masked:
        log.warning("%s: %d of %d promoters are N throughout: a model learns nothing from them", where, masked, len(rows))


def stack_promoters(records: Iterable[FastaRecord], where: str, length: int = 0) -> Promoters:
    """Stack sequences, each named by its gene; those that are N throughout are told in the log.

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
        A sequence is shorter than the window, or holds a letter other than A C G T N, all at once; or every one is N throughout.
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
    _check_masked(rows, wanted, where)
    return Promoters(np.array([record.name for record in listed]), np.stack([row[len(row) - wanted :] for row in rows]))
