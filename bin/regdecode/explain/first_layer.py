"""From multipliers at a first layer to contributions of regulators: per-regulator maps, bins added up inside the product.

The contribution of input column f to sum q is ``sum_b dx(b, f) . sum_c W(f, c) m(q, b, c)``. Only columns that differ from the reference
in a gene are multiplied. Axes: N genes, B bins, F columns of the layer's input, C its channels, Q sums (outputs or hidden units).
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from regdecode.explain.linearised import columns_last, padding, pull_back, taps_of
from regdecode.explain.structure import Stem

_CHUNK_NUMBERS = 2**23
_MOSTLY = 0.75


class FirstLayer:
    """One stem, on the columns present in each gene.

    Parameters
    ----------
    layer
        The stem.
    step
        Its input minus that of the reference.
    stem
        Where its columns come from.
    number
        (N, columns of all tracks) row of the result that a gene and column have; -1 for none.
    """

    def __init__(self, layer: nn.Module, step: Tensor, stem: Stem, number: Tensor) -> None:
        self.convolution, self.groups = isinstance(layer, nn.Conv1d), stem.groups
        step = columns_last(layer, step)  # (N, B, F)
        target = number[:, stem.source.clamp(min=0)]
        present = (step != 0).any(1) & (target >= 0)  # rounding alone makes no contribution
        widest = int(present.sum(1).max()) if len(step) else 0
        self.columns: Tensor | None = None
        if widest < _MOSTLY * step.shape[2]:
            self.columns = torch.argsort(present.to(torch.int8), dim=1, descending=True, stable=True)[:, :widest]  # (N, F')
            present, target = present.gather(1, self.columns), target.gather(1, self.columns)
            step = step.gather(2, self.columns[:, None].expand(-1, step.shape[1], -1))
        self.present, self.target = present, target
        self.taps = list(zip(taps_of(layer), _shifts(layer, step), strict=True))

    def _chunks(self, numbers_a_column: int) -> Iterator[slice]:
        n, columns = self.present.shape
        size = max(1, _CHUNK_NUMBERS // max(numbers_a_column * columns, 1))
        return (slice(first, first + size) for first in range(0, n, size))

    def _weights(self, weight: Tensor, genes: slice) -> Tensor:
        """(N', F', C) weights of the columns present, or (1, F, C)."""
        return weight[None] if self.columns is None else weight[self.columns[genes]]

    def _add(self, values: Tensor, genes: slice, found: Tensor) -> None:
        """Add (N', F', Q) to the rows of (n, Q) values they belong to."""
        present = self.present[genes]
        if bool(present.all()):
            values.index_add_(0, self.target[genes].flatten(), found.flatten(0, 1))
        else:
            values.index_add_(0, self.target[genes][present], found[present])

    def add_channelwise(self, values: Tensor, at_cut: Tensor, leaf: Tensor, cotangents: Tensor) -> None:
        """Add contributions when each entry of the cut's input depends on one channel: bins are summed once for all outputs.

        Parameters
        ----------
        values
            (n, Q), added to.
        at_cut
            (N, D) the cut's input.
        leaf
            Output of the stem.
        cotangents
            (Q, N, D) multipliers at the cut's input.
        """
        assert self.groups is not None
        masks = torch.zeros((len(self.groups), at_cut.shape[1]), dtype=at_cut.dtype, device=at_cut.device)
        for mask, group in zip(masks, self.groups, strict=True):
            mask[group[group >= 0]] = 1.0
        (slopes,) = pull_back(at_cut, [leaf], masks[:, None])
        slopes = _bins_first(slopes, self.convolution)  # (K, N, B, C)
        for genes in self._chunks(3 * slopes.shape[-1] + len(cotangents)):
            found: Tensor | None = None
            for slope, group in zip(slopes, self.groups, strict=True):
                pooled = _sum(
                    [
                        torch.matmul(step[genes].transpose(1, 2), slope[genes]).mul_(self._weights(weight, genes))
                        for weight, step in self.taps
                    ]
                )
                upward = cotangents[:, genes, group.clamp(min=0)] * (group >= 0)  # (Q, N', C)
                part = torch.matmul(pooled, upward.permute(1, 2, 0))
                found = part if found is None else found.add_(part)
            assert found is not None
            self._add(values, genes, found)

    def add_general(self, values: Tensor, goal: Tensor, leaf: Tensor, cotangents: Tensor) -> None:
        """Add contributions from the multipliers of every bin and channel; `goal` (N, D), `cotangents` (Q, N or 1, D)."""
        (slopes,) = pull_back(goal, [leaf], cotangents)
        slopes = _bins_first(slopes, self.convolution).transpose(0, 1)  # (N, Q, B, C)
        n_sums, bins, channels = slopes.shape[1:]
        for genes in self._chunks(n_sums * min(bins, channels) + channels):
            some = slopes[genes]
            parts = []
            for weight, step in self.taps:
                weights, moved = self._weights(weight, genes), step[genes]
                if bins <= channels:
                    mapped = torch.matmul(some.reshape(len(some), -1, channels), weights.transpose(1, 2))
                    parts.append(torch.einsum("nqbf,nbf->nfq", mapped.reshape(len(some), n_sums, bins, -1), moved))
                else:
                    summed = torch.matmul(moved.transpose(1, 2)[:, None], some)  # (N', Q, F', C)
                    parts.append(torch.einsum("nqfc,nfc->nfq", summed, weights.expand(len(some), -1, -1)))
            self._add(values, genes, _sum(parts))


def _sum(parts: list[Tensor]) -> Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total.add_(part)
    return total


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
    return [padded[:, tap * dilation : tap * dilation + (bins - 1) * stride + 1 : stride] for tap in range(taps)]


def add_direct(values: Tensor, goal: Tensor, leaf: Tensor, cotangents: Tensor, step: Tensor, number: Tensor) -> None:
    """Add contributions of the columns that reach the output without a first layer, by their full gradient.

    Parameters
    ----------
    values
        (n, Q), added to.
    goal, cotangents
        (N, D) and (Q, N or 1, D).
    leaf, step
        (N, B, d) the columns, and their difference from the reference.
    number
        (N, d) row of the result; -1 for none.
    """
    spread = cotangents.expand(-1, *goal.shape)
    size = max(1, _CHUNK_NUMBERS // max(leaf.numel(), 1))
    present = number >= 0
    for first in range(0, len(spread), size):
        (slopes,) = pull_back(goal, [leaf], spread[first : first + size])  # (Q', N, B, d)
        summed = torch.einsum("qnbd,nbd->ndq", slopes, step)
        values[:, first : first + size].index_add_(0, number[present], summed[present])
