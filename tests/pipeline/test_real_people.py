"""The simulated cohorts end to end, for real: what was planted in people is found, and one cohort finds what the other finds."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Nextflow, Run

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]
COHORTS = ("cohort_a", "cohort_b")
SMALL = {"members": {"network": 2, "trees": 0}}


def table(path: Path) -> list[dict[str, str]]:
    """Rows of a TSV."""
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the mini-organism with two cohorts of 40 people."""
    folder = tmp_path_factory.mktemp("made")
    script = ROOT / "tests" / "data" / "make_cohort.py"
    subprocess.run([sys.executable, script, folder, "--people", "40", "--ids", *COHORTS], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def truth(made: Path) -> dict:
    return json.loads((made / f"{COHORTS[0]}.truth.json").read_text())


@pytest.fixture(scope="module")
def run(nextflow: Nextflow, made: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("real_people")
    preset = yaml.safe_load((ROOT / "assets" / "decode" / "default.yml").read_text())
    (folder / "small.yml").write_text(yaml.safe_dump(preset | SMALL, sort_keys=False))
    params = {"organism": made / "mini_people.yml", "models": folder / "small.yml", "ablation": "false", "baselines": "mean,ridge"}
    run = nextflow.run(folder, **params)
    assert run.code == 0, run.text
    return run


@pytest.mark.parametrize("cohort", COHORTS)
def test_planted_genes_lead_the_association(run: Run, truth: dict, cohort: str) -> None:
    rows = table(run.out / "statistics" / f"chr5.association.{cohort}" / "actual.tsv")
    for word, planted in (("sex", truth["sex_genes"]), ("age", truth["age_genes"])):
        mine = [row for row in rows if row["output"].startswith(word)]
        assert {row["target"] for row in mine if float(row["q"]) < 0.05} >= set(planted), f"{word}: a planted gene is not found"


@pytest.mark.parametrize("cohort", COHORTS)
def test_planted_regulators_lead_the_activities(run: Run, truth: dict, cohort: str) -> None:
    rows = table(run.out / "statistics" / f"chr5.association.{cohort}" / "activity.tsv")
    for word, planted in (("sex", truth["sex_regulator"]), ("age", truth["age_regulator"])):
        mine = [row for row in rows if row["output"].startswith(word)]
        assert max(mine, key=lambda row: abs(float(row["statistic"])))["regulator"] == planted


@pytest.mark.parametrize("cohort", COHORTS)
def test_the_planted_driver_leads_its_pair(run: Run, truth: dict, cohort: str) -> None:
    pair = "~".join(truth["driver_pair"])
    rows = [row for row in table(run.out / "perturbations" / f"chr5.knock_out.{cohort}" / "drivers.tsv") if row["pair"] == pair]
    drivers = [row for row in rows if row["driver"] == "yes"]
    assert max(drivers, key=lambda row: abs(float(row["statistic"])))["regulator"] == truth["driver"]


@pytest.mark.parametrize("cohort", COHORTS)
def test_the_planted_mediator_explains_its_pair(run: Run, truth: dict, cohort: str) -> None:
    rows = table(run.out / "perturbations" / "chr5.mediation" / "mediation.tsv")
    (row,) = (row for row in rows if row["cohort"] == cohort)
    assert truth["regulator_genes"][truth["driver"]] in row["drivers"].split(","), row
    assert float(row["r2_full"]) > 0.5 and float(row["explained"]) > 0.5, row


def test_cohorts_replicate_each_other_beyond_the_null(run: Run) -> None:
    rows = [row for row in table(run.out / "statistics" / "chr5.replication" / "replication.tsv") if row["kind"] in ("actual", "activity")]
    assert len(rows) == 4
    for row in rows:
        assert float(row["rho"]) > float(row["null_high"]), row


def test_the_run_s_metrics_hold_people_and_tissues(run: Run) -> None:
    models = {row["model"] for row in table(run.out / "metrics.tsv")}
    assert {"default", "people.cohort_a", "people.cohort_b", "people.cohort_a.ridge", "people.cohort_a~cohort_b"} <= models


def test_the_report_shows_people_and_how_the_run_was_started(run: Run) -> None:
    page = (run.out / "report.html").read_text()
    assert "Does one cohort find what another finds?" in page and page.count('id="cohort-chr5-') == 2
    assert "small.yml" in page and "nextflow" in page and list((run.out / "figures").glob("people_*.svg"))
