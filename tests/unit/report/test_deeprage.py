"""The section about sequence models: what it says of made tables, and what it says where they are absent."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.unit.report.make_deeprage import add_deeprage, add_motifs, add_promoters
from tests.unit.report.make_inputs import make_inputs

from regdecode.report.figures_deeprage import training
from regdecode.report.inputs import Inputs, read_inputs
from regdecode.report.page import write_report
from regdecode.report.sections_deeprage import compared, label_of, over_folds, regime_part, standing, verdict_of
from regdecode.report.sections_motifs import PROMOTERS, knock_out_part, motifs_part, promoters_part
from regdecode.report.verdict import WORDS
from regdecode.report.views_deeprage import DeepRageView, view_deeprage

ASSETS = Path(__file__).resolve().parents[3] / "assets" / "report"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    folder = make_inputs(tmp_path_factory.mktemp("deeprage") / "inputs", ["chr1"], n_outputs=6, n_genes=60)
    add_deeprage(folder)
    return read_inputs(folder)


@pytest.fixture(scope="module")
def view(inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> DeepRageView:
    found = view_deeprage(inputs.deeprage, tmp_path_factory.mktemp("figures"))
    assert found is not None
    return found


def test_models_have_the_names_a_reader_knows() -> None:
    assert label_of("default", "ensemble") == "Ensemble"
    assert label_of("promoter", "ensemble") == "Ensemble, promoters alone"
    assert label_of("deeprage2020", "r1") == "deeprage2020, network 1"
    assert label_of("kmer_ridge", "single") == "Ridge on k-mers"


def test_the_ensemble_leads_and_accuracy_has_the_majority_beside_it(inputs: Inputs) -> None:
    table = compared(inputs.deeprage.folds[0])
    assert table["label"].tolist()[:3] == ["Ensemble", "Ensemble, promoters alone", "default, network 1"]
    assert table["majority"].notna().all() and table["label"].iloc[-1] == "Majority class"
    said = verdict_of(inputs.deeprage.folds[0])
    assert said.startswith(
        "Genes never seen (new_gene.0): r = 0.550 (0.530 to 0.570) on 4,000 test cells, accuracy 0.700 beside the majority's 0.650"
    )
    assert said.endswith("clearly better than (paired 0.050 to 0.200) the best baseline, ridge on k-mers, r = 0.430.")


@pytest.mark.parametrize(("gain", "words"), [(-0.1, "not different from"), (0.05, "clearly better than")])
def test_a_difference_is_judged_by_its_paired_interval(tmp_path: Path, gain: float, words: str) -> None:
    folder = make_inputs(tmp_path / "inputs", ["chr1"], n_outputs=6, n_genes=60)
    add_deeprage(folder, folds=("new_gene.0",), gain=gain, explained=False)
    fold = read_inputs(folder).deeprage.folds[0]
    assert words in verdict_of(fold) and WORDS[standing(fold)] == words


def test_parts_in_the_order_of_the_page(view: DeepRageView) -> None:
    titles = [title for title, _ in view.parts]
    assert titles == [
        "Genes never seen",
        "Random pairs of gene and condition",
        "What the filters of default read",
        "What changes without them: default",
        "Which bases make a prediction",
        "The networks",
        "What was held out",
    ]
    assert not [absent for _, part in view.parts for absent in part.absent]
    pictures = [picture.name for _, part in view.parts for picture in part.pictures]
    assert len(pictures) == len(set(pictures))
    assert {"deeprage_new_gene_0_accuracy", "deeprage_new_gene_0_confusion", "deeprage_new_gene_0_default_motifs_known"} <= set(pictures)


def test_a_regime_names_its_best_and_worst(view: DeepRageView) -> None:
    part = view.parts[0][1]
    assert "best abc0, abc1 and abc2, worst abc39, abc38 and abc37" in part.sentences[1]
    table = next(table for table in part.tables if table.id == "per_gene-new_gene.0")
    assert len(table.rows) == 30 and [cell.text for cell in table.rows[0][:2]] == ["abc0", "G0"]


def test_filters_and_what_changes_without_them(view: DeepRageView) -> None:
    parts = dict(view.parts)
    assert (
        "2 of 3 filters (3 answer somewhere) match a known motif, of 2 regulators; 1 of the 2 that did not start from one "
        "(0.0 of as many drawn at random do on average)" in (parts["What the filters of default read"].sentences[0])
    )
    assert "The strongest: MIG1 and ABF1." in parts["What the filters of default read"].sentences[0]
    said = parts["What changes without them: default"].sentences[0]
    assert "targets of 7 regulators change more" in said and "0.5 with genes permuted on average" in said
    assert "Of 2 regulators with a filter of their own motif, 1 is confirmed by it." in said


def test_random_pairs_say_what_they_have_seen(view: DeepRageView) -> None:
    said = " ".join(dict(view.parts)["The networks"].sentences)
    assert "In random_pair.0.default the ensemble also carries what it has seen of the same gene in other conditions" in said
    assert "codons" in said


def test_without_known_targets_the_absence_is_said(tmp_path: Path) -> None:
    folder = make_inputs(tmp_path / "inputs", ["chr1"], n_outputs=6, n_genes=60)
    add_deeprage(folder, folds=("new_gene.0",), explained=False)
    add_motifs(folder / "deeprage", "new_gene.0.default", targets=False)
    part = knock_out_part(read_inputs(folder).deeprage.filters[0], tmp_path, "")
    assert not part.sentences and "known_targets" in part.absent[0][1]


def test_without_known_motifs_one_sentence_says_so(tmp_path: Path) -> None:
    folder = make_inputs(tmp_path / "inputs", ["chr1"], n_outputs=6, n_genes=60)
    add_deeprage(folder, folds=("new_gene.0",), explained=False)
    add_motifs(folder / "deeprage", "new_gene.0.default", known=False)
    (found,) = read_inputs(folder).deeprage.filters
    part = motifs_part(found, tmp_path, "")
    assert part.sentences == ["No known motifs were given, so none of the 3 filters (3 answer somewhere) has a name."] and not part.absent
    assert [picture.title for picture in part.pictures] == ["Motifs of the filters"]
    assert part.pictures[0].alt.endswith("f0; f1; f2") and "match" not in part.pictures[0].caption
    tested = knock_out_part(found, tmp_path, "")
    assert "targets of 7 regulators change more" in tested.sentences[0] and "own motif" not in tested.sentences[0]
    heads = [column.title for table in (*part.tables, *tested.tables) for column in table.columns]
    assert len(part.tables) == 2 and not [head for head in heads if "motif" in head or head == "matched"]


def test_more_promoters_than_are_drawn(tmp_path: Path) -> None:
    folder = make_inputs(tmp_path / "inputs", ["chr1"], n_outputs=6, n_genes=60)
    add_deeprage(folder, folds=("new_gene.0",), explained=False)
    add_promoters(folder / "deeprage", "new_gene.0.default", conditions=PROMOTERS + 1)
    (tables,) = read_inputs(folder).deeprage.attributed.values()
    part = promoters_part(tables, "one", tmp_path, "")
    assert "Drawn are the first 12 of 13 genes in a condition; all are in bases.tsv." in part.sentences
    assert f"HSP12 in c{PROMOTERS}" in part.pictures[0].alt and f"HSP12 in c{PROMOTERS + 1}" not in part.pictures[0].alt


def test_the_level_of_the_run_decides_what_is_confirmed(tmp_path: Path) -> None:
    folder = make_inputs(tmp_path / "inputs", ["chr1"], n_outputs=6, n_genes=60)
    add_deeprage(folder, folds=("new_gene.0",), explained=False)
    add_motifs(folder / "deeprage", "new_gene.0.default", q=0.7)
    said = knock_out_part(read_inputs(folder).deeprage.filters[0], tmp_path, "").sentences[0]
    assert "(q ≤ 0.7 over all" in said and "with a filter of their own motif, 2 are confirmed by it." in said


def test_a_stage_that_nothing_judges_is_told_beside_the_curves(tmp_path: Path) -> None:
    frozen = pd.DataFrame({"stage": "frozen", "epoch": [1, 2], "train_loss": [1.2, 1.1], "validation_loss": np.nan})
    merge = pd.DataFrame({"stage": "merge", "epoch": [1, 2], "train_loss": [1.0, 0.9], "validation_loss": [0.9, 0.8]})
    for tables, told in (([merge], False), ([frozen, merge], True)):
        picture = training({"r1": pd.concat(tables)}, "Loss", tmp_path, f"loss_{told}")
        assert ("no solid line" in picture.caption) is told


def test_a_fold_without_tables_says_so(tmp_path: Path) -> None:
    folder = make_inputs(tmp_path / "inputs", ["chr1"], n_outputs=6, n_genes=60)
    add_deeprage(folder, folds=("new_gene.0",), explained=False)
    for name in ("confusion", "observed", "per_gene", "per_condition", "comparisons"):
        (folder / "deeprage" / "evaluated" / "new_gene.0" / f"{name}.tsv").unlink()
    part = regime_part(read_inputs(folder).deeprage.folds[0], tmp_path, "")
    assert {what for what, _ in part.absent} == {
        "The confusion matrix",
        "Predicted against measured",
        "Best and worst genes",
        "Best and worst conditions",
    }
    assert "beside the best baseline" in part.sentences[0]


def test_several_folds_have_their_means(tmp_path: Path) -> None:
    folder = make_inputs(tmp_path / "inputs", ["chr1"], n_outputs=6, n_genes=60)
    add_deeprage(folder, folds=("new_gene.0", "new_gene.1"), explained=False)
    found = view_deeprage(read_inputs(folder).deeprage, tmp_path / "figures")
    assert found is not None and found.over_folds is not None
    assert [cell.text for cell in found.over_folds.rows[0]][:4] == ["new_gene", "Ensemble", "2", "0.550"]
    assert found.parts[0][0] == "Genes never seen, fold 0"


def test_means_over_folds_have_students_interval(tmp_path: Path) -> None:
    folder = make_inputs(tmp_path / "inputs", ["chr1"], n_outputs=6, n_genes=60)
    add_deeprage(folder, folds=("new_gene.0", "new_gene.1", "new_gene.2"), explained=False)
    for fold, r in enumerate((0.5, 0.56, 0.59)):
        path = folder / "deeprage" / "evaluated" / f"new_gene.{fold}" / "metrics.tsv"
        table = pd.read_csv(path, sep="\t")
        lead = (table["member"] == "ensemble") & (table["model"] == "default") & (table["metric"] == "pearson") & (table["split"] == "test")
        table.loc[lead, "value"] = r
        table.to_csv(path, sep="\t", index=False, na_rep="NA")
    row = over_folds(read_inputs(folder).deeprage).set_index("label").loc["Ensemble"]
    half = 4.302653 * np.std([0.5, 0.56, 0.59], ddof=1) / np.sqrt(3)
    np.testing.assert_allclose([row["r"], row["r_low"], row["r_high"]], [0.55, 0.55 - half, 0.55 + half], rtol=1e-6)
    assert row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"]


def test_rows_of_sequence_models_stay_out_of_the_other_figures(tmp_path: Path) -> None:
    folder = make_inputs(tmp_path / "inputs", ["chr1"], n_outputs=6, n_genes=60)
    add_deeprage(folder)
    both = pd.concat(
        [pd.read_csv(p, sep="\t") for p in (folder / "metrics.tsv", folder / "deeprage" / "evaluated" / "new_gene.0" / "metrics.tsv")]
    )
    both.to_csv(folder / "metrics.tsv", sep="\t", index=False, na_rep="NA")
    assert set(read_inputs(folder).metrics["system"]) == {"decode"}


def test_the_page_shows_both_systems_or_says_what_is_absent(inputs: Inputs, tmp_path: Path) -> None:
    write_report(inputs, ASSETS, tmp_path / "both")
    page = (tmp_path / "both" / "report.html").read_text()
    assert "Genes never seen" in page and "Sequence models. Genes never seen" in page and 'id="accuracy"' in page
    assert (tmp_path / "both" / "multiqc" / "regdecode_deeprage_mqc.tsv").exists()
    none = make_inputs(tmp_path / "none", ["chr1"], n_outputs=6, n_genes=60)
    write_report(read_inputs(none), ASSETS, tmp_path / "without")
    assert "the organism file has no deeprage block" in (tmp_path / "without" / "report.html").read_text()
    told = json.loads((none / "run.json").read_text())
    (none / "run.json").write_text(json.dumps(told | {"params": {"systems": "decode"}}))
    write_report(read_inputs(none), ASSETS, tmp_path / "left")
    assert "--systems left DeepRAGE out" in (tmp_path / "left" / "report.html").read_text()


def test_sequence_models_alone_make_a_page(tmp_path: Path) -> None:
    folder = make_inputs(tmp_path / "inputs", ["chr1"], n_outputs=6, n_genes=60)
    shutil.rmtree(folder / "folds")
    add_deeprage(folder)
    write_report(read_inputs(folder), ASSETS, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "--systems left DEcode out" in page and 'id="accuracy"' not in page and "Genes never seen (new_gene.0): r = 0.550" in page
    assert "cis and trans regulation of stress response" in page and "Quantifying similarity between motifs" in page
    assert 'href="motifs/"' in page and "Tasaki" not in page and "Smyth" not in page and "Nextflow enables" in page
