"""Promoters as codes: the window next to the gene, and what is refused."""

import pytest

from regdecode.errors import InputError
from regdecode.genome.promoters import stack_promoters
from regdecode.io.fasta import FastaRecord


def records(**letters: str) -> list[FastaRecord]:
    return [FastaRecord(name, "", text.encode()) for name, text in letters.items()]


def test_codes_and_the_bases_next_to_the_gene() -> None:
    found = stack_promoters(records(a="ACGTN", b="TTTTA"), "s.fa")
    assert found.genes.tolist() == ["a", "b"]
    assert found.codes.tolist() == [[0, 1, 2, 3, 4], [3, 3, 3, 3, 0]]
    assert stack_promoters(records(a="ACGTN", b="TA"), "s.fa", 2).codes.tolist() == [[3, 4], [3, 0]]


def test_promoters_of_n_alone_are_counted_and_refused_where_all_are(caplog: pytest.LogCaptureFixture) -> None:
    stack_promoters(records(a="ACNN", b="NNNN", c="NNNA"), "s.fa")
    assert "s.fa: 1 of 3 promoters are N throughout" in caplog.text
    with pytest.raises(InputError, match=r"s\.fa: all 2 promoters are N throughout"):
        stack_promoters(records(a="ACNN", b="NNNN"), "s.fa", 2)


def test_short_promoters_are_named() -> None:
    with pytest.raises(InputError, match=r"s.fa: 2 of 3 promoters are shorter than the window of 6 bases: b \(2\), c \(5\)"):
        stack_promoters(records(a="ACGTNA", b="AC", c="ACGTA"), "s.fa")
    with pytest.raises(InputError, match="1 of 2 promoters are shorter than the window of 4 bases"):
        stack_promoters(records(a="ACGTNA", b="ACG"), "s.fa", 4)


def test_other_letters_are_named_with_their_place() -> None:
    with pytest.raises(InputError) as told:
        stack_promoters(records(a="ACGR", b="MCGT", c="ACGT"), "s.fa")
    assert "base 4 of a is 'R'" in str(told.value)
    assert "base 1 of b is 'M'" in str(told.value)
