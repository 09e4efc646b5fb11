"""An autoencoder's member: what is hidden is not read, and cells find their genes and conditions."""

import numpy as np
import pytest
import torch

from regdecode.models.autoencoder import PASSES, Autoencoder, AutoencoderMember
from regdecode.models.deeprage_members import Request
from regdecode.training.deeprage_learned import load_member, save_member

RNG = np.random.default_rng(0)


def make_member(n_genes: int = 7, n_conditions: int = 11) -> AutoencoderMember:
    torch.manual_seed(0)
    profiles = np.where(RNG.random((n_genes, n_conditions)) < 0.2, np.nan, RNG.normal(size=(n_genes, n_conditions)))
    return AutoencoderMember(Autoencoder(n_conditions, (5, 3), 0.5).eval(), 2.0, profiles.astype(np.float32))


def test_hidden_values_are_not_read():
    network = make_member().network
    values, shown = torch.randn(4, 11), torch.rand(4, 11) < 0.5
    other = torch.where(shown, values, torch.randn(4, 11))
    assert torch.equal(network(values, shown), network(other, shown))
    assert not torch.equal(network(values, shown), network(values, torch.ones_like(shown)))


def test_every_cell_equals_its_slow_twin():
    member = make_member()
    completed = member.complete(member.profiles)
    for g, s in np.ndindex(completed.shape):
        profile = member.profiles[g].copy()
        if np.isfinite(profile[s]):
            profile[s % PASSES :: PASSES] = np.nan
        x = np.concatenate([np.nan_to_num(profile) / 2.0, np.isfinite(profile)]).astype(np.float32)
        with torch.no_grad():
            told = member.network.straight(torch.tensor(x)) + member.network.curved(torch.tensor(x))
        assert completed[g, s] == pytest.approx(2.0 * float(told[s]), abs=1e-5)


def test_a_known_cell_is_told_without_itself():
    member = make_member()
    g, s = np.argwhere(np.isfinite(member.profiles))[5]
    changed = member.profiles.copy()
    changed[g, s] += 50
    before, after = member.complete(member.profiles), member.complete(changed)
    assert after[g, s] == before[g, s]
    assert after[g, (s + 1) % 11] != before[g, (s + 1) % 11]


def test_cells_find_their_genes_and_conditions(tmp_path):
    member = make_member()
    request = Request(np.zeros((3, 0)), np.zeros((13, 2)), np.full(3, -1), np.array([*range(11), -1, 4]), np.array([2, -1, 6]))
    predicted = member.predict(request)
    completed = member.complete(member.profiles)
    np.testing.assert_array_equal(predicted[[0, 2], :11], completed[[2, 6]])
    np.testing.assert_array_equal(predicted[[0, 2], 12], completed[[2, 6], 4])
    with torch.no_grad():
        nothing = member.network(torch.zeros(1, 11), torch.zeros(1, 11, dtype=torch.bool))[0].numpy() * 2.0
    np.testing.assert_allclose(predicted[1, :11], nothing, rtol=1e-6)
    assert np.isnan(predicted[:, 11]).all()
    save_member(tmp_path / "m", "completion_network", member)
    name, again = load_member(tmp_path / "m")
    assert name == "completion_network"
    np.testing.assert_array_equal(again.predict(request), predicted)
