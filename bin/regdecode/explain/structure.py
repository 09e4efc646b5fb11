"""How a net uses its inputs, found out by probing its linearised form; nothing is assumed about how the net is written.

A linear map that agrees with a pattern on a random vector agrees with it everywhere, with probability one. Random multipliers in place of the
chords give the structure of the net itself, not that of one gene, so one probe serves every batch. What a probe does not recognise takes the
general path, which is slower and as exact; the residual of every gene and output is computed afterwards in either case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from regdecode.explain.linearised import Tape, pull_back, record, run_linearised
from regdecode.explain.rules import is_elementwise, refusing

_CLOSE = 1e-9
_PROBE_CHUNK = 64


class Stem(NamedTuple):
    """A first layer: linear, each input column coming from one column of one track.

    Parameters
    ----------
    track
        Number of the track.
    columns
        (R + 1,) column of the stem's input that each column of the track feeds; -1 for none.
    groups
        (K, C) which entry of the cut's input is the k-th that depends on channel c, -1 for none, when every entry depends on at most one
        channel of the stem; None otherwise.
    """

    track: int
    columns: Tensor
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
    probes = [torch.rand((1, *x.shape[1:]), generator=generator, dtype=x.dtype).to(x.device) for x in inputs]
    layers = {name: module for name, module in net.named_modules() if isinstance(module, nn.Linear | nn.Conv1d)}
    output, calls = record(net, probes, layers)
    once = {name: call[0] for name, call in calls.items() if len(call) == 1}
    head = _find_head(layers, once, output)
    tracked = [probe.clone().requires_grad_() for probe in probes]
    columns = _find_stems(net, tracked, nonlinear, {name: layers[name] for name in once if _can_be_stem(layers[name])})
    opened = {name: layers[name] for name in columns}
    direct = _direct_columns(net, tracked, nonlinear, opened)
    cut = _find_cut(net, tracked, nonlinear, opened, {name: layers[name] for name, (given, _) in once.items()
                                                      if isinstance(layers[name], nn.Linear) and given.ndim == 2 and name not in opened})
    stems = {}
    if cut is not None:
        tape = run_linearised(net, tracked, nonlinear, _random_slopes, opened, layers[cut])
    for name, (track, used) in columns.items():
        groups = None if cut is None else _channel_groups(tape, name, isinstance(layers[name], nn.Conv1d))
        stems[name] = Stem(track, used, groups)
    return Structure(nonlinear, stems, direct, cut, head)


def _can_be_stem(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Linear) or (isinstance(layer, nn.Conv1d) and layer.groups == 1 and layer.padding_mode == "zeros")


def _find_head(layers: Mapping[str, nn.Module], once: Mapping[str, tuple[Tensor, Tensor]], output: Tensor) -> str | None:
    """Last linear layer, if the output of the net is its output."""
    for name, (given, got) in once.items():
        if isinstance(layers[name], nn.Linear) and given.ndim == 2 and got.shape == output.shape and torch.equal(got, output):
            return name
    return None


def _find_stems(net: nn.Module, tracked: Sequence[Tensor], nonlinear: Mapping[str, nn.Module],
                layers: Mapping[str, nn.Module]) -> dict[str, tuple[int, Tensor]]:
    """Linear layers of which each input column depends on one column of one track, with that dependence."""
    given: dict[str, Tensor] = {}
    hooks = [layer.register_forward_pre_hook(lambda _, x, name=name: given.__setitem__(name, x[0])) for name, layer in layers.items()]
    try:
        with refusing(net) as walker:
            tape = run_linearised(net, tracked, nonlinear, _random_slopes, {})
            walker.visit(tape.output, walker.inside[-1])
    finally:
        for hook in hooks:
            hook.remove()
    found = {}
    for name, layer in layers.items():
        if name in given and given[name].requires_grad:
            stem = _columns(given[name], 1 if isinstance(layer, nn.Conv1d) else -1, tracked)
            if stem is not None:
                found[name] = stem
    return found


def _columns(given: Tensor, axis: int, tracked: Sequence[Tensor]) -> tuple[int, Tensor] | None:
    """Track, and column of `given` that each column of the track feeds, or None if columns mix."""
    n = given.shape[axis]
    shape = [1] * given.ndim
    shape[axis] = n
    labels = 1 + torch.arange(n, dtype=given.dtype, device=given.device) / n
    plain = torch.autograd.grad(given, tracked, torch.ones_like(given), retain_graph=True, allow_unused=True)
    labelled = torch.autograd.grad(given, tracked, labels.reshape(shape).expand(given.shape).contiguous(), retain_graph=True, allow_unused=True)
    feeding = [t for t, gradient in enumerate(plain) if gradient is not None and bool((gradient != 0).any())]
    if len(feeding) != 1:
        return None
    track = feeding[0]
    a, b = plain[track][0], labelled[track][0]                                        # (B, R + 1)
    used = (a != 0).any(0)
    ratio = torch.where(a != 0, b / torch.where(a != 0, a, 1.0), torch.nan)
    first = ratio.nan_to_num(nan=torch.inf).min(0).values
    same = torch.where(a != 0, (ratio - first).abs() < _CLOSE, True).all(0)
    distance, column = (first.nan_to_num(posinf=-1.0)[:, None] - labels[None]).abs().min(1)
    if not bool((same & (distance < _CLOSE))[used].all()) or len(column[used].unique()) != int(used.sum()):
        return None
    return track, torch.where(used, column, -1)


def _direct_columns(net: nn.Module, tracked: Sequence[Tensor], nonlinear: Mapping[str, nn.Module],
                    stems: Mapping[str, nn.Module]) -> tuple[Tensor, ...]:
    """Columns of each track that still reach the output when the stems are cut off."""
    output = run_linearised(net, tracked, nonlinear, _random_slopes, stems).output
    generator = torch.Generator().manual_seed(2)
    weights = torch.randn(output.shape, generator=generator, dtype=output.dtype).to(output.device)
    got = torch.autograd.grad(output, list(tracked), weights, allow_unused=True) if output.requires_grad else [None] * len(tracked)
    return tuple(torch.empty(0, dtype=torch.long, device=x.device) if one is None else (one != 0).flatten(0, 1).any(0).nonzero()[:, 0]
                 for one, x in zip(got, tracked, strict=True))


def _find_cut(net: nn.Module, tracked: Sequence[Tensor], nonlinear: Mapping[str, nn.Module], stems: Mapping[str, nn.Module],
              candidates: Mapping[str, nn.Module]) -> str | None:
    """First dense layer whose input everything passes through."""
    for name, layer in candidates.items():
        tape = run_linearised(net, tracked, nonlinear, _random_slopes, stems, layer)
        if tape.cut is None:
            continue
        leaves = [*tape.stems.values(), *tracked]
        around = torch.autograd.grad(tape.output.sum(), [*leaves, tape.cut[1]], allow_unused=True)
        if all(one is None or not bool((one != 0).any()) for one in around[:-1]) and around[-1] is not None:
            return name
    return None


def _channel_groups(tape: Tape, name: str, convolution: bool) -> Tensor | None:
    """Entries of the cut's input by the one stem channel they depend on, (K, C), or None if some entry depends on several."""
    assert tape.cut is not None
    outcome, leaf = tape.cut[0], tape.stems[name]
    owners = []
    for first in range(0, outcome.shape[1], _PROBE_CHUNK):
        some = torch.eye(outcome.shape[1], dtype=outcome.dtype, device=outcome.device)[first:first + _PROBE_CHUNK]
        (gradient,) = pull_back(outcome, [leaf], some[:, None])                       # (D', 1, B, C)
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
