"""associate.py, activity.py and replicate.py from files to tables; every bad input ends in one message."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from scipy.stats import spearmanr
from tests.cli.test_train_decode import script

from regdecode.io.gene_table import GeneTable, write_genes
from regdecode.io.h5ad import write_expression, write_predictions
from regdecode.io.records import Expression, Predictions

GENES, PEOPLE = 120, 24
CONFIG = {"design": "~ age + sex", "test": ["age", "sex"], "permutations": 39, "top": 10}
TABLES = ["activity.tsv", "actual.tsv", "associate.notes.json", "cohort.json", "concordance.tsv", "design.tsv", "metrics.tsv"]
TABLES += ["permuted.npz", "predicted.tsv"]


def write_cohort(folder: Path, seed: int, **columns) -> None:
    """Genes 0-9 rise with age, 60-99 a little up or down, 10-14 are higher in men; predictions of 0-59 follow, R0 age and R1 sex."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    people = np.array([f"p{i}" for i in range(PEOPLE)])
    age, sex = rng.uniform(20, 80, PEOPLE).round(), np.array(["F", "M"] * (PEOPLE // 2), object)
    values = rng.normal(size=(GENES, PEOPLE))
    values[:10] += 0.06 * (age - age.mean())
    values[10:15] += 2.5 * (sex == "M")
    values[60:100] += np.outer(np.linspace(-0.03, 0.03, 40), age - age.mean())
    ids = np.array([f"g{i}" for i in range(GENES)])
    sheet = {"age": age, "sex": sex, **columns}
    write_expression(folder / "e.h5ad", Expression(ids, people, values, np.median(values, 1), "counts", sheet, {}))
    predicted = 0.5 * values[:60] + rng.normal(size=(60, PEOPLE))
    split = np.array(["test"] * 40 + ["train"] * 20)
    level = np.zeros((60, 1))
    predictions = Predictions(ids[:60], split, np.append(people, "level"), np.hstack([predicted, level]).astype(np.float32), {})
    write_predictions(folder / "p.h5ad", predictions)
    activity = rng.normal(size=(8, PEOPLE))
    activity[0] += 0.1 * age
    activity[1] += 4 * (sex == "M")
    activity[2] = values[100] + 0.2 * activity[2]
    activity[3] = -values[101] + 0.2 * activity[3]
    table = pd.DataFrame(activity, columns=people)
    table.insert(0, "tracks", "tf_promoter")
    table.insert(0, "regulator", ["R0", "R1", "G100", "G101", "G102", "G103", "G104", "mir"])
    table.insert(0, "class", "tf")
    table.assign(level=1.0).to_csv(folder / "r.tsv", sep="\t", index=False)
    at = np.arange(GENES, dtype=np.int64) * 1000
    names, one = np.array([f"G{i}" for i in range(GENES)]), np.ones(GENES, np.int64)
    genes = GeneTable(ids, names, np.array(["chrI"] * GENES), at, at + 100, np.array(["+"] * GENES), at, at, one * 100, one, ids, ids)
    write_genes(genes, folder / "genes.tsv")


def run(folder: Path, out: Path, config: dict | None = None, extra: tuple[str, ...] = (), cohort: str = "a") -> Result:
    (folder / "c.json").write_text(json.dumps(CONFIG if config is None else config))
    arguments = ["--cohort", cohort, "--organism", "mini", "--actual", str(folder / "e.h5ad"), "--genes", str(folder / "genes.tsv")]
    return CliRunner().invoke(script("associate"), [*arguments, "--config", str(folder / "c.json"), *extra, "--out", str(out)])


def model_files(folder: Path) -> tuple[str, ...]:
    return "--predicted", str(folder / "p.h5ad"), "--activity", str(folder / "r.tsv")


@pytest.fixture(scope="module")
def cohorts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohorts")
    for seed, name in enumerate("ab"):
        write_cohort(folder / name, seed)
        result = run(folder / name, folder / f"{name}.out", extra=model_files(folder / name), cohort=name)
        assert result.exit_code == 0, result.output
    return folder


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t")


def test_planted_genes_and_regulators_lead(cohorts):
    out = cohorts / "a.out"
    assert sorted(path.name for path in out.iterdir()) == TABLES
    actual = table(out / "actual.tsv")
    first = actual[actual["output"] == "age"].nsmallest(10, "p")
    assert set(first["target"]) == {f"g{i}" for i in range(10)} and (first["effect"] > 0).all() and (first["q"] < 0.05).all()
    assert set(actual[actual["output"] == "sex"].nsmallest(5, "p")["gene_name"]) == {f"G{i}" for i in range(10, 15)}
    activity = table(out / "activity.tsv").set_index("output")
    assert activity.loc["age"].nsmallest(1, "p")["regulator"].item() == "R0"
    assert activity.loc["sex"].nsmallest(1, "p")["regulator"].item() == "R1"
    concordance = table(out / "concordance.tsv").set_index(["output", "split"])
    assert concordance.loc[("age", "test"), "rho"] > 0.3 and concordance.loc[("age", "test"), "p_permutation"] <= 0.05
    metrics = table(out / "metrics.tsv")
    assert set(metrics["model"]) == {"people.a"} and {"t_spearman", "significant_q05"} <= set(metrics["metric"])


def test_same_input_same_bytes(cohorts):
    assert run(cohorts / "a", cohorts / "again", extra=model_files(cohorts / "a")).exit_code == 0
    for name in TABLES:
        assert (cohorts / "again" / name).read_bytes() == (cohorts / "a.out" / name).read_bytes(), name


def test_options_latent_contrast_trend_robust(cohorts, tmp_path):
    config = {
        "design": "~ age + sex",
        "contrasts": {"both": "age + sex[T.M]"},
        "latent": 2,
        "trend": True,
        "robust": True,
        "permutations": 0,
    }
    assert run(cohorts / "a", tmp_path / "o", config).exit_code == 0
    assert set(table(tmp_path / "o" / "actual.tsv")["output"]) == {"both"}
    assert list(table(tmp_path / "o" / "design.tsv").columns) == ["sample", "Intercept", "sex[T.M]", "age", "latent1", "latent2"]
    result = run(cohorts / "a", tmp_path / "auto", CONFIG | {"latent": "auto", "latent_from": "all"})
    assert result.exit_code == 0, result.output


def test_marker_as_covariate(cohorts, tmp_path):
    rng = np.random.default_rng(5)
    dosage = rng.integers(1, 3, (3, PEOPLE))
    people = [f"p{i}" for i in range(PEOPLE)]
    pd.DataFrame(dosage, columns=people).to_csv(tmp_path / "m.tsv", sep="\t")
    (tmp_path / "pos.tsv").write_text("\tchrom\tpos\n0\t1\t500\n1\t1\t50400\n2\t1\t90000\n")
    files = ("--genotypes", str(tmp_path / "m.tsv"), "--positions", str(tmp_path / "pos.tsv"))
    config = {"design": "~ marker_G50", "genotypes": {"near": ["G50"], "chromosomes": {"1": "chrI"}}, "permutations": 0}
    assert run(cohorts / "a", tmp_path / "o", config, files).exit_code == 0
    np.testing.assert_array_equal(table(tmp_path / "o" / "design.tsv")["marker_G50"], dosage[1])
    result = run(cohorts / "a", tmp_path / "x", config, files[:2])
    assert result.exit_code == 2 and "give both files" in result.output
    result = run(cohorts / "a", tmp_path / "x", config)
    assert result.exit_code == 2 and "needs genotypes" in result.output


@pytest.mark.parametrize(
    ("columns", "config", "message"),
    [
        ({"age": np.array([np.nan, np.nan, *range(PEOPLE - 2)])}, {}, r"age is missing for p0, p1"),
        ({"sex": np.array(["F"] * PEOPLE, object)}, {}, "sex is 'F' in every sample"),
        ({"batch": np.full(PEOPLE, 2.0)}, {"design": "~ age + batch"}, "batch is 2.0 in every sample"),
        ({"sex2": np.array(["F", "M"] * 12, object)}, {"design": "~ age + sex + sex2"}, "sex2[T.M] is collinear: it follows from sex[T.M]"),
        ({"who": np.array([f"w{i}" for i in range(PEOPLE)], object)}, {"design": "~ age + who", "test": ["age"]}, "24 samples cannot fit"),
        ({}, {"design": "~ agee"}, "no column 'agee'; did you mean age?"),
        ({}, {"design": ""}, "give a formula"),
        ({}, {"latent": "many", "tset": ["age"]}, "unknown key tset"),
        ({}, {"test": ["height"]}, "'height' is tested but is not in the design"),
        ({}, {"design": "~ exec('1')"}, "no function of a formula"),
    ],
)
def test_bad_designs(tmp_path, columns, config, message):
    write_cohort(tmp_path / "c", 0, **columns)
    result = run(tmp_path / "c", tmp_path / "out", CONFIG | config)
    assert result.exit_code == 2 and message in result.output and "Traceback" not in result.output, result.output
    assert not (tmp_path / "out").exists()


def test_files_of_another_cohort(cohorts, tmp_path):
    pd.DataFrame({"regulator": ["R"], "x": [1.0], "y": [2.0]}).to_csv(tmp_path / "r.tsv", sep="\t", index=False)
    result = run(cohorts / "a", tmp_path / "out", extra=("--activity", str(tmp_path / "r.tsv")))
    assert result.exit_code == 2 and "none of the people p0, p1, p2" in result.output
    (tmp_path / "r.tsv").write_text("name\tp0\nR\t1\n")
    result = run(cohorts / "a", tmp_path / "out", extra=("--activity", str(tmp_path / "r.tsv")))
    assert result.exit_code == 2 and "no column 'regulator'" in result.output


def activity(folder: Path, out: Path, *extra: str) -> Result:
    arguments = ["--regulators", str(folder / "r.tsv"), "--expression", str(folder / "e.h5ad"), "--genes", str(folder / "genes.tsv")]
    return CliRunner().invoke(script("activity"), [*arguments, *extra, "--out", str(out)])


def test_activity_and_replication(cohorts, tmp_path):
    for name in "ab":
        result = activity(cohorts / name, tmp_path / f"act_{name}", "--without", "sex=F", "--cohort", name)
        assert result.exit_code == 0, result.output
    found = table(tmp_path / "act_a" / "activity.tsv")
    whole = found[found["outputs"] == "all"].set_index("regulator")
    assert whole.loc["G100", "sign"] == 1 and whole.loc["G101", "sign"] == -1 and "mir" not in whole.index
    assert (found[found["outputs"] == "without sex=F"]["n"] == PEOPLE // 2).all()
    arguments = [word for name in "ab" for word in ("--cohort", str(cohorts / f"{name}.out"), "--activity", str(tmp_path / f"act_{name}"))]
    result = CliRunner().invoke(script("replicate"), [*arguments, "--organism", "mini", "--top", "10", "--out", str(tmp_path / "rep")])
    assert result.exit_code == 0, result.output
    replication = table(tmp_path / "rep" / "replication.tsv").set_index(["kind", "term"])
    assert set(replication.index.get_level_values("kind")) == {"actual", "predicted", "activity"}
    age = replication.loc[("actual", "age")]
    assert age["p_permutation"] <= 0.05 and age["overlap"] >= 6 and age["p_hypergeometric"] < 1e-4 and age["same_sign"] == 1
    assert replication.loc[("predicted", "age"), "n"] == 40
    matrix = table(tmp_path / "rep" / "rank_matrix.tsv")
    assert len(matrix) == 8 and set(matrix["rank"]) == {1.0, 2.0}
    direction = table(tmp_path / "rep" / "direction.tsv").set_index("regulator")
    assert direction.loc["G100", "n_positive"] == 2 and bool(direction.loc["G100", "consistent"])
    assert {"t_spearman", "t_spearman_p", "top_overlap"} <= set(table(tmp_path / "rep" / "metrics.tsv")["metric"])


def test_genes_predicted_well_in_both_cohorts(cohorts, tmp_path):
    rng = np.random.default_rng(0)
    genes, shared = [f"g{i}" for i in range(100)], rng.normal(size=100)
    for name, first in (("a", 0), ("b", 20)):
        (tmp_path / f"chr1.people.{name}").mkdir()
        pearson = shared + 0.5 * rng.normal(size=100)
        frame = pd.DataFrame({"gene_id": genes, "split": "test", "pearson": pearson})
        frame.loc[: first - 1, "pearson"] = np.nan
        frame.loc[90:, "split"] = "train"
        frame.to_csv(tmp_path / f"chr1.people.{name}" / "per_gene.tsv", sep="\t", index=False)
    folders = [
        word for name in "ab" for word in ("--cohort", str(cohorts / f"{name}.out"), "--people", str(tmp_path / f"chr1.people.{name}"))
    ]
    result = CliRunner().invoke(script("replicate"), [*folders, "--organism", "mini", "--out", str(tmp_path / "rep")])
    assert result.exit_code == 0, result.output
    a, b = (pd.read_csv(tmp_path / f"chr1.people.{name}" / "per_gene.tsv", sep="\t")["pearson"][20:90] for name in "ab")
    (row,) = table(tmp_path / "rep" / "accuracy.tsv").to_dict("records")
    assert (row["cohort_a"], row["cohort_b"], row["n"]) == ("a", "b", 70)
    assert row["rho"] == pytest.approx(spearmanr(a, b).statistic, abs=1e-5) and row["low"] < row["rho"] < row["high"]
    assert "accuracy" in set(table(tmp_path / "rep" / "metrics.tsv")["member"])


def test_bad_folders(cohorts, tmp_path):
    one = str(cohorts / "a.out")
    for arguments, message in (
        (["--cohort", str(tmp_path)], "not a folder of ASSOCIATE"),
        (["--cohort", one, "--cohort", one], "cohort a comes twice"),
        (["--cohort", one, "--activity", str(tmp_path)], "not a folder of ACTIVITY"),
        (["--cohort", one, "--people", str(tmp_path)], "not a folder of EVALUATE_PEOPLE"),
    ):
        result = CliRunner().invoke(script("replicate"), [*arguments, "--organism", "m", "--out", str(tmp_path / "out")])
        assert result.exit_code == 2 and message in result.output
    for extra, message in ((("--without", "sx=F"), "no column 'sx'"), (("--without", "sex=X"), "no output has sex 'X'")):
        result = activity(cohorts / "a", tmp_path / "out", *extra)
        assert result.exit_code == 2 and message in result.output
    assert not (tmp_path / "out").exists()


def test_one_cohort_replicates_nothing_but_is_no_error(cohorts, tmp_path):
    result = CliRunner().invoke(
        script("replicate"), ["--cohort", str(cohorts / "a.out"), "--organism", "m", "--out", str(tmp_path / "out")]
    )
    assert result.exit_code == 0 and table(tmp_path / "out" / "replication.tsv").empty
