"""attribute.py end to end on a simulated fold, and every input it refuses."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from tests.unit.explain.planted import GENES, PLANTED, make_models

import attribute as script
from regdecode.io.h5ad import read_attributions
from regdecode.io.splits import write_splits

TABLES = {"importance", "regulator_by_output", "top_regulators", "class_contributions", "additivity", "effects"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("planted")
    return folder, make_models(folder)


def attribute(folder: Path, model: str, out: Path, *more: str, **changed: str) -> Result:
    paths = {"expression": str(folder / "expression.h5ad"), "splits": str(folder / "f1.splits.tsv"), **changed}
    features = [part for path in sorted(folder.glob("*.features.h5ad")) for part in ("--features", str(path))]
    return CliRunner().invoke(
        script.main,
        [
            "--model",
            model,
            *features,
            "--expression",
            paths["expression"],
            "--splits",
            paths["splits"],
            "--device",
            "cpu",
            "--out",
            str(out),
            *more,
        ],
    )


def test_writes_every_table(world, tmp_path: Path) -> None:
    folder, models = world
    result = attribute(folder, models["ensemble"], tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{name}.tsv" for name in TABLES} | {
        "attributions.h5ad",
        "attribute.notes.json",
    }
    top = pd.read_csv(tmp_path / "out/top_regulators.tsv", sep="\t").query("rank == 1").set_index("output")["regulator"]
    assert {output: top[output] for output in PLANTED} == PLANTED
    record = read_attributions(tmp_path / "out/attributions.h5ad")
    matrix = pd.read_csv(tmp_path / "out/regulator_by_output.tsv", sep="\t").set_index("regulator")
    tf1 = record.values[record.regulator == "TF1", 0].sum() / 50
    assert matrix.loc["TF1", "liver"] == pytest.approx(tf1, rel=1e-4)
    assert record.attrs["split"] == "test" and record.attrs["fold"] == "f1"
    notes = json.loads((tmp_path / "out/attribute.notes.json").read_text())["notes"]
    assert any("expected value" in note["why"] for note in notes) and any(note["what"] == "reference" for note in notes)


def test_same_input_same_bytes(world, tmp_path: Path) -> None:
    folder, models = world
    for name in ("one", "two"):
        assert attribute(folder, models["network"], tmp_path / name).exit_code == 0
    for table in TABLES:
        assert (tmp_path / f"one/{table}.tsv").read_bytes() == (tmp_path / f"two/{table}.tsv").read_bytes()


def test_shap_engine(world, tmp_path: Path) -> None:
    pytest.importorskip("shap")
    folder, models = world
    genes = np.array([f"g{i:03d}" for i in range(GENES)])
    few = tmp_path / "few.splits.tsv"
    write_splits(few, genes, np.array(["train"] * 200 + ["validation"] * 97 + ["test"] * 3))
    matrices = []
    for engine in ("regdecode", "shap"):
        result = attribute(folder, models["published"], tmp_path / engine, "--engine", engine, splits=str(few))
        assert result.exit_code == 0, result.output
        matrices.append(pd.read_csv(tmp_path / engine / "regulator_by_output.tsv", sep="\t"))
    pd.testing.assert_frame_equal(*matrices, rtol=1e-3, atol=1e-5)


def test_refuses_a_folder_that_is_no_model(world, tmp_path: Path) -> None:
    folder, _ = world
    (tmp_path / "empty").mkdir()
    result = attribute(folder, str(tmp_path / "empty"), tmp_path / "out")
    assert result.exit_code == 2 and "not a model folder" in result.output and not (tmp_path / "out").exists()


def test_refuses_features_without_the_models_regulators(world, tmp_path: Path) -> None:
    folder, models = world
    shutil.copytree(models["network"], tmp_path / "model")
    config = json.loads((tmp_path / "model/config.json").read_text())
    config["tracks"][0]["regulators"][0] = "GHOST"
    (tmp_path / "model/config.json").write_text(json.dumps(config))
    result = attribute(folder, str(tmp_path / "model"), tmp_path / "out")
    assert result.exit_code == 2 and "GHOST" in result.output and not (tmp_path / "out").exists()


def test_refuses_splits_without_test_genes(world, tmp_path: Path) -> None:
    folder, models = world
    genes = np.array([f"g{i:03d}" for i in range(GENES)])
    write_splits(tmp_path / "none.tsv", genes, np.array(["train"] * 250 + ["validation"] * 50))
    result = attribute(folder, models["network"], tmp_path / "out", splits=str(tmp_path / "none.tsv"))
    assert result.exit_code == 2 and "no test gene" in result.output and not (tmp_path / "out").exists()


def test_refuses_a_file_of_another_kind(world, tmp_path: Path) -> None:
    folder, models = world
    result = attribute(folder, models["network"], tmp_path / "out", expression=str(next(folder.glob("*.features.h5ad"))))
    assert result.exit_code == 2 and "not 'expression'" in result.output


def test_fails_above_the_tolerance_and_writes_nothing(world, tmp_path: Path) -> None:
    folder, models = world
    result = attribute(folder, models["ensemble"], tmp_path / "out", "--tolerance", "1e-18")
    assert result.exit_code == 3 and "do not add up: gene g2" in result.output and not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_imports_nothing_heavy(option: str) -> None:
    code = f"""
import runpy, sys
sys.argv = ["attribute.py", "{option}"]
try:
    runpy.run_path({str(Path(script.__file__))!r}, run_name="__main__")
except SystemExit as end:
    assert not end.code
assert not {{"torch", "numba", "anndata", "xgboost", "pandas", "scipy"}} & set(sys.modules)
"""
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(Path(script.__file__).parent), "PATH": ""}, capture_output=True
    )
