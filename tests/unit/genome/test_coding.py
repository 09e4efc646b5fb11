"""Coding sequences: as annotated, and read off the letters where nothing is."""

from dataclasses import replace

import numpy as np
import pytest

from regdecode.genome.coding import coding_sequences, is_open_frame
from regdecode.io.bed12 import GeneModels
from regdecode.io.fasta import FastaRecord
from regdecode.io.notes import Notes

LETTERS = b"CCATGGCTTAACCTTAagcCATCCATGTAAGCTTAACC"


def models(spans: list[tuple[int, int, str]], thick: dict[int, tuple[int, int]] | None = None) -> GeneModels:
    """Genes of one exon on one chromosome."""
    start, end = (np.array([span[k] for span in spans]) for k in (0, 1))
    first, last = (np.array([(thick or {}).get(g, (start[g],) * 2)[k] for g in range(len(spans))]) for k in (0, 1))
    names, strand = np.array([f"g{g}" for g in range(len(spans))]), np.array([span[2] for span in spans])
    chrom = np.full(len(spans), "chr1")
    return GeneModels(names, chrom, start, end, strand, first, last, np.arange(len(spans) + 1), start, end)


def sequences(of: GeneModels, notes: Notes) -> dict[str, bytes]:
    return dict(coding_sequences(of, {"chr1": "one"}, [FastaRecord("one", "", LETTERS)], notes))


@pytest.mark.parametrize(
    ("letters", "open_frame"),
    [
        (b"ATGGCTTAA", True),
        (b"GTGTAG", True),
        (b"ATGGCTTA", False),  # not whole codons
        (b"AAGGCTTAA", False),  # no start
        (b"ATGGCTGCT", False),  # no stop
        (b"ATGTAAGCTTAA", False),  # a stop between
        (b"ATGCTAGCTTAA", True),  # one in another frame
        (b"ATG", False),
        (b"", False),
    ],
)
def test_an_open_frame(letters: bytes, open_frame: bool) -> None:
    assert is_open_frame(letters) is open_frame


def test_genes_of_a_table_are_coding_where_they_are_one_open_frame() -> None:
    notes = Notes("test")
    spans = [(2, 11, "+"), (2, 11, "-"), (13, 22, "-"), (24, 36, "+"), (30, 60, "+")]
    assert sequences(models(spans), notes) == {"g0": b"ATGGCTTAA", "g2": b"ATGGCTTAA"}
    assert [(note.what, note.n) for note in notes.notes] == [("genes that are one open reading frame, taken as coding", 2)]


def test_exons_that_nobody_calls_coding_are_not_joined() -> None:
    one = models([(2, 11, "+")])
    spliced = replace(one, exon_offsets=np.array([0, 2]), exon_start=np.array([2, 8]), exon_end=np.array([5, 11]))
    assert sequences(spliced, Notes("test")) == {}
    annotated = replace(spliced, thick_start=one.start, thick_end=one.end)
    assert sequences(annotated, Notes("test")) == {"g0": b"ATGTAA"}


def test_an_annotation_that_tells_coding_parts_is_believed() -> None:
    notes = Notes("test")
    found = sequences(models([(2, 11, "+"), (13, 22, "-"), (24, 36, "+")], {2: (24, 30)}), notes)
    assert found == {"g2": b"ATGTAA"}
    assert [(note.what, note.n) for note in notes.notes] == [("coding sequences", 1)]
