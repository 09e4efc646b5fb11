"""How a net uses its inputs, found out by probing its linearised form; nothing is assumed about how the net is written.

A linear map that agrees with a pattern on a random vector agrees with it everywhere, with probability one. Random multipliers in place of
the chords give the structure of the net itself, not that of one gene, so one probe serves every batch. What a probe does not recognise
takes the general path, which is slower and as exact; the residual of every gene and output is computed afterwards in either case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from regdecode.explain.linearised import Tape, columns_last, is_mapped, pull_back, record, run_linearised
from regdecode.explain.rules import is_elementwise, recorded, refusing

_CLOSE = 1e-9
_PROBE_CHUNK = 64


class Stem(NamedTuple):
    """A first layer: linear, each column of its input made from one column of one track.

    Parameters
    ----------
    source
        (F,) column of the tracks, counted through all tracks, that each column of the layer's input is made from; -1 for none.
    groups
        (K, C) which entry of the cut's input is the k-th that depends on channel c, -1 for none, when every entry depends on at most one
        channel of the stem; None otherwise.
    """

    source: Tensor
    groups: Tensor | None


@dataclass(frozen=True)
class Structure:
    """The parts of a net that attribution works with.

    Parameters
    ----------
    nonlinear
        Elementwise non-linear modules, by name.
    stems
        First layers by name.
    direct
        (a track) columns that reach the output by other ways than stems too.
    cut
        Name of the dense layer through whose input everything passes; None if there is none.
    head
        Name of the last linear layer; None if the output is something else.
    """

    nonlinear: dict[str, nn.Module]
    stems: dict[str, Stem]
    direct: tuple[Tensor, ...]
    cut: str | None
    head: str | None


def _random_slopes(name: str, call: int, x: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(1 + call + sum(map(ord, name)))
    return (torch.rand(x.shape, generator=generator, dtype=x.dtype) + 0.5).to(x.device)


def study(net: nn.Module, inputs: Sequence[Tensor]) -> Structure:
    """Find the structure of a net.

    Parameters
    ----------
    net
        Net in evaluation mode, float64, its parameters frozen.
    inputs
        (N, B, R + 1) a track, for their shapes; values are replaced by random ones.

    Raises
    ------
    InputError
        When the net holds an operation without an exact rule.
    """
    nonlinear = {name: module for name, module in net.named_modules() if is_elementwise(module)}
    generator = torch.Generator().manual_seed(0)
    probes = [torch.rand((1, *x.shape[1:]), generator=generator, dtype=x.dtype).add_(0.5).to(x.device).requires_grad_() for x in inputs]
    with refusing(net) as walker:
        walker.visit(run_linearised(net, probes, nonlinear, _random_slopes, {}).output, walker.inside[-1])
    layers = {name: module for name, module in net.named_modules() if is_mapped(module)}
    output, calls = record(net, probes, layers)
    once = {name: call[0] for name, call in calls.items() if len(call) == 1}
    head = _find_head(layers, once, output)
    sources = _find_stems(net, probes, nonlinear, {name: layers[name] for name in once})
    head = None if head in sources else head
    opened = {name: layers[name] for name in sources}
    direct = _direct_columns(net, probes, nonlinear, opened)
    dense = {name: layer for name, layer in layers.items() if isinstance(layer, nn.Linear) and name in once and once[name][0].ndim == 2}
    cut, tape = _find_cut(net, probes, nonlinear, opened, {name: dense[name] for name in once if name in dense and name not in opened})
    groups = {name: None if tape is None else _channel_groups(tape, name, isinstance(layers[name], nn.Conv1d)) for name in sources}
    stems = {name: Stem(source, groups[name]) for name, source in sources.items()}
    return Structure(nonlinear, stems, direct, cut, head)


def _find_head(layers: Mapping[str, nn.Module], once: Mapping[str, tuple[Tensor, Tensor]], output: Tensor) -> str | None:
    """Last linear layer, if the output of the net is its output."""
    for name, (given, got) in once.items():
        if isinstance(layers[name], nn.Linear) and given.ndim == 2 and got.shape == output.shape and torch.equal(got, output):
            return name
    return None


def _find_stems(
    net: nn.Module, probes: Sequence[Tensor], nonlinear: Mapping[str, nn.Module], layers: Mapping[str, nn.Module]
) -> dict[str, Tensor]:
    """Linear layers of which each input column is made from one column of one track, with that column.

    Three inputs are run through the linearised net: 0, random r, and r times a label a column. An input column of a layer that is made from
    one track column alone is then multiplied by that column's label; a mixture of columns meets a label with probability zero.
    """
    widths = [probe.shape[-1] for probe in probes]
    labels = torch.arange(1, sum(widths) + 1, dtype=probes[0].dtype, device=probes[0].device) / sum(widths) + 1
    runs = []
    for inputs in (
        [torch.zeros_like(x) for x in probes],
        list(probes),
        [x * label for x, label in zip(probes, labels.split(widths), strict=True)],
    ):
        with recorded(layers) as calls:
            run_linearised(net, [x.detach().requires_grad_() for x in inputs], nonlinear, _random_slopes, {})
        runs.append({name: call[0][0].detach() for name, call in calls.items()})
    found = {}
    for name, layer in layers.items():
        zero, plain, labelled = (columns_last(layer, run[name])[0] for run in runs)  # (B', F)
        source = _sources(plain - zero, labelled - zero, labels)
        if source is not None:
            found[name] = source
    return found


def _sources(plain: Tensor, labelled: Tensor, labels: Tensor) -> Tensor | None:
    """Label of each column (F,) of (B', F) responses, -1 where there is no response, None when a column mixes labels or there is none."""
    used = plain.abs() > _CLOSE * plain.abs().max().clamp(min=1e-300)
    if not bool(used.any()):
        return None
    ratio = torch.where(used, labelled / torch.where(used, plain, 1.0), 1.0)
    nearest = (ratio - 1).mul(len(labels)).round().long().sub(1)  # label i is 1 + (i + 1) / n
    matches = (nearest >= 0) & (nearest < len(labels))
    matches &= (labels[nearest.clamp(0, len(labels) - 1)] - ratio).abs() < _CLOSE
    source = torch.where(used, nearest, -1).max(0).values
    same = torch.where(used, nearest == source, True)
    return source if bool((matches | ~used).all() and same.all()) else None


def _direct_columns(
    net: nn.Module, tracked: Sequence[Tensor], nonlinear: Mapping[str, nn.Module], stems: Mapping[str, nn.Module]
) -> tuple[Tensor, ...]:
    """Columns of each track that still reach the output when the stems are cut off."""
    output = run_linearised(net, tracked, nonlinear, _random_slopes, stems).output
    generator = torch.Generator().manual_seed(2)
    weights = torch.randn(output.shape, generator=generator, dtype=output.dtype).to(output.device)
    got = torch.autograd.grad(output, list(tracked), weights, allow_unused=True) if output.requires_grad else [None] * len(tracked)
    return tuple(
        torch.empty(0, dtype=torch.long, device=x.device) if one is None else (one != 0).flatten(0, 1).any(0).nonzero()[:, 0]
        for one, x in zip(got, tracked, strict=True)
    )


def _find_cut(
    net: nn.Module,
    tracked: Sequence[Tensor],
    nonlinear: Mapping[str, nn.Module],
    stems: Mapping[str, nn.Module],
    candidates: Mapping[str, nn.Linear],
) -> tuple[str | None, Tape | None]:
    """First dense layer whose input everything passes through, and the pass that was cut open there."""
    for name, layer in candidates.items():
        tape = run_linearised(net, tracked, nonlinear, _random_slopes, stems, layer)
        if tape.cut is None:
            continue
        leaves = [*tape.stems.values(), *tracked]
        around = torch.autograd.grad(tape.output.sum(), [*leaves, tape.cut[1]], retain_graph=True, allow_unused=True)
        if all(one is None or not bool((one != 0).any()) for one in around[:-1]) and around[-1] is not None:
            return name, tape
    return None, None


def _channel_groups(tape: Tape, name: str, convolution: bool) -> Tensor | None:
    """Entries of the cut's input by the one stem channel they depend on, (K, C), or None if some entry depends on several."""
    assert tape.cut is not None
    outcome, leaf = tape.cut[0], tape.stems[name]
    owners = []
    for first in range(0, outcome.shape[1], _PROBE_CHUNK):
        some = torch.eye(outcome.shape[1], dtype=outcome.dtype, device=outcome.device)[first : first + _PROBE_CHUNK]
        (gradient,) = pull_back(outcome, [leaf], some[:, None])  # (D', 1, B, C)
        touched = (gradient != 0).flatten(1, -2).any(1) if not convolution else (gradient != 0).any(-1).flatten(1)
        if bool((touched.sum(1) > 1).any()):
            return None
        owners.append(torch.where(touched.any(1), touched.double().argmax(1), -1))
    owner = torch.cat(owners).tolist()
    channels = leaf.shape[1] if convolution else leaf.shape[-1]
    members: list[list[int]] = [[] for _ in range(channels)]
    for entry, channel in enumerate(owner):
        if channel >= 0:
            members[channel].append(entry)
    depth = max(map(len, members))
    return torch.tensor([[m[k] if k < len(m) else -1 for m in members] for k in range(depth)], dtype=torch.long, device=leaf.device)
