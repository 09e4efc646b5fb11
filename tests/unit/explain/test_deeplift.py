"""DeepLIFT against closed forms, a slow twin, shap and tangermeme."""

import copy
import dataclasses
import warnings

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from regdecode.errors import InputError
from regdecode.explain.deeplift import Contributions, DeepLift
from regdecode.models.decode import Decode2020Net, Decode2020Settings, ProfileNet, ProfileSettings, TrackShape
from regdecode.models.layers import SignedLog1p


class ConvNet(nn.Module):
    """conv - ReLU - [residual conv - ReLU] - sum over bins - dense - ReLU - batch norm - head."""

    def __init__(self, columns: int = 9, outputs: int = 5, hidden: int = 7, deep: bool = False, **conv: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(columns, 8, 3, **conv)
        self.act = nn.ReLU()
        self.mix = nn.Conv1d(8, 8, 3, padding=1) if deep else None
        self.act_mix = nn.ReLU()
        self.dense = nn.Linear(8, hidden)
        self.act_dense = nn.ReLU()
        self.norm = nn.BatchNorm1d(hidden)
        self.head = nn.Linear(hidden, outputs)

    def forward(self, inputs: list[Tensor]) -> Tensor:
        h = self.act(self.conv(inputs[0].transpose(1, 2)))
        if self.mix is not None:
            h = h + self.act_mix(self.mix(h))
        return self.head(self.norm(self.act_dense(self.dense(h.sum(2)))))


class LinearNet(nn.Module):
    """Sum over bins, then one matrix: contributions are W (x - reference)."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(9, 4)

    def forward(self, inputs: list[Tensor]) -> Tensor:
        return self.head(inputs[0].sum(1))


class PositionNet(nn.Module):
    """Two tracks: log1p, a dense layer a bin with weights by position, a second dense layer; the length goes around to the dense part."""

    def __init__(self) -> None:
        super().__init__()
        self.log = SignedLog1p()
        self.first, self.second = nn.Linear(8, 6), nn.Linear(4, 3)
        self.act_first, self.act_second = nn.GELU(), nn.Tanh()
        self.position = nn.Parameter(torch.randn(2, 12))
        self.length = SignedLog1p()
        self.dense = nn.Linear(6 * 2 + 3 + 1, 10)
        self.act = nn.SiLU()
        self.head = nn.Linear(10, 20)

    def forward(self, inputs: list[Tensor]) -> Tensor:
        a = self.act_first(self.first(self.log(inputs[0][..., :-1])))
        b = self.act_second(self.second(inputs[1])).sum(1)
        length = self.length(inputs[0][..., -1:].sum(1))
        pooled = torch.einsum("kb,nbc->nkc", self.position, a).flatten(1)
        return self.head(self.act(self.dense(torch.cat([pooled, b, length], 1))))


def make_inputs(genes: int, bins: int, columns: int, occupancy: float = 0.3, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Sparse inputs with a mask in the last column, and a reference of 4 bins."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand((genes, bins, columns), generator=generator) * (torch.rand((genes, bins, columns), generator=generator) < occupancy)
    lengths = torch.randint(2, bins + 1, (genes,), generator=generator)
    x[..., -1] = (torch.arange(bins) < lengths[:, None]).float()
    x[..., :-1] *= x[..., -1:]
    reference = torch.zeros(bins, columns)
    reference[:4, -1] = 1
    return x, reference


def shaken(net: nn.Module, seed: int = 0) -> nn.Module:
    """The net in evaluation mode with random weights and batch statistics."""
    generator = torch.Generator().manual_seed(seed)
    for tensor in [*net.parameters(), *net.buffers()]:
        if tensor.is_floating_point():
            tensor.data = torch.randn(tensor.shape, generator=generator) * 0.4
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.running_var.data = torch.rand(module.running_var.shape, generator=generator) + 0.5
    return net.eval()


def summed(found: Contributions, genes: int, widths: list[int]) -> list[np.ndarray]:
    """(N, R + 1, T) contributions a track."""
    outputs = found.values.shape[1]
    tables = [np.zeros((genes, width, outputs)) for width in widths]
    for gene, track, column, value in zip(found.gene, found.track, found.column, found.values, strict=True):
        tables[track][gene, column] += value.numpy()
    return tables


def slow_twin(net: nn.Module, inputs: list[Tensor], reference: list[Tensor]) -> list[np.ndarray]:
    """Rescale rule, gene by gene and output by output, by the full input gradient of a net with its non-linearities replaced."""
    net = copy.deepcopy(net).double()
    modules = [m for m in net.modules() if isinstance(m, nn.ReLU | nn.GELU | nn.Tanh | nn.SiLU | SignedLog1p)]
    seen: list[list[tuple[Tensor, Tensor]]] = []
    tables = [np.zeros((len(x), x.shape[-1], net.head.out_features)) for x in inputs]
    for n in range(len(inputs[0])):
        seen = []
        for case in ([x[n : n + 1].double() for x in inputs], [x[None].double() for x in reference]):
            notes: dict[nn.Module, tuple[Tensor, Tensor]] = {}
            hooks = [
                m.register_forward_hook(lambda m, a, b, notes=notes: notes.__setitem__(m, (a[0].detach(), b.detach()))) for m in modules
            ]
            net(case)
            for hook in hooks:
                hook.remove()
            seen.append([notes.get(m) for m in modules])
        hooks = []
        for m, given, base in zip(modules, *seen, strict=True):
            if given is None:
                continue
            step = given[0] - base[0]
            slope = torch.where(step == 0, 0.0, (given[1] - base[1]) / torch.where(step == 0, 1.0, step))
            hooks.append(m.register_forward_hook(lambda m, a, b, slope=slope: a[0] * slope))
        leaves = [x[n : n + 1].double().requires_grad_() for x in inputs]
        y = net(leaves)[0]
        for t in range(len(y)):
            for track, gradient in enumerate(torch.autograd.grad(y[t], leaves, retain_graph=True)):
                tables[track][n, :, t] = (gradient[0] * (inputs[track][n] - reference[track])).sum(0).detach().numpy()
        for hook in hooks:
            hook.remove()
    return tables


def profile_net(outputs: int, blocks: int = 1) -> nn.Module:
    tracks = [TrackShape("tf", "promoter", 100, 6, 12), TrackShape("links", "links", 1, 5, 1), TrackShape("rbp", "rna", 100, 7, 40)]
    return ProfileNet(tracks, outputs, ProfileSettings(promoter_window=300, rna_windows=(500,), width=16, blocks=blocks))


def published_net(outputs: int) -> nn.Module:
    tracks = [TrackShape("tf", "promoter", 100, 6, 12), TrackShape("links", "links", 1, 5, 1), TrackShape("rbp", "rna", 100, 7, 40)]
    return Decode2020Net(tracks, outputs, Decode2020Settings(rna_units=9, promoter_units=8, dense_units=11))


def decode_inputs() -> tuple[list[Tensor], list[Tensor]]:
    (a, a0), (c, c0) = make_inputs(5, 12, 7), make_inputs(5, 40, 8, seed=1)
    b, b0 = torch.randint(-2, 3, (5, 1, 6)).float(), torch.zeros(1, 6)
    b[..., -1] = b0[..., -1] = 1
    return [a, b, c], [a0, b0, c0]


def test_linear_net_has_the_closed_form() -> None:
    net = shaken(LinearNet())
    x, reference = make_inputs(6, 10, 9)
    (found,) = summed(DeepLift(net).explain([x], [reference]), 6, [9])
    step = (x - reference).sum(1).double()
    expected = step[:, :, None] * net.head.weight.T.double()[None]
    np.testing.assert_allclose(found, expected.detach().numpy(), atol=1e-12)


def test_one_relu_by_hand() -> None:
    """y = 3 relu(2a - b + 1): chord from reference (0, 0) to (1, 4) has slope (0 - 1) / (-1 - 1) = 1/2."""

    class One(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.act, self.head = nn.Linear(2, 1), nn.ReLU(), nn.Linear(1, 1, bias=False)

        def forward(self, inputs: list[Tensor]) -> Tensor:
            return self.head(self.act(self.first(inputs[0].sum(1))))

    net = One()
    net.first.weight.data, net.first.bias.data, net.head.weight.data = (
        torch.tensor([[2.0, -1.0]]),
        torch.tensor([1.0]),
        torch.tensor([[3.0]]),
    )
    found = DeepLift(net).explain([torch.tensor([[[1.0, 4.0]]])], [torch.zeros(1, 2)])
    np.testing.assert_allclose(found.values.numpy(), [[3.0], [-6.0]], atol=1e-12)
    np.testing.assert_allclose(found.delta.numpy(), [[-3.0]], atol=1e-12)


@pytest.mark.parametrize("outputs", [4, 30])
@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("conv", [{}, {"stride": 2}, {"padding": 2}, {"dilation": 2, "padding": 1}])
def test_convolutions_equal_the_slow_twin(outputs: int, deep: bool, conv: dict[str, int]) -> None:
    net = shaken(ConvNet(outputs=outputs, deep=deep, **conv))
    x, reference = make_inputs(5, 14, 9)
    explainer = DeepLift(net)
    found = explainer.explain([x], [reference])
    assert (explainer.structure.stems["conv"].groups is None) == deep
    np.testing.assert_allclose(summed(found, 5, [9])[0], slow_twin(net, [x], [reference])[0], atol=1e-9)
    assert found.residual.abs().max() < 1e-10


@pytest.mark.parametrize("occupancy", [0.05, 1.0])
def test_the_channelwise_path_equals_the_general_one(occupancy: float) -> None:
    net = shaken(ConvNet())
    x, reference = make_inputs(20, 14, 9, occupancy)
    explainer = DeepLift(net)
    one = explainer.explain([x], [reference])
    stems = {name: stem._replace(groups=None) for name, stem in explainer.structure.stems.items()}
    explainer.structure = dataclasses.replace(explainer.structure, stems=stems)
    other = explainer.explain([x], [reference])
    assert torch.equal(one.gene, other.gene) and torch.equal(one.column, other.column)
    torch.testing.assert_close(one.values, other.values, atol=1e-12, rtol=1e-10)


def test_positions_logs_and_a_length_that_goes_around() -> None:
    net = shaken(PositionNet())
    (a, a0), (b, b0) = make_inputs(5, 12, 9), make_inputs(5, 6, 4, seed=1)
    explainer = DeepLift(net)
    found = explainer.explain([a, b], [a0, b0])
    assert explainer.structure.direct[0].tolist() == [8] and len(explainer.structure.direct[1]) == 0
    assert explainer.structure.cut == "dense" and explainer.structure.stems["first"].groups.shape == (2, 6)
    for own, twin in zip(summed(found, 5, [9, 4]), slow_twin(net, [a, b], [a0, b0]), strict=True):
        np.testing.assert_allclose(own, twin, atol=1e-9)


@pytest.mark.parametrize("outputs", [3, 40])
@pytest.mark.parametrize(
    "make", [profile_net, published_net, lambda outputs: profile_net(outputs, blocks=0), lambda outputs: profile_net(outputs, blocks=2)]
)
def test_decode_networks_equal_the_slow_twin(make, outputs: int) -> None:
    net = shaken(make(outputs))
    inputs, reference = decode_inputs()
    explainer = DeepLift(net)
    found = explainer.explain(inputs, reference)
    assert explainer.structure.stems and all(len(direct) == 0 for direct in explainer.structure.direct), "a first layer was not recognised"
    assert found.residual.abs().max() < 1e-9
    for own, twin in zip(summed(found, 5, [7, 6, 8]), slow_twin(net, inputs, reference), strict=True):
        np.testing.assert_allclose(own, twin, atol=1e-9)


def test_a_net_without_a_first_layer_it_knows_takes_the_full_gradient() -> None:
    class Bare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(9, 6))
            self.act, self.head = nn.ReLU(), nn.Linear(6, 3)

        def forward(self, inputs: list[Tensor]) -> Tensor:
            return self.head(self.act(inputs[0] @ self.weight).sum(1)) * 2.0

    net = shaken(Bare())
    x, reference = make_inputs(5, 10, 9)
    explainer = DeepLift(net)
    found = explainer.explain([x], [reference])
    assert not explainer.structure.stems and explainer.structure.head is None
    np.testing.assert_allclose(summed(found, 5, [9])[0], slow_twin(net, [x], [reference])[0], atol=1e-9)


def test_a_module_may_serve_twice() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.act, self.dense, self.head = nn.Linear(9, 6), nn.ReLU(), nn.Linear(6, 6), nn.Linear(6, 3)

        def forward(self, inputs: list[Tensor]) -> Tensor:
            return self.head(self.act(self.dense(self.act(self.first(inputs[0])).sum(1))))

    x, reference = make_inputs(5, 10, 9)
    found = DeepLift(shaken(Twice())).explain([x], [reference])
    assert found.residual.abs().max() < 1e-10 and found.delta.abs().max() > 0.1


def test_input_equal_to_the_reference_has_no_contribution() -> None:
    x, reference = make_inputs(3, 14, 9)
    x[1] = reference
    found = DeepLift(shaken(ConvNet())).explain([x], [reference])
    assert 1 not in found.gene.tolist() and found.delta[1].abs().max() < 1e-12


def test_nothing_but_references_gives_no_rows() -> None:
    _, reference = make_inputs(1, 14, 9)
    found = DeepLift(shaken(ConvNet())).explain([reference[None].repeat(2, 1, 1)], [reference])
    assert len(found.gene) == 0 and found.residual.abs().max() < 1e-12


def test_the_net_is_left_as_it_was() -> None:
    net = ConvNet().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    x, reference = make_inputs(3, 14, 9)
    DeepLift(net).explain([x], [reference])
    assert net.training and all(p.requires_grad and p.dtype == torch.float32 for p in net.parameters())
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


class Refused(nn.Module):
    """One layer for which there is no rule, between two linear ones."""

    def __init__(self, middle: nn.Module) -> None:
        super().__init__()
        self.first, self.middle, self.head = nn.Linear(9, 6), middle, nn.Linear(6, 3)

    def forward(self, inputs: list[Tensor]) -> Tensor:
        return self.head(self.middle(self.first(inputs[0])).sum(1))


class FunctionalReLU(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x)


class Gate(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x)


class MaxPool(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.MaxPool1d(2)

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(x.transpose(1, 2)).transpose(1, 2)


class AttentionPool(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.score, self.softmax = nn.Linear(6, 1), nn.Softmax(1)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.softmax(self.score(x))


@pytest.mark.parametrize(
    ("middle", "named"),
    [
        (FunctionalReLU(), "'middle' computes the operation 'Relu'"),
        (Gate(), "'middle' computes a product of two"),
        (MaxPool(), "'middle.pool'"),
        (AttentionPool(), "'middle.softmax'"),
        (nn.LayerNorm(6), "'middle'"),
    ],
)
def test_layers_without_a_rule_are_refused_by_name(middle: nn.Module, named: str) -> None:
    x, reference = make_inputs(3, 10, 9)
    with pytest.raises(InputError, match="no exact rule") as caught:
        DeepLift(Refused(middle)).explain([x], [reference])
    assert named in str(caught.value)


def test_shapes_that_differ_are_refused() -> None:
    x, reference = make_inputs(3, 10, 9)
    with pytest.raises(InputError, match="differ in shape"):
        DeepLift(ConvNet()).explain([x], [reference[:5]])


def test_equals_shap() -> None:
    shap = pytest.importorskip("shap")

    class Tensors(nn.Module):
        def __init__(self, net: nn.Module) -> None:
            super().__init__()
            self.net = net

        def forward(self, x: Tensor) -> Tensor:
            return self.net([x])

    net = shaken(ConvNet())
    x, reference = make_inputs(4, 14, 9)
    found = DeepLift(net).explain([x], [reference])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = shap.DeepExplainer(Tensors(net).double(), reference[None].double()).shap_values(x.double(), check_additivity=False)
    np.testing.assert_allclose(summed(found, 4, [9])[0], values.sum(1), atol=1e-6 * float(np.ptp(found.prediction.numpy())))


def test_equals_tangermeme() -> None:
    module = pytest.importorskip("tangermeme.deep_lift_shap")

    class ChannelsFirst(nn.Module):
        def __init__(self, net: nn.Module) -> None:
            super().__init__()
            self.net = net

        def forward(self, x: Tensor) -> Tensor:
            return self.net([x.transpose(1, 2)])

    net = shaken(ConvNet())
    x, reference = make_inputs(4, 14, 9)
    own = summed(DeepLift(net).explain([x], [reference]), 4, [9])[0]
    doubled = ChannelsFirst(copy.deepcopy(net).double())
    base = reference.T[None, None].double().repeat(4, 1, 1, 1)
    for t in range(5):
        raw = module.deep_lift_shap(
            doubled,
            x.transpose(1, 2).double(),
            target=t,
            references=base,
            raw_outputs=True,
            device="cpu",
            dtype=torch.float64,
            only_warn=True,
        )
        multipliers = raw[:, 0] if raw.ndim == 4 else raw
        twin = (multipliers.detach() * (x - reference).transpose(1, 2)).sum(2).numpy()
        np.testing.assert_allclose(own[:, :, t], twin, atol=1e-6)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
@pytest.mark.parametrize("make", [profile_net, published_net])
def test_cuda_equals_cpu(make) -> None:
    net = shaken(make(12))
    inputs, reference = decode_inputs()
    one, other = DeepLift(net).explain(inputs, reference), DeepLift(net, "cuda").explain(inputs, reference)
    torch.testing.assert_close(one.values, other.values.cpu(), atol=1e-10, rtol=1e-8)
