"""A net between an input and its reference, made linear: every non-linearity replaced by the slope of its chord.

Gradients of the linear net are DeepLIFT's multipliers. The net can be cut open at *stems* (first layers: their output becomes a leaf) and
at one *cut* (a dense layer whose input becomes a leaf), so that multipliers are computed only where they are needed and joined by the
chain rule.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn

from regdecode.explain.rules import Calls, chord_slope, recorded, replaced
from regdecode.models.layers import ConvStack

Multiplier = Callable[[str, int, Tensor], Tensor]


@dataclass
class Tape:
    """What a linearised pass leaves behind.

    Parameters
    ----------
    output
        (N, T) output of the net.
    head_input
        (N, H) input of the head, the hidden units; None where there is no head.
    stems
        Leaf in place of each stem's output.
    cut
        (N, D) input of the cut as computed from the stems, and the leaf (N, D) that stands for it afterwards; None without a cut.
    """

    output: Tensor
    head_input: Tensor | None = None
    stems: dict[str, Tensor] = field(default_factory=dict)
    cut: tuple[Tensor, Tensor] | None = None


def is_mapped(module: nn.Module) -> bool:
    """Whether the module can be a first layer: its weights are known as per-column maps."""
    return isinstance(module, nn.Linear | ConvStack) or (
        isinstance(module, nn.Conv1d) and module.groups == 1 and module.padding_mode == "zeros"
    )


def columns_last(layer: nn.Module, x: Tensor) -> Tensor:
    """(N, B, F) input of a first layer: as it is, transposed for a convolution, with one bin for columns already pooled."""
    if isinstance(layer, nn.Conv1d):
        return x.transpose(1, 2)
    if isinstance(layer, ConvStack):
        return x.flatten(1)[:, None]
    return x.reshape(len(x), -1, x.shape[-1])


def taps_of(layer: nn.Module) -> list[Tensor]:
    """(F, C) weights of a first layer, one a tap."""
    if isinstance(layer, nn.Conv1d):
        return [tap.T for tap in layer.weight.unbind(2)]
    if isinstance(layer, ConvStack):
        return [layer.kernel().flatten(0, 1)]
    assert isinstance(layer, nn.Linear)
    return [layer.weight.T]


def output_shape(stem: nn.Module, given: Tensor) -> tuple[int, ...]:
    """Shape of a stem's output for an input of this shape."""
    if isinstance(stem, nn.Conv1d):
        length = given.shape[-1] + sum(padding(stem)) - stem.dilation[0] * (stem.kernel_size[0] - 1) - 1
        return (*given.shape[:-2], stem.out_channels, length // stem.stride[0] + 1)
    if isinstance(stem, ConvStack):
        return len(given), stem.kernel().shape[2]
    assert isinstance(stem, nn.Linear)
    return (*given.shape[:-1], stem.out_features)


def padding(stem: nn.Conv1d) -> tuple[int, int]:
    """Zeros that a convolution puts before and behind its input."""
    if stem.padding == "same":
        total = stem.dilation[0] * (stem.kernel_size[0] - 1)
        return total // 2, total - total // 2
    if stem.padding == "valid":
        return 0, 0
    return int(stem.padding[0]), int(stem.padding[0])


def run_linearised(
    net: nn.Module,
    inputs: Sequence[Tensor],
    nonlinear: Mapping[str, nn.Module],
    multiplier: Multiplier,
    stems: Mapping[str, nn.Module],
    cut: nn.Linear | None = None,
    head: nn.Linear | None = None,
) -> Tape:
    """Run a net with every non-linearity replaced by a multiplication, cut open where asked.

    Parameters
    ----------
    net
        Net in evaluation mode, its parameters frozen.
    inputs
        A tensor a track, (N, B, R + 1).
    nonlinear
        Non-linear modules by name.
    multiplier
        Gives the multiplier of call i of a module for an input; shapes are equal.
    stems
        Modules whose output becomes a leaf.
    cut
        Linear layer whose input becomes a leaf.
    head
        Last layer, whose input is wanted.
    """
    tape = Tape(torch.empty(0))

    def opened(x: Tensor) -> Tensor:
        assert cut is not None
        leaf = x.detach().clone().requires_grad_()
        tape.cut = (x, leaf)
        return nn.functional.linear(leaf, cut.weight, cut.bias)

    def watched(x: Tensor) -> Tensor:
        assert head is not None
        tape.head_input = x
        return nn.functional.linear(x, head.weight, head.bias)

    with ExitStack() as stack, torch.enable_grad():
        for name, module in nonlinear.items():
            stack.enter_context(replaced(module, _multiplied(name, multiplier)))
        for name, module in stems.items():
            stack.enter_context(replaced(module, _leaf_for(name, module, tape)))
        if cut is not None:
            stack.enter_context(replaced(cut, opened))
        if head is not None and head is not cut:
            stack.enter_context(replaced(head, watched))
        tape.output = net(list(inputs))
    return tape


def _multiplied(name: str, multiplier: Multiplier) -> Callable[[Tensor], Tensor]:
    """Forward of a non-linearity made linear: call i multiplies its input by the multiplier of call i."""
    count = iter(range(1_000_000))

    def forward(x: Tensor) -> Tensor:
        call = next(count)
        return x * multiplier(name, call, x) if x.requires_grad else x

    return forward


def _leaf_for(name: str, stem: nn.Module, tape: Tape) -> Callable[[Tensor], Tensor]:
    """Forward of a stem cut open: a leaf of zeros of the output's shape, kept on the tape."""

    def forward(x: Tensor) -> Tensor:
        tape.stems[name] = torch.zeros(output_shape(stem, x), dtype=x.dtype, device=x.device, requires_grad=True)
        return tape.stems[name]

    return forward


def record(net: nn.Module, inputs: Sequence[Tensor], modules: Mapping[str, nn.Module]) -> tuple[Tensor, Calls]:
    """Run the net as it is; return its output and every (input, output) of the modules."""
    with torch.no_grad(), recorded(modules) as calls:
        output = net(list(inputs))
    return output, calls


def chords(nonlinear: Mapping[str, nn.Module], given: Calls, reference: Calls) -> Multiplier:
    """Multipliers of the rescale rule between two recorded runs."""

    def multiplier(name: str, call: int, x: Tensor) -> Tensor:
        module = nonlinear[name]
        own_forward = partial(type(module).forward, module)  # its instance may stand replaced
        return chord_slope(own_forward, given[name][call], reference[name][call]).expand(x.shape)

    return multiplier


def pull_back(outputs: Tensor, leaves: Sequence[Tensor], cotangents: Tensor) -> list[Tensor]:
    """Gradients of several weighted sums of `outputs`, in one batched pass.

    Parameters
    ----------
    outputs
        (N, D).
    leaves
        Tensors to differentiate by.
    cotangents
        (Q, N, D) or, the same for every gene, (Q, 1, D).

    Returns
    -------
    list of Tensor
        (Q, *leaf.shape) a leaf; zeros where the outputs do not depend on it.
    """
    weights = cotangents.expand(len(cotangents), *outputs.shape)
    if not leaves or not outputs.requires_grad:
        return [leaf.new_zeros((len(cotangents), *leaf.shape)) for leaf in leaves]
    got = torch.autograd.grad(outputs, leaves, weights, retain_graph=True, allow_unused=True, is_grads_batched=True)
    return [leaf.new_zeros((len(cotangents), *leaf.shape)) if one is None else one for leaf, one in zip(leaves, got, strict=True)]
