"""Coding sequences of spliced gene models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from regdecode.genome.sequences import UNKNOWN, reverse_complement
from regdecode.io.bed12 import GeneModels
from regdecode.io.fasta import FastaRecord
from regdecode.io.notes import Notes


def coding_sequences(
    models: GeneModels, sequence_of: Mapping[str, str], records: Iterable[FastaRecord], notes: Notes
) -> Iterator[tuple[str, bytes]]:
    """Yield each gene's coding sequence, spliced, 5' to 3', letters A C G T N, by FASTA sequence, then in the models' order.

    A gene without a coding part, or whose chromosome has no sequence or ends before it, yields nothing.

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
    on_sequence: dict[str, list[int]] = {}
    for g, chrom in enumerate(models.chrom.tolist()):
        if models.thick_end[g] > models.thick_start[g]:
            on_sequence.setdefault(sequence_of.get(chrom, ""), []).append(g)
    written = 0
    for record in records:
        for g in on_sequence.get(record.name, ()):
            first, last = int(models.thick_start[g]), int(models.thick_end[g])
            if last > len(record.sequence):
                continue
            exons = range(int(models.exon_offsets[g]), int(models.exon_offsets[g + 1]))
            pieces = ((max(int(models.exon_start[e]), first), min(int(models.exon_end[e]), last)) for e in exons)
            letters = b"".join(record.sequence[start:end] for start, end in pieces if end > start).upper().translate(UNKNOWN)
            written += 1
            yield str(models.gene_id[g]), letters if models.strand[g] == "+" else reverse_complement(letters)
    notes.add("coding sequences", written)
