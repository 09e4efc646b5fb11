"""Sums of rectified filter activations over windows of a promoter, a promoter at a time, so that no activation leaves the cache.

An ordinary convolution writes K x (L - width + 1) activations for each promoter and strand and reads them again for the rectifier, the sums
and the gradient: on a CPU, memory is what a training step waits for. Here each promoter's activations are made, summed and forgotten, and
made again for the gradient of the filters; one product with a matrix more, and several times faster.

Axes: N promoters, L bases, K filters (of both strands, one after the other), P windows, W = 4 x width + 1 (the last for the bias).
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable


def _stretches(letters: Tensor, width: int) -> Tensor:
    """Every stretch of `width` bases of one promoter [4, L] as a column [W, L - width + 1]; the last row is 1."""
    steps = letters.shape[1] - width + 1
    columns = torch.ones(4 * width + 1, steps, dtype=letters.dtype)
    columns[:-1].view(4, width, steps).copy_(letters.unfold(1, width, 1).transpose(1, 2))
    return columns


class _StrandSums(torch.autograd.Function):
    """Sums [N, K, P] of letters [N, 4, L] and filters [K, W]; see `strand_sums`."""

    @staticmethod
    def forward(ctx: FunctionCtx, letters: Tensor, filters: Tensor, bounds: Sequence[int], width: int) -> Tensor:
        ctx.save_for_backward(letters, filters)
        ctx.bounds, ctx.width = bounds, width  # type: ignore[attr-defined]
        sums = letters.new_empty(len(letters), len(filters), len(bounds) - 1)
        for promoter, row in zip(letters, sums, strict=True):
            found = (filters @ _stretches(promoter, width)).relu_()
            for p, (a, b) in enumerate(pairwise(bounds)):
                torch.sum(found[:, a:b], 1, out=row[:, p])
        return sums

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[None, Tensor, None, None]:
        letters, filters = ctx.saved_tensors  # type: ignore[attr-defined]
        bounds, width = ctx.bounds, ctx.width  # type: ignore[attr-defined]
        total = torch.zeros_like(filters)
        for promoter, of_sums in zip(letters, gradient, strict=True):
            columns = _stretches(promoter, width)[:, bounds[0] : bounds[-1]]
            found = filters @ columns
            for p, (a, b) in enumerate(pairwise(bound - bounds[0] for bound in bounds)):
                found[:, a:b].gt_(0).mul_(of_sums[:, p, None])
            total.addmm_(found, columns.T)
        return None, total, None, None


def strand_sums(letters: Tensor, weight: Tensor, bias: Tensor, bounds: Sequence[int], both: bool) -> Tensor:
    """Sum rectified activations over windows; differentiable in the filters, not in the letters.

    Parameters
    ----------
    letters
        [N, 4, L] on the CPU.
    weight, bias
        [K, 4, width] and [K] of a valid convolution.
    bounds
        Rising bounds of the P windows in positions of the convolution.
    both
        Whether the filters read the other strand too; the sums of both are added.

    Returns
    -------
    Tensor
        [N, K, P].
    """
    strands = (weight, weight.flip(1, 2)) if both else (weight,)
    filters = torch.cat([torch.cat([strand.flatten(1), bias[:, None]], 1) for strand in strands])
    sums: Tensor = _StrandSums.apply(letters, filters, tuple(bounds), weight.shape[2])
    return sums[:, : len(weight)] + sums[:, len(weight) :] if both else sums
