"""A network between two near inputs, made linear operation by operation, so that its gradients add up to the change exactly.

The network runs at both ends of the segment; a third run replaces what is not linear by what the ends tell. A function of one number
becomes the slope of its chord (DeepLIFT's rescale rule, Shrikumar et al. 2017); a product gives each factor the mean of the other,
``d(uv) = du (v + v')/2 + dv (u + u')/2``; softmax and layer normalisation are made of these two; a maximum goes to its place at either
end, by the share of the straight way that each is ahead.
An operation that is neither linear nor one of these would show as a sum that does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from regdecode.explain.rules import chord_slope


class Segment(NamedTuple):
    """A value along a segment: `at` carries the gradient, the others are its ends."""

    at: Tensor
    start: Tensor
    end: Tensor

    def linear(self, function: Callable[[Tensor], Tensor]) -> Segment:
        """Pass through a linear function."""
        return Segment(*map(function, self))

    def chord(self, function: Callable[[Tensor], Tensor]) -> Segment:
        """Pass through a function of one number."""
        ends = function(self.start), function(self.end)
        return Segment(self.at * chord_slope(function, (self.end, ends[1]), (self.start, ends[0])), *ends)

    def times(self, other: Segment, product: Callable[[Tensor, Tensor], Tensor] = torch.mul) -> Segment:
        """Multiply by another, or by any function that is linear in each of two."""
        mine, others = (self.start + self.end) / 2, (other.start + other.end) / 2
        at = product(self.at, others) + product(mine, other.at)
        return Segment(at, product(self.start, other.start), product(self.end, other.end))


def softmax(x: Segment, dim: int) -> Segment:
    """``exp(x - log(sum(exp(x))))``; as a product of powers and their sum's reciprocal, large terms would cancel."""
    highest = torch.maximum(x.start, x.end).amax(dim, keepdim=True)
    shifted = x.linear(lambda one: one - highest)
    total = shifted.chord(torch.exp).linear(lambda one: one.sum(dim, keepdim=True)).chord(torch.log)
    return Segment(*(one - of_all for one, of_all in zip(shifted, total, strict=True))).chord(torch.exp)


def layer_norm(x: Segment, shape: Sequence[int], weight: Tensor, bias: Tensor, eps: float) -> Segment:
    """Values less their mean, over the root of their variance."""
    dims = tuple(range(-len(shape), 0))
    centred = x.linear(lambda one: one - one.mean(dims, keepdim=True))
    variance = centred.times(centred).linear(lambda one: one.mean(dims, keepdim=True))
    normal = centred.times(variance.chord(lambda one: torch.rsqrt(one + eps)))
    return normal.linear(lambda one: one * weight + bias)


def max_pool(x: Segment, size: int, stride: int, **_: Any) -> Segment:
    """Maxima of windows of the last axis. Of the places i of the maximum at the end and j at the start, i leads over a share
    ``(x_i - x_j) / (x_i - x_j + x0_j - x0_i)`` of the straight way, which is i's share of the gradient.
    """
    windows = x.linear(lambda one: one.unfold(-1, size, stride))
    at_i, at_j = (_taken(windows, one.argmax(-1, keepdim=True)) for one in (windows.end, windows.start))
    ahead, behind = at_i.end - at_j.end, at_j.start - at_i.start
    share = torch.where(ahead + behind > 0, ahead / (ahead + behind).clamp_min(torch.finfo(ahead.dtype).tiny), 1.0)
    return Segment(share * at_i.at + (1 - share) * at_j.at, at_j.start, at_i.end)


def _taken(x: Segment, place: Tensor) -> Segment:
    return x.linear(lambda one: one.gather(-1, place)[..., 0])


_ELEMENTWISE = {"relu", "sigmoid", "tanh", "exp"}
_PRODUCTS = {"mul", "__mul__", "__rmul__", "matmul", "__matmul__", "bmm"}
_WHOLE: dict[str, Callable[..., Segment]] = {"softmax": softmax, "layer_norm": layer_norm, "max_pool1d": max_pool}
_WITH_RULE = frozenset({*_ELEMENTWISE, *_PRODUCTS, *_WHOLE})


class _Ends(TorchFunctionMode):
    """Keeps the operands of every operation that has a rule."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        if func.__name__ in _WITH_RULE:
            self.calls.append(args)
        return func(*args, **(kwargs or {}))


class _Linearised(TorchFunctionMode):
    """Replaces every operation that has a rule, by what its operands are at the ends."""

    def __init__(self, start: Iterator[tuple[Any, ...]], end: Iterator[tuple[Any, ...]]) -> None:
        super().__init__()
        self.ends = zip(start, end, strict=True)

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        name, more = func.__name__, kwargs or {}
        if name not in _WITH_RULE:
            return func(*args, **more)
        operands = [Segment(*each) for each in zip(args, *next(self.ends), strict=True)]
        moving = [isinstance(one.at, Tensor) and one.at.requires_grad for one in operands[:2]]
        if name in _PRODUCTS and all(moving):
            return operands[0].times(operands[1], func).at
        if name in _PRODUCTS or not moving[0]:
            return func(*args, **more)
        if name in _ELEMENTWISE:
            return operands[0].chord(func).at
        return _WHOLE[name](operands[0], *args[1:], **more).at


def slopes_between(function: Callable[..., Tensor], start: Sequence[Tensor], end: Sequence[Tensor]) -> list[Tensor]:
    """Slopes by which the changes of the inputs add up: ``sum(function(*end) - function(*start)) = sum(slope * (end - start))``.

    Parameters
    ----------
    function
        Network in evaluation mode, its parameters frozen; what it does may not depend on the inputs' values.
    start, end
        Its inputs at both ends. Their first axes may hold many segments, as long as the outputs of one read nothing of another.
    """
    at_start, at_end = _Ends(), _Ends()
    with torch.no_grad():
        for ends, inputs in ((at_start, start), (at_end, end)):
            with ends:
                function(*inputs)
    leaves = [((one + other) / 2).detach().requires_grad_() for one, other in zip(start, end, strict=True)]
    with torch.enable_grad(), _Linearised(iter(at_start.calls), iter(at_end.calls)):
        output = function(*leaves)
    return list(torch.autograd.grad(output.sum(), leaves))
