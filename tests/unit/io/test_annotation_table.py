"""Tables of genes: counting from 0 or 1, separators, quotes, every bad row."""

import gzip
from pathlib import Path

import pytest

from regdecode.errors import InputError
from regdecode.io.annotation_table import guess_separator, read_table

COLUMNS = {"gene_id": "", "gene_name": "name", "chrom": "seq", "start": "from", "end": "to", "strand": "strand", "unit": "operon"}
HEADER = ",name,seq,from,to,strand,operon,note\n"


def test_zero_based_gzipped_csv_with_quotes(tmp_path: Path) -> None:
    path = tmp_path / "genes.csv.gz"
    path.write_bytes(gzip.compress((HEADER + 'b1,thrL,c,189,255,+,thr,"x, y"\nb2,,c,300,310,-,,\n').encode()))
    found = read_table(path, COLUMNS, zero_based=True)
    assert [(t.gene_id, t.chrom, t.start, t.end, t.strand) for t in found.transcripts] == [
        ("b1", "c", 189, 255, "+"),
        ("b2", "c", 300, 310, "-"),
    ]
    assert (found.names, found.units) == ({"b1": "thrL"}, {"b1": "thr"})


def test_one_based_tsv_with_other_strands_and_one_chromosome(tmp_path: Path) -> None:
    path = tmp_path / "genes.tsv"
    path.write_text("gene_id\tstart\tend\tstrand\tstart_codon\ng1\t1\t9\tW\t3\ng2\t11\t20\t-1\tNA\n")
    found = read_table(path, {"start_codon": "start_codon"}, chromosome="c")
    assert [(t.chrom, t.start, t.end, t.strand) for t in found.transcripts] == [("c", 0, 9, "+"), ("c", 10, 20, "-")]
    assert found.start_codons == {"g1": 2}


def test_separator() -> None:
    assert [guess_separator(text) for text in ("a,b;c,d", "a\tb,c\td", "a;b")] == [",", "\t", ";"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("b2,x,c,9,5,+,,", "start 9 and end 5"),
        ("b2,x,c,9,9,+,,", "leave no base"),
        ("b2,x,c,1e3,9,+,,", "not both whole"),
        ("b2,x,c,1,9,up,,", "strand 'up'"),
        (",x,c,1,9,+,,", "gene id is ''"),
        ("b2,x,,1,9,+,,", "chromosome ''"),
        ("b2,x,c,1,9,+", "6 fields, the header has 8"),
    ],
)
def test_bad_row_is_told_with_its_line(tmp_path: Path, row: str, told: str) -> None:
    path = tmp_path / "genes.csv"
    path.write_text(HEADER + "b1,thrL,c,189,255,+,thr,\n" + row + "\nb3,x,c,7,3,+,,\n")
    with pytest.raises(InputError) as caught:
        read_table(path, COLUMNS, zero_based=True)
    assert f"{path}:3: " in str(caught.value)
    assert told in str(caught.value)
    assert f"{path}:4: " in str(caught.value)


def test_missing_column_and_empty_table(tmp_path: Path) -> None:
    path = tmp_path / "genes.csv"
    path.write_text("id,from\n")
    with pytest.raises(InputError, match=r"column 'seq' \(chrom\), '' \(gene_id\), 'to' \(end\)"):
        read_table(path, COLUMNS)
    path.write_text(HEADER)
    with pytest.raises(InputError, match="no usable gene"):
        read_table(path, COLUMNS)
