"""Layers that DeepLIFT follows exactly: fixed pooling over positions, collapsed convolutions, elementwise non-linearities.

Axes: N genes of a batch, B bins, W windows, C channels (regulators and the mask), H units.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class SignedLog1p(nn.Module):
    """``sign(x) * log(1 + |x|)``, elementwise: counts compressed, links keep their sign."""

    elementwise = True

    def forward(self, x: Tensor) -> Tensor:
        """Compress every entry."""
        return torch.sign(x) * torch.log1p(torch.abs(x))


class WindowPool(nn.Module):
    """Sums over fixed windows of bins, [N, B, C] -> [N, W, C]; no parameters.

    Parameters
    ----------
    edges
        (W + 1,) rising bin numbers; window w holds bins ``edges[w] <= b < edges[w + 1]``. Bins after the last edge belong to the last
        window, so a region of any length is covered.
    """

    edges: Tensor

    def __init__(self, edges: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("edges", torch.tensor(list(edges), dtype=torch.long), persistent=False)

    @property
    def n_windows(self) -> int:
        """Number of windows."""
        return len(self.edges) - 1

    def matrix(self, n_bins: int) -> Tensor:
        """(W, B) of 0 and 1: which bin belongs to which window."""
        window = torch.bucketize(torch.arange(n_bins, device=self.edges.device), self.edges[1:-1], right=True)
        return nn.functional.one_hot(window, self.n_windows).T

    def forward(self, x: Tensor) -> Tensor:
        """Add up the bins of each window."""
        return torch.matmul(self.matrix(x.shape[1]).to(x.dtype), x)


class TailSums(nn.Module):
    """Sums over all bins from bin j on, j = 0 .. taps - 1: [N, B, C] -> [N, taps, C].

    A stack of linear convolutions with receptive field `taps`, on bins padded with taps - 1 zeros to the right and summed over positions,
    is a linear map of
    these sums: ``sum_i sum_j K_j x[i + j] = sum_j K_j sum_(b >= j) x[b]``.
    """

    def __init__(self, taps: int) -> None:
        super().__init__()
        self.taps = taps

    def matrix(self, n_bins: int) -> Tensor:
        """(taps, B) of 0 and 1."""
        return torch.triu(torch.ones(self.taps, n_bins))

    def forward(self, x: Tensor) -> Tensor:
        """Add up the tails."""
        return torch.matmul(self.matrix(x.shape[1]).to(x), x)


class ConvStack(nn.Module):
    """Convolutions without bias or activation, summed over positions, as one exact linear map of `TailSums`.

    The parameters are those of the convolutions, ``weight[k]`` of shape (out, in, kernel); what runs is their product.

    Parameters
    ----------
    n_channels
        Channels that come in, C.
    n_units
        Channels of every convolution, H.
    kernel
        Width of every convolution in bins.
    n_layers
        Number of convolutions.
    """

    def __init__(self, n_channels: int, n_units: int, kernel: int, n_layers: int) -> None:
        super().__init__()
        self.taps = n_layers * (kernel - 1) + 1
        widths = [n_channels, *[n_units] * n_layers]
        convolutions = [nn.Conv1d(a, b, kernel, bias=False) for a, b in itertools.pairwise(widths)]
        self.convolutions = nn.ModuleList(convolutions)
        for convolution in convolutions:
            nn.init.xavier_uniform_(convolution.weight)  # Keras' glorot_uniform

    def kernel(self) -> Tensor:
        """(taps, C, H): the one convolution that equals the stack."""
        total: Tensor | None = None
        for convolution in self.convolutions:
            assert isinstance(convolution, nn.Conv1d)
            taps = convolution.weight.permute(2, 1, 0)
            total = taps if total is None else _compose(total, taps)
        assert total is not None
        return total

    def forward(self, tails: Tensor) -> Tensor:
        """Map tail sums [N, taps, C] to pooled activations [N, H]."""
        return tails.flatten(1) @ self.kernel().flatten(0, 1)

    def by_position(self, x: Tensor) -> Tensor:
        """Slow twin of ``self(TailSums(x))``: the convolutions one by one on [N, B, C], padded to the right."""
        y = nn.functional.pad(x.transpose(1, 2), (0, self.taps - 1))
        for convolution in self.convolutions:
            y = convolution(y)
        return y.sum(2)


def _compose(first: Tensor, second: Tensor) -> Tensor:
    """Taps (P, A, B) followed by taps (Q, B, C), as taps (P + Q - 1, A, C)."""
    parts = [nn.functional.pad(first @ tap, (0, 0, 0, 0, q, len(second) - 1 - q)) for q, tap in enumerate(second)]
    return torch.stack(parts).sum(0)


class ResidualBlock(nn.Module):
    """``h + dropout(linear(activation(norm(h))))``."""

    def __init__(self, n_units: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(n_units)
        self.activation = nn.ReLU()
        self.linear = nn.Linear(n_units, n_units)
        self.dropout = nn.Dropout(dropout)

    def forward(self, h: Tensor) -> Tensor:
        """Add a correction to `h`, [N, H]."""
        return h + self.dropout(self.linear(self.activation(self.norm(h))))
