"""Transfer on a small planted data set, both networks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import regdecode.training.fit as fit_module
from regdecode.errors import InputError
from regdecode.models.ridge import fit_ridge
from regdecode.training.checkpoint import CheckpointPlace, Interrupted, save_checkpoint
from regdecode.training.finetune import DenseStage, frozen_state, staged_features, tune
from regdecode.training.fit import FitSettings
from regdecode.training.hparams import parse_hparams
from regdecode.training.member import MemberPlan, train_member
from regdecode.training.model_folder import load_decode
from regdecode.training.people_settings import PeopleSettings, parse_people

CPU = torch.device("cpu")
NETWORKS = {
    "profile": {"kind": "profile", "width": 24, "promoter_window": 400, "rna_windows": [500]},
    "decode2020": {"kind": "decode2020", "rna_units": 8, "promoter_units": 8, "dense_units": 12, "promoter_layers": 2},
}
FIT = FitSettings(epochs=4, batch_size=32, learning_rate=3e-3, patience=10)


@pytest.fixture(params=list(NETWORKS))
def tissue(request, tmp_path, make_data):
    data = make_data(150, 3)
    hparams = parse_hparams({"model": "m", "network": NETWORKS[request.param], "fit": {"epochs": 6, "batch_size": 32}}, "h")
    train_member(data, hparams, MemberPlan("network", "all", 1, 0, "f", {}), tmp_path / "t", "cpu")
    return tmp_path / "t", data


def people_of(data, n=7, seed=1):
    rng = np.random.default_rng(seed)
    change = data.targets[:, :-1] @ rng.normal(size=(3, n)) + rng.normal(0, 0.3, (len(data.genes), n))
    targets = np.column_stack([change, data.targets[:, -1]])
    return replace(data, outputs=np.array([f"p{k}" for k in range(n)] + ["level"]), targets=targets)


def test_frozen_weights_are_bit_identical_and_dense_ones_move(tissue):
    folder, data = tissue
    model = load_decode(folder)
    stored = load_file(folder / "model.safetensors")
    tuned = tune(model, people_of(data), PeopleSettings(head="mean", fit=FIT), 0, CPU)
    names = ("first.", "feature_scale", "stacks.")
    frozen = {key: value for key, value in stored.items() if key.startswith(names)}
    now = tuned.net.state_dict()
    assert frozen and set(frozen) == set(frozen_state(tuned.net))
    for key, value in frozen.items():
        assert now[key].numpy().tobytes() == value.numpy().tobytes(), key
    moved = [key for key in stored if key not in frozen and not key.startswith("head.") and not torch.equal(now[key], stored[key])]
    assert moved and tuned.net.head.weight.shape[0] == 8
    assert tuned.progress.best_loss < tuned.start_loss


def test_prediction_of_the_stage_is_that_of_the_network(tissue):
    folder, data = tissue
    model = load_decode(folder)
    staged = staged_features(model, data)
    with torch.no_grad():
        whole = DenseStage(model.net).eval().predict_encoded(staged).double().numpy() * model.divisors
    np.testing.assert_allclose(whole, model.predict(data.tracks), atol=1e-6)
    tuned = tune(model, people_of(data), PeopleSettings(fit=FIT), 0, CPU)
    again = staged_features(model, data)
    np.testing.assert_allclose(again, staged, rtol=1e-5, atol=1e-4)
    rows = np.array([3, 50])
    with torch.no_grad():
        dense = tuned.net(model.inputs(data.tracks, rows)).numpy()
    np.testing.assert_allclose(dense * tuned.scale.divisors(8), tuned.predicted[rows], atol=1e-4)


def test_head_starts_as_the_ridge_of_the_hidden_units(tissue):
    folder, data = tissue
    people = people_of(data)
    model = load_decode(folder)
    with torch.no_grad():
        hidden = model.net.dense_layers(staged_features(model, people)).double().numpy()
    settings = PeopleSettings(fit=replace(FIT, epochs=1, learning_rate=1e-8, weight_decay=0.0))
    tuned = tune(model, people, settings, 0, CPU)
    train = people.rows("train")
    divisors = tuned.scale.divisors(8)
    expected = fit_ridge(hidden[train], people.targets[train] / divisors, np.array([0] * 7 + [1])).predict(hidden) * divisors
    assert np.abs(tuned.predicted - expected)[people.rows("test")].mean() < 0.05 * people.targets.std()
    assert tuned.progress.best_epoch in (0, 1)


def test_a_fit_that_only_worsens_leaves_the_head_it_started_from(tissue):
    folder, data = tissue
    settings = PeopleSettings(fit=replace(FIT, learning_rate=5.0, epochs=2, schedule="constant"))
    tuned = tune(load_decode(folder), people_of(data), settings, 0, CPU)
    assert tuned.progress.best_epoch == 0 and tuned.progress.best_loss == tuned.start_loss
    started = tune(load_decode(folder), people_of(data), PeopleSettings(fit=replace(FIT, epochs=1, learning_rate=1e-8)), 0, CPU)
    np.testing.assert_allclose(tuned.predicted, started.predicted, atol=0.1)


def test_mean_head_starts_every_person_alike_and_missing_values_and_no_level_are_legal(tissue):
    folder, data = tissue
    people = people_of(data)
    targets = people.targets[:, :-1].copy()
    targets[::7, 0] = np.nan
    people = replace(people, targets=targets, outputs=people.outputs[:-1], has_level=False)
    for head in ("mean", "ridge"):
        tuned = tune(load_decode(folder), people, PeopleSettings(head=head, fit=FIT), 0, CPU)
        assert np.isfinite(tuned.predicted).all() and tuned.predicted.shape == (150, 7)
    tuned = tune(load_decode(folder), people, PeopleSettings(head="mean", fit=replace(FIT, epochs=1, learning_rate=1e-8)), 0, CPU)
    centred = tuned.predicted - tuned.predicted.mean(0)
    np.testing.assert_allclose(centred, np.tile(centred[:, :1], 7), atol=1e-3)


def test_same_seed_same_bytes_and_a_stopped_training_continues(tissue, tmp_path, monkeypatch):
    folder, data = tissue
    people, settings = people_of(data), PeopleSettings(fit=FIT)
    once = tune(load_decode(folder), people, settings, 3, CPU)
    place = CheckpointPlace(tmp_path / "c.safetensors", "s", 0.0)

    calls = []

    def save_twice(*arguments):
        save_checkpoint(*arguments)
        calls.append(1)
        if len(calls) == 2:
            raise Interrupted("killed after the second epoch")

    monkeypatch.setattr(fit_module, "save_checkpoint", save_twice)
    with pytest.raises(Interrupted):
        tune(load_decode(folder), people, settings, 3, CPU, place)
    monkeypatch.undo()
    continued = tune(load_decode(folder), people, settings, 3, CPU, place)
    assert continued.predicted.tobytes() == once.predicted.tobytes() and len(continued.progress.history) == 4


def test_settings_are_checked_all_at_once():
    with pytest.raises(InputError, match="3 faults"):
        parse_people({"head": "x", "scratch": 1.5, "fit": {"epochs": -1}}, "people.yml")
    assert parse_people({"model": "people", "weights": "equal"}, "p").weights == "equal"
    with pytest.raises(InputError, match="is not a list of settings"):
        parse_people([], "p")
