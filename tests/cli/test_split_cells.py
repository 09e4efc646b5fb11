"""split_cells.py: the regimes of an organism file as files; what is refused leaves nothing behind."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from regdecode.io.h5ad import read_cells, read_expression, write_cell_predictions, write_cells, write_expression
from regdecode.io.notes import read_notes
from regdecode.io.records import CellPredictions, Expression

BIN = Path(__file__).parents[2] / "bin"
N_GENES, N_CONDITIONS = 30, 12
ROWS = [f"g{i}" for i in range(N_GENES)]


def script(name):
    spec = importlib.util.spec_from_file_location(f"script_{name}", BIN / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def make(folder: Path) -> np.ndarray:
    """Genes of the annotation in another order than the matrix's; g7 has no sequence, `odd` no place."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(N_GENES, N_CONDITIONS))
    values[3, 4] = np.nan
    names = [f"c{k}" for k in range(N_CONDITIONS)]
    order = sorted(range(N_GENES), key=lambda i: ROWS[i])
    lines = ["gene\t" + "\t".join(names), "odd\t" + "\t".join(["1"] * N_CONDITIONS)]
    lines += [ROWS[i] + "\t" + "\t".join("" if np.isnan(v) else f"{v:.6f}" for v in values[i]) for i in range(N_GENES)]
    (folder / "m.tsv").write_text("\n".join(lines) + "\n")
    series = np.array([f"s{k // 2}" for k in range(N_CONDITIONS)], dtype=object)
    genes = np.array([ROWS[i] for i in order])
    write_expression(folder / "e.h5ad", Expression(genes, np.array(names), values[order], None, "log_ratio", {"trt": series}))
    (folder / "s.fa").write_text("".join(f">{name}\nACGTACGT\n" for name in ROWS if name != "g7"))
    head = "gene_id gene_name chrom start end strand tss start_codon length n_exons unit unit_leader".split()
    table = ["\t".join(head)] + [f"{g}\tN{g}\tchr1\t{k * 10}\t{k * 10 + 9}\t+\t{k * 10}\tNA\t9\t1\t{g}\t{g}" for k, g in enumerate(genes)]
    (folder / "genes.tsv").write_text("\n".join(table) + "\n")
    (folder / "r.txt").write_text("g1\nNg2\nabsent\n")
    (folder / "gf.tsv").write_text("gene_id\tfold\n" + "".join(f"{g}\t{k % 5}\n" for k, g in enumerate(ROWS)))
    return values


CONFIG = {
    "series": "trt",
    "regimes": {
        "new_gene": {"file": "data/gf.tsv", "folds": [0, 4]},
        "new_condition": {"by": "series", "n": 3},
        "random_pair": {"share": 0.2, "seed": 0, "over": "matrix", "missing": "zero"},
        "new_gene_and_condition": True,
    },
}


def run(folder: Path, config=CONFIG, *more: str, matrix: bool = True):
    (folder / "c.json").write_text(json.dumps(config))
    given = {"expression": "e.h5ad", "sequences": "s.fa", "genes": "genes.tsv", "config": "c.json", "regulators": "r.txt"}
    arguments = [part for key, name in given.items() for part in (f"--{key}", str(folder / name))]
    arguments += ["--folds", str(folder / "gf.tsv"), "--out", str(folder / "out"), *more]
    return CliRunner().invoke(script("split_cells"), arguments + (["--matrix", str(folder / "m.tsv")] if matrix else []))


def test_every_regime(tmp_path) -> None:
    values = make(tmp_path)
    result = run(tmp_path)
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    made = {name.removesuffix(".cells.h5ad"): read_cells(tmp_path / "out" / name) for name in names if name.endswith(".cells.h5ad")}
    both = ["new_gene_and_condition.0", "new_gene_and_condition.4"]
    assert list(made) == ["new_condition.0", "new_condition.1", "new_condition.2", "new_gene.0", "new_gene.4", *both, "random_pair.0"]
    genes = made["new_gene.0"].genes
    assert len(genes) == N_GENES - 1
    assert "g7" not in genes
    row = {gene: k for k, gene in enumerate(ROWS)}
    at = np.array([row[gene] for gene in genes])
    seen = np.isfinite(values[at])
    assert np.all((made["new_gene.0"].split == -1) == ~seen)
    assert np.all((made["new_gene.0"].split[:, 0] == 2) == (at % 5 == 0))
    assert np.all((made["new_gene.0"].split[:, 0] == 1) == (at % 5 == 1))
    draw = np.random.default_rng(0).random((N_GENES + 1, N_CONDITIONS))[1:]
    np.testing.assert_array_equal(made["random_pair.0"].split == 2, draw[at] < 0.2)
    assert made["random_pair.0"].attrs == {"regime": "random_pair", "fold": "0", "missing": "zero"}
    tests = np.stack([made[f"new_condition.{k}"].split == 2 for k in range(3)])
    assert np.all(tests.sum(0)[seen] == 1)
    assert all(not np.any(tests[k][:, 0::2].any(0) != tests[k][:, 1::2].any(0)) for k in range(3))
    corner = made["new_gene_and_condition.0"].split
    gene, condition = made["new_gene.0"].split, made["new_condition.0"].split
    np.testing.assert_array_equal(corner == 2, (gene == 2) & (condition == 2))
    np.testing.assert_array_equal(corner == 0, (gene == 0) & (condition == 0))


def test_report_of_leaks_and_notes(tmp_path) -> None:
    make(tmp_path)
    run(tmp_path)
    table = pd.read_csv(tmp_path / "out" / "leakage.tsv", sep="\t").set_index(["fold", "check", "a", "b"]).n
    assert table["new_gene.0", "same gene", "test", "train"] == 0
    assert table["new_gene.0", "same condition", "test", "train"] == N_CONDITIONS
    assert table["new_condition.1", "same condition", "test", "train"] == 0
    assert table["new_condition.1", "same series", "test", "train"] == 0
    assert table["new_gene_and_condition.4", "same gene", "test", "train"] == 0
    assert table["new_gene_and_condition.4", "same condition", "test", "train"] == 0
    assert table["random_pair.0", "same gene", "test", "train"] > 0
    notes = {note.what: note for note in read_notes(tmp_path / "out" / "split_cells.notes.json").notes}
    assert notes["regulators that are not in the expression matrix"].why == "absent"
    assert notes["genes with expression but no sequence"].n == 1


def test_transcription_units_are_held_out_whole(tmp_path) -> None:
    """Pairs of genes share a unit; each gene's window reaches into its left neighbour's."""
    make(tmp_path)
    table = pd.read_csv(tmp_path / "genes.tsv", sep="\t", keep_default_na=False)
    table["unit"] = [f"u{int(gene[1:]) // 2}" for gene in table["gene_id"]]
    table.to_csv(tmp_path / "genes.tsv", sep="\t", index=False)
    (tmp_path / "s.fa").write_text("".join(f">{name} chr1:{k * 10}-{k * 10 + 12}(+)\nACGTACGT\n" for k, name in enumerate(ROWS)))
    result = run(tmp_path, {"regimes": {"new_gene": {"by": "unit", "n": 5}}})
    assert result.exit_code == 0, result.output
    leaks = pd.read_csv(tmp_path / "out" / "leakage.tsv", sep="\t").set_index(["fold", "check", "a", "b"]).n
    tested = []
    for fold in range(5):
        cells = read_cells(tmp_path / "out" / f"new_gene.{fold}.cells.h5ad")
        place = {part: {int(gene[1:]) for gene in cells.genes[(cells.split == code).any(1)]} for part, code in (("train", 0), ("test", 2))}
        tested += place["test"]
        assert not {k // 2 for k in place["test"]} & {k // 2 for k in place["train"]}
        assert leaks[f"new_gene.{fold}", "same transcription unit", "test", "train"] == 0
        near = [k for k in place["test"] if {k - 1, k + 1} & place["train"]]
        assert leaks[f"new_gene.{fold}", "promoter shares bases", "test", "train"] == len(near) > 0
    assert sorted(tested) == list(range(N_GENES))
    result = run(tmp_path, {"regimes": {"new_gene": {"by": "random", "n": 5}}}, "--out", str(tmp_path / "random"))
    leaks = pd.read_csv(tmp_path / "random" / "leakage.tsv", sep="\t").set_index(["fold", "check", "a", "b"]).n
    assert leaks["new_gene.0", "same transcription unit", "test", "train"] > 0


def test_folds_of_the_cross(tmp_path) -> None:
    """Genes' and conditions' folds in pairs, as many as the fewer; some of them where they are named."""
    make(tmp_path)
    whole = {"new_gene": {"file": "gf.tsv", "folds": [1, 2, 3, 4]}, "new_condition": {"by": "series", "n": 3}}
    for asked, made in ((True, ["1", "2", "3"]), ({"folds": [3, 1]}, ["1", "3"])):
        out = tmp_path / f"out{len(made)}"
        config = {"series": "trt", "regimes": whole | {"new_gene_and_condition": asked}}
        result = run(tmp_path, config, "--out", str(out))
        assert result.exit_code == 0, result.output
        assert sorted(path.name for path in out.glob("new_gene_and_condition.*")) == [
            f"new_gene_and_condition.{a}.cells.h5ad" for a in made
        ]
        both, condition = (read_cells(out / f"{name}.cells.h5ad").split for name in ("new_gene_and_condition.3", "new_condition.2"))
        assert ((both == 2).any(0) == (condition == 2).any(0)).all()


def test_intervals_draw_the_units_that_were_held_out(tmp_path) -> None:
    """Genes of a unit have one error: intervals are wider than by gene, which a file without units (as once written) still gets."""
    make(tmp_path)
    table = pd.read_csv(tmp_path / "genes.tsv", sep="\t", keep_default_na=False)
    table["unit"] = [f"u{int(gene[1:]) // 3}" for gene in table["gene_id"]]
    table.to_csv(tmp_path / "genes.tsv", sep="\t", index=False)
    found = read_expression(tmp_path / "e.h5ad")
    of = np.array([int(gene[1:]) // 3 for gene in found.genes])
    rng = np.random.default_rng(0)
    profiles = rng.normal(size=(10, N_CONDITIONS))[of]
    write_expression(tmp_path / "e.h5ad", replace(found, values=profiles + 0.1 * rng.normal(size=profiles.shape)))
    told = profiles + rng.normal(size=(10, 1))[of] + 0.1 * rng.normal(size=profiles.shape)
    write_cell_predictions(tmp_path / "p.h5ad", CellPredictions(found.genes, found.outputs, told, {"model": "m"}))
    regimes = {"new_gene": {"by": "unit", "n": 3}, "new_condition": {"n": 3}, "random_pair": {}, "new_gene_and_condition": True}
    assert run(tmp_path, {"series": "trt", "regimes": regimes}).exit_code == 0
    units = {name: read_cells(tmp_path / "out" / f"{name}.0.cells.h5ad").unit for name in regimes}
    assert units["new_condition"] is None
    assert units["random_pair"] is None
    for name in ("new_gene", "new_gene_and_condition"):
        np.testing.assert_array_equal(units[name], [f"u{k}" for k, gene in zip(of, found.genes, strict=True) if gene != "g7"])
        write_cells(tmp_path / "old.h5ad", replace(read_cells(tmp_path / "out" / f"{name}.0.cells.h5ad"), unit=None))
        rows = []
        for cells in (f"out/{name}.0.cells.h5ad", "old.h5ad"):
            given = {"predictions": "p.h5ad", "expression": "e.h5ad", "cells": cells, "genes": "genes.tsv", "config": "c.json"}
            arguments = [part for key, file in given.items() for part in (f"--{key}", str(tmp_path / file))]
            result = CliRunner().invoke(
                script("evaluate_deeprage"), [*arguments, "--organism", "mini", "--out", str(tmp_path / cells[:-5])]
            )
            assert result.exit_code == 0, result.output
            metrics = pd.read_csv(tmp_path / cells[:-5] / "metrics.tsv", sep="\t")
            rows.append(metrics[(metrics["split"] == "test") & (metrics["metric"] == "pearson")].iloc[0])
        assert rows[0]["value"] == rows[1]["value"]
        assert rows[0]["high"] - rows[0]["low"] > 1.2 * (rows[1]["high"] - rows[1]["low"])
    for way in ({"by": "random", "n": 3}, {"by": "unit", "file": "data/gf.tsv"}):
        assert run(tmp_path, {"regimes": {"new_gene": way}}, "--out", str(tmp_path / f"{len(way)}{way['by']}")).exit_code == 0
        assert read_cells(tmp_path / f"{len(way)}{way['by']}" / "new_gene.0.cells.h5ad").unit is None


def refused(folder: Path, result, *told: str) -> None:
    assert result.exit_code == 2, result.output
    assert all(part in result.output for part in told), result.output
    assert "Traceback" not in result.output
    assert not [path for path in folder.iterdir() if "out" in path.name]


@pytest.mark.parametrize(
    ("regimes", "told"),
    [
        ({"new_gene": {"file": "no.tsv"}}, "no such file"),
        ({"new_gene": {"file": "gf.tsv", "folds": [9]}}, "there is no fold 9"),
        (
            {"new_gene": {"file": "gf.tsv"}, "new_condition": {"n": 3}, "new_gene_and_condition": {"folds": [0, 7]}},
            "regimes.new_gene_and_condition: there is no fold 7; there are 0, 1, 2",
        ),
        ({"new_gene": {"file": "gf.tsv", "columns": {"fold": "part"}}}, "column part is missing"),
        ({"new_condition": {"by": "series", "n": 9}}, "6 series for 9 folds"),
        ({"new_gene": {"by": "unit", "n": 40}}, "29 transcription units for 40 folds"),
        ({"random_pair": {"over": "matrix"}}, "which was not given"),
    ],
)
def test_regimes_that_cannot_be(tmp_path, regimes, told) -> None:
    make(tmp_path)
    refused(tmp_path, run(tmp_path, {"series": "trt", "regimes": regimes}, matrix=False), told)


def test_other_bad_inputs(tmp_path) -> None:
    values = make(tmp_path)
    (tmp_path / "r.txt").write_text("a\nb\ng1\n")
    refused(tmp_path, run(tmp_path), "2 of 3 regulators are not in the expression matrix: a, b")
    make(tmp_path)
    refused(tmp_path, run(tmp_path, {**CONFIG, "series": "nothing"}), "no column 'nothing'")
    values[:, 5] = np.nan
    names = np.array([f"c{k}" for k in range(N_CONDITIONS)])
    write_expression(tmp_path / "e.h5ad", Expression(np.array(ROWS), names, values, None, "log_ratio", {"trt": names.astype(object)}))
    refused(tmp_path, run(tmp_path), "condition c5 has no measured value")


@pytest.mark.shared_data
def test_the_benchmark_splits_of_yeast(shared_data, tmp_path) -> None:
    """Gene and condition folds as the files say; random pairs as numpy draws them over the matrix."""
    from regdecode.io.matrix import read_matrix, read_pairs

    data = shared_data / "yeast" / "expression"
    matrix = read_matrix(data / "gasch2000_log2ratio_6152x173.tsv.gz")
    order = np.argsort(matrix.ids)
    sheet = pd.read_csv(data / "gasch2000_conditions.tsv", sep="\t").set_index("condition_id").loc[matrix.samples]
    written = Expression(matrix.ids[order], matrix.samples, matrix.values[order], None, "log_ratio", {"trt": sheet["trt"].to_numpy(object)})
    write_expression(tmp_path / "e.h5ad", written)
    gene_fold = read_pairs(data / "gasch_gene_folds.tsv", ("gene_id", "fold"))
    (tmp_path / "s.fa").write_text("".join(f">{name}\nACGT\n" for name in gene_fold))
    head = "gene_id gene_name chrom start end strand tss start_codon length n_exons unit unit_leader".split()
    rows = [f"{g}\t{g}\tchr1\t{k * 10}\t{k * 10 + 9}\t+\t{k * 10}\tNA\t9\t1\t{g}\t{g}" for k, g in enumerate(matrix.ids[order].tolist())]
    (tmp_path / "genes.tsv").write_text("\n".join(["\t".join(head), *rows]) + "\n")
    config = {
        "series": "trt",
        "regimes": {
            "new_gene": {"file": "gasch_gene_folds.tsv", "folds": [0]},
            "new_condition": {"file": "gasch_condition_folds.tsv"},
            "random_pair": {"share": 0.1, "seed": 0, "over": "matrix", "missing": "zero"},
        },
    }
    (tmp_path / "c.json").write_text(json.dumps(config))
    given = {"expression": "e.h5ad", "sequences": "s.fa", "genes": "genes.tsv", "config": "c.json"}
    arguments = [part for key, name in given.items() for part in (f"--{key}", str(tmp_path / name))]
    arguments += ["--regulators", str(shared_data / "yeast" / "deeprage" / "reg_names_R.txt"), "--out", str(tmp_path / "out")]
    arguments += ["--folds", str(data / "gasch_gene_folds.tsv"), "--folds", str(data / "gasch_condition_folds.tsv")]
    arguments += ["--matrix", str(data / "gasch2000_log2ratio_6152x173.tsv.gz")]
    result = CliRunner().invoke(script("split_cells"), arguments)
    assert result.exit_code == 0, result.output
    pairs = read_cells(tmp_path / "out" / "random_pair.0.cells.h5ad")
    assert pairs.split.shape == (6149, 173)
    row = {gene: k for k, gene in enumerate(matrix.ids.tolist())}
    at = np.array([row[gene] for gene in pairs.genes])
    np.testing.assert_array_equal(pairs.split == 2, np.random.default_rng(0).random((6152, 173))[at] < 0.1)
    genes = read_cells(tmp_path / "out" / "new_gene.0.cells.h5ad")
    fold = np.array([gene_fold[gene] for gene in genes.genes])
    assert np.all((genes.split == 2).any(1) == (fold == "0"))
    assert np.all((genes.split == 1).any(1) == (fold == "1"))
    condition_fold = read_pairs(data / "gasch_condition_folds.tsv", ("condition_id", "fold"))
    conditions = read_cells(tmp_path / "out" / "new_condition.3.cells.h5ad")
    fold = np.array([condition_fold[name] for name in conditions.conditions])
    assert np.all((conditions.split == 2).any(0) == (fold == "3"))
