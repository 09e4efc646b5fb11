"""select_models.py: the ensemble's folder, or one message."""

import json

import numpy as np
from click.testing import CliRunner
from tests.cli.test_train_decode import script, write_inputs

import regdecode
from regdecode.training.dataset import load_dataset


def members(folder, *plans):
    data = write_inputs(folder)
    for name, more in plans:
        result = CliRunner().invoke(
            script("train_decode"), [*data, "--hparams", str(folder / "h.yml"), "--device", "cpu", "--out", str(folder / name), *more]
        )
        assert result.exit_code == 0, result.output
    return data, [argument for name, _ in plans for argument in ("--model", str(folder / name))]


def test_writes_the_ensemble(tmp_path):
    data, models = members(tmp_path, ("a", ["--replicate", "1"]), ("b", ["--replicate", "2"]), ("c", ["--family", "trees"]))
    result = CliRunner().invoke(script("select_models"), [*models, *data, "--out", str(tmp_path / "e")])
    assert result.exit_code == 0, result.output
    config = json.loads((tmp_path / "e" / "config.json").read_text())
    assert config["family"] == "ensemble" and [spec["member"] for spec in config["members"]] == ["r1", "r2", "t1"]
    dataset = load_dataset([tmp_path / "tf.h5ad"], tmp_path / "e.h5ad", tmp_path / "chr1.splits.tsv")
    predicted = regdecode.load_model(tmp_path / "e").predict(dataset.tracks)
    assert predicted.shape == (60, 4) and np.isfinite(predicted).all()


def test_the_order_of_members_does_not_matter(tmp_path):
    data, models = members(tmp_path, ("a", []), ("b", ["--replicate", "2"]))
    for name, given in (("e1", models), ("e2", models[2:] + models[:2])):
        assert CliRunner().invoke(script("select_models"), [*given, *data, "--out", str(tmp_path / name)]).exit_code == 0
    assert (tmp_path / "e1" / "config.json").read_bytes() == (tmp_path / "e2" / "config.json").read_bytes()


def test_what_is_no_member_is_refused(tmp_path):
    data, models = members(tmp_path, ("a", []), ("s", ["--arm", "shuffled_all"]))
    result = CliRunner().invoke(script("select_models"), [*models, *data, "--out", str(tmp_path / "e")])
    assert result.exit_code == 2 and "arm shuffled_all" in result.output and not (tmp_path / "e").exists()
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(script("select_models"), ["--model", str(tmp_path / "empty"), *data, "--out", str(tmp_path / "e")])
    assert result.exit_code == 2 and "not a model folder" in result.output and "Traceback" not in result.output
