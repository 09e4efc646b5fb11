"""The DAG of every shipped organism, without computing anything: which tasks, how many, and what is published."""

import csv
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Nextflow, empty_files

pytestmark = pytest.mark.pipeline
TREES = yaml.safe_load((ROOT / "assets" / "decode" / "default.yml").read_text())["members"].get("trees", 0)

# tasks that depend on the organism; with one network a preset and one fold more of the later ones a fold
EXPECTED = {
    "ecoli": {"FETCH": 10, "REFERENCE": 1, "SCAN_MOTIFS": 1, "BIN_SITES": 3, "folds": 1, "arms": 1},
    "yeast": {"FETCH": 5, "REFERENCE": 1, "BIN_SITES": 1, "folds": 1, "arms": 1},
    "human": {"FETCH": 5, "REFERENCE": 2, "BIN_SITES": 2, "folds": 3, "arms": 3},
    "human_genome": {"FETCH": 5, "REFERENCE": 1, "BIN_SITES": 3, "folds": 1, "arms": 3},
}


def expected_counts(organism: str) -> dict[str, int]:
    """Tasks a process with --replicates 1 --models default --ablation_replicates 1."""
    known = EXPECTED[organism]
    folds = known["folds"]
    counts = {name: n for name, n in known.items() if name.isupper()} | {"EXPRESSION": 1, "SPLIT": 1, "REPORT": 1}
    return counts | {"TRAIN_DECODE": folds * (1 + TREES + known["arms"])} | dict.fromkeys(("SELECT_MODELS", "BASELINES", "EVALUATE", "ATTRIBUTE"), folds)


@pytest.mark.parametrize("organism", EXPECTED)
def test_tasks_of_a_shipped_organism(organism: str, nextflow: Nextflow, tmp_path: Path) -> None:
    data = empty_files(organism, tmp_path / "data")
    run = nextflow.run(tmp_path, "-stub-run", "--organism", organism, "--data_dir", data, "--models", "default", "--replicates", "1", "--ablation_replicates", "1")
    assert run.code == 0, run.text
    assert run.counts() == expected_counts(organism)


def test_published_tree_and_index_files(nextflow: Nextflow, mini: Path, tmp_path: Path) -> None:
    run = nextflow.run(tmp_path, "-stub-run", "--organism", mini / "mini.yml", "--replicates", "2", "--single_task_outputs", "2", "--ablation", "false", "--baselines", "mean,ridge", "--test_split", "chr1;chr2,chr3")
    assert run.code == 0, run.text
    folds = ["chr1", "chr2+chr3"]
    names = {p.relative_to(run.out).as_posix() for p in run.out.rglob("*") if p.is_file()}
    assert {"report.html", "metrics.tsv", "models/index.csv", "prepared/expression.h5ad", "prepared/main/genes.tsv"} <= names
    assert {f"pipeline_info/{name}" for name in ("trace.txt", "timeline.html", "execution.html", "dag.html", "software_versions.yml")} <= names
    for fold in folds:
        assert {f"predictions/{fold}/{name}.h5ad" for name in ("predictions", "mean.predictions", "ridge.predictions")} <= names
        assert {f"attributions/{fold}/attributions.h5ad", f"statistics/{fold}/per_gene.tsv", f"prepared/splits/{fold}.splits.tsv", f"models/{fold}.default/config.json"} <= names
    with (run.out / "models" / "index.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == ["id", "organism", "fold", "model", "folder"]
    assert sorted((row["fold"], row["model"]) for row in rows) == [(fold, model) for fold in folds for model in ("decode2020", "default")]
    assert all(Path(row["folder"]).is_dir() for row in rows)
    trained = [row["tag"] for row in run.trace() if row["process"] == "TRAIN_DECODE" and row["tag"].startswith("chr1:default.network")]
    assert sorted(trained) == sorted(["chr1:default.network.r1.all", "chr1:default.network.r2.all"] + [f"chr1:default.network.r{r}.single_task-{i}-2" for i in (1, 2) for r in (1, 2, 3)])
    versions = yaml.safe_load((run.out / "pipeline_info" / "software_versions.yml").read_text())
    assert set(versions) == set(run.counts()) - {"REPORT"} and versions["SPLIT"]["regdecode"]


def test_the_newer_parser_runs_the_same_tasks(nextflow: Nextflow, mini: Path, tmp_path: Path) -> None:
    args = ("-stub-run", "--organism", mini / "mini.yml", "--replicates", "1", "--ablation", "false", "--models", "default")
    old = nextflow.run(tmp_path / "v1", *args, env={"NXF_SYNTAX_PARSER": "v1"})
    new = nextflow.run(tmp_path / "v2", *args, env={"NXF_SYNTAX_PARSER": "v2"})
    assert old.code == new.code == 0, old.text + new.text
    assert {(row["process"], row["tag"]) for row in old.trace()} == {(row["process"], row["tag"]) for row in new.trace()}
