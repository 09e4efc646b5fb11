"""The networks: sizes as published, collapsed stacks equal to convolutions, nothing depends on the batch."""

import pytest
import torch

from regdecode.errors import InputError
from regdecode.models.decode import TrackShape, build_network
from regdecode.models.layers import ConvStack, SignedLog1p, TailSums, WindowPool

SHIPPED = (TrackShape("rbp", "rna", 100, 371, 400), TrackShape("tf", "promoter", 100, 725, 30))
TRACKS = (TrackShape("tf", "promoter", 100, 4, 12), TrackShape("rbp", "rna", 100, 3, 20), TrackShape("mirna", "links", 1, 5, 1))


def make_inputs(n=6, bins=(12, 20, 1), seed=0):
    rng = torch.Generator().manual_seed(seed)
    return [torch.rand(n, b, track.n_regulators + 1, generator=rng) for b, track in zip(bins, TRACKS)]


def test_published_sizes():
    net = build_network("decode2020", {}, SHIPPED, 54)
    assert sum(p.numel() for p in net.parameters()) == 395_014
    moving = sum(b.numel() for name, b in net.named_buffers() if "running" in name)
    assert sum(p.numel() for p in net.parameters()) + moving == 395_654
    rna, promoter = net.stacks["rna"].convolutions, net.stacks["promoter"].convolutions
    assert [c.weight.numel() for c in rna] == [119_040, 51_200]
    assert [c.weight.numel() for c in promoter] == [87_120] + 4 * [14_400]


@pytest.mark.parametrize(("kernel", "layers"), [(1, 1), (1, 5), (2, 2), (3, 3), (5, 1)])
@pytest.mark.parametrize("bins", [1, 2, 9])
def test_collapsed_stack_equals_convolutions(kernel, layers, bins):
    torch.manual_seed(1)
    stack = ConvStack(4, 6, kernel, layers).double()
    x = torch.rand(3, bins, 4, dtype=torch.float64)
    torch.testing.assert_close(stack(TailSums(stack.taps)(x)), stack.by_position(x), rtol=1e-12, atol=1e-12)


def test_gradients_pass_through_the_collapse():
    torch.manual_seed(2)
    stack = ConvStack(4, 6, 2, 2).double()
    x = torch.rand(3, 7, 4, dtype=torch.float64)
    fast = torch.autograd.grad(stack(TailSums(3)(x)).square().sum(), list(stack.parameters()))
    slow = torch.autograd.grad(stack.by_position(x).square().sum(), list(stack.parameters()))
    for a, b in zip(fast, slow):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


def test_systems_md_closed_form_of_the_rna_branch():
    torch.manual_seed(3)
    stack = ConvStack(2, 3, 2, 2).double()
    x = torch.rand(1, 5, 2, dtype=torch.float64)
    (a, b) = (c.weight for c in stack.convolutions)
    k0, k1, k2 = b[:, :, 0] @ a[:, :, 0], b[:, :, 0] @ a[:, :, 1] + b[:, :, 1] @ a[:, :, 0], b[:, :, 1] @ a[:, :, 1]
    expected = x[0].sum(0) @ (k0 + k1 + k2).T - x[0, 0] @ (k1 + k2).T - x[0, 1] @ k2.T
    torch.testing.assert_close(stack(TailSums(3)(x))[0], expected)


@pytest.mark.parametrize("kind", ["profile", "decode2020"])
def test_batch_never_changes_a_prediction(kind):
    net = build_network(kind, {}, TRACKS, 7).double().eval()
    inputs = [x.double() for x in make_inputs()]
    together = net(inputs)
    padded = [
        torch.cat([x, torch.zeros(x.shape[0], 9, x.shape[2], dtype=x.dtype)], 1) if track.branch == "rna" else x
        for x, track in zip(inputs, TRACKS)
    ]
    torch.testing.assert_close(net(padded), together, rtol=1e-12, atol=1e-12)
    alone = torch.cat([net([x[i : i + 1] for x in inputs]) for i in range(6)])
    torch.testing.assert_close(alone, together, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["profile", "decode2020"])
@pytest.mark.parametrize("present", [(0,), (1,), (2,), (0, 1), (0, 1, 2)])
def test_any_set_of_tracks_is_legal(kind, present):
    net = build_network(kind, {}, [TRACKS[i] for i in present], 2).eval()
    inputs = make_inputs()
    assert net([inputs[i] for i in present]).shape == (6, 2)


def test_position_matters_to_the_default_only():
    inputs = make_inputs()
    moved = [inputs[0].flip(1), *inputs[1:]]
    torch.manual_seed(0)
    assert not torch.allclose(*(build_network("profile", {}, TRACKS, 2).eval()(x) for x in (inputs, moved)))
    net = build_network("decode2020", {}, TRACKS, 2).eval()
    torch.testing.assert_close(net(inputs), net(moved))


def test_window_pool_adds_each_bin_once():
    x = torch.arange(10.0)[None, :, None]
    assert WindowPool([0, 3, 7])(x).flatten().tolist() == [3.0, 42.0]  # bins after the last edge go to the last window
    assert WindowPool([0, 3, 7])(x[:, :2]).flatten().tolist() == [1.0, 0.0]


def test_signed_log1p():
    x = torch.tensor([-3.0, 0.0, 3.0])
    torch.testing.assert_close(SignedLog1p()(x), torch.tensor([-4.0, 1.0, 4.0]).abs().log() * torch.tensor([-1.0, 1.0, 1.0]))


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="unknown network 'resnet'"):
        build_network("resnet", {}, TRACKS, 2)
    with pytest.raises(InputError, match="unknown setting 'widht'"):
        build_network("profile", {"widht": 3}, TRACKS, 2)
