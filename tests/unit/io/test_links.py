"""Tables of regulator-gene links."""

import gzip

import pytest

from regdecode.errors import InputError
from regdecode.io.links import read_links

PLAIN = "regulator\tgene_id\tvalue\nB\tg2\t0.5\nA\tg1\t1\nB\tg1\t2e-3\n"


def write(tmp_path, text, name="links.tsv"):
    """A file of the given text, gzipped where its name says so."""
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def rows(links):
    """(regulator, gene, value) of every link."""
    return list(zip(links.regulators[links.regulator].tolist(), links.genes[links.gene].tolist(), links.value.tolist(), strict=True))


EXPECTED = [("B", "g2", 0.5), ("A", "g1", 1.0), ("B", "g1", 2e-3)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (PLAIN, "links.tsv"),
        (PLAIN, "links.tsv.gz"),
        (PLAIN.replace("\t", ","), "links.csv"),
        (PLAIN.replace("\t", ";"), "links.csv"),
        (PLAIN.replace("\n", "\r\n"), "links.tsv"),
        ("# source\n" + PLAIN, "links.tsv"),
        ("\ufeff" + PLAIN, "links.tsv"),
        (PLAIN.rstrip("\n"), "links.tsv"),
        (PLAIN.replace("regulator\tgene_id", "TF\ttarget"), "links.tsv"),
        (PLAIN.replace("A", '"A"').replace("\t", ","), "links.csv"),
        (PLAIN.replace("A\tg1", " A \tg1 "), "links.tsv"),
    ],
)
def test_forms(tmp_path, text, name):
    links = read_links(write(tmp_path, text, name))
    assert rows(links) == EXPECTED and links.effect is None


def test_named_columns_and_default_value(tmp_path):
    links = read_links(write(tmp_path, "id,factor,orf\n1,A,g1\n2,B,g2\n"), {"regulator": "factor", "gene": "orf"})
    assert rows(links) == [("A", "g1", 1.0), ("B", "g2", 1.0)]


def test_effects(tmp_path):
    path = write(tmp_path, "regulator,gene_id,effect\nA,g1,+\nA,g2,-\nA,g3,+-\nA,g4,?\n")
    assert read_links(path, signed=True).effect.tolist() == [1, -1, 0, 0]
    assert read_links(path).effect is None


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("A\tg1\tx", "the value is 'x', not a number"),
        ("A\tg1\t", "the value is '', not a number"),
        ("A\tg1\tNaN", "the value is 'NaN'"),
        ("A\tg1\tinf", "the value is 'inf'"),
        ("A\tg1\t-2", "the value is negative"),
        ("\tg1\t1", "the regulator is empty"),
        ("A\t \t1", "the gene is empty"),
        ("A\tg1", "2 fields, the header has 3"),
        ("A\tg1\t1\t1", "4 fields, the header has 3"),
    ],
)
def test_bad_row_is_named(tmp_path, row, what):
    path = write(tmp_path, PLAIN + row + "\n")
    with pytest.raises(InputError, match="fix:") as error:
        read_links(path)
    assert what in str(error.value) and f"{path}:5" in str(error.value)


def test_bad_effect_is_named(tmp_path):
    path = write(tmp_path, "regulator,gene_id,effect\nA,g1,+\nA,g2,up\n")
    with pytest.raises(InputError, match="the effect is 'up'"):
        read_links(path, signed=True)


def test_negative_values_are_legal_where_signed(tmp_path):
    assert read_links(write(tmp_path, PLAIN.replace("0.5", "-0.5")), signed=True).value.min() == -0.5


@pytest.mark.parametrize(
    ("text", "columns", "signed", "what"),
    [
        ("a\tb\nA\tg\n", {}, False, "no column is the regulator; its columns are a, b"),
        (PLAIN, {"value": "weights"}, False, "there is no column 'weights' for the value"),
        ("regulator\tgene\nA\tg\n", {}, True, "signed links need an effect or a value"),
        ("", {}, False, "the file is empty"),
        ("# nothing\n", {}, False, "the file is empty"),
        ("regulator\tgene_id\n", {}, False, "holds no link"),
    ],
)
def test_bad_table(tmp_path, text, columns, signed, what):
    with pytest.raises(InputError) as error:
        read_links(write(tmp_path, text), columns, signed)
    assert what in str(error.value) and "fix:" in str(error.value)


def test_truncated_gzip(tmp_path):
    path = tmp_path / "cut.tsv.gz"
    raw = gzip.compress((PLAIN + "".join(f"A{i}\tg{i * 7919 % 1000}\t{i}\n" for i in range(5000))).encode())
    path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(InputError, match="truncated"):
        read_links(path)
