"""train_deeprage.py and evaluate_deeprage.py: from files to a model folder and tables, or one message."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.metrics import cohen_kappa_score

from regdecode.expression.classes import classify
from regdecode.genome.promoters import stack_promoters
from regdecode.io.fasta import read_fasta
from regdecode.io.h5ad import read_cell_predictions, read_cells, read_expression, write_cell_predictions, write_cells, write_expression
from regdecode.io.records import CellPredictions, Cells, Expression
from regdecode.training.deeprage_folder import load_deeprage

BIN = Path(__file__).parents[2] / "bin"
SITE = "ACGTTCAG"
HPARAMS = """model: default
task: regression
network: {filters: 8, width: 8, pool: max, pool_size: 8, pool_stride: 8, regulator_units: 8, rank: 4, dropout: 0.1, normalise: true}
fit: {epochs: 15, trunk_epochs: 10, batch_genes: 16, learning_rate: 5.0e-3}
"""
MEME = "MEME version 4\n\nALPHABET= ACGT\n\nMOTIF m1 Abc1\nletter-probability matrix: alength= 4 w= 4 nsites= 20\n"
MEME += "1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n"


def script(name):
    spec = importlib.util.spec_from_file_location(f"script_{name}", BIN / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def make(folder: Path) -> None:
    """120 genes, half of them with a site that follows regulator g5; every fifth gene tests, the next tunes."""
    rng = np.random.default_rng(0)
    genes, names = np.array([f"g{i}" for i in range(120)]), np.array([f"c{k}" for k in range(10)])
    has = rng.random(120) < 0.5
    letters = ["".join(rng.choice(list("ACGT"), 48)) for _ in genes]
    letters = [text[:20] + SITE + text[28:] if site else text for text, site in zip(letters, has, strict=True)]
    (folder / "s.fa").write_text("".join(f">{g}\n{text}\n" for g, text in zip(genes, letters, strict=True)))
    driver = rng.normal(size=10)
    values = has[:, None] * driver[None] + 0.1 * rng.normal(size=(120, 10))
    values[5] = driver
    values[7, 2] = np.nan
    series = np.array(["a", "a", "b", "b", "c", "c", "d", "d", "e", "e"], dtype=object)
    write_expression(folder / "e.h5ad", Expression(genes, names, values, None, "log_ratio", {"trt": series}))
    part = np.where(np.arange(120) % 5 == 0, 2, np.where(np.arange(120) % 5 == 1, 1, 0)).astype(np.int8)
    part[5] = 0
    split = np.where(np.isfinite(values), np.repeat(part[:, None], 10, 1), -1).astype(np.int8)
    write_cells(folder / "new_gene.0.cells.h5ad", Cells(genes, names, split, {"regime": "new_gene", "fold": "0", "missing": "drop"}))
    head = "gene_id gene_name chrom start end strand tss start_codon length n_exons unit unit_leader".split()
    rows = [f"{g}\tN{g}\tchr1\t{k * 10}\t{k * 10 + 9}\t+\t{k * 10}\tNA\t9\t1\t{g}\t{g}" for k, g in enumerate(genes)]
    (folder / "genes.tsv").write_text("\n".join(["\t".join(head), *rows]) + "\n")
    (folder / "r.txt").write_text("g5\nNg8\ng9\nabsent\n")
    (folder / "h.yml").write_text(HPARAMS)
    (folder / "c.json").write_text(json.dumps({"series": "trt"}))
    (folder / "m.meme").write_text(MEME)


def train(folder: Path, *more: str):
    given = {
        "expression": "e.h5ad",
        "sequences": "s.fa",
        "genes": "genes.tsv",
        "regulators": "r.txt",
        "cells": "new_gene.0.cells.h5ad",
        "config": "c.json",
        "hparams": "h.yml",
    }
    arguments = [part for key, name in given.items() for part in (f"--{key}", str(folder / name))]
    return CliRunner().invoke(script("train_deeprage"), [*arguments, "--device", "cpu", "--out", str(folder / "m"), *more])


def evaluate(folder: Path, *more: str):
    given = {"expression": "e.h5ad", "cells": "new_gene.0.cells.h5ad", "genes": "genes.tsv", "config": "c.json"}
    arguments = [part for key, name in given.items() for part in (f"--{key}", str(folder / name))]
    arguments += ["--organism", "mini", "--resamples", "50", "--out", str(folder / "tables")]
    return CliRunner().invoke(script("evaluate_deeprage"), [*arguments, *more])


def test_a_folder_that_predicts_and_its_tables(tmp_path) -> None:
    make(tmp_path)
    result = train(tmp_path, "--checkpoint-dir", str(tmp_path / "k"), "--run-id", "r")
    assert result.exit_code == 0, result.output
    assert not list((tmp_path / "k").iterdir())
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    told = [config[key] for key in ("system", "family", "regime", "fold", "member")]
    assert told == ["deeprage", "network", "new_gene", "0", "r1"]
    assert config["regulators"] == ["g5", "g8", "g9"]
    history = pd.read_csv(tmp_path / "m" / "history.tsv", sep="\t")
    assert history["stage"].unique().tolist() == ["trunk", "merge"]
    saved = read_cell_predictions(tmp_path / "m" / "predictions.h5ad")
    promoters = stack_promoters(read_fasta(tmp_path / "s.fa"), "s.fa")
    values = read_expression(tmp_path / "e.h5ad").values
    model = load_deeprage(tmp_path / "m")
    again = model.predict(promoters, np.nan_to_num(values[[5, 8, 9]]).T, saved.conditions.tolist())
    np.testing.assert_allclose(again, saved.values, atol=1e-5)
    mean = CellPredictions(saved.genes, saved.conditions, np.zeros_like(saved.values), {"model": "zero", "regime": "new_gene", "fold": "0"})
    write_cell_predictions(tmp_path / "zero.h5ad", mean)
    result = evaluate(tmp_path, "--model", str(tmp_path / "m"), "--predictions", str(tmp_path / "zero.h5ad"))
    assert result.exit_code == 0, result.output
    table = pd.read_csv(tmp_path / "tables" / "metrics.tsv", sep="\t")
    columns = "system organism fold model member arm split output metric value low high n"
    assert table.columns.tolist() == columns.split()
    assert set(table["fold"]) == {"new_gene.0"}
    test = table[(table["split"] == "test") & (table["model"] == "default")].set_index("metric")
    assert test["value"]["pearson"] > 0.6
    assert test["low"]["pearson"] <= test["value"]["pearson"] <= test["high"]["pearson"]
    assert {"accuracy", "majority", "balanced_accuracy", "kappa", "mse", "pearson_within_condition"} <= set(test.index)
    confusion = pd.read_csv(tmp_path / "tables" / "confusion.tsv", sep="\t")
    assert confusion.groupby("model")["percent"].sum().tolist() == pytest.approx([100, 100], abs=1e-3)
    assert confusion[confusion["model"] == "default"]["n"].sum() == test["n"]["accuracy"]
    for name in ("per_gene", "per_condition", "comparisons", "observed"):
        assert len(pd.read_csv(tmp_path / "tables" / f"{name}.tsv", sep="\t"))
    genes = pd.read_csv(tmp_path / "tables" / "per_gene.tsv", sep="\t")
    assert (genes["gene_name"] == "N" + genes["gene"]).all()


def test_the_accuracy_of_classes_never_stands_alone(tmp_path) -> None:
    make(tmp_path)
    (tmp_path / "h.yml").write_text(HPARAMS.replace("regression", "classes"))
    result = train(tmp_path)
    assert result.exit_code == 0, result.output
    told = json.loads((tmp_path / "m" / "metrics.json").read_text())
    saved, split = read_cell_predictions(tmp_path / "m" / "predictions.h5ad"), read_cells(tmp_path / "new_gene.0.cells.h5ad").split
    called = np.stack([saved.probabilities[f"p_{name}"] for name in ("down", "base", "up")], 2).argmax(2)[split == 1]
    actual = classify(read_expression(tmp_path / "e.h5ad").values[split == 1], np.array([-0.5, 0.5]))
    assert told["validation_accuracy"] == pytest.approx((called == actual).mean())
    assert told["validation_majority"] == pytest.approx(np.bincount(actual).max() / len(actual))
    assert told["validation_balanced_accuracy"] == pytest.approx(np.mean([(called == k)[actual == k].mean() for k in range(3)]))
    assert told["validation_kappa"] == pytest.approx(cohen_kappa_score(actual, called))


def test_motifs_start_the_filters(tmp_path) -> None:
    make(tmp_path)
    shorter = HPARAMS.replace("epochs: 15, trunk_epochs: 10", "epochs: 1")
    (tmp_path / "h.yml").write_text(shorter.replace("filters: 8", "filters: 2, motifs: true"))
    result = train(tmp_path, "--motifs", str(tmp_path / "m.meme"))
    assert result.exit_code == 0, result.output
    assert load_deeprage(tmp_path / "m").filters == ["Abc1", "filter_1", "filter_2"]


def refused(folder: Path, result, *told: str, out: str = "m") -> None:
    assert result.exit_code == 2, result.output
    assert all(part in result.output for part in told), result.output
    assert "Traceback" not in result.output
    assert not (folder / out).exists()


def test_bad_inputs_of_a_training(tmp_path) -> None:
    make(tmp_path)
    whole = (tmp_path / "s.fa").read_text()
    (tmp_path / "s.fa").write_text(whole.replace(whole.split("\n")[1], "ACGT"))
    refused(tmp_path, train(tmp_path), "1 of 120 promoters are shorter than the window of 48 bases: g0 (4)")
    (tmp_path / "s.fa").write_text(whole.replace(whole.split("\n")[1], "R" * 48))
    refused(tmp_path, train(tmp_path), "base 1 of g0 is 'R'")
    (tmp_path / "s.fa").write_text(whole)
    (tmp_path / "h.yml").write_text(HPARAMS.replace("filters: 8", "length: 49, filters: 8"))
    refused(tmp_path, train(tmp_path), "s.fa: 120 of 120 promoters are shorter than the window of 49 bases: g0 (48)")
    (tmp_path / "h.yml").write_text(HPARAMS.replace("width: 8", "width: 80"))
    refused(tmp_path, train(tmp_path), "leave no position for filters of 80 bases")
    (tmp_path / "h.yml").write_text(HPARAMS)
    (tmp_path / "r.txt").write_text("x\ny\nz\ng5\n")
    refused(tmp_path, train(tmp_path), "3 of 4 regulators are not in the expression matrix: x, y, z")
    make(tmp_path)
    (tmp_path / "h.yml").write_text(HPARAMS.replace("filters: 8", "motifs: true"))
    (tmp_path / "m.meme").write_text(MEME.replace("1 0 0 0", "1 0 0"))
    refused(tmp_path, train(tmp_path, "--motifs", str(tmp_path / "m.meme")), "m.meme:7")
    refused(tmp_path, train(tmp_path, "--run-id", "r"), "go together")
    make(tmp_path)
    found = read_expression(tmp_path / "e.h5ad")
    found.values[:, 3] = np.nan
    write_expression(tmp_path / "e.h5ad", found)
    refused(tmp_path, train(tmp_path), "condition c3 has no measured value")


def test_bad_inputs_of_an_evaluation(tmp_path) -> None:
    make(tmp_path)
    genes, names = np.array(["g0"]), np.array(["c0"])
    other = CellPredictions(genes, names, np.zeros((1, 1)), {"model": "a", "regime": "random_pair", "fold": "0"})
    write_cell_predictions(tmp_path / "p.h5ad", other)
    refused(tmp_path, evaluate(tmp_path, "--predictions", str(tmp_path / "p.h5ad")), "regime is random_pair", out="tables")
    nowhere = CellPredictions(np.array(["q"]), names, np.zeros((1, 1)), {"model": "a"})
    write_cell_predictions(tmp_path / "p.h5ad", nowhere)
    refused(tmp_path, evaluate(tmp_path, "--predictions", str(tmp_path / "p.h5ad")), "shares no gene", out="tables")
    good = CellPredictions(genes, names, np.zeros((1, 1)), {"model": "a"})
    write_cell_predictions(tmp_path / "p.h5ad", good)
    refused(tmp_path, evaluate(tmp_path, *["--predictions", str(tmp_path / "p.h5ad")] * 2), "comes twice", out="tables")
    refused(tmp_path, evaluate(tmp_path), "nothing to evaluate", out="tables")
    refused(tmp_path, evaluate(tmp_path, "--model", str(tmp_path)), "there are no predictions", out="tables")


@pytest.mark.parametrize("name", ["train_deeprage", "evaluate_deeprage", "split_cells"])
def test_help_imports_nothing_heavy(name) -> None:
    code = (
        "import sys, runpy; sys.argv = ['x', '--help']\n"
        f"try: runpy.run_path({str(BIN / f'{name}.py')!r}, run_name='__main__')\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'numba', 'anndata', 'polars', 'scipy', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(BIN)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
