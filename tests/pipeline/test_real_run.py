"""The mini-organism end to end, for real: what was planted is found, and the same command gives the same bytes."""

import csv
import json
from pathlib import Path

import pytest
import yaml
from conftest import Nextflow, Run

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]
PARAMS = {"ablation_replicates": 1, "baselines": "mean,ridge"}
ARMS = 3  # shuffled_rna, shuffled_promoter, shuffled_all
WALL_CLOCK = ("seconds", "seconds_a", "seconds_b")  # columns and keys that say how long a training took


def table(path: Path) -> list[dict[str, str]]:
    """Rows of a TSV."""
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def content(path: Path, out: Path) -> object:
    """A published file's bytes; where it says how long something took or where it lies, all but that."""
    if path.name in ("history.tsv", "ablation.tsv"):
        return [{key: value for key, value in row.items() if key not in WALL_CLOCK} for row in table(path)]
    if path.name == "metrics.json":
        return {key: value for key, value in json.loads(path.read_text()).items() if key not in WALL_CLOCK}
    if path.name == "index.csv":
        return sorted(path.read_text().replace(str(out), "OUT").splitlines())
    return path.read_bytes()


def published(run: Run) -> dict[str, object]:
    """What a run learnt and computed: path below its results -> content."""
    folders = ("models", "predictions", "attributions", "statistics", "prepared")
    files = [run.out / "metrics.tsv", *(p for folder in folders for p in (run.out / folder).rglob("*") if p.is_file())]
    return {p.relative_to(run.out).as_posix(): content(p, run.out) for p in files}


@pytest.fixture(scope="module")
def real(nextflow: Nextflow, mini: Path, preset: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = nextflow.run(tmp_path_factory.mktemp("real"), organism=mini / "mini.yml", models=preset, **PARAMS)
    assert run.code == 0, run.text
    return run


@pytest.fixture(scope="module")
def truth(mini: Path) -> dict[str, tuple[float, str]]:
    return {name: (effect, output) for name, (effect, output) in json.loads((mini / "truth.json").read_text())["effects"].items()}


def test_every_process_ran_once_a_job(real: Run, preset: Path) -> None:
    trained = sum(yaml.safe_load(preset.read_text())["members"].values()) + ARMS
    assert real.counts() == {
        "REFERENCE": 1,
        "EXPRESSION": 1,
        "SCAN_MOTIFS": 1,
        "BIN_SITES": 4,
        "SPLIT": 1,
        "TRAIN_DECODE": trained,
        "SELECT_MODELS": 1,
        "BASELINES": 1,
        "EVALUATE": 1,
        "ATTRIBUTE": 1,
        "ACTIVITY": 1,
        "REPORT": 1,
    }


def test_planted_regulators_lead_with_their_sign(real: Run, truth: dict[str, tuple[float, str]]) -> None:
    means = {row["regulator"]: row for row in table(real.out / "attributions" / "chr5" / "regulator_by_output.tsv")}
    for output in {output for _, output in truth.values()}:
        planted = {name for name, (_, where) in truth.items() if where == output}
        leading = sorted(means, key=lambda name: -abs(float(means[name][output])))[: len(planted)]
        assert set(leading) == planted, f"{output}: {leading} lead"
        for name in planted:
            assert float(means[name][output]) * truth[name][0] > 0, f"{name} on {output} has the wrong sign"


def test_attributions_add_up(real: Run) -> None:
    rows = table(real.out / "attributions" / "chr5" / "additivity.tsv")
    assert rows and all(row["passed"] == "True" and float(row["relative"]) <= 1e-4 for row in rows)


def test_the_ensemble_learns_and_shuffled_sites_do_not(real: Run) -> None:
    value = {
        (row["model"], row["member"], row["arm"], row["output"]): float(row["value"])
        for row in table(real.out / "metrics.tsv")
        if row["split"] == "test" and row["metric"] == "spearman"
    }
    assert value["default", "ensemble", "all", "level"] > 0.7
    assert value["default", "ensemble", "all", "fold_change"] > 0.4
    shuffled = [
        v for (model, _member, arm, output), v in value.items() if model == "default" and arm == "shuffled_all" and output == "fold_change"
    ]
    assert shuffled and all(abs(v) < 0.2 for v in shuffled)
    assert abs(value["mean", "single", "all", "fold_change"]) < 0.2


def test_the_report_stands_alone(real: Run) -> None:
    page = (real.out / "report.html").read_text()
    assert "TF02" in page and "Mini organism" in page
    for outside in ('src="http', "src='http", '<link rel="stylesheet" href', "@import"):
        assert outside not in page
    assert list((real.out / "figures").glob("*.svg"))


def test_the_same_command_gives_the_same_bytes(real: Run, nextflow: Nextflow, mini: Path, preset: Path, tmp_path: Path) -> None:
    again = nextflow.run(tmp_path, organism=mini / "mini.yml", models=preset, **PARAMS)
    assert again.code == 0, again.text
    first, second = published(real), published(again)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_a_bad_file_stops_the_run_with_its_message(nextflow: Nextflow, mini: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for path in mini.iterdir():
        (data / path.name).symlink_to(path)
    (data / "tf.bed.gz").unlink()
    (data / "tf.bed.gz").write_bytes((mini / "tf.bed.gz").read_bytes()[:-30])
    run = nextflow.run(tmp_path / "run", organism=data / "mini.yml", **PARAMS)
    assert run.code != 0 and "Traceback" not in run.text
    assert len([line for line in run.text.splitlines() if "tf.bed.gz" in line and "bin_sites.py" not in line]) == 1
    assert {p.name for p in run.out.rglob("*") if p.is_file()} & {"metrics.tsv", "report.html", "tf_promoter.features.h5ad"} == set()
