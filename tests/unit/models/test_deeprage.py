"""DeepRAGE's networks: each merge equals its slow twin, own entries are out of reach, strands and pools do what they say."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.unit.models.naive_deeprage import naive_outputs

from regdecode.errors import InputError
from regdecode.models.deeprage import DeepRageNet, DeepRageShape, check_shape
from regdecode.models.deeprage_trunk import SequenceTrunk, TrunkShape

BASE = DeepRageShape(length=80, filters=6, width=5, pool_size=8, pool_stride=6, regulator_units=7, dense=(11, 5), rank=4, hidden=3)
SHAPES = {
    "concatenate": replace(BASE, merge="concatenate"),
    "tensor": replace(BASE, merge="tensor", pool="global"),
    "recurrent": replace(BASE, merge="recurrent"),
    "bilinear": replace(BASE, merge="bilinear", strands="both", pool="windows", windows=(0, 20, 50), dense=(9,)),
    "skip": replace(BASE, merge="bilinear", dense=(), regulator_skip=True, normalise=True),
    "attention": replace(BASE, merge="bilinear", pool="attention", heads=2, dense=(), normalise=True),
}
GENES, CONDITIONS, REGULATORS = 9, 6, 8


def make(kind: str, n_outputs: int = 1, memory: bool = False) -> tuple[DeepRageNet, tuple[torch.Tensor, ...]]:
    torch.manual_seed(0)
    net = DeepRageNet(SHAPES[kind], REGULATORS, n_outputs, GENES * memory, CONDITIONS * memory)
    for parameter in net.parameters():
        if parameter.dim() == 2 and not parameter.any():
            torch.nn.init.normal_(parameter)
    codes = torch.randint(0, 5, (GENES, 80), dtype=torch.uint8)
    own = torch.tensor([-1, 2, -1, 7, 0, -1, -1, 2, -1])
    return net.eval(), (codes, torch.randn(CONDITIONS, REGULATORS), own)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_equal_to_every_pair_on_its_own(kind: str, n_outputs: int) -> None:
    net, (codes, inputs, own) = make(kind, n_outputs)
    torch.testing.assert_close(net(codes, inputs, own), naive_outputs(net, codes, inputs, own), rtol=1e-5, atol=1e-5)


def test_equal_with_memories() -> None:
    net, (codes, inputs, own) = make("bilinear", memory=True)
    rows = torch.arange(GENES)
    ours = net(codes, inputs, own, rows, torch.arange(CONDITIONS))
    torch.testing.assert_close(ours, naive_outputs(net, codes, inputs, own, rows), rtol=1e-5, atol=1e-5)
    unknown = net(codes, inputs, own, torch.full((GENES,), -1), torch.full((CONDITIONS,), -1))
    torch.testing.assert_close(unknown, net(codes, inputs, own))


@pytest.mark.parametrize("kind", sorted(SHAPES.keys() - {"recurrent"}))  # whose twin copies the weights of its LSTM cell
def test_same_gradients_as_every_pair_on_its_own(kind: str) -> None:
    net, (codes, inputs, own) = make(kind)
    target = torch.randn(GENES, CONDITIONS, 1)
    gradients = []
    for outputs in (net(codes, inputs, own), naive_outputs(net, codes, inputs, own)):
        net.zero_grad()
        (outputs - target).square().mean().backward()
        gradients.append(net.trunk.conv.weight.grad.clone())
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", SHAPES)
def test_a_gene_never_reads_its_own_entry(kind: str) -> None:
    net, (codes, inputs, own) = make(kind)
    changed = inputs.clone()
    changed[:, 2] += 5
    difference = (net(codes, changed, own) - net(codes, inputs, own)).detach().abs().amax((1, 2))
    is_two = own == 2
    assert float(difference[is_two].max()) < 1e-5
    assert float(difference[~is_two].min()) > 1e-3


def test_both_strands_read_alike() -> None:
    shape = TrunkShape(40, 3, 5, "both", "global")
    torch.manual_seed(0)
    trunk = SequenceTrunk(shape)
    codes = torch.randint(0, 4, (4, 40))
    torch.testing.assert_close(trunk(codes), trunk((3 - codes).flip(1)))
    one = SequenceTrunk(replace(shape, strands="one"))
    assert float((one(codes) - one((3 - codes).flip(1))).abs().max()) > 1e-3


def test_activations_in_closed_form() -> None:
    trunk = SequenceTrunk(TrunkShape(10, 1, 3, "one", "windows", windows=(0, 4, 9)))
    with torch.no_grad():
        trunk.conv.weight.zero_()
        trunk.conv.weight[0, [0, 1, 2], [0, 1, 2]] = 1.0
        trunk.conv.bias.fill_(-2.0)
    codes = torch.tensor([[0, 1, 2, 4, 0, 1, 2, 0, 1, 2]])
    activations = trunk.activations(trunk.one_hot(codes))
    assert activations[0, 0].tolist() == [1, 0, 0, 0, 1, 0, 0, 1]
    assert trunk.shape.bounds() == [0, 5, 8]
    assert trunk(codes)[0, 0].tolist() == [2, 1]


def test_attention_weights_are_means_over_positions() -> None:
    trunk = SequenceTrunk(TrunkShape(30, 4, 5, "one", "attention", heads=2))
    codes = torch.randint(0, 4, (3, 30))
    activations = trunk.activations(trunk.one_hot(codes))
    torch.testing.assert_close(trunk(codes)[:, :, 0], activations.sum(2))


def test_published_pooling_has_seventy_positions() -> None:
    assert TrunkShape(1000, 256, 19, "one", "max", 16, 14).positions == 70


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"length": 4}, "sequences of 4 bases leave no position"),
        ({"length": 10}, "leave no position"),
        ({"merge": "sum"}, "network.merge is 'sum'"),
        ({"merge": "recurrent", "length": 1000, "pool_stride": 4}, "248 steps"),
        ({"merge": "tensor", "memory": "auto"}, "has no memory"),
    ],
)
def test_networks_that_cannot_be(change, told) -> None:
    with pytest.raises(InputError, match=told):
        check_shape(replace(BASE, **change), "h.yml")


def test_sizes_as_published() -> None:
    product = DeepRageNet(DeepRageShape("tensor", 1000, 256, 19, pool="global", regulator_units=512, dense=(512,)), 472)
    assert product.merge.first.weight.numel() == 256 * 512 * 512
    assert np.isclose(product.merge.first.weight.numel() / 1e6, 67.1, atol=0.05)
