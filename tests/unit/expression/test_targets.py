"""EXPRESSION step by step, on matrices small enough to check by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from regdecode.errors import InputError
from regdecode.expression.settings import parse_settings
from regdecode.expression.targets import build_expression
from regdecode.io.gene_table import GeneTable
from regdecode.io.matrix import Matrix
from regdecode.io.notes import Notes
from regdecode.io.records import Expression


def gene_table(ids: list[str], length: list[int] | None = None) -> GeneTable:
    n = len(ids)
    at = np.arange(n, dtype=np.int64) * 1000
    one = np.ones(n, dtype=np.int64)
    return GeneTable(
        np.array(ids),
        np.array([f"name{i}" for i in range(n)]),
        np.array(["chr1"] * n),
        at,
        at + 100,
        np.array(["+"] * n),
        at,
        at,
        np.array(length or [100] * n),
        one,
        np.array(ids),
        np.array(ids),
    )


def matrix(rows: dict[str, list[float]] | list[tuple[str, list[float]]], samples: list[str] | None = None) -> Matrix:
    pairs = list(rows.items()) if isinstance(rows, dict) else rows
    values = np.array([row for _, row in pairs], dtype=float)
    names = samples or [f"s{i}" for i in range(values.shape[1])]
    return Matrix(np.array([gene for gene, _ in pairs]), np.array(names), values, np.arange(len(pairs)) + 2, "m.tsv")


def build(table: Matrix, genes: GeneTable, sheet: pd.DataFrame | None = None, notes: Notes | None = None, **config: Any) -> Expression:
    return build_expression(table, sheet, genes, parse_settings({"kind": "tpm", **config}), notes or Notes("expression"))


def test_tpm_to_fold_changes_and_level():
    result = build(matrix({"a": [1, 3, 7.75], "b": [0, 0, 2.5]}), gene_table(["a", "b", "c"]), filter={"min": 2, "min_outputs": 1})
    np.testing.assert_allclose(result.values, np.log2(np.array([[1, 3, 7.75], [0, 0, 2.5]]) + 0.25))
    np.testing.assert_allclose(result.level, np.log2([3.25, 0.25]))
    np.testing.assert_allclose(np.median(result.targets()[:, :-1], axis=1), 0, atol=1e-12)


def test_filter_counts_outputs_above_not_at_the_threshold():
    table = matrix({"at": [2, 2], "once": [2.1, 0], "twice": [3, 3]})
    genes = gene_table(["at", "once", "twice"])
    assert build(table, genes, filter={"min": 2}).genes.tolist() == ["once", "twice"]
    assert build(table, genes, filter={"min": 2, "min_outputs": 2}).genes.tolist() == ["twice"]
    assert build(table, genes, filter={"min": 2, "min_share": 0.5}).genes.tolist() == ["once", "twice"]
    with pytest.raises(InputError, match="no gene is above 9 TPM"):
        build(table, genes, filter={"min": 9})


def test_counts_become_tpm_with_lengths_or_cpm_without():
    table = matrix({"a": [10, 10], "b": [20, 30], "unplaced": [70, 60]})
    genes = gene_table(["a", "b"], [1000, 2000])
    tpm = build(table, genes, kind="counts", pseudocount=0.25)
    np.testing.assert_allclose(2 ** tpm.values[:, 0] - 0.25, [5e5, 5e5])
    cpm = build(table, genes, kind="counts", normalise="cpm")
    np.testing.assert_allclose(2 ** cpm.values[:, 0] - 0.25, [1e5, 2e5])


def test_repeated_genes_are_summed_or_averaged_with_a_note():
    rows = [("a.1", [1.0, 2.0]), ("a.2", [3.0, 4.0]), ("b", [1.0, 1.0])]
    notes = Notes("expression")
    summed = build(matrix(rows), gene_table(["a", "b"]), notes=notes)
    np.testing.assert_allclose(summed.values[0], np.log2([4.25, 6.25]))
    assert any(note.what == "genes on several rows" and note.n == 1 and "summed" in note.why for note in notes.notes)
    averaged = build(matrix(rows), gene_table(["a", "b"]), kind="log2")
    np.testing.assert_allclose(averaged.values[0], [2, 3])
    ratios = build(matrix([("a", [1.0, np.nan]), ("a", [3.0, 5.0])]), gene_table(["a"]), kind="log_ratio")
    np.testing.assert_allclose(ratios.values, [[2, 5]])


def test_genes_without_a_place_are_noted_and_none_is_refused():
    notes = Notes("expression")
    build(matrix({"a": [1, 2], "zzz": [1, 2]}), gene_table(["a"]), notes=notes)
    assert [(note.n, note.kind) for note in notes.notes if "without a place" in note.what] == [(1, "dropped")]
    with pytest.raises(InputError, match="no gene of the matrix is in the annotation: the matrix has x, the annotation a"):
        build(matrix({"x": [1, 2]}), gene_table(["a"]))


def test_groups_are_means_of_logs_and_medians_of_tpm():
    sheet = pd.DataFrame(
        {
            "id": ["s2", "s0", "s1", "s3"],
            "project": ["p", "p", "p", "q"],
            "condition": ["x", "x", "x", "x"],
            "age": ["1", "2", "3", "4"],
            "kit": ["k"] * 4,
        }
    )
    table = matrix({"a": [1, 5, 6, 9]})
    logs = build(table, gene_table(["a"]), sheet, kind="log2", group_by=["project", "condition"], columns={"sample": "id"})
    assert logs.outputs.tolist() == ["p__x", "q__x"]
    np.testing.assert_allclose(logs.values, [[4, 9]])
    assert set(logs.sheet) == {"project", "condition", "kit", "n_samples"} and logs.sheet["n_samples"].tolist() == [3, 1]
    tpm = build(table, gene_table(["a"]), sheet, group_by=["project", "condition"])
    np.testing.assert_allclose(tpm.values, np.log2([[5.25, 9.25]]))


def test_ungrouped_sheet_travels_in_the_order_of_the_matrix():
    sheet = pd.DataFrame({"id": ["s1", "s0"], "age": ["30", ""], "sex": ["f", "m"]})
    result = build(matrix({"a": [1, 2]}), gene_table(["a"]), sheet)
    np.testing.assert_array_equal(result.sheet["age"], [np.nan, 30])
    assert result.sheet["sex"].tolist() == ["m", "f"]


def test_log_ratios_may_miss_values_and_have_no_level():
    notes = Notes("expression")
    result = build(matrix({"a": [np.nan, -2], "b": [np.nan, np.nan]}), gene_table(["a", "b"]), kind="log_ratio", notes=notes)
    assert result.level is None and result.genes.tolist() == ["a"]
    np.testing.assert_array_equal(result.targets(), [[np.nan, -2]])
    assert any(note.what == "genes never measured" and note.n == 1 for note in notes.notes)


def test_person_mode_quantiles_then_covariates_then_quantiles():
    rng = np.random.default_rng(0)
    rin = np.linspace(5, 9, 12)
    values = {f"g{i}": (2 ** (5 + rng.normal() + 0.5 * (rin - 7) * rng.normal() + 0.1 * rng.normal(size=12))).tolist() for i in range(40)}
    sheet = pd.DataFrame({"sample": [f"s{i}" for i in range(12)], "rin": rin.astype(str)})
    result = build(matrix(values), gene_table(sorted(values)), sheet, quantile=True, covariates=["rin"])
    columns = np.sort(result.values, axis=0)
    np.testing.assert_allclose(columns, np.tile(columns[:, :1], (1, 12)), atol=1e-9)
    plain = build(matrix(values), gene_table(sorted(values)), sheet, covariates=["rin"])
    assert np.abs((plain.values - plain.values.mean(axis=1, keepdims=True)) @ (rin - rin.mean())).max() < 1e-8


@pytest.mark.parametrize(
    ("rows", "config", "message"),
    [
        (
            {"a": [1.0, -2.0], "b": [np.nan, 1.0]},
            {},
            r"(?s)2 faults.*m.tsv:2: gene a is -2 in sample s1.*m.tsv:3: gene b has no value in sample s0",
        ),
        ({"a": [1.0, np.nan]}, {"kind": "log2"}, "gene a has no value in sample s1"),
        ({"a": [-1.0, 1.0]}, {"kind": "counts"}, "counts cannot be negative"),
        ({"a": [1.0]}, {}, "there is one sample"),
        ({"a": [1.0, 2.0]}, {"group_by": ["tissue"]}, "tissue but there is no sample sheet"),
    ],
)
def test_values_that_cannot_be_are_refused(rows, config, message):
    with pytest.raises(InputError, match=message):
        build(matrix(rows), gene_table(["a", "b"]), **config)


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ({"id": ["s0", "s1"], "x": ["1", "2"]}, "no column 'tissue'; its columns are id, x"),
        (
            {"id": ["s0", "s0"], "tissue": ["1", "2"]},
            "(?s)sample s0 occurs twice.*1 of 2 samples of the matrix are not in column 'id'.*of the sheet: s1",
        ),
        ({"id": ["s0", "s1"], "tissue": ["1", ""]}, "a sample has no value in tissue"),
        ({"id": ["s0", "s1"], "tissue": ["1", "1"]}, "leaves one output"),
    ],
)
def test_sheets_that_do_not_fit_are_refused(sheet, message):
    with pytest.raises(InputError, match=message):
        build(matrix({"a": [1, 2]}), gene_table(["a"]), pd.DataFrame(sheet), group_by=["tissue"])


def test_settings_tell_every_fault_at_once():
    with pytest.raises(InputError, match=r"(?s)4 faults.*unknown key knid.*unknown key filter.max.*kind is None.*pseudocount is 0"):
        parse_settings({"knid": "tpm", "pseudocount": 0, "filter": {"max": 1}})


def test_samples_that_disagree_are_listed_on_both_sides():
    sheet = pd.DataFrame({"id": ["s0", "x1", "x2"]})
    with pytest.raises(InputError, match=r"(?s)2 of 3 samples.*: s1, s2; 2 of the sheet are not in the matrix: x1, x2"):
        build(matrix({"a": [1, 3, 7]}), gene_table(["a"]), sheet)


def test_unannotated_genes_are_kept_when_asked():
    table = matrix([("a", [1, 3]), ("new.1", [2, 5]), ("new.2", [1, 1]), ("other", [4, 4])])
    assert build(table, gene_table(["a"])).genes.tolist() == ["a"]
    kept = build(table, gene_table(["a"]), unannotated="keep")
    assert kept.genes.tolist() == ["a", "new", "other"]
    np.testing.assert_allclose(kept.values[1], np.log2([3.25, 6.25]))
    with pytest.raises(InputError, match="normalise: cpm"):
        parse_settings({"kind": "counts", "unannotated": "keep"})
