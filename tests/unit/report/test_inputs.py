"""The staged folder is read, and its faults are named all at once."""

import pytest
from tests.unit.report.make_inputs import make_inputs

from regdecode.errors import InputError
from regdecode.report.inputs import read_inputs


def test_reads_everything(tmp_path):
    inputs = read_inputs(make_inputs(tmp_path / "inputs", folds=("b", "a")))
    assert [fold.name for fold in inputs.folds] == ["a", "b"]
    assert inputs.primary == "default" and inputs.presets == ["default", "decode2020"]
    assert inputs.versions == {"EVALUATE": {"regdecode": "0.1.0"}, "TRAIN_DECODE": {"regdecode": "0.1.0", "torch": "2.13.0"}}
    assert [account.stage for account in inputs.notes] == ["reference", "expression", "bin_sites rbp"]
    assert set(inputs.folds[0].table("leakage")["fold"]) == {"a"}
    assert inputs.folds[0].table("nothing") is None


def test_all_faults_at_once(tmp_path):
    folder = make_inputs(tmp_path / "inputs")
    (folder / "run.json").write_text("{not json")
    (folder / "metrics.tsv").write_text("system\tvalue\ndecode\t1\n")
    (folder / "notes" / "reference.notes.json").write_text("[]")
    with pytest.raises(InputError) as error:
        read_inputs(folder)
    message = str(error.value)
    assert "3 faults" in message and "run.json" in message and "metrics.tsv" in message and "reference.notes.json" in message
    assert "organism, fold, model" in message


def test_names_that_look_like_numbers_or_missing_stay_text(tmp_path):
    folder = make_inputs(tmp_path / "inputs", folds=("3",), n_outputs=3)
    metrics = (folder / "metrics.tsv").read_text().replace("Adipose Tissue", "NA").replace("Adrenal Gland", "007")
    (folder / "metrics.tsv").write_text(metrics)
    inputs = read_inputs(folder)
    assert {"007"} <= set(inputs.metrics["output"])
    assert set(inputs.metrics["fold"]) == {"3"}
