"""The autoencoder's fit: hides what it says, equals itself by seed, and finds what is not linear."""

from dataclasses import replace

import numpy as np
import torch

from regdecode.models.autoencoder import AutoencoderMember
from regdecode.models.completion import fit_gaussian
from regdecode.training.autoencoder_fit import SETTINGS, fit_autoencoder, hide

SMALL = replace(SETTINGS, units=(64, 32), epochs=80, batch=64, dropout=0.0, learning_rate=5e-3)


def curved(n_genes: int = 800) -> np.ndarray:
    """Ten conditions that follow a gene's state, and one that follows its square."""
    rng = np.random.default_rng(0)
    state = rng.normal(size=(n_genes, 1))
    return np.concatenate([state * rng.normal(size=(1, 10)) + rng.normal(0, 0.1, (n_genes, 10)), state**2 - 1], axis=1)


def test_what_is_hidden_is_known_and_of_the_share_asked():
    known = torch.rand(4000, 30) < 0.8
    hidden = hide(known, (0.1, 0.5))
    assert not (hidden & ~known).any()
    shares = hidden.sum(1) / known.sum(1)
    assert abs(float(shares.mean()) - 0.3) < 0.01
    assert float(shares.std()) > 0.1


def test_what_is_not_linear_is_found():
    truth = curved()
    values = np.where(np.random.default_rng(1).random(truth.shape) < 0.2, np.nan, truth)
    known, hidden = np.isfinite(values), np.isnan(values[:, 10])
    network, scale = fit_autoencoder(values, values, SMALL)
    told = AutoencoderMember(network, scale, np.zeros((0, 11), np.float32)).complete(values.astype(np.float32))
    linear = fit_gaussian(np.nan_to_num(values), known).complete(np.nan_to_num(values), known)[0]
    error = [np.square(one - truth)[hidden, 10].mean() for one in (told, linear)]
    assert error[0] < 0.3 * error[1]


def test_units_do_not_matter_and_the_seed_does():
    values = curved(200)
    few = replace(SMALL, epochs=3)
    states = [fit_autoencoder(values * unit, values * unit, few, seed)[0].state_dict() for unit, seed in ((1, 4), (1, 4), (8, 4), (1, 5))]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert all(torch.allclose(states[0][key], states[2][key], atol=1e-4) for key in states[0])
    assert not torch.equal(states[0]["straight.weight"], states[3]["straight.weight"])


def test_the_generator_of_others_is_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    fit_autoencoder(curved(70), curved(70), replace(SMALL, epochs=1))
    assert torch.equal(torch.rand(2), expected)
