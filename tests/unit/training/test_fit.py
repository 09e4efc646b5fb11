"""The fit loop: masks, determinism, checkpoints that continue bit by bit."""

import os
import signal

import numpy as np
import pytest
import torch

from regdecode.errors import InputError
from regdecode.expression.scale import fit_scale
from regdecode.models.decode import build_network
from regdecode.training import fit as fit_module
from regdecode.training.checkpoint import CheckpointPlace, Interrupted, load_checkpoint, signature
from regdecode.training.encode import encode_tracks, regulator_scales, track_shapes
from regdecode.training.fit import FitSettings, fit, make_fit_data, masked_error, rate_factor

SETTINGS = FitSettings(epochs=6, batch_size=16, patience=100)


def ready(data, seed=0, kind="profile"):
    scales = regulator_scales(data.tracks, data.split == "train", "none")
    torch.manual_seed(seed)
    net = build_network(kind, {"width": 32} if kind == "profile" else {}, track_shapes(data.tracks), len(data.outputs))
    features = encode_tracks(net, data.tracks, scales)
    scaled = data.targets / fit_scale(data.targets[data.split == "train"], data.has_level).divisors(len(data.outputs))
    fit_data = make_fit_data(features, scaled, np.ones(len(data.outputs)), data.split, torch.device("cpu"))
    net.prepare(features[torch.from_numpy(data.split == "train")], fit_data.targets[fit_data.train].mean(0))
    return net, fit_data


def weights(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def test_masked_error_in_closed_form():
    loss = masked_error(torch.tensor([[1.0, 5.0], [2.0, 9.0]]), torch.zeros(2, 2), torch.tensor([[1.0, 0.0], [2.0, 0.0]]))
    assert loss.item() == pytest.approx((1 * 1 + 2 * 4) / 3)


def test_huber_is_squared_within_delta_and_linear_beyond():
    weight = torch.ones(3)
    errors = torch.tensor([0.5, 2.0, -3.0])
    expected = (0.25 + (2 * 2.0 - 1) + (2 * 3.0 - 1)) / 3
    assert masked_error(errors, torch.zeros(3), weight, 1.0).item() == pytest.approx(expected)
    assert masked_error(errors, torch.zeros(3), weight, 100.0).item() == pytest.approx(masked_error(errors, torch.zeros(3), weight).item())


def test_missing_targets_have_no_say(make_data):
    data = make_data()
    data.targets[::3, 0] = np.nan
    twin = make_data()
    twin.targets[::3, 0] = np.nan
    net, first = ready(data)
    other, second = ready(twin)
    second.targets[second.weights == 0] = 1e6
    fit(net, first, SETTINGS, 0)
    fit(other, second, SETTINGS, 0)
    assert torch.equal(weights(net), weights(other))


@pytest.mark.parametrize("kind", ["profile", "decode2020"])
def test_learns_and_is_deterministic(make_data, kind):
    nets = []
    for _ in range(2):
        net, data = ready(make_data(200), kind=kind)
        progress = fit(net, data, FitSettings(epochs=40, batch_size=32, learning_rate=3e-3, patience=40), 3)
        nets.append(net)
    assert torch.equal(weights(nets[0]), weights(nets[1]))
    assert progress.best_loss < 0.7 * progress.history[0]["validation_loss"]
    losses = [row["validation_loss"] for row in progress.history]
    assert progress.best_loss == min(losses) and progress.best_epoch == int(np.argmin(losses)) + 1


def test_best_epoch_is_kept_and_patience_stops(make_data):
    net, data = ready(make_data(noise=3.0))
    progress = fit(net, data, FitSettings(epochs=200, batch_size=16, learning_rate=1e-2, patience=4), 0)
    assert progress.epoch < 200 and progress.epoch - progress.best_epoch == 5
    rows = data.validation
    assert masked_error(fit_module.predict(net, data.features[rows]), data.targets[rows], data.weights[rows]).item() == pytest.approx(
        progress.best_loss
    )


@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_an_interrupted_training_continues_bit_by_bit(make_data, tmp_path, monkeypatch, decay):
    settings = FitSettings(epochs=6, batch_size=16, patience=100, weight_decay=decay)
    straight, data = ready(make_data())
    expected = fit(straight, data, settings, 5)
    place = CheckpointPlace(tmp_path / "runs" / "a.safetensors", signature(1))
    step, calls = fit_module._epoch, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(*arguments)

    monkeypatch.setattr(fit_module, "_epoch", interrupted)
    net, data = ready(make_data())
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted) as stopped:
        fit(net, data, settings, 5, place)
    assert stopped.value.exit_code == 75 and "epoch 3" in str(stopped.value) and signal.getsignal(signal.SIGTERM) is handler
    again, data = ready(make_data(), seed=99)  # other initial weights: they are overwritten
    progress = fit(again, data, settings, 5, place)
    assert len(calls) == 6 and torch.equal(weights(again), weights(straight))
    assert [row["validation_loss"] for row in progress.history] == [row["validation_loss"] for row in expected.history]


def test_checkpoints_of_other_runs_and_broken_ones_are_not_continued(make_data, tmp_path):
    net, data = ready(make_data())
    place = CheckpointPlace(tmp_path / "a.safetensors", signature("a"), every=0.0)
    fit(net, data, SETTINGS, 0, place)
    optimizer = torch.optim.AdamW(net.parameters())
    assert load_checkpoint(place, net, optimizer) is not None
    assert load_checkpoint(CheckpointPlace(place.path, signature("b")), net, optimizer) is None
    place.path.write_bytes(place.path.read_bytes()[:50])
    assert load_checkpoint(place, net, optimizer) is None


def test_signature_sees_every_part():
    parts = [np.arange(3), "x", {"a": 1}, np.array(["g1", "g2"]), torch.ones(2)]
    base = signature(*parts)
    assert signature(*parts) == base
    for k, other in enumerate([np.arange(4), "y", {"a": 2}, np.array(["g1", "g3"]), torch.zeros(2)]):
        assert signature(*parts[:k], other, *parts[k + 1 :]) != base


def test_rates():
    rates = [rate_factor(step, 100, "cosine") for step in range(100)]
    assert 0 < rates[0] < rates[9] <= 1 and max(rates) == pytest.approx(1) and rates[-1] < 0.01 and rate_factor(99, 100, "constant") == 1


def test_too_few_genes_are_refused(make_data):
    data = make_data(20)
    with pytest.raises(InputError, match="0 validation genes"):
        make_fit_data(torch.zeros(20, 1), data.targets, np.ones(4), np.full(20, "train"), torch.device("cpu"))


def test_a_diverging_fit_is_told(make_data):
    net, data = ready(make_data())
    data.targets[0] = float("inf")
    with pytest.raises(InputError, match="not finite in epoch 1"):
        fit(net, data, SETTINGS, 0)
