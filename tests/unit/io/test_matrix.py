"""Expression tables and sample sheets as files."""

import gzip

import numpy as np
import pytest

from regdecode.errors import InputError
from regdecode.io.matrix import read_matrix, read_pairs, read_sheet


def write(path, text, packed=False):
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "packed"),
    [
        ("gene_id\ta\tb\ng1\t1\t2.5\ng2\tNA\t-3e2\n", False),
        ("gene_id\ta\tb\r\ng1\t1\t2.5\r\ng2\t\t-3e2\r\n", True),
        (',a,b\n"g1",1,2.5\ng2,nan,-3e2\n', True),
        ("a,b\ng1,1,2.5\ng2,NA,-3e2\n", False),
        ("x;a;b\ng1;1;2.5\n\ng2;NULL;-3e2", False),
        ("#1.2\n2\t2\nName\tDescription\ta\tb\ng1\tX\t1\t2.5\ng2\tY\tNA\t-3e2\n", True),
        ("# made by hand\ngene_id\ta\tb\ng1\t1\t2.5\ng2\tNA\t-3e2\n", False),
    ],
)
def test_every_form_of_table_reads_the_same(tmp_path, text, packed):
    table = read_matrix(write(tmp_path / "m", text, packed))
    assert table.ids.tolist() == ["g1", "g2"] and table.samples.tolist() == ["a", "b"]
    np.testing.assert_array_equal(table.values, [[1, 2.5], [np.nan, -300]])


def test_lines_count_comments_and_empty_lines(tmp_path):
    table = read_matrix(write(tmp_path / "m", "# c\n\ngene\ta\tb\ng1\t1\t2\n\ng2\t1\t2\n"))
    assert table.lines.tolist() == [4, 6]


def test_gene_column_and_dropped_columns_may_be_named(tmp_path):
    table = read_matrix(write(tmp_path / "m", "n,gene,a,b,gc\n1,g1,1,2,.5\n"), gene_column="gene", drop=("n", "gc"))
    assert table.ids.tolist() == ["g1"] and table.samples.tolist() == ["a", "b"]
    with pytest.raises(InputError, match="no column 'ID'; the columns are n, gene, a, b, gc"):
        read_matrix(tmp_path / "m", gene_column="ID")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("g\ta\ta\nx\t1\t2\n", "sample 'a' occurs twice"),
        ("g\ta\t\nx\t1\t2\n", "a sample column has no name"),
        ("g\ta\tb\nx\t1\ttwo\ny\t1,5\t2\n", r"(?s)2 faults.*:2: b is 'two', not a number.*:3: a is '1,5'"),
        ("g\ta\tb\nx\t1\tinf\n", ":2: b is infinite"),
        ("g\ta\tb\nx\t1\n", ":2: 2 fields, the header has 3"),
        ("g\ta\tb\nx\t1\t2\t3\t4\n", ":2: 5 fields, the header has 3"),
        ("g\ta\tb\n\t1\t2\n", ":2: the gene id is empty"),
        ("g\ta\tb\n", "a header but no rows"),
        ("", "the file is empty"),
        ("gene\nx\n", "neither tab, comma nor semicolon"),
        ('g,"a\nx,1,2\n', "no rows|cannot be parsed|fields"),
    ],
)
def test_bad_tables_are_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_matrix(write(tmp_path / "m.tsv", text))


def test_truncated_gzip_is_refused(tmp_path):
    path = write(tmp_path / "m.tsv.gz", "g\ta\tb\n" + "x\t1\t2\n" * 5000, packed=True)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"m\.tsv\.gz: the gzip file is truncated"):
        read_matrix(path)


def test_sheet_keeps_text_and_empties_missing_cells(tmp_path):
    sheet = read_sheet(write(tmp_path / "s.csv", ',age,"a, b"\ns1,007,x\ns2,NA," y"\n'))
    assert sheet.columns.tolist() == ["sample", "age", "a, b"]
    assert sheet["age"].tolist() == ["007", ""] and sheet["a, b"].tolist() == ["x", "y"]
    with pytest.raises(InputError, match="column age occurs twice"):
        read_sheet(write(tmp_path / "t.csv", "s,age,age\n1,2,3\n"))


def test_pairs_of_columns(tmp_path):
    path = write(tmp_path / "p.tsv", "gene_id\tx\tfold\na\t1\t0\nb\t1\t1\na\t2\t0\n")
    assert read_pairs(path, ("gene_id", "fold")) == {"a": "0", "b": "1"}
    with pytest.raises(InputError, match=":4: a is in 1 and in 2"):
        read_pairs(path, ("gene_id", "x"))
    with pytest.raises(InputError, match="column split is missing"):
        read_pairs(path, ("gene_id", "split"))
