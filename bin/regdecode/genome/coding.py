"""Coding sequences of spliced gene models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from regdecode.genome.sequences import UNKNOWN, reverse_complement
from regdecode.io.bed12 import GeneModels
from regdecode.io.fasta import FastaRecord
from regdecode.io.notes import Notes

STARTS = frozenset({b"ATG", b"GTG", b"TTG", b"CTG", b"ATT", b"ATC", b"ATA"})  # genetic code 11; the standard code's are among them
STOPS = frozenset({b"TAA", b"TAG", b"TGA"})


def is_open_frame(letters: bytes) -> bool:
    """Whether letters are one open reading frame: whole codons from a start to a stop codon, and no other stop codon between them."""
    if len(letters) % 3 or letters[:3] not in STARTS or letters[-3:] not in STOPS:
        return False
    return STOPS.isdisjoint(letters[k : k + 3] for k in range(3, len(letters) - 3, 3))


def coding_sequences(
    models: GeneModels, sequence_of: Mapping[str, str], records: Iterable[FastaRecord], notes: Notes
) -> Iterator[tuple[str, bytes]]:
    """Yield each gene's coding sequence, spliced, 5' to 3', letters A C G T N, by FASTA sequence, then in the models' order.

    A gene without a coding part, or whose chromosome has no sequence or ends before it, yields nothing. Where the annotation tells no
    coding part at all (a table of genes), genes of one exon that are one open reading frame are coding.

    Parameters
    ----------
    models
        Thick parts are coding.
    sequence_of
        FASTA name of each chromosome.
    records
        The genome.
    notes
        Takes how many coding sequences there are.
    """
    told = models.thick_end > models.thick_start
    guessed = not told.any()
    first, last = (models.start, models.end) if guessed else (models.thick_start, models.thick_end)
    on_sequence: dict[str, list[int]] = {}
    for g in np.flatnonzero(np.diff(models.exon_offsets) == 1 if guessed else told).tolist():
        on_sequence.setdefault(sequence_of.get(str(models.chrom[g]), ""), []).append(g)
    written = 0
    for record in records:
        for g in on_sequence.get(record.name, ()):
            if last[g] > len(record.sequence):
                continue
            exons = range(int(models.exon_offsets[g]), int(models.exon_offsets[g + 1]))
            pieces = ((max(int(models.exon_start[e]), int(first[g])), min(int(models.exon_end[e]), int(last[g]))) for e in exons)
            letters = b"".join(record.sequence[start:end] for start, end in pieces if end > start).upper().translate(UNKNOWN)
            letters = letters if models.strand[g] == "+" else reverse_complement(letters)
            if not guessed or is_open_frame(letters):
                written += 1
                yield str(models.gene_id[g]), letters
    notes.add("genes that are one open reading frame, taken as coding" if guessed else "coding sequences", written)
