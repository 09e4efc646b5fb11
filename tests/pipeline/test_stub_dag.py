"""The DAG of every shipped organism, without computing anything: which tasks, how many, and what is published."""

import csv
import shutil
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Nextflow, Run, empty_files

pytestmark = pytest.mark.pipeline
TREES = yaml.safe_load((ROOT / "assets" / "decode" / "default.yml").read_text())["members"].get("trees", 0)
FOLDS = ("chr1", "chr2+chr3")
MODELS = ("decode2020", "default", "people.first", "people.second")

# tasks that depend on the organism; with one network a preset and one fold more of the later ones a fold
EXPECTED = {
    "ecoli": {"FETCH": 10, "REFERENCE": 1, "SCAN_MOTIFS": 1, "BIN_SITES": 3, "folds": 1, "arms": 1, "regimes": 4, "compendium": 1},
    "yeast": {"FETCH": 15, "REFERENCE": 1, "BIN_SITES": 1, "folds": 1, "arms": 1, "cohorts": 1, "modelled": 1, "regimes": 4},
    "human": {"FETCH": 5, "REFERENCE": 2, "BIN_SITES": 3, "folds": 3, "arms": 3},
    "human_genome": {"FETCH": 13, "REFERENCE": 1, "BIN_SITES": 4, "folds": 1, "arms": 3, "cohorts": 4, "modelled": 2},
}


def expected_counts(organism: str) -> dict[str, int]:
    """Tasks a process with --replicates 1 --models default --ablation_replicates 1, and of DeepRAGE the same."""
    known = EXPECTED[organism]
    folds = known["folds"]
    cohorts, modelled = known.get("cohorts", 0), known.get("modelled", 0)
    counts = {name: n for name, n in known.items() if name.isupper()} | {"EXPRESSION": 1 + cohorts + known.get("compendium", 0)}
    counts |= {"SPLIT": 1, "REPORT": 1} | deeprage_counts(known.get("regimes", 0), 1)
    counts |= {"TRAIN_DECODE": folds * (1 + TREES + known["arms"]), "ACTIVITY": folds * (1 + modelled)}
    counts |= dict.fromkeys(("SELECT_MODELS", "BASELINES", "EVALUATE", "ATTRIBUTE"), folds)
    return counts | people_counts(folds, cohorts, modelled, 3 if known["arms"] == 3 else 1)


def deeprage_counts(folds: int, networks: int) -> dict[str, int]:
    """Tasks of sequence models with one preset: every fold of every regime is learnt, the first is explained."""
    counts = {"SPLIT_CELLS": 1, "TRAIN_DEEPRAGE": folds * networks, "MOTIFS": 1, "ATTRIBUTE_DEEPRAGE": 1}
    counts |= dict.fromkeys(("SELECT_DEEPRAGE", "BASELINES_DEEPRAGE", "EVALUATE_DEEPRAGE"), folds)
    return counts if folds else {}


def people_counts(folds: int, cohorts: int, modelled: int, arms: int, listed: int = 0) -> dict[str, int]:
    """Tasks of the people part: all sites, and where there are two sides either of them shuffled; two cohorts can replicate each other.

    Cohorts with a list of gene pairs (`listed`) and the first without one find their own pairs; the others take that one's.
    """
    own = min(listed + 1, modelled)
    counts = {"FINETUNE_DECODE": folds * modelled * arms, "ASSOCIATE": folds * cohorts}
    counts |= dict.fromkeys(("EVALUATE_PEOPLE", "ATTRIBUTE_PEOPLE"), folds * modelled)
    counts |= {"KNOCK_OUT": folds * own, "KNOCK_OUT_SAME": folds * (modelled - own)}
    counts |= {"MEDIATE": folds * (modelled > 0), "REPLICATE": folds * (cohorts > 1)}
    return {name: n for name, n in counts.items() if n}


@pytest.mark.parametrize("organism", EXPECTED)
def test_tasks_of_a_shipped_organism(organism: str, nextflow: Nextflow, tmp_path: Path) -> None:
    data = empty_files(organism, tmp_path / "data")
    params = {"models": "default", "replicates": 1, "ablation_replicates": 1, "deeprage_models": "default", "deeprage_replicates": 1}
    run = nextflow.run(tmp_path, "-stub-run", organism=organism, data_dir=data, **params)
    assert run.code == 0, run.text
    assert run.counts() == expected_counts(organism)


def test_sequence_models_alone(nextflow: Nextflow, mini: Path, tmp_path: Path) -> None:
    """Two folds of the regimes that are asked for, two presets; sites, cohorts and gene splits are not even looked for."""
    (tmp_path / "data").mkdir()
    for name in (
        "promoters.yml",
        "genome.fa.gz",
        "genes.gtf.gz",
        "tpm.tsv.gz",
        "samples.tsv",
        "regulators.txt",
        "motifs.meme",
        "targets.tsv",
    ):
        shutil.copy(mini / name, tmp_path / "data" / name)
    params = {
        "organism": tmp_path / "data" / "promoters.yml",
        "systems": "deeprage",
        "deeprage_models": "default,deeprage2020",
        "deeprage_replicates": 2,
        "deeprage_regimes": "new_gene,random_pair",
        "deeprage_folds": 2,
        "deeprage_baselines": "mean,svd",
    }
    run = nextflow.run(tmp_path, "-stub-run", **params)
    assert run.code == 0, run.text
    deep = deeprage_counts(3, 4) | {"MOTIFS": 2}
    assert run.counts() == deep | {"REFERENCE": 1, "EXPRESSION": 2, "REPORT": 1}
    names = {p.relative_to(run.out).as_posix() for p in run.out.rglob("*") if p.is_file()}
    for fold in ("new_gene.0", "new_gene.1", "random_pair.0"):
        assert {
            f"models/{fold}.default/config.json",
            f"models/{fold}.deeprage2020.r2/config.json",
            f"predictions/{fold}.default/predictions.h5ad",
            f"predictions/{fold}/mean.predictions.h5ad",
            f"statistics/{fold}/per_gene.tsv",
            f"prepared/cells/{fold}.cells.h5ad",
        } <= names
    assert {"motifs/new_gene.0.default/filters.meme", "motifs/new_gene.0.deeprage2020/validation.tsv"} <= names
    assert {"attributions/new_gene.0.default/bases.tsv", "prepared/deeprage.expression.h5ad", "motifs/index.csv"} <= names
    assert {"prepared/main/sequences.fa", "prepared/main/coding.fa"} <= names
    assert {"notes.tsv", "prepared/cells/leakage.tsv"} <= names and "prepared/splits/leakage.tsv" not in names
    assert "predictions/random_pair.0/svd.predictions.h5ad" in names and "predictions/new_gene.0/svd.predictions.h5ad" not in names


def test_sequence_models_without_known_motifs(nextflow: Nextflow, mini: Path, tmp_path: Path) -> None:
    """Filters are read, knocked out and tested all the same."""
    (tmp_path / "mini.yml").write_text((mini / "promoters.yml").read_text().replace("  motifs: [motifs.meme]\n", ""))
    params = {"systems": "deeprage", "deeprage_models": "default", "deeprage_replicates": 1, "deeprage_regimes": "new_gene"}
    run = nextflow.run(tmp_path, "-stub-run", organism=tmp_path / "mini.yml", data_dir=mini, **params)
    assert run.code == 0, run.text
    assert run.counts() == deeprage_counts(1, 1) | {"REFERENCE": 1, "EXPRESSION": 2, "REPORT": 1}
    assert (run.out / "motifs" / "new_gene.0.default" / "validation.tsv").exists()


def test_people_are_left_out_on_demand(nextflow: Nextflow, mini: Path, cohorts: Path, preset: Path, tmp_path: Path) -> None:
    """Without people the cohorts' files are not even looked for."""
    shutil.copy(cohorts / "mini.yml", tmp_path / "mini.yml")
    params = {"organism": tmp_path / "mini.yml", "data_dir": mini, "models": preset, "ablation": "false", "baselines": "mean"}
    run = nextflow.run(tmp_path, "-stub-run", systems="decode", **params)
    assert run.code == 0, run.text
    assert not set(run.counts()) & set(people_counts(1, 2, 2, 1)) and run.counts()["EXPRESSION"] == 1


@pytest.fixture(scope="module")
def stub(nextflow: Nextflow, cohorts: Path, preset: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Two folds, two presets, single-task arm and three cohorts of the mini-organism, under the older parser and under the newer one."""
    params = {
        "organism": cohorts / "mini.yml",
        "test_split": "chr1;chr2,chr3",
        "models": f"{preset},decode2020",
        "replicates": 2,
        "ablation": "false",
        "single_task_outputs": 1,
        "ablation_replicates": 1,
        "baselines": "mean,ridge",
    }
    folder = tmp_path_factory.mktemp("stub")
    # Nextflow 25.04 hides --outdir from the config under v2 (25.10 does not): the trace goes where the default says
    runs = {
        parser: nextflow.run(folder / parser, "-stub-run", env={"NXF_SYNTAX_PARSER": parser}, outdir="results", **params)
        for parser in ("v1", "v2")
    }
    for run in runs.values():
        assert run.code == 0, run.text
    return runs


def test_published_tree(stub: dict[str, Run]) -> None:
    run = stub["v1"]
    names = {p.relative_to(run.out).as_posix() for p in run.out.rglob("*") if p.is_file()}
    assert {"notes.tsv", "prepared/splits/leakage.tsv"} <= names and "prepared/cells/leakage.tsv" not in names
    assert {"report.html", "metrics.tsv", "models/index.csv", "prepared/expression.h5ad", "prepared/main/genes.tsv"} <= names
    assert {
        f"pipeline_info/{name}" for name in ("trace.txt", "timeline.html", "execution.html", "dag.html", "software_versions.yml")
    } <= names
    for fold in FOLDS:
        assert {f"predictions/{fold}/{name}.h5ad" for name in ("predictions", "mean.predictions", "ridge.predictions")} <= names
        assert {
            f"attributions/{fold}/attributions.h5ad",
            f"statistics/{fold}/per_gene.tsv",
            f"prepared/splits/{fold}.splits.tsv",
            f"models/{fold}.default/config.json",
        } <= names


def test_published_people(stub: dict[str, Run]) -> None:
    run = stub["v1"]
    names = {p.relative_to(run.out).as_posix() for p in run.out.rglob("*") if p.is_file()}
    for fold in FOLDS:
        for cohort in ("first", "second"):
            assert {
                f"models/{fold}.people.{cohort}/config.json",
                f"predictions/{fold}.people.{cohort}/predictions.h5ad",
                f"attributions/{fold}.people.{cohort}/regulator_by_output.tsv",
                f"statistics/{fold}.people.{cohort}/per_person.tsv",
                f"statistics/{fold}.association.{cohort}/predicted.tsv",
                f"statistics/{fold}.activity.{cohort}/activity.tsv",
                f"perturbations/{fold}.knock_out.{cohort}/drivers.tsv",
            } <= names
        assert {f"statistics/{fold}.association.crosses/actual.tsv", f"statistics/{fold}.activity/activity.tsv"} <= names
        assert {f"statistics/{fold}.replication/replication.tsv", f"perturbations/{fold}.mediation/mediation.tsv"} <= names
        assert f"statistics/{fold}.association.crosses/predicted.tsv" not in names
    assert {f"prepared/{cohort}.expression.h5ad" for cohort in ("first", "second", "crosses")} <= names
    assert run.counts() == run.counts() | people_counts(2, 3, 2, 1, listed=1)
    with (run.out / "perturbations" / "index.csv").open(newline="") as lines:
        assert {row["kind"] for row in csv.DictReader(lines)} >= {"pairs", "drivers", "mediation"}


def test_index_of_the_models(stub: dict[str, Run]) -> None:
    with (stub["v1"].out / "models" / "index.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == ["id", "organism", "fold", "model", "folder"]
    assert sorted((row["fold"], row["model"]) for row in rows) == [(fold, model) for fold in FOLDS for model in MODELS]
    assert all(Path(row["folder"]).is_dir() for row in rows)


def test_trainings_of_a_fold(stub: dict[str, Run]) -> None:
    trained = [row["tag"] for row in stub["v1"].trace() if row["process"] == "TRAIN_DECODE" and row["tag"].startswith("chr1:")]
    whole = [
        f"chr1:{member}.all"
        for member in ("default.network.r1", "default.network.r2", "default.trees.r1", "decode2020.network.r1", "decode2020.network.r2")
    ]
    assert sorted(trained) == sorted([*whole, "chr1:default.network.r1.single_task-1-1"])


def test_versions_of_every_process(stub: dict[str, Run]) -> None:
    versions = yaml.safe_load((stub["v1"].out / "pipeline_info" / "software_versions.yml").read_text())
    assert set(versions) == set(stub["v1"].counts()) - {"REPORT"}
    assert all(tools["regdecode"] for tools in versions.values())


def test_the_newer_parser_runs_and_publishes_the_same(stub: dict[str, Run]) -> None:
    old, new = stub["v1"], stub["v2"]
    assert sorted((row["process"], row["tag"]) for row in old.trace()) == sorted((row["process"], row["tag"]) for row in new.trace())
    assert sorted(p.relative_to(old.out).as_posix() for p in old.out.rglob("*")) == sorted(
        p.relative_to(new.out).as_posix() for p in new.out.rglob("*")
    )
