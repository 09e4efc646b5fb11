"""knock_out.py and mediate.py end to end on a simulated cohort, and every input they refuse."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from tests.unit.explain.people import BARE, PAIR, UNLIKE, activity, write_cohort

import knock_out as script
import mediate as mediate_script
from regdecode.io.h5ad import read_expression, write_expression

TABLES = {"pairs", "site_disruption", "drivers", "recovery", "recovery_density", "metrics"}
PAIRS = f"gene_a\tgene_b\n{PAIR[0]}\tgene{PAIR[1][1:]}\n{PAIR[0]}\t{UNLIKE}\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    write_cohort(folder)
    (folder / "pairs.tsv").write_text(PAIRS)
    write_expression(folder / "drivers.expression.h5ad", with_drivers(folder / "cohort.expression.h5ad"))
    return folder


def with_drivers(path: Path):
    """The genes of TF1 and TF2 carry the activity that moves their targets."""
    expression = read_expression(path)
    values = expression.values.copy()
    noise = np.random.default_rng(0).normal(0, 0.2, (2, values.shape[1]))
    values[10], values[11] = 5 + activity() + noise[0], 5 + activity() + noise[1]
    return replace(expression, values=values, level=np.median(values, 1))


def options(folder: Path, **changed: str) -> list[str]:
    chosen = {"model": "model", "expression": "cohort.expression.h5ad", "splits": "f1.splits.tsv", "genes": "genes.tsv"}
    result = [part for path in sorted(folder.glob("*.features.h5ad")) for part in ("--features", str(path))]
    for name, file in (chosen | changed).items():
        result += [f"--{name}", str(folder / file)]
    return result


def knock(folder: Path, out: Path, *more: str, **changed: str) -> Result:
    plain = ["--cohort", "c1", "--organism", "toy", "--fold", "f1", "--draws", "500", "--out", str(out)]
    return CliRunner().invoke(script.main, [*options(folder, **changed), *plain, *more])


@pytest.fixture(scope="module")
def done(world: Path) -> Path:
    for cohort, seed in (("c1", "0"), ("c2", "1")):
        result = knock(world, world / cohort, "--pairs", str(world / "pairs.tsv"), "--cohort", cohort, "--seed", seed)
        assert result.exit_code == 0, result.output
    return world


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.tsv", sep="\t")


def test_writes_every_table(done: Path) -> None:
    assert {path.name for path in (done / "c1").iterdir()} == {f"{name}.tsv" for name in TABLES} | {"knock_out.notes.json"}
    pairs = table(done / "c1", "pairs").set_index("pair")
    alike, unlike = pairs.loc["~".join(PAIR)], pairs.loc[f"{PAIR[0]}~{UNLIKE}"]
    assert alike["predicted_rho"] > 0.5 > -0.5 > unlike["predicted_rho"] and alike["actual_rho"] > 0.7 and alike["source"] == "file"
    drivers = table(done / "c1", "drivers")
    assert list(drivers.columns[:10]) == ["system", "regulator", "target", "output", "effect", "se", "statistic", "p", "q", "pair"]
    best = drivers[drivers["pair"] == "~".join(PAIR)].sort_values("effect").groupby("target").first()
    assert set(best["regulator"]) == {"TF1"} and set(drivers["output"]) == {"c1"} and set(drivers["system"]) == {"decode"}
    sites = table(done / "c1", "site_disruption")
    assert list(sites.columns[:11]) == ["pair", "gene", "track", "bin", "start", "end", "effect", "se", "t", "p", "p_bonferroni"]
    metrics = table(done / "c1", "metrics")
    assert set(metrics["metric"]) == {"recovered_positive", "recovered_negative", "auroc"} and set(metrics["model"]) == {"people.c1"}
    assert set(metrics["arm"]) == {"all", "rna_only", "promoter_only"} and set(metrics["output"]) == {"coexpression"}
    area = metrics[metrics["metric"] == "auroc"].set_index("arm")["value"]
    assert area["all"] > 0.9 and area["promoter_only"] > 0.9 and abs(area["rna_only"] - 0.5) < 0.3
    density = table(done / "c1", "recovery_density")
    assert density.groupby(["arm", "sign"])["density"].sum().mul(0.05).round(3).isin([1.0]).all()
    assert json.loads((done / "c1/knock_out.notes.json").read_text())["stage"] == "knock_out c1"


def test_same_input_same_bytes(done: Path, tmp_path: Path) -> None:
    assert knock(done, tmp_path / "again", "--pairs", str(done / "pairs.tsv"), "--seed", "0").exit_code == 0
    for name in TABLES:
        assert (tmp_path / f"again/{name}.tsv").read_bytes() == (done / f"c1/{name}.tsv").read_bytes()


def test_auto(world: Path, tmp_path: Path) -> None:
    result = knock(world, tmp_path / "out", "--n-pairs", "2")
    assert result.exit_code == 0, result.output
    pairs = table(tmp_path / "out", "pairs")
    assert len(pairs) == 2 and (pairs["actual_rho"].abs() > 0.7).all() and set(pairs["source"]) == {"auto"}
    assert set(pairs["split_a"]) | set(pairs["split_b"]) == {"test"}


def test_names_genes_that_cannot_be_knocked_out(world: Path, tmp_path: Path) -> None:
    (tmp_path / "p.tsv").write_text(f"gene_a\tgene_b\nGene20O\tg001\n{BARE}\tg002\n")
    result = knock(world, tmp_path / "out", "--pairs", str(tmp_path / "p.tsv"))
    assert result.exit_code == 2 and "'Gene20O' is not in the annotation" in result.output and "Gene20" in result.output
    assert f"'{BARE}' has no site" in result.output and not (tmp_path / "out").exists()


def test_names_genes_without_expression(world: Path, tmp_path: Path) -> None:
    expression = read_expression(world / "cohort.expression.h5ad")
    kept = expression.genes != PAIR[1]
    small = replace(expression, genes=expression.genes[kept], values=expression.values[kept], level=expression.level[kept])
    write_expression(world / "small.expression.h5ad", small)
    result = knock(world, tmp_path / "out", "--pairs", str(world / "pairs.tsv"), expression="small.expression.h5ad")
    assert result.exit_code == 2 and "is not in the cohort's expression" in result.output


def test_refuses_a_model_of_other_samples(world: Path, tmp_path: Path) -> None:
    expression = read_expression(world / "cohort.expression.h5ad")
    write_expression(world / "other.expression.h5ad", replace(expression, outputs=np.array([f"x{i}" for i in range(30)])))
    result = knock(world, tmp_path / "out", expression="other.expression.h5ad")
    assert result.exit_code == 2 and "30 of the model's 30 outputs are no samples" in result.output and "tissue model" in result.output


def test_refuses_one_output(world: Path, tmp_path: Path) -> None:
    shutil.copytree(world / "model", tmp_path / "model")
    config = json.loads((tmp_path / "model/config.json").read_text())
    config |= {"outputs": ["p00"], "has_level": False}
    (tmp_path / "model/config.json").write_text(json.dumps(config))
    from safetensors.numpy import load_file, save_file

    weights = load_file(tmp_path / "model/model.safetensors")
    weights |= {"head.weight": weights["head.weight"][:1].copy(), "head.bias": weights["head.bias"][:1].copy()}
    save_file(weights, tmp_path / "model/model.safetensors")
    result = knock(world, tmp_path / "out", "--model", str(tmp_path / "model"))
    assert result.exit_code == 2 and "has 1 people (p00)" in result.output


@pytest.mark.parametrize(
    ("more", "message"),
    [(("--pairs", "nowhere.tsv"), "there is no file 'nowhere.tsv'"), (("--draws", "5"), "Invalid value for '--draws'")],
)
def test_refuses_options(world: Path, tmp_path: Path, more: tuple[str, ...], message: str) -> None:
    result = knock(world, tmp_path / "out", *more)
    assert result.exit_code == 2 and message in result.output and not (tmp_path / "out").exists()


def test_refuses_a_folder_that_is_no_model(world: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = knock(world, tmp_path / "out", "--model", str(tmp_path / "empty"))
    assert result.exit_code == 2 and "not a model folder" in result.output


def mediate(folder: Path, out: Path, folders: list[Path], expressions: list[str], *more: str) -> Result:
    features = [part for path in sorted(folder.glob("*.features.h5ad")) for part in ("--features", str(path))]
    many = [part for one in folders for part in ("--knock-out", str(one))]
    many += [part for one in expressions for part in ("--expression", str(folder / one))]
    plain = ["--genes", str(folder / "genes.tsv"), "--sets", "200", "--top", "1", "--out", str(out)]
    return CliRunner().invoke(mediate_script.main, [*features, *many, *plain, *more])


def test_planted_mediator_explains_the_pair(done: Path, tmp_path: Path) -> None:
    folders, files = [done / "c1", done / "c2"], ["drivers.expression.h5ad", "cohort.expression.h5ad"]
    result = mediate(done, tmp_path / "out", folders, files)
    assert result.exit_code == 0, result.output
    found = table(tmp_path / "out", "mediation").set_index(["pair", "cohort"])
    planted, silent = found.loc[("~".join(PAIR), "c1")], found.loc[("~".join(PAIR), "c2")]
    assert planted["drivers"] == "g010" and planted["explained"] > 0.5 and planted["r2_full"] > 0.5
    assert silent["explained"] < 0.3 and planted["people"] == 30
    assert len(table(tmp_path / "out", "null")) == 200 * len(found)
    consistent = table(tmp_path / "out", "consistent")
    first = consistent[consistent["pair"] == "~".join(PAIR)].iloc[0]
    assert (first["regulator"], first["gene"], first["used"], first["tested_by"], first["cohorts"]) == ("TF1", "g010", "yes", 2, 2)
    without = json.loads((tmp_path / "out/mediate.notes.json").read_text())["notes"][3]
    assert without["kind"] == "dropped" and "TF3" in without["why"] and "TF1" not in without["why"]
    assert mediate(done, tmp_path / "again", folders, files).exit_code == 0
    assert (tmp_path / "out/null.tsv").read_bytes() == (tmp_path / "again/null.tsv").read_bytes()


def test_a_driver_must_stand_in_every_cohort(done: Path, tmp_path: Path) -> None:
    shutil.copytree(done / "c2", tmp_path / "c2")
    drivers = table(tmp_path / "c2", "drivers")
    drivers.loc[drivers["regulator"] == "TF1", "p_bonferroni"] = 0.5
    drivers.to_csv(tmp_path / "c2/drivers.tsv", sep="\t", index=False)
    result = mediate(done, tmp_path / "out", [done / "c1", tmp_path / "c2"], ["drivers.expression.h5ad"] * 2)
    assert result.exit_code == 0, result.output
    row = table(tmp_path / "out", "consistent").query(f"regulator == 'TF1' and pair == '{'~'.join(PAIR)}'").iloc[0]
    assert (row["consistent"], row["cohorts"], row["tested_by"], row["used"]) == ("no", 1, 2, "no")


def test_no_pair_gives_empty_tables(done: Path, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    table(done / "c1", "drivers").iloc[:0].to_csv(tmp_path / "c/drivers.tsv", sep="\t", index=False)
    result = mediate(done, tmp_path / "out", [tmp_path / "c"], ["cohort.expression.h5ad"])
    assert result.exit_code == 0, result.output
    assert table(tmp_path / "out", "mediation").empty and table(tmp_path / "out", "null").empty


@pytest.mark.parametrize(
    ("folders", "files", "message"),
    [
        (["c1", "c2"], ["cohort.expression.h5ad"], "2 --knock-out and 1 --expression"),
        (["c1", "c1"], ["cohort.expression.h5ad"] * 2, "cohort c1 is already in"),
        (["model"], ["cohort.expression.h5ad"], "holds no drivers.tsv"),
        (["c1"], ["tf_promoter.features.h5ad"], "not 'expression'"),
    ],
)
def test_mediate_refuses(done: Path, tmp_path: Path, folders: list[str], files: list[str], message: str) -> None:
    result = mediate(done, tmp_path / "out", [done / one for one in folders], files)
    assert result.exit_code == 2 and message in result.output and not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--help", "--version"])
@pytest.mark.parametrize("module", [script, mediate_script])
def test_help_imports_nothing_heavy(option: str, module) -> None:
    code = f"""
import runpy, sys
sys.argv = ["x.py", "{option}"]
try:
    runpy.run_path({str(Path(module.__file__))!r}, run_name="__main__")
except SystemExit as end:
    assert not end.code
assert not {{"torch", "numba", "anndata", "xgboost", "pandas", "scipy"}} & set(sys.modules)
"""
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(Path(module.__file__).parent), "PATH": ""}, capture_output=True
    )


def test_auto_takes_genes_that_other_cohorts_measure(done: Path) -> None:
    def chosen(name: str, *more: str) -> set[str]:
        result = knock(done, done / name, "--n-pairs", "2", *more)
        assert result.exit_code == 0, result.output
        return set(table(done / name, "pairs")[["gene_a", "gene_b"]].to_numpy().ravel())

    alone = chosen("alone")
    whole = read_expression(done / "cohort.expression.h5ad")
    kept = ~np.isin(whole.genes, sorted(alone)[:1])
    write_expression(
        done / "other.expression.h5ad", replace(whole, genes=whole.genes[kept], values=whole.values[kept], level=whole.level[kept])
    )
    assert sorted(alone)[0] not in chosen("shared", "--also", str(done / "other.expression.h5ad"))
