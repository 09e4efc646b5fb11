"""Members and ensembles: what is saved is what was trained."""

import json

import numpy as np
import pytest
import torch

import regdecode
from regdecode.errors import InputError
from regdecode.training.arms import apply_arm
from regdecode.training.ensemble import choose_weights, group_weights, select_models
from regdecode.training.hparams import parse_hparams
from regdecode.training.member import MemberPlan, train_member
from regdecode.training.model_folder import load_decode

HPARAMS = {
    "model": "default",
    "network": {"kind": "profile", "width": 32, "dropout": 0.1, "input_dropout": 0.0},
    "fit": {"epochs": 30, "batch_size": 16, "learning_rate": 0.003},
    "trees": {"windows": 2, "rounds": 60, "max_depth": 3},
}


def train(data, out, family="network", arm="all", replicate=1, hparams=HPARAMS):
    train_member(data, parse_hparams(hparams, "h.yml"), MemberPlan(family, arm, replicate, 0, "foldA", {}), out)
    return load_decode(out)


@pytest.mark.parametrize("family", ["network", "trees"])
@pytest.mark.parametrize(("which", "has_level"), [("prl", True), ("p", False), ("r", True), ("l", False)])
def test_any_data_trains_saves_and_loads(make_data, tmp_path, family, which, has_level):
    data = make_data(which=which, has_level=has_level)
    data.targets[::7, 0] = np.nan
    model = train(data, tmp_path / "m", family)
    predicted = model.predict(data.tracks)
    assert predicted.shape == data.targets.shape and np.isfinite(predicted).all()
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert (config["family"], config["model"], config["fold"], config["arm"]) == (family, "default", "foldA", "all")
    assert list(model.outputs) == list(data.outputs) and set(model.regulators) == {track.name for track in data.tracks}
    metrics = json.loads((tmp_path / "m" / "metrics.json").read_text())
    rows = data.rows("validation")
    sd = np.array(
        config["scalers"]["fold_change"] if not has_level else [config["scalers"]["fold_change"]] * 3 + [config["scalers"]["level"]]
    )
    assert metrics["validation_loss"] == pytest.approx(np.nanmean(((predicted - data.targets)[rows] / sd) ** 2), rel=1e-4)
    header = (tmp_path / "m" / "history.tsv").read_text().splitlines()[0]
    assert header == "epoch\ttrain_loss\tvalidation_loss\tseconds"


def test_predictions_are_in_log2_units(make_data, tmp_path):
    data = make_data(200)
    model = train(data, tmp_path / "m")
    rows = data.rows("test")
    predicted = model.predict([track.select(data.genes[rows]) for track in data.tracks])
    slope = np.polyfit(predicted.ravel(), data.targets[rows].ravel(), 1)[0]
    assert np.corrcoef(predicted.ravel(), data.targets[rows].ravel())[0, 1] > 0.8 and 0.7 < slope < 1.4


def test_dense_and_encoded_predictions_agree(make_data, tmp_path):
    data = make_data()
    model = train(data, tmp_path / "m")
    rows = np.arange(5)
    with torch.no_grad():
        dense = model.net(model.inputs(data.tracks, rows)).numpy() * model.divisors
    np.testing.assert_allclose(dense, model.predict(data.tracks)[rows], rtol=1e-4, atol=1e-4)


def test_same_seed_same_bytes(make_data, tmp_path):
    for name in ("a", "b"):
        train(make_data(), tmp_path / name)
    train(make_data(), tmp_path / "c", replicate=2)
    a, b, c = ((tmp_path / name / "model.safetensors").read_bytes() for name in "abc")
    assert a == b != c


def test_tracks_in_another_order_or_with_more_regulators(make_data, tmp_path):
    data = make_data()
    model = train(apply_arm(data, "all"), tmp_path / "m")
    shuffled = [track.select(track.genes) for track in reversed(data.tracks)]
    np.testing.assert_allclose(model.predict(shuffled), model.predict(data.tracks))
    few = [track.select(track.genes, np.arange(len(track.regulators)) > 0) for track in data.tracks]
    with pytest.raises(InputError, match="1 regulators of the model are missing: mirna0"):
        model.predict(few)
    with pytest.raises(InputError, match="needs the track 'rbp_rna'"):
        model.predict([data.tracks[0]])


def test_ensemble_is_the_weighted_sum(make_data, tmp_path):
    data = make_data(200)
    folders = [tmp_path / name for name in ("r1", "r2", "t1")]
    models = [train(data, folders[0]), train(data, folders[1], replicate=2), train(data, folders[2], "trees")]
    config = select_models(folders, data, tmp_path / "e")
    ensemble = regdecode.load_model(tmp_path / "e")
    changes, level = ([spec[key] for spec in config["members"]] for key in ("weight_fold_change", "weight_level"))
    assert changes[0] == changes[1] and min(changes + level) >= 0
    predicted = np.stack([model.predict(data.tracks) for model in models])
    by_name = {spec["member"]: k for k, spec in enumerate(config["members"])}
    order = [by_name[name] for name in ("r1", "r2", "t1")]
    expected = np.array(config["offset"]) + np.einsum(
        "kt,kgt->gt", np.column_stack([np.tile(np.array(changes)[order][:, None], 3), np.array(level)[order]]), predicted
    )
    np.testing.assert_allclose(ensemble.predict(data.tracks), expected, rtol=1e-6, atol=1e-6)
    losses = [spec["validation_loss"] for spec in config["members"]]
    assert config["best"] == int(np.argmin(losses)) and config["validation"]["loss"] <= min(losses) * 1.02
    assert ensemble.best.config["member"] == config["members"][config["best"]]["member"]


def test_weights_in_closed_form():
    rng = np.random.default_rng(0)
    a, b, noise = rng.normal(size=(3, 400, 2))
    weights = group_weights(np.stack([a, a, b, noise]), 0.5 * a + 0.25 * b, np.array([0, 0, 1, 2]))
    np.testing.assert_allclose(weights, [0.25, 0.25, 0.25, 0], atol=1e-3)


def test_level_and_fold_changes_are_weighed_apart():
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(2, 300, 3))
    targets = np.column_stack([first[:, :2], second[:, 2]])
    targets[0, 0] = np.nan
    weights = choose_weights(np.stack([first, second]), targets, np.zeros(3), np.array([0, 1]), True)
    np.testing.assert_allclose(weights.fold_change, [1, 0], atol=0.02)
    np.testing.assert_allclose(weights.level, [0, 1], atol=0.02)


def test_useless_members_get_equal_weights():
    weights = group_weights(-np.ones((2, 5, 1)), np.ones((5, 1)), np.array([0, 1]))
    np.testing.assert_allclose(weights, [0.5, 0.5])


def test_what_cannot_be_selected_from(make_data, tmp_path):
    data = make_data()
    train(data, tmp_path / "r1")
    train(data, tmp_path / "s1", arm="shuffled_all")
    train(data, tmp_path / "other", hparams=HPARAMS | {"model": "other"})
    with pytest.raises(InputError, match="arm shuffled_all"):
        select_models([tmp_path / "r1", tmp_path / "s1"], data, tmp_path / "e")
    with pytest.raises(InputError, match="model is 'other', but 'default'"):
        select_models([tmp_path / "r1", tmp_path / "other"], data, tmp_path / "e")
    with pytest.raises(InputError, match="outputs that are not"):
        select_models([tmp_path / "r1"], make_data(n_outputs=2), tmp_path / "e")
    with pytest.raises(InputError, match="not a model folder"):
        load_decode(tmp_path)
    assert not (tmp_path / "e").exists()


def test_trees_need_their_block(make_data, tmp_path):
    hparams = {key: value for key, value in HPARAMS.items() if key != "trees"}
    with pytest.raises(InputError, match="no trees members"):
        train(make_data(), tmp_path / "m", "trees", hparams=hparams)
    assert not (tmp_path / "m").exists()


def test_planted_signal_vanishes_when_shuffled(make_data, tmp_path):
    data = make_data(300)
    rho = {}
    for arm in ("all", "shuffled_all"):
        train(data, tmp_path / arm, arm=arm)
        rho[arm] = json.loads((tmp_path / arm / "metrics.json").read_text())["validation_fold_change"]
    assert rho["all"] > 0.75 and abs(rho["shuffled_all"]) < 0.25
