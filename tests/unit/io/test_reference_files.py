"""The files REFERENCE writes are read back as they were, and bad rows are named: genes.tsv, models.bed, chromosomes.tsv; FASTA and alias
files."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from regdecode.errors import InputError
from regdecode.io.bed12 import GeneModels, read_models, write_models
from regdecode.io.chromosome_table import read_aliases, read_chromosomes, write_chromosomes
from regdecode.io.fasta import read_fasta, write_fasta
from regdecode.io.gene_table import COLUMNS, GeneTable, read_genes, write_genes

GENES = GeneTable(
    *(
        np.array(column)
        for column in zip(
            ("a", "A", "1", 10, 40, "+", 10, -1, 20, 2, "a", "a"), ("b", "B", "2", 100, 150, "-", 149, 120, 50, 1, "u", "a"), strict=True
        )
    )
)
MODELS = GeneModels(
    np.array(["a", "b"]),
    np.array(["1", "2"]),
    np.array([10, 100]),
    np.array([40, 150]),
    np.array(["+", "-"]),
    np.array([10, 110]),
    np.array([10, 121]),
    np.array([0, 2, 3]),
    np.array([10, 30, 100]),
    np.array([20, 40, 150]),
)


def test_genes_round_trip(tmp_path: Path) -> None:
    write_genes(GENES, tmp_path / "genes.tsv")
    back = read_genes(tmp_path / "genes.tsv")
    assert all(getattr(back, name).tolist() == getattr(GENES, name).tolist() for name in COLUMNS)
    assert (tmp_path / "genes.tsv").read_text().splitlines()[1].split("\t")[7] == "NA"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("\t100\t", "\tx\t", ":3: start is 'x'"),
        ("\t-\t", "\t?\t", r":3: strand is '\?'"),
        ("b\tB", "a\tB", ":3: gene a is already on line 2"),
        ("unit_leader", "u", "column unit_leader is missing"),
        ("\tu\ta", "\tu", ":3: 11 fields"),
    ],
)
def test_bad_genes(tmp_path: Path, old: str, new: str, told: str) -> None:
    write_genes(GENES, tmp_path / "genes.tsv")
    (tmp_path / "genes.tsv").write_text((tmp_path / "genes.tsv").read_text().replace(old, new))
    with pytest.raises(InputError, match=told):
        read_genes(tmp_path / "genes.tsv")


def test_models_round_trip(tmp_path: Path) -> None:
    write_models(MODELS, tmp_path / "models.bed")
    back = read_models(tmp_path / "models.bed")
    for name in ("gene_id", "chrom", "start", "end", "strand", "thick_start", "thick_end", "exon_offsets", "exon_start", "exon_end"):
        assert getattr(back, name).tolist() == getattr(MODELS, name).tolist()
    assert back.length.tolist() == [20, 50]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("10,10,", "10,11,", ":1: the blocks"),
        ("0,20,", "0,5,", ":1: the blocks"),
        ("\t2\t", "\t3\t", ":1: 3 blocks announced"),
        ("\t-\t", "\t.\t", r":2: strand is '\.'"),
        ("\t100\t", "\tc\t", ":2: a position"),
        ("\tb\t", "\ta\t", ":2: gene a is already on line 1"),
        ("\t50,\t0,", "", ":2: 10 fields"),
    ],
)
def test_bad_models(tmp_path: Path, old: str, new: str, told: str) -> None:
    write_models(MODELS, tmp_path / "models.bed")
    (tmp_path / "models.bed").write_text((tmp_path / "models.bed").read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=told):
        read_models(tmp_path / "models.bed")


def test_chromosomes_round_trip(tmp_path: Path) -> None:
    rows = [("I", 230218, ("chrI", "1")), ("scaffold", None, ())]
    write_chromosomes(rows, tmp_path / "c.tsv")
    assert read_chromosomes(tmp_path / "c.tsv") == rows
    (tmp_path / "c.tsv").write_text("name\tlength\taliases\nI\tlong\t\n")
    with pytest.raises(InputError, match=":2: "):
        read_chromosomes(tmp_path / "c.tsv")


def test_aliases(tmp_path: Path) -> None:
    path = tmp_path / "alias.txt"
    path.write_text("# ucsc\trefseq\nchrI\tNC_1\tI\nchrII\t\tNC_2\nlonely\n")
    assert read_aliases(path) == [["chrI", "NC_1", "I"], ["chrII", "NC_2"]]
    path.write_text("chrI\tNC_1\nchrII\tNC_1\n")
    with pytest.raises(InputError, match=":2: 'NC_1' is already a name on line 1"):
        read_aliases(path)
    path.write_text("chrI\n")
    with pytest.raises(InputError, match="no line holds two names"):
        read_aliases(path)


def test_fasta(tmp_path: Path) -> None:
    path = tmp_path / "g.fa.gz"
    path.write_bytes(gzip.compress(b">a one two\nacGT\n\nNN\r\n>b\nA*\n"))
    assert [tuple(record) for record in read_fasta(path)] == [("a", "one two", b"ACGTNN"), ("b", "", b"A*")]
    write_fasta([("x y", b"AC")], tmp_path / "o.fa")
    assert (tmp_path / "o.fa").read_text() == ">x y\nAC\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ACGT\n", ":1: the file does not start"),
        (">a\nAC\n>a\nGT\n", ":3: sequence 'a' is already on line 1"),
        (">a\nAC1\n", ":2: '1' is not"),
        (">a\n>b\nA\n", ":1: sequence 'a' is empty"),
        (">\nA\n", ":1: a header without a name"),
        ("", "no sequence"),
    ],
)
def test_bad_fasta(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "g.fa").write_text(text)
    with pytest.raises(InputError, match=told):
        list(read_fasta(tmp_path / "g.fa"))
