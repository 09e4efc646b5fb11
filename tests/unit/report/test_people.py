"""The section about people: what it says of made tables, and what it says where they are absent."""

from pathlib import Path

import pandas as pd
import pytest
from tests.unit.report.make_inputs import make_inputs
from tests.unit.report.make_people import add_people

from regdecode.report.inputs import Inputs, read_inputs
from regdecode.report.page import write_report
from regdecode.report.sections_people import replication_part, verdict_of
from regdecode.report.views import cohort_views

ASSETS = Path(__file__).resolve().parents[3] / "assets" / "report"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    folder = make_inputs(tmp_path_factory.mktemp("people") / "inputs", ["chr1"], n_outputs=6, n_genes=60)
    add_people(folder / "folds" / "chr1")
    return read_inputs(folder)


@pytest.fixture(scope="module")
def parts(inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    views = cohort_views(inputs, inputs.folds[0], tmp_path_factory.mktemp("figures"), "")
    return {view.name: dict(view.parts) for view in views}


def test_a_rank_correlation_is_judged_by_its_null() -> None:
    assert "above its null" in verdict_of(pd.Series({"rho": 0.5, "null_high": 0.1, "p_permutation": 0.005}))
    assert "within its null" in verdict_of(pd.Series({"rho": 0.05, "null_high": 0.1, "p_permutation": 0.3}))
    assert "without a null" in verdict_of(pd.Series({"rho": 0.5, "null_high": float("nan")}))


def test_replication_stands_first_with_its_null(inputs: Inputs, tmp_path: Path) -> None:
    part = replication_part(inputs.folds[0].people, tmp_path, "")
    assert len(part.sentences) == 7 and part.sentences[0].startswith(
        "age, measured expression - first and second: ρ = 0.500, above its null"
    )
    assert [picture.name for picture in part.pictures] == ["people_replication"]
    assert {table.id for table in part.tables} == {"replication", "rank-matrix", "accuracy-agreement", "direction"}
    assert "for 1 of 2 regulators" in part.sentences[-1]


def test_one_cohort_has_nothing_to_replicate(tmp_path: Path) -> None:
    folder = make_inputs(tmp_path / "inputs", ["chr1"], n_outputs=6, n_genes=60)
    add_people(folder / "folds" / "chr1", two=False)
    part = replication_part(read_inputs(folder).folds[0].people, tmp_path, "")
    assert not part.sentences and part.absent == [("Replication between cohorts", "there is one cohort")]


def test_a_cohort_with_a_model(parts: dict[str, dict]) -> None:
    who, traits, accuracy, pairs = parts["first"].values()
    assert "60 samples" in who.sentences[0] and [row[0].text for row in who.tables[0].rows] == ["age", "sex[M]"]
    assert "5 with age and 5 with sex[M]" in traits.sentences[0]
    assert "age: predicted and measured t on held-out genes agree with ρ = 0.050, within its null" in " ".join(traits.sentences)
    assert {picture.name for picture in traits.pictures} >= {
        "people_first_actual_age",
        "people_first_predicted_sex_M_",
        "people_first_concordance",
    }
    assert "fits its own person no better than others" in " ".join(accuracy.sentences) and "20 % of the variance" in " ".join(
        accuracy.sentences
    )
    assert ("The same person twice", "no two tissues or cohorts hold the same people (a column person in both sheets)") in accuracy.absent
    assert [picture.name for picture in pairs.pictures] == ["people_first_sites_1"] and "ABC1 ~ ABC2" in pairs.pictures[0].title
    assert "50 % of 40 positive pairs (chance 10 %)" in pairs.sentences[0] and ": 2 in 1 pair." in pairs.sentences[1]


def test_a_cohort_without_a_model_says_what_is_absent(parts: dict[str, dict]) -> None:
    who, traits, accuracy, pairs = parts["skin"].values()
    assert "No person model" in who.sentences[0]
    assert [picture.name for picture in traits.pictures] == ["people_skin_actual_tissue"]
    assert [what for what, _ in accuracy.absent] == ["Accuracy of the person model"]
    assert {"Knock-outs of gene pairs", "Recovery of co-expression"} <= {what for what, _ in pairs.absent}


def test_the_page_shows_people_or_why_not(inputs: Inputs, tmp_path: Path) -> None:
    write_report(inputs, ASSETS, tmp_path / "with")
    page = (tmp_path / "with" / "report.html").read_text()
    assert page.count('id="cohort-chr1-') == 3 and "4 people are too few for 2 drivers" in page and "for 1 of 1 pair and cohort" in page
    without = make_inputs(tmp_path / "inputs", ["chr1"], n_outputs=6, n_genes=60)
    write_report(read_inputs(without), ASSETS, tmp_path / "without")
    assert "<b>People</b> are not here: the organism file has no individuals." in (tmp_path / "without" / "report.html").read_text()


def test_figures_of_the_tissues_leave_people_out(inputs: Inputs) -> None:
    assert not inputs.metrics["model"].str.startswith("people").any()
