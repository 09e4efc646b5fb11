"""finetune_decode.py and evaluate_people.py on a simulated cohort: what is planted is found, bad input is one message."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.cli.people_case import PEOPLE, finetune, run, train_tissues, write_case
from tests.cli.test_train_decode import BIN

import regdecode
from regdecode.io.h5ad import read_expression, read_predictions, write_expression
from regdecode.io.splits import read_splits, write_splits
from regdecode.stats.evaluation import METRIC_COLUMNS
from regdecode.training.model_folder import load_decode
from regdecode.training.people_data import load_for_model

TABLES = [
    "ablation", "accuracy_bins", "comparisons", "concordance", "drivers_of_accuracy", "metrics", "per_gene", "per_person", "unrelated",
    "variance",
]  # fmt: skip


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    data = write_case(folder)
    train_tissues(folder, data)
    for out, model, arm in (("m", "tissue_model", "all"), ("msp", "sp", "shuffled_promoter")):
        made = finetune(folder, data, model, out, "--arm", arm)
        assert made.exit_code == 0, made.output
    made = evaluate(folder, data, "out")
    assert made.exit_code == 0, made.output
    return folder, data


def evaluate(folder, data, out, *more, models=("m", "msp")):
    return run(
        "evaluate_people", *[word for name in models for word in ("--model", folder / name)], *data,
        "--expression", folder / "cohort_a.expression.h5ad", "--reference", folder / "tissues.h5ad", "--genes", folder / "genes.tsv",
        "--cohort", "cohort_a", "--organism", "mini", "--fold", "chr5", "--out", folder / out, *more,
    )  # fmt: skip


def table(folder, name):
    return pd.read_csv(folder / "out" / f"{name}.tsv", sep="\t", keep_default_na=name != "concordance")


def test_first_stage_is_the_tissue_models_bit_by_bit_and_the_rest_is_not(case):
    folder, _ = case
    people, tissue = load_decode(folder / "m"), load_decode(folder / "tissue_model")
    assert [member.config["member"] for member in people.members] == ["r1", "r2"]  # trees cannot be transferred
    for new, old in zip(people.members, tissue.members, strict=False):
        assert new.net.first.weight.detach().numpy().tobytes() == old.net.first.weight.detach().numpy().tobytes()
        assert new.net.first.bias.detach().numpy().tobytes() == old.net.first.bias.detach().numpy().tobytes()
        assert new.net.feature_scale.numpy().tobytes() == old.net.feature_scale.numpy().tobytes()
        assert not np.array_equal(new.net.blocks[0].linear.weight.detach(), old.net.blocks[0].linear.weight.detach())
        assert new.net.head.weight.shape[0] == 17
    assert people.outputs.tolist()[-1] == "level" and people.config["model"] == "people.cohort_a"


def test_person_model_beats_the_mean_and_a_network_from_scratch_on_test_genes(case):
    comparisons = table(case[0], "comparisons").query("output == 'fold_change'").set_index("baseline")
    for baseline in ("people.cohort_a.mean", "people.cohort_a.scratch"):
        assert comparisons.loc[baseline, "low"] > 0.05, comparisons


def test_figures_are_those_of_the_predictions(case):
    folder, _ = case
    found = read_predictions(folder / "out" / "predictions.h5ad")
    measured = read_expression(folder / "cohort_a.expression.h5ad")
    place = {gene: i for i, gene in enumerate(measured.genes)}
    test = np.flatnonzero(found.split == "test")
    actual = measured.targets()[[place[gene] for gene in found.genes[test]]]
    expected = [stats.spearmanr(found.values[test, t], actual[:, t])[0] for t in range(17)]
    people = table(folder, "per_person")
    np.testing.assert_allclose(people["spearman"], expected[:-1], atol=1e-4)
    assert ((people["low"] < people["spearman"]) & (people["spearman"] < people["high"])).all()
    metrics = table(folder, "metrics")
    assert list(metrics.columns) == METRIC_COLUMNS
    own = metrics.query("model == 'people.cohort_a' and member == 'ensemble' and arm == 'all' and split == 'test'")
    own = own.set_index(["output", "metric"])
    assert own.loc[("fold_change", "spearman"), "value"] == pytest.approx(np.mean(expected[:-1]), abs=1e-4)
    assert own.loc[("level", "spearman"), "value"] == pytest.approx(expected[-1], abs=1e-4)
    assert own.index.is_unique
    kept = people[people["kept"]]
    assert own.loc[("fold_change", "spearman_kept"), "value"] == pytest.approx(kept["spearman"].mean(), abs=1e-4)
    assert len(kept) == 8 and kept["validation_spearman"].min() >= people[~people["kept"]]["validation_spearman"].max()
    model = pd.read_csv(folder / "m" / "people.tsv", sep="\t")
    assert model["kept"].tolist() == people["kept"].tolist()


def test_unrelated_people_are_not_predicted(case):
    control = table(case[0], "unrelated")
    metrics = table(case[0], "metrics").set_index("metric")["value"]
    assert abs(metrics["spearman_unrelated"]) < 0.1 and metrics["unrelated_signed_rank_p"] < 1e-3
    np.testing.assert_allclose(control["own"], table(case[0], "per_person")["spearman"], atol=1e-4)


def test_genes_and_arms(case):
    genes = table(case[0], "per_gene")
    test = genes[genes["split"] == "test"]
    metrics = table(case[0], "metrics").set_index("metric")["value"]
    assert metrics["genes_positive"] == ((test["pearson"] > 0) & (test["q"] < 0.05)).sum() > 5
    drivers = table(case[0], "drivers_of_accuracy").set_index("driver")
    assert drivers["lmg"].sum() == pytest.approx(drivers["r2"].iloc[0], abs=1e-4)
    assert {"rna_sites", "promoter_sites", "log2_length", "level_actual"} <= set(drivers.index)
    arms = table(case[0], "ablation")
    assert arms[["arm_a", "arm_b"]].to_numpy().tolist() == [["all", "shuffled_promoter"]]
    assert arms["difference"][0] > 0.1 and arms["p"][0] < 0.01  # TF01, TF02 and MOTIF1 bind promoters


def test_variance_rows_and_concordance_without_shared_people(case):
    variance = table(case[0], "variance").set_index("source")
    measured, tissues = (read_expression(case[0] / name) for name in ("cohort_a.expression.h5ad", "tissues.h5ad"))
    rows = np.isin(tissues.genes, measured.genes)
    expected = measured.values.var(1, ddof=1).mean() / tissues.values[rows].var(1, ddof=1).mean()
    assert variance.loc["actual", "ratio_of_means"] == pytest.approx(expected, rel=1e-4)
    assert table(case[0], "concordance")["note"].str.startswith("not applicable: no two tissues").all()


def test_same_people_in_another_cohort_are_more_alike(case):
    folder, data = case
    measured = read_expression(folder / "cohort_a.expression.h5ad")
    rng = np.random.default_rng(1)
    again = measured.values + rng.normal(0, 0.5, measured.values.shape)
    sheet = {**measured.sheet, "person": measured.sheet["person"]}
    write_expression(folder / "second.h5ad", type(measured)(measured.genes, measured.outputs, again, measured.level, "tpm", sheet))
    made = evaluate(folder, data, "with_second", "--other-expression", str(folder / "second.h5ad"))
    assert made.exit_code == 0, made.output
    found = pd.read_csv(folder / "with_second" / "concordance.tsv", sep="\t").set_index("kind")
    assert found.loc["actual", "auroc"] > 0.99 and found.loc["actual", "n_same"] == 16 and found.loc["actual", "n_different"] == 240


def test_genes_of_the_model_are_the_splits_that_the_cohort_expresses_and_none_leaks(case):
    folder, _ = case
    genes, split = read_splits(folder / "chr5.splits.tsv")
    tissue = dict(zip(genes, split, strict=True))
    found = read_predictions(folder / "out" / "predictions.h5ad")
    measured = set(read_expression(folder / "cohort_a.expression.h5ad").genes)
    assert set(found.genes) == set(genes) & measured and len(found.genes) < len(genes)
    assert all(tissue[gene] == name for gene, name in zip(found.genes, found.split, strict=True))


def test_no_prediction_depends_on_batch_mates(case):
    folder, data = case
    features = [value for key, value in zip(data[::2], data[1::2], strict=True) if key == "--features"]
    model = regdecode.load_model(folder / "m")
    loaded = load_for_model(model.config, features, folder / "cohort_a.expression.h5ad", folder / "chr5.splits.tsv")
    together = model.predict(loaded.tracks)
    for gene in (0, 7, len(loaded.genes) - 1):
        alone = model.predict([track.select(loaded.genes[[gene]]) for track in loaded.tracks])
        np.testing.assert_allclose(alone[0], together[gene], atol=1e-5)


def test_attribute_reads_the_person_model_unchanged(case):
    folder, data = case
    made = run("attribute", "--model", folder / "m", *data, "--expression", folder / "cohort_a.expression.h5ad", "--device", "cpu",
               "--out", folder / "attributed")  # fmt: skip
    assert made.exit_code == 0, made.output
    matrix = pd.read_csv(folder / "attributed" / "regulator_by_output.tsv", sep="\t").set_index("regulator")
    sheet = read_expression(folder / "cohort_a.expression.h5ad").sheet
    people = [f"p_{k:03d}" for k in range(16)]
    sex = np.where(sheet["sex"] == "M", 1.0, -1.0)
    activity = matrix[people].to_numpy(float)
    r = [abs(np.corrcoef(row, sex)[0, 1]) if row.std() > 0 else 0.0 for row in activity]
    assert "TF02" in set(matrix.index[np.argsort(r)[-3:]]), dict(zip(matrix.index, r, strict=True))


def test_same_input_same_bytes(case, tmp_path):
    folder, data = case
    assert finetune(folder, data, "tissue_model", "m2").exit_code == 0
    for path in ("config.json", "people.tsv", "history.tsv", "members/1/model.safetensors", "members/0/config.json"):
        assert (folder / "m" / path).read_bytes() == (folder / "m2" / path).read_bytes(), path
    assert evaluate(folder, data, "again").exit_code == 0
    assert sorted(path.name for path in (folder / "out").iterdir()) == sorted([*(f"{name}.tsv" for name in TABLES), "predictions.h5ad"])
    for name in TABLES:
        assert (folder / "out" / f"{name}.tsv").read_bytes() == (folder / "again" / f"{name}.tsv").read_bytes(), name


def _other_split(folder):
    genes, split = read_splits(folder / "chr5.splits.tsv")
    write_splits(folder / "other.splits.tsv", genes, np.roll(split, 200))
    return ["--splits", str(folder / "other.splits.tsv")]


def _foreign_cohort(folder):
    measured = read_expression(folder / "cohort_a.expression.h5ad")
    names = np.array([f"ENSG{k}" for k in range(len(measured.genes))])
    write_expression(folder / "foreign.h5ad", type(measured)(names, measured.outputs, measured.values, measured.level, "tpm", {}))
    return ["--expression", str(folder / "foreign.h5ad")]


def _settings(text):
    def make(folder):
        (folder / "bad.yml").write_text(text)
        return ["--hparams", str(folder / "bad.yml")]

    return make


@pytest.mark.parametrize(
    ("model", "make", "message"),
    [
        ("tissue_model", _other_split, "is not the split that the model was trained on"),
        ("tissue_model", _foreign_cohort, "0 of the 80 validation genes are in the cohort's expression"),
        ("tissue_model", lambda folder: ["--arm", "shuffled_promoter"], "is of arm all, not shuffled_promoter"),
        ("sp", lambda folder: [], "is of arm shuffled_promoter, not all"),
        ("t1", lambda folder: [], "there is no network among the members"),
        ("m", lambda folder: [], "is a person model itself"),
        ("tissue_model", _settings("head: lasso\nfit: {epochs: 0}\n"), "'lasso' is not known"),
        ("tissue_model", _settings("heads: ridge\n"), "unknown setting 'heads'"),
        ("tissue_model", _settings("scratch: -1\n"), "-1 is not a whole number from 0 to 100"),
        ("tissue_model", _settings("fit: {learning_rate: 1e-3}\n"), "YAML reads 1e-3 as text"),
        ("tissue_model", _settings("{"), "is not YAML"),
        ("tissue_model", lambda folder: ["--run-id", "x"], "go together"),
        ("tissue_model", lambda folder: ["--features", str(folder / "tissues.h5ad")], "holds 'expression', not 'features'"),
    ],
)
def test_bad_requests_of_finetune(case, model, make, message):
    folder, data = case
    made = finetune(folder, data, model, "bad", *make(folder))
    assert made.exit_code == 2 and message in made.output and "Traceback" not in made.output, made.output
    assert not (folder / "bad").exists()


def test_bad_requests_of_evaluate(case, tmp_path):
    folder, data = case
    made = evaluate(folder, data, "bad", models=("tissue_model",))
    assert made.exit_code == 2 and "is not a person model of cohort cohort_a but a model of tissues" in made.output
    made = evaluate(folder, data, "bad", models=("msp",))
    assert made.exit_code == 2 and "there is no person model of the arm all" in made.output
    made = evaluate(folder, data, "bad", *_other_split(folder))
    assert made.exit_code == 2 and "is not the split that the model was trained on" in made.output
    made = evaluate(folder, data, "bad", "--other-predictions", str(folder / "out" / "predictions.h5ad"))
    assert made.exit_code == 2 and "1 --other-predictions for 0 --other-expression" in made.output
    shutil.copy(folder / "genes.tsv", tmp_path / "genes.tsv")
    lines = (tmp_path / "genes.tsv").read_text().splitlines()
    (tmp_path / "genes.tsv").write_text("\n".join(lines[:200]) + "\n")
    made = evaluate(folder, data, "bad", "--genes", str(tmp_path / "genes.tsv"))
    assert made.exit_code == 2 and "genes of the splits, first" in made.output
    assert not (folder / "bad").exists()


def test_regulators_of_few_cohort_genes_stay_and_config_tells_where_weights_come_from(case):
    folder, _ = case
    config = json.loads((folder / "m" / "members" / "0" / "config.json").read_text())
    tissue = json.loads((folder / "tissue_model" / "members" / "0" / "config.json").read_text())
    assert config["tracks"] == tissue["tracks"] and config["transfer"]["frozen"] == ["first"]
    assert config["transfer"]["member"] == "r1" and len(config["transfer"]["frozen_sha256"]) == 64
    assert PEOPLE.startswith("model: people") and config["hparams"]["fit"]["epochs"] == 8


@pytest.mark.parametrize("option", ["--help", "--version"])
@pytest.mark.parametrize("name", ["finetune_decode", "evaluate_people"])
def test_help_and_version_import_nothing_heavy(name, option):
    code = (
        "import runpy, sys\ntry:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "assert not {'torch', 'numpy', 'pandas', 'anndata'} & set(sys.modules), sorted(sys.modules)"
    )
    path = str(BIN / f"{name}.py")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.argv = [{path!r}, {option!r}]; sys.path.insert(0, {str(BIN)!r})\n{code}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
