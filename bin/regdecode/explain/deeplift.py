"""DeepLIFT with the rescale rule: contributions of regulators to all outputs in one pass, without the full input gradient.

For a net whose first layer is linear, the contribution of regulator f is ``sum_b dx(f, b) . W_f' m(b)``, with m the multipliers at the first
layer's output. Three exact shortcuts (systems.md, field_notes): outputs are reached from the hidden units before the last, linear layer; bins
are added up inside the product; only regulators that differ from the reference somewhere in the gene are multiplied. Where pooling follows
the first non-linearity channel by channel, the sum over bins is made once for all outputs. All in float64.

Shrikumar et al. 2017, arXiv:1704.02685.
"""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from regdecode.errors import InputError
from regdecode.explain.linearised import Tape, chords, padding, pull_back, record, run_linearised
from regdecode.explain.rules import Calls
from regdecode.explain.structure import Stem, Structure, study

_CHUNK_NUMBERS = 2**25
_MOSTLY = 0.75


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
            raise InputError(f"inputs {[tuple(x.shape) for x in given]} and reference {[tuple(x.shape) for x in base]} differ in shape", "DeepLIFT")
        if self.structure is None:
            self.structure = study(self.net, given)
        watched = {name: self.modules[name] for name in [*self.structure.nonlinear, *self.structure.stems]}
        prediction, calls = record(self.net, given, watched)
        base_prediction, base_calls = record(self.net, base, watched)
        tape, leaves = self._linearise(given, calls, base_calls)
        parts = self._multiply(tape, leaves, given, base, calls, base_calls)
        delta = prediction - base_prediction
        total = torch.zeros_like(delta)
        for part in parts:
            total.index_add_(0, part[0], part[3])
        joined = [torch.cat([part[i] for part in parts]) for i in range(4)]
        return Contributions(joined[0], joined[1], joined[2], joined[3], prediction, delta, total - delta)

    def _linearise(self, given: list[Tensor], calls: Calls, base_calls: Calls) -> tuple[Tape, list[Tensor | None]]:
        """Run the linearised net; also return a leaf (N, B, columns) a track for the columns that go around the stems."""
        structure = self._known()
        leaves: list[Tensor | None] = []
        inputs = []
        for x, direct in zip(given, structure.direct, strict=True):
            if not len(direct):
                leaves.append(None)
                inputs.append(x)
            elif len(direct) == x.shape[-1]:
                leaves.append(x.detach().clone().requires_grad_())
                inputs.append(leaves[-1])
            else:
                leaves.append(x[..., direct].detach().clone().requires_grad_())
                inputs.append(torch.index_copy(x, -1, direct, leaves[-1]))
        cut, head = (self.modules[name] if name else None for name in (structure.cut, structure.head))
        stems = {name: self.modules[name] for name in structure.stems}
        return run_linearised(self.net, inputs, structure.nonlinear, chords(structure.nonlinear, calls, base_calls), stems, cut, head), leaves

    def _known(self) -> Structure:
        assert self.structure is not None
        return self.structure

    def _multiply(self, tape: Tape, leaves: list[Tensor | None], given: list[Tensor], base: list[Tensor], calls: Calls,
                  base_calls: Calls) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """Contributions as (gene, track, column, values), a part a track."""
        structure = self._known()
        goal, cotangents, expand = self._goal(tape)
        if tape.cut is not None:
            (at_cut,) = pull_back(goal, [tape.cut[1]], cotangents) if goal is not tape.cut[1] else (cotangents.expand(-1, *goal.shape),)
            goal, cotangents = tape.cut[0], at_cut
        parts = []
        for track, (x, x0, direct, leaf) in enumerate(zip(given, base, structure.direct, leaves, strict=True)):
            columns, present = _present(x, x0)
            values = x.new_zeros((len(x), columns.shape[1], len(cotangents)))
            for name, stem in structure.stems.items():
                if stem.track == track:
                    step = calls[name][0][0] - base_calls[name][0][0]
                    first = _FirstLayer(self.modules[name], step, stem, columns)
                    if stem.groups is not None and tape.cut is not None:
                        first.add_channelwise(values, *tape.cut, tape.stems[name], cotangents)
                    else:
                        first.add_general(values, goal, tape.stems[name], cotangents)
            if leaf is not None:
                _add_direct(values, columns, goal, leaf, cotangents, (x - x0)[..., direct], direct, x.shape[-1])
            gene, place = present.nonzero(as_tuple=True)
            rows = values[gene, place]
            parts.append((gene, torch.full_like(gene, track), columns[gene, place], rows if expand is None else rows @ expand.T))
        return parts

    def _goal(self, tape: Tape) -> tuple[Tensor, Tensor, Tensor | None]:
        """What is differentiated, the sums of it (Q, 1, D), and the map from those to outputs (T, Q), or None when they are the outputs."""
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


def _present(x: Tensor, x0: Tensor) -> tuple[Tensor, Tensor]:
    """Columns of a track that differ from the reference in each gene.

    Returns
    -------
    columns
        (N, F) column numbers, those present first; F is the largest number present in a gene, or R + 1 when that is most of them.
    present
        (N, F) whether the column differs from the reference.
    """
    differs = (x != x0).any(1)
    widest = int(differs.sum(1).max()) if len(x) else 0
    if widest >= _MOSTLY * x.shape[-1]:
        return torch.arange(x.shape[-1], device=x.device).expand(len(x), -1), differs
    columns = torch.argsort(differs.to(torch.int8), dim=1, descending=True, stable=True)[:, :widest]
    return columns, differs.gather(1, columns)


class _FirstLayer:
    """Per-regulator maps of one stem, for the columns present in each gene.

    Parameters
    ----------
    layer
        nn.Linear or nn.Conv1d.
    step
        (N, B, F) or (N, F), or (N, F, B) for a convolution: its input minus that of the reference.
    stem
        Which column of the track feeds which column of the layer.
    columns
        (N, F') columns of the track that are present.
    """

    def __init__(self, layer: nn.Module, step: Tensor, stem: Stem, columns: Tensor) -> None:
        self.stem, self.convolution = stem, isinstance(layer, nn.Conv1d)
        weight = layer.weight
        assert isinstance(weight, Tensor)
        step = step.transpose(1, 2) if self.convolution else step.reshape(len(step), -1, step.shape[-1])
        weights = weight.unbind(2) if self.convolution else (weight,)                 # (C, F) each
        used = stem.columns[columns]                                                  # (N, F')
        self.everything = columns.shape[1] == len(stem.columns) and bool((used[:1] == torch.arange(step.shape[-1], device=step.device)).all()
                                                                         if used.shape[1] == step.shape[-1] else False)
        if not self.everything:
            absent = used < 0
            step = step.gather(2, used.clamp(min=0)[:, None].expand(-1, step.shape[1], -1)).masked_fill(absent[:, None], 0.0)
        self.used = used.clamp(min=0)
        self.taps = [(one.T, shifted) for one, shifted in zip(weights, _shifts(layer, step), strict=True)]

    def _rows(self, weight: Tensor, genes: slice) -> Tensor:
        """(N', F', C) weights of the columns present, or (1, F, C)."""
        return weight[None] if self.everything else weight[self.used[genes]]

    def _chunks(self, numbers_a_gene: int) -> list[slice]:
        n = len(self.used)
        size = max(1, min(n, _CHUNK_NUMBERS // max(numbers_a_gene, 1)))
        return [slice(first, first + size) for first in range(0, n, size)]

    def add_channelwise(self, values: Tensor, outcome: Tensor, leaf_of_cut: Tensor, leaf: Tensor, cotangents: Tensor) -> None:
        """Add contributions when each entry of the cut's input depends on one channel: bins are summed once for all outputs.

        Parameters
        ----------
        values
            (N, F', Q), added to.
        outcome, leaf_of_cut
            (N, D) the cut's input.
        leaf
            Output of the stem.
        cotangents
            (Q, N, D) multipliers at the cut's input.
        """
        groups = self.stem.groups
        assert groups is not None
        masks = torch.zeros((len(groups), outcome.shape[1]), dtype=outcome.dtype, device=outcome.device)
        for k, group in enumerate(groups):
            masks[k, group[group >= 0]] = 1.0
        (slopes,) = pull_back(outcome, [leaf], masks[:, None])                        # (K, N, B, C)
        slopes = _bins_first(slopes, self.convolution)
        for genes in self._chunks(self.used.shape[1] * slopes.shape[-1] * 2):
            for k, group in enumerate(groups):
                pooled = sum(self._rows(weight, genes) * torch.matmul(step[genes].transpose(1, 2), slopes[k, genes]) for weight, step in self.taps)
                upward = cotangents[:, genes, group.clamp(min=0)] * (group >= 0)      # (Q, N', C)
                values[genes] += torch.matmul(pooled, upward.permute(1, 2, 0))

    def add_general(self, values: Tensor, goal: Tensor, leaf: Tensor, cotangents: Tensor) -> None:
        """Add contributions from the multipliers of every bin and channel; `goal` (N, D), `cotangents` (Q, N or 1, D)."""
        (slopes,) = pull_back(goal, [leaf], cotangents)
        slopes = _bins_first(slopes, self.convolution).transpose(0, 1)                # (N, Q, B, C)
        n_sums, bins, channels = slopes.shape[1:]
        for genes in self._chunks(self.used.shape[1] * n_sums * min(bins, channels)):
            some = slopes[genes]
            for weight, step in self.taps:
                rows, moved = self._rows(weight, genes), step[genes]
                if bins <= channels:
                    mapped = torch.matmul(some.reshape(len(some), -1, channels), rows.transpose(1, 2))
                    mapped = mapped.reshape(len(some), n_sums, bins, -1)
                    values[genes] += torch.einsum("nqbf,nbf->nfq", mapped, moved)
                else:
                    summed = torch.matmul(moved.transpose(1, 2)[:, None], some)       # (N', Q, F', C)
                    values[genes] += torch.einsum("nqfc,nfc->nfq", summed, rows.expand(len(some), -1, -1))


def _bins_first(slopes: Tensor, convolution: bool) -> Tensor:
    """(Q, N, B, C) from (Q, N, C, B) of a convolution, or (Q, N, C) of a layer on pooled columns."""
    if convolution:
        return slopes.transpose(2, 3)
    return slopes[:, :, None] if slopes.ndim == 3 else slopes


def _shifts(layer: nn.Module, step: Tensor) -> list[Tensor]:
    """(N, B', F) the step as each tap of the layer sees it."""
    if not isinstance(layer, nn.Conv1d):
        return [step]
    before, behind = padding(layer)
    padded = nn.functional.pad(step, (0, 0, before, behind)) if before or behind else step
    dilation, stride, taps = layer.dilation[0], layer.stride[0], layer.kernel_size[0]
    bins = (padded.shape[1] - dilation * (taps - 1) - 1) // stride + 1
    return [padded[:, tap * dilation: tap * dilation + (bins - 1) * stride + 1: stride] for tap in range(taps)]


def _add_direct(values: Tensor, columns: Tensor, goal: Tensor, leaf: Tensor, cotangents: Tensor, step: Tensor, direct: Tensor, width: int) -> None:
    """Add contributions of the columns that go around the stems, by their full gradient.

    Parameters
    ----------
    values
        (N, F', Q), added to.
    columns
        (N, F') the column each row stands for.
    goal, cotangents
        (N, D) and (Q, N or 1, D).
    leaf, step
        (N, B, d) the direct columns, and their difference from the reference.
    direct
        (d,) their numbers.
    width
        Columns of the track, R + 1.
    """
    place = torch.full((width,), -1, dtype=torch.long, device=values.device)
    place[direct] = torch.arange(len(direct), device=values.device)
    used = place[columns]                                                             # (N, F')
    spread = cotangents.expand(-1, *goal.shape)
    size = max(1, _CHUNK_NUMBERS // max(leaf.numel(), 1))
    for first in range(0, len(spread), size):
        (slopes,) = pull_back(goal, [leaf], spread[first:first + size])               # (Q', N, B, d)
        summed = torch.einsum("qnbd,nbd->ndq", slopes, step)
        picked = summed.gather(1, used.clamp(min=0)[..., None].expand(-1, -1, summed.shape[2]))
        values[..., first:first + size] += picked * (used >= 0)[..., None]
