"""expression.py from files to files: what it writes, what it refuses."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import expression
from regdecode.io.h5ad import read_expression
from regdecode.io.notes import read_notes

HEADER = "gene_id gene_name chrom start end strand tss start_codon length n_exons unit unit_leader".split()


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    """Run the script on a matrix (text), a sheet (text or None) and settings."""
    rows = [
        HEADER,
        *[[f"g{i}", f"N{i}", "chr1", i * 1000, i * 1000 + 500, "+", i * 1000, "NA", 500 * (i + 1), 1, f"g{i}", f"g{i}"] for i in range(3)],
    ]
    (tmp_path / "genes.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))

    def call(matrix: str | bytes, sheet: str | None = None, **config: object) -> Result:
        (tmp_path / "m.tsv").write_bytes(matrix if isinstance(matrix, bytes) else matrix.encode())
        (tmp_path / "c.json").write_text(json.dumps({"kind": "tpm", **config}))
        arguments = [
            "--matrix",
            tmp_path / "m.tsv",
            "--genes",
            tmp_path / "genes.tsv",
            "--config",
            tmp_path / "c.json",
            "--out",
            tmp_path / "o" / "e.h5ad",
            "--notes",
            tmp_path / "o" / "n.json",
        ]
        if sheet is not None:
            (tmp_path / "s.tsv").write_text(sheet)
            arguments += ["--samples", tmp_path / "s.tsv"]
        return CliRunner().invoke(expression.main, [str(argument) for argument in arguments])

    return call


MATRIX = "gene\ta\tb\tc\ng0.7\t1\t3\t7\ng1\t0\t1\t0\ng9\t5\t5\t5\ng2\t9\t9\t9\n"


def test_writes_targets_and_notes(run, tmp_path):
    sheet = "id\ttissue\tage\na\tliver\t3\nc\tskin\t5\nb\tliver\t4\n"
    result = run(MATRIX, sheet, group_by=["tissue"], filter={"min": 2}, columns={"sample": "id"})
    assert result.exit_code == 0, result.output
    found = read_expression(tmp_path / "o" / "e.h5ad")
    assert found.genes.tolist() == ["g0", "g2"] and found.outputs.tolist() == ["liver", "skin"]
    np.testing.assert_allclose(found.values, np.log2([[2.25, 7.25], [9.25, 9.25]]))
    np.testing.assert_allclose(found.level, np.median(found.values, axis=1))
    notes = {note.what: note for note in read_notes(tmp_path / "o" / "n.json").notes}
    assert notes["genes without a place in the annotation"].n == 1
    assert notes["genes below the expression filter"].n == 1
    assert notes["genes matched by id without version"].why == "such as g0.7"
    assert notes["samples grouped into outputs"].why.startswith("2 groups by tissue, median")


def test_log_ratios_keep_missing_values(run, tmp_path):
    assert run("gene\ta\tb\ng0\t-1\tNA\n", kind="log_ratio").exit_code == 0
    found = read_expression(tmp_path / "o" / "e.h5ad")
    assert found.level is None
    np.testing.assert_array_equal(found.values, [[-1, np.nan]])


def test_same_input_same_arrays(run, tmp_path):
    run(MATRIX)
    first = read_expression(tmp_path / "o" / "e.h5ad").values
    run(MATRIX)
    np.testing.assert_array_equal(first, read_expression(tmp_path / "o" / "e.h5ad").values)


@pytest.mark.parametrize(
    ("matrix", "sheet", "config", "message"),
    [
        ("gene\ta\ta\ng0\t1\t2\n", None, {}, "sample 'a' occurs twice"),
        ("gene\ta\tb\ng0\t1\tNA\n", None, {}, "m.tsv:2: gene g0 has no value in sample b"),
        ("gene\ta\tb\ng0\t1\t-2\n", None, {}, "m.tsv:2: gene g0 is -2 in sample b"),
        ("gene\ta\ng0\t1\n", None, {}, "there is one sample"),
        ("gene\ta\tb\ng0\t1\tx\n", None, {}, "m.tsv:2: b is 'x', not a number"),
        (gzip.compress(MATRIX.encode() * 2000)[:-30], None, {}, "m.tsv: the gzip file is truncated"),
        (
            MATRIX,
            "id\tage\na\t1\nb\t2\nc\t3\n",
            {"group_by": ["tissue"]},
            "s.tsv: the sample sheet has no column 'tissue'; its columns are id, age",
        ),
        (MATRIX, "id\tage\na\t1\na\t2\nb\t3\n", {}, "sample a occurs twice"),
        (MATRIX, None, {"kind": "fpkm"}, "kind is 'fpkm'"),
        (MATRIX, None, {"filtr": {}}, "unknown key filtr"),
        ("gene\ta\tb\nx\t1\t2\n", None, {}, "no gene of the matrix is in the annotation"),
        (MATRIX, None, {"filter": {"min": 99}}, "no gene is above 99 TPM"),
    ],
)
def test_bad_input_is_refused_in_one_message_and_nothing_is_written(run, tmp_path, matrix, sheet, config, message):
    result = run(matrix, sheet, **config)
    assert result.exit_code == 2
    assert message in result.output and "fix:" in result.output and "Traceback" not in result.output
    assert not (tmp_path / "o").exists()
