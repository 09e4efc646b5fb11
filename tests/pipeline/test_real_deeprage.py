"""Sequence models of the mini-organism end to end, for real: the planted motif is read, named, and missed when it is knocked out."""

import csv
from pathlib import Path

import pytest
from conftest import Nextflow, Run

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]
WITH_MOTIFS = """\
model: small
task: regression
members: 1
network: {merge: bilinear, length: 0, motifs: true, filters: 4, width: 12, strands: both, pool: windows, windows: [0, 400, 1200],
  dense: [], rank: 8, regulator_units: 16, regulator_dropout: 0.1, dropout: 0.2, normalise: true, memory: auto}
fit: {optimiser: adam, learning_rate: 5.0e-3, trunk_rate: 0.1, batch_genes: 128, frozen_epochs: 12, trunk_epochs: 0, epochs: 6,
  freeze_trunk: true, schedule: cosine, patience: 12}
"""
CHOSEN = "attribute: { genes: [MINI00150, MINI00007], conditions: [liver_2] }"
UNTOLD = WITH_MOTIFS.replace("model: small", "model: untold").replace("motifs: true, filters: 4", "motifs: false, filters: 8, words: 7")


def table(path: Path) -> list[dict[str, str]]:
    """Rows of a TSV."""
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


@pytest.fixture(scope="module")
def real(nextflow: Nextflow, mini: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("deeprage")
    (folder / "small.yml").write_text(WITH_MOTIFS)
    (folder / "untold.yml").write_text(UNTOLD)
    (folder / "mini.yml").write_text((mini / "promoters.yml").read_text().replace("  explain:", f"  {CHOSEN}\n  explain:"))
    params = {
        "deeprage_models": f"{folder}/small.yml,{folder}/untold.yml",
        "deeprage_regimes": "new_gene",
        "deeprage_baselines": "majority,mean,kmer_ridge",
    }
    run = nextflow.run(folder, organism=folder / "mini.yml", data_dir=mini, systems="deeprage", **params)
    assert run.code == 0, run.text
    return run


def test_every_process_ran_once_a_preset(real: Run) -> None:
    once = "REFERENCE SPLIT_CELLS SELECT_DEEPRAGE BASELINES_DEEPRAGE EVALUATE_DEEPRAGE ATTRIBUTE_DEEPRAGE REPORT"
    twice = "EXPRESSION TRAIN_DEEPRAGE MOTIFS"
    assert real.counts() == dict.fromkeys(once.split(), 1) | dict.fromkeys(twice.split(), 2)


def test_the_ensemble_predicts_genes_it_never_saw(real: Run) -> None:
    rows = [row for row in table(real.out / "metrics.tsv") if row["split"] == "test" and row["metric"] == "pearson"]
    value = {(row["model"], row["member"]): row for row in rows}
    assert {row["system"] for row in rows} == {"deeprage"} and {row["fold"] for row in rows} == {"new_gene.0"}
    assert set(value) >= {("small", "ensemble"), ("promoter", "ensemble"), ("small", "r1"), ("kmer_ridge", "single")}
    lead = value["small", "ensemble"]
    assert float(lead["value"]) > 0.25 and float(lead["low"]) > 0.15
    assert float(lead["value"]) > float(value["kmer_ridge", "single"]["value"])


def test_the_planted_motif_is_named_and_its_targets_need_it(real: Run) -> None:
    folder = real.out / "motifs" / "new_gene.0.small"
    named = {row["match"]: row for row in table(folder / "filters.tsv") if row["matched"] == "1"}
    assert "MOTIF1" in named
    own = {row["regulator"]: row for row in table(folder / "validation.tsv") if row["own"] == "1"}
    assert float(own["MOTIF1"]["auc"]) > 0.8 and float(own["MOTIF1"]["q_rank_sum"]) < 1e-3


def test_the_planted_motif_is_found_by_a_network_that_was_not_told_it(real: Run) -> None:
    folder = real.out / "motifs" / "new_gene.0.untold"
    named = [row for row in table(folder / "filters.tsv") if row["matched"] == "1"]
    assert {(row["match"], row["origin"]) for row in named} >= {("MOTIF1", "word")}
    metrics = {row["metric"]: float(row["value"]) for row in table(folder / "metrics.tsv")}
    assert metrics["filters_matched_from_scratch"] == len(named) > metrics["filters_matched_by_chance"]


def test_what_was_read_and_what_could_leak_are_tables(real: Run) -> None:
    notes = table(real.out / "notes.tsv")
    assert {row["step"] for row in notes} >= {"reference", "expression", "split_cells", "motifs new_gene.0.small"}
    assert [row["n"] for row in notes if row["step"] == "split_cells" and row["what"] == "regulators"] != []
    leaks = {(row["check"], row["a"], row["b"]): row["n"] for row in table(real.out / "prepared" / "cells" / "leakage.tsv")}
    assert leaks["same gene", "test", "train"] == "0"


def test_genes_and_conditions_of_the_organism_file_are_explained(real: Run) -> None:
    rows = table(real.out / "attributions" / "new_gene.0.small" / "additivity.tsv")
    assert {(row["gene"], row["condition"]) for row in rows} == {("MINI00007", "liver_2"), ("MINI00150", "liver_2")}


def test_the_report_stands_alone(real: Run) -> None:
    page = (real.out / "report.html").read_text()
    assert "Genes never seen" in page and "MOTIF1" in page and "--systems left DEcode out" in page
    assert {path.stem for path in (real.out / "figures").glob("*.svg")} >= {
        "deeprage_new_gene_0_accuracy",
        "deeprage_new_gene_0_small_motifs_known",
        "deeprage_new_gene_0_small_promoters",
    }
