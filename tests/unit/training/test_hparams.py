"""Hyper-parameter files: what ships is good, every fault is named."""

from pathlib import Path

import pytest

from regdecode.errors import InputError
from regdecode.training.hparams import read_hparams

ASSETS = Path(__file__).parents[3] / "assets" / "decode"


@pytest.mark.parametrize("name", ["default", "counts", "decode2020"])
def test_shipped_files(name):
    hparams = read_hparams(ASSETS / f"{name}.yml")
    assert hparams.model == name and (hparams.trees is not None) == (name != "decode2020")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model: a\nnetwork: {kind: profile, widht: 3}", "unknown setting 'widht'"),
        ("model: a\nnetwork: {kind: resnet}", "network.kind is 'resnet'"),
        ("model: a\nnetwork: {kind: profile, width: wide}", "'wide' is not a whole number"),
        ("model: a\nnetwork: {kind: profile, dropout: 1.5}", "1.5 is not between 0 and 0.95"),
        ("model: a\nnetwork: {kind: profile, rna_windows: 3}", "3 is not a list"),
        ("model: a\nnetwork: {kind: profile}\nfit: {epochs: 0}", "0 is not between 1"),
        ("model: a\nnetwork: {kind: profile}\nfit: {learning_rate: 1e-3}", "write 1.0e-3"),
        ("model: a\nnetwork: {kind: profile}\nfit: {schedule: linear}", "'linear' is not known"),
        ("model: a\nnetwork: {kind: profile}\nfit: [1]", "not a block"),
        ("model: a\nnetwork: {kind: profile}\ntrees: {depth: 3}", "unknown setting 'depth'"),
        ("model: a\nnetwork: {kind: profile}\nscale: mean", "scale is 'mean'"),
        ("model: a\nnetwork: {kind: profile}\nfits: {}", "unknown setting 'fits'"),
        ("model: a\nmembers: {forest: 3}\nnetwork: {kind: profile}", "unknown setting 'forest'"),
        ("network: {kind: profile}", "model is None"),
        ("- a", "is not a list of settings"),
        ("model: [", "is not YAML"),
    ],
)
def test_faults_are_named(tmp_path, text, message):
    path = tmp_path / "h.yml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_hparams(path)
    assert message in str(error.value) and "h.yml" in str(error.value)


def test_all_faults_at_once(tmp_path):
    (tmp_path / "h.yml").write_text("model: a\nnetwork: {kind: profile, width: -1}\nfit: {epoch: 3, patience: x}\n")
    with pytest.raises(InputError, match="3 faults"):
        read_hparams(tmp_path / "h.yml")


def test_replicates_take_list_entries_in_turn(tmp_path):
    path = tmp_path / "h.yml"
    path.write_text("model: a\nnetwork: {kind: profile, promoter_window: [500, 0], rna_windows: [200, 400]}\ntrees: {windows: [3, 1]}\n")
    found = [read_hparams(path, replicate) for replicate in (1, 2, 3)]
    assert [h.network["promoter_window"] for h in found] == [500, 0, 500]
    assert [h.trees.windows for h in found if h.trees] == [3, 1, 3]
    assert {h.network["rna_windows"] for h in found} == {(200, 400)}
