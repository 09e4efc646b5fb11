"""DeepLIFT with the rescale rule: contributions of regulators to all outputs in one pass, without the full input gradient.

For a net whose first layer is linear, the contribution of regulator f is ``sum_b dx(f, b) . W_f' m(b)``, with m the multipliers at the
first layer's output. Three exact shortcuts (systems.md, field_notes): outputs are reached from the hidden units before the last, linear
layer; bins are added up inside the product; only regulators that differ from the reference somewhere in the gene are multiplied. Where
pooling follows the first non-linearity channel by channel, the sum over bins is made once for all outputs. All in float64.

Shrikumar et al. 2017, arXiv:1704.02685.
"""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from regdecode.errors import InputError
from regdecode.explain.first_layer import FirstLayer, add_direct
from regdecode.explain.linearised import Tape, chords, pull_back, record, run_linearised
from regdecode.explain.rules import Calls
from regdecode.explain.structure import Structure, study


class Contributions(NamedTuple):
    """Contributions for a batch of genes; n rows, one a gene, track and column that differs from the reference.

    Parameters
    ----------
    gene, track, column
        (n,) gene of the batch, track, column of the track (its last column is the mask).
    values
        (n, T) contribution to each output, float64.
    prediction
        (N, T) f(x).
    delta
        (N, T) f(x) - f(reference).
    residual
        (N, T) sum of contributions - delta.
    """

    gene: Tensor
    track: Tensor
    column: Tensor
    values: Tensor
    prediction: Tensor
    delta: Tensor
    residual: Tensor


class DeepLift:
    """DeepLIFT of one net.

    Parameters
    ----------
    net
        Its forward takes a list of (N, B, R + 1) tensors, one a track, and returns (N, T). It is copied, not changed.
    device
        Where to compute; that of the net by default.

    Raises
    ------
    InputError
        On first use, when the net holds a layer without an exact rule.
    """

    def __init__(self, net: nn.Module, device: torch.device | str | None = None) -> None:
        self.device = torch.device(device) if device is not None else next(net.parameters()).device
        self.net = copy.deepcopy(net).to(self.device, torch.float64).eval().requires_grad_(False)
        self.modules = dict(self.net.named_modules())
        self.structure: Structure | None = None

    def explain(self, inputs: Sequence[Tensor], reference: Sequence[Tensor]) -> Contributions:
        """Explain every output for a batch of genes.

        Parameters
        ----------
        inputs
            (N, B, R + 1) a track.
        reference
            (B, R + 1) a track: the input to compare with.
        """
        given = [x.to(self.device, torch.float64) for x in inputs]
        base = [x.to(self.device, torch.float64)[None] for x in reference]
        if [x.shape[1:] for x in given] != [x.shape[1:] for x in base]:
            raise InputError(
                f"inputs {[tuple(x.shape) for x in given]} and reference {[tuple(x.shape) for x in base]} differ in shape", "DeepLIFT"
            )
        if self.structure is None:
            self.structure = study(self.net, given)
        watched = {name: self.modules[name] for name in [*self.structure.nonlinear, *self.structure.stems]}
        prediction, calls = record(self.net, given, watched)
        base_prediction, base_calls = record(self.net, base, watched)
        tape, leaves = self._linearise(given, calls, base_calls)
        gene, column, values = self._multiply(tape, leaves, given, base, calls, base_calls)
        delta = prediction - base_prediction
        residual = (-delta).index_add(0, gene, values)
        starts = torch.tensor([0, *(x.shape[-1] for x in given)], device=self.device).cumsum(0)
        track = torch.bucketize(column, starts[1:], right=True)
        return Contributions(gene, track, column - starts[track], values, prediction, delta, residual)

    def _linearise(self, given: list[Tensor], calls: Calls, base_calls: Calls) -> tuple[Tape, list[Tensor | None]]:
        """Run the linearised net; also return a leaf (N, B, columns) a track for the columns that go around the stems."""
        structure = self._known()
        leaves: list[Tensor | None] = []
        inputs = []
        for x, direct in zip(given, structure.direct, strict=True):
            leaf = x[..., direct].detach().clone().requires_grad_() if len(direct) else None
            leaves.append(leaf)
            inputs.append(x if leaf is None else torch.index_copy(x, -1, direct, leaf))
        cut, head = self._linear(structure.cut), self._linear(structure.head)
        stems = {name: self.modules[name] for name in structure.stems}
        return run_linearised(
            self.net, inputs, structure.nonlinear, chords(structure.nonlinear, calls, base_calls), stems, cut, head
        ), leaves

    def _known(self) -> Structure:
        assert self.structure is not None
        return self.structure

    def _linear(self, name: str | None) -> nn.Linear | None:
        module = self.modules[name] if name is not None else None
        assert module is None or isinstance(module, nn.Linear)
        return module

    def _multiply(
        self, tape: Tape, leaves: list[Tensor | None], given: list[Tensor], base: list[Tensor], calls: Calls, base_calls: Calls
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Contributions as rows: gene, column counted through all tracks, values."""
        structure = self._known()
        goal, cotangents, expand = self._goal(tape)
        if tape.cut is not None:
            (at_cut,) = pull_back(goal, [tape.cut[1]], cotangents) if goal is not tape.cut[1] else (cotangents.expand(-1, *goal.shape),)
            goal, cotangents = tape.cut[0], at_cut
        gene, column = torch.cat([(x != x0).any(1) for x, x0 in zip(given, base, strict=True)], 1).nonzero(as_tuple=True)
        number = torch.full((len(given[0]), sum(x.shape[-1] for x in given)), -1, dtype=torch.long, device=self.device)
        number[gene, column] = torch.arange(len(gene), device=self.device)
        values = torch.zeros((len(gene), len(cotangents)), dtype=torch.float64, device=self.device)
        for name, stem in structure.stems.items():
            first = FirstLayer(self.modules[name], calls[name][0][0] - base_calls[name][0][0], stem, number)
            if stem.groups is not None and tape.cut is not None:
                first.add_channelwise(values, tape.cut[0], tape.stems[name], cotangents)
            else:
                first.add_general(values, goal, tape.stems[name], cotangents)
        start = 0
        for x, x0, direct, leaf in zip(given, base, structure.direct, leaves, strict=True):
            if leaf is not None:
                add_direct(values, goal, leaf, cotangents, (x - x0)[..., direct], number[:, start + direct])
            start += x.shape[-1]
        return gene, column, values if expand is None else values @ expand.T

    def _goal(self, tape: Tape) -> tuple[Tensor, Tensor, Tensor | None]:
        """Name what is differentiated, its sums (Q, 1, D), and the map from those to outputs (T, Q), None when they are the outputs."""
        structure = self._known()
        hidden = tape.cut[1] if tape.cut is not None and structure.cut == structure.head else tape.head_input
        if structure.head is None or hidden is None:
            outputs = tape.output.shape[1]
            return tape.output, torch.eye(outputs, dtype=torch.float64, device=self.device)[:, None], None
        weight = self.modules[structure.head].weight
        assert isinstance(weight, Tensor)
        if weight.shape[0] <= weight.shape[1]:
            return hidden, weight[:, None], None
        return hidden, torch.eye(weight.shape[1], dtype=torch.float64, device=self.device)[:, None], weight
