"""train_decode.py: a folder that predicts, or one message."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.sparse import csr_matrix

from regdecode.io.h5ad import write_expression, write_features
from regdecode.io.records import Expression, Track
from regdecode.io.splits import write_splits

BIN = Path(__file__).parents[2] / "bin"
HPARAMS = "model: default\nnetwork: {kind: profile, width: 16}\nfit: {epochs: 4, batch_size: 16}\ntrees: {windows: 1, rounds: 5}\n"


def script(name):
    spec = importlib.util.spec_from_file_location(f"script_{name}", BIN / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def write_inputs(folder, seed=0):
    rng = np.random.default_rng(seed)
    genes = np.array([f"g{i}" for i in range(60)])
    ones = np.ones(60, np.int32)
    links = csr_matrix((rng.random((60, 5)) < 0.4).astype(np.float32))
    write_features(
        folder / "tf.h5ad",
        Track(
            "tf_promoter",
            "tf",
            "gene",
            1,
            2,
            genes,
            np.array(list("ABCDE")),
            links,
            np.arange(61),
            ones,
            np.zeros(60, np.int64),
            np.ones(60, np.int64),
        ),
    )
    values = links.toarray() @ rng.normal(size=(5, 3))
    write_expression(folder / "e.h5ad", Expression(genes, np.array(["x", "y", "z"]), values, np.median(values, 1), "log2"))
    split = np.array(["train", "train", "train", "validation", "test"])[np.arange(60) % 5]
    write_splits(folder / "chr1.splits.tsv", genes, split)
    (folder / "h.yml").write_text(HPARAMS)
    return ["--features", str(folder / "tf.h5ad"), "--expression", str(folder / "e.h5ad"), "--splits", str(folder / "chr1.splits.tsv")]


def run(folder, *more, hparams="h.yml"):
    arguments = [*write_inputs(folder), "--hparams", str(folder / hparams), "--device", "cpu", "--out", str(folder / "m"), *more]
    return CliRunner().invoke(script("train_decode"), arguments)


@pytest.mark.parametrize("family", ["network", "trees"])
def test_writes_a_model_folder(tmp_path, family):
    result = run(tmp_path, "--family", family, "--replicate", "3", "--seed", "7")
    assert result.exit_code == 0, result.output
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert (config["member"], config["fold"], config["seed"], config["outputs"]) == (
        {"network": "r3", "trees": "t3"}[family],
        "chr1",
        7,
        ["x", "y", "z", "level"],
    )
    assert set(config["data_hashes"]) == {"tf.h5ad", "e.h5ad", "chr1.splits.tsv"}
    assert {"model.safetensors", "history.tsv", "metrics.json"} <= {path.name for path in (tmp_path / "m").iterdir()}


def test_checkpoints_are_kept_while_training_and_removed_afterwards(tmp_path):
    result = run(tmp_path, "--checkpoint-dir", str(tmp_path / "c"), "--run-id", "a/b c")
    assert result.exit_code == 0, result.output
    assert not list(tmp_path.glob("c/*"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--arm", "shuffled"], "unknown arm 'shuffled'"),
        (["--arm", "single_task:liver"], "no output 'liver'"),
        (["--arm", "shuffled_rna"], "would shuffle nothing"),
        (["--family", "forest"], "'forest' is not one of"),
        (["--run-id", "a"], "go together"),
        (["--replicate", "-1"], "not in the range"),
    ],
)
def test_bad_requests(tmp_path, more, message):
    result = run(tmp_path, *more)
    assert result.exit_code == 2 and message in result.output and "Traceback" not in result.output
    assert not (tmp_path / "m").exists()


def test_bad_hyper_parameters(tmp_path):
    (tmp_path / "bad.yml").write_text("model: a\nnetwork: {kind: profile, width: 0}\n")
    result = run(tmp_path, hparams="bad.yml")
    assert result.exit_code == 2 and "bad.yml: network.width: 0 is not between 1" in result.output
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_trees_of_a_model_without_trees(tmp_path):
    (tmp_path / "bare.yml").write_text("model: a\nnetwork: {kind: profile}\n")
    result = run(tmp_path, "--family", "trees", hparams="bare.yml")
    assert result.exit_code == 2 and "model 'a' has no trees members" in result.output


@pytest.mark.parametrize("option", ["--help", "--version"])
@pytest.mark.parametrize("name", ["train_decode", "select_models"])
def test_help_and_version_import_nothing_heavy(name, option):
    code = (
        "import runpy, sys\ntry:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "assert not {'torch', 'numpy', 'xgboost', 'anndata'} & set(sys.modules), sorted(sys.modules)"
    )
    path = str(BIN / f"{name}.py")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.argv = [{path!r}, {option!r}]; sys.path.insert(0, {str(BIN)!r})\n{code}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
