"""BED files as they come: what is read, what is skipped, what is refused and how."""

import gzip

import numpy as np
import pytest

from regdecode.errors import InputError
from regdecode.io.bed import concatenate, read_bed


def write(tmp_path, text, name="tf.bed"):
    """A file of the given text or bytes; gzipped where its name says so."""
    path = tmp_path / name
    raw = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


def rows(sites):
    """(chromosome, start, end, regulator) of every site."""
    return list(
        zip(
            sites.chroms[sites.chrom].tolist(),
            sites.start.tolist(),
            sites.end.tolist(),
            sites.regulators[sites.regulator].tolist(),
            strict=True,
        )
    )


EXPECTED = [("chr2", 5, 9, "B"), ("chr1", 0, 3, "A"), ("chr2", 1, 1, "B")]
SIX = "chr2\t5\t9\tB\t0\t+\nchr1\t0\t3\tA\t0\t-\nchr2\t1\t1\tB\t0\t.\n"


@pytest.mark.parametrize("name", ["tf.bed", "tf.bed.gz"])
def test_bed6(tmp_path, name):
    sites = read_bed(write(tmp_path, SIX, name), stranded=True)
    assert rows(sites) == EXPECTED
    assert sites.strand.tolist() == [1, -1, 0]
    assert sites.chroms.tolist() == ["chr1", "chr2"] and sites.regulators.tolist() == ["A", "B"]
    assert sites.start.dtype == np.int64 and sites.regulator.dtype == np.int32


def test_strand_is_read_on_demand(tmp_path):
    assert read_bed(write(tmp_path, SIX)).strand is None


@pytest.mark.parametrize(
    "text",
    [
        SIX.replace("\n", "\r\n"),
        SIX.rstrip("\n"),
        "\ufeff" + SIX,
        "# made by hand\nbrowser position chr1\ntrack name=sites\n\n" + SIX,
        "#chrom\tstart\tend\tname\tscore\tstrand\n" + SIX,
        "chrom\tstart\tend\tname\tscore\tstrand\n" + SIX,
        SIX.replace("chr1", "# in between\nchr1"),
        SIX.replace("chr1", "track name=second\nchr1"),
        SIX.replace("chr1", "\nchr1"),
        SIX.replace("\t", " "),
        SIX.replace("\t", "   "),
        SIX.replace("+\n", "+\t7\t8\n"),
        SIX.replace("B\t0", 'B\tsome "quoted'),
        "".join(line + "\t3.1\t-1\t9.5\t40\n" for line in SIX.splitlines()),
    ],
    ids=[
        "crlf",
        "no last newline",
        "byte order mark",
        "browser and track",
        "commented header",
        "header",
        "comment inside",
        "track inside",
        "blank line inside",
        "blanks",
        "many blanks",
        "ragged extra fields",
        "quotes",
        "narrowPeak",
    ],
)
def test_forms(tmp_path, text):
    sites = read_bed(write(tmp_path, text), stranded=True)
    assert rows(sites) == EXPECTED
    assert sites.strand.tolist() == [1, -1, 0]


def test_bed4_and_bed5(tmp_path):
    for columns in (4, 5):
        text = "".join("\t".join(line.split("\t")[:columns]) + "\n" for line in SIX.splitlines())
        sites = read_bed(write(tmp_path, text), stranded=True)
        assert rows(sites) == EXPECTED and sites.strand is None


def test_sites_without_a_name_are_named_like_the_file(tmp_path):
    bed3 = read_bed(write(tmp_path, "chr1\t1\t5\nchr1\t7\t9\n", "GATA1.peaks.bed.gz"))
    assert rows(bed3) == [("chr1", 1, 5, "GATA1"), ("chr1", 7, 9, "GATA1")]
    dots = read_bed(write(tmp_path, "chr1\t1\t5\t.\t0\t.\nchr1\t7\t9\t.\t0\t.\n", "TAL1.narrowPeak"))
    assert dots.regulators.tolist() == ["TAL1"]
    asked = read_bed(write(tmp_path, "chr1\t1\t5\tpeak_1\nchr1\t7\t9\tpeak_2\n", "KLF1.bed"), name_from_file=True)
    assert asked.regulators.tolist() == ["KLF1"]


def test_several_files(tmp_path):
    one = read_bed(write(tmp_path, "chr2\t1\t5\nchr1\t1\t5\n", "B.bed"))
    two = read_bed(write(tmp_path, "chr1\t7\t9\tA\t0\t-\nchr3\t7\t9\tB\t0\t+\n", "six.bed"), stranded=True)
    both = concatenate([one, two])
    assert rows(both) == [("chr2", 1, 5, "B"), ("chr1", 1, 5, "B"), ("chr1", 7, 9, "A"), ("chr3", 7, 9, "B")]
    assert both.strand.tolist() == [0, 0, -1, 1]
    assert concatenate([one]) is one


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("chr1\t9\t5\tA\t0\t+", "end 5 is before start 9"),
        ("chr1\tx\t5\tA\t0\t+", "start is 'x', not a whole number"),
        ("chr1\t1\t5.5\tA\t0\t+", "end is '5.5', not a whole number"),
        ("chr1\t-1\t5\tA\t0\t+", "start is '-1', not a whole number"),
        ("chr1\t\t5\tA\t0\t+", "start is '', not a whole number"),
        ("chr1\t1\t1e6\tA\t0\t+", "end is '1e6', not a whole number"),
        ("chr1\t1\t99999999999999999999\tA\t0\t+", "not a whole number"),
        ("chr1\t1", "2 fields, BED has at least 3"),
        ("\t1\t5\tA\t0\t+", "the chromosome is empty"),
        ("chr1\t1\t5\tA\t0\tforward", "strand is 'forward', not +, - or ."),
        ("chr1\t1\t5\t\t0\t+", "some rows name their regulator in column 4 and some do not"),
    ],
)
def test_bad_row_is_named(tmp_path, row, what):
    path = write(tmp_path, f"# comment\n{SIX}{row}\n{SIX}", "bad.bed.gz")
    with pytest.raises(InputError, match="fix:") as error:
        read_bed(path, stranded=True)
    assert what in str(error.value) and f"{path}:5" in str(error.value)


def test_all_bad_rows_are_named_at_once(tmp_path):
    path = write(tmp_path, SIX + "chr1\t9\t5\tA\nchr1\ta\tb\tA\n")
    with pytest.raises(InputError, match="2 faults") as error:
        read_bed(path)
    assert f"{path}:4" in str(error.value) and f"{path}:5" in str(error.value)


@pytest.mark.parametrize("text", ["", "\n\n", "# only comments\n", "chrom\tstart\tend\n"])
def test_no_site(tmp_path, text):
    with pytest.raises(InputError, match="holds no site"):
        read_bed(write(tmp_path, text))


def test_truncated_gzip(tmp_path):
    path = tmp_path / "cut.bed.gz"
    raw = gzip.compress("".join(f"chr1\t{i}\t{i + 7}\tA{i % 97}\n" for i in range(20_000)).encode())
    path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(InputError, match="truncated") as error:
        read_bed(path)
    assert str(path) in str(error.value)


def test_not_text(tmp_path):
    with pytest.raises(InputError):
        read_bed(write(tmp_path, bytes(range(256)) * 40))


def test_an_unread_strand_column_may_hold_anything(tmp_path):
    assert len(read_bed(write(tmp_path, SIX.replace("+", "0.37")))) == 3
