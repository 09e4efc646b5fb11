"""The sequence side of DeepRAGE: motif filters over a promoter, pooled over positions.

Axes: N genes of a batch, L bases, K filters, P positions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from regdecode.models.strand_sums import strand_sums

POOLS = ("max", "windows", "attention", "global")
STRANDS = ("one", "both")
_BASES = 5


@dataclass(frozen=True)
class TrunkShape:
    """Settings of a trunk.

    Parameters
    ----------
    length
        Bases of the window, L.
    filters, width
        K filters of `width` bases, valid convolution.
    strands
        "both": a filter reads the other strand too, with the same weights, and the two activations are added.
    pool
        "max": maxima of `pool_size` positions every `pool_stride`; "windows": sums over the parts that `windows` bounds; "global": the
        maximum of the promoter; "attention": `heads` weighted sums over the promoter, each position weighted by what it holds and where it
        is.
    windows
        Bounds of the parts in bases from the window's right end (the anchor, where nothing lies downstream of it), rising.
    """

    length: int
    filters: int = 256
    width: int = 19
    strands: str = "one"
    pool: str = "max"
    pool_size: int = 16
    pool_stride: int = 14
    windows: tuple[int, ...] = ()
    heads: int = 4

    @property
    def steps(self) -> int:
        """Positions of the valid convolution."""
        return self.length - self.width + 1

    @property
    def positions(self) -> int:
        """Positions after pooling, P."""
        if self.pool == "max":
            return (self.steps - self.pool_size) // self.pool_stride + 1
        if self.pool == "windows":
            return len(self.bounds()) - 1
        return self.heads if self.pool == "attention" else 1

    def bounds(self) -> list[int]:
        """Rising bounds of the windows in positions of the convolution, from the left."""
        cuts = {min(max(self.length - bound - self.width // 2, 0), self.steps) for bound in (self.windows or (0, self.length))}
        return sorted(cuts)


class WindowSums(nn.Module):
    """Sums over parts of the positions: [N, K, steps] to [N, K, P]; linear in its input."""

    def __init__(self, bounds: Sequence[int]) -> None:
        super().__init__()
        self.bounds = list(bounds)

    def forward(self, x: Tensor) -> Tensor:
        """Sum [N, K, steps] to [N, K, P]."""
        return torch.stack([x[:, :, a:b].sum(2) for a, b in pairwise(self.bounds)], 2)


class PositionAttention(nn.Module):
    """Weighted means over positions: [N, K, steps] to [N, K, heads].

    The weights of a head are a softmax over positions of a linear score of the position's activations plus a learned score of the place.
    """

    def __init__(self, filters: int, steps: int, heads: int) -> None:
        super().__init__()
        self.score = nn.Conv1d(filters, heads, 1, bias=False)
        self.place = nn.Parameter(torch.zeros(heads, steps))
        nn.init.zeros_(self.score.weight)
        with torch.no_grad():
            self.place.copy_(torch.linspace(0, 2, steps)[None] * torch.arange(heads)[:, None])

    def forward(self, x: Tensor) -> Tensor:
        """Weigh [N, K, steps] to [N, K, heads]."""
        weights = torch.softmax(self.score(x) + self.place, dim=2)
        return torch.bmm(x, weights.transpose(1, 2)) * x.shape[2]


class SequenceTrunk(nn.Module):
    """Base codes [N, L] (4 = unknown) to pooled activations [N, K, P].

    `conv.weight` [K, 4, width] are the motif filters; an unknown base is 0 in all four letters. Setting a filter's weights and bias to 0
    knocks it out.
    """

    def __init__(self, shape: TrunkShape) -> None:
        super().__init__()
        self.shape = shape
        self.conv = nn.Conv1d(4, shape.filters, shape.width)
        self.act = nn.ReLU()
        self.act_reverse = nn.ReLU() if shape.strands == "both" else None
        if shape.pool == "windows":
            self.pool: nn.Module = WindowSums(shape.bounds())
        elif shape.pool == "attention":
            self.pool = PositionAttention(shape.filters, shape.steps, shape.heads)
        else:
            size, stride = (shape.pool_size, shape.pool_stride) if shape.pool == "max" else (shape.steps, shape.steps)
            self.pool = nn.MaxPool1d(size, stride)

    def one_hot(self, codes: Tensor) -> Tensor:
        """Letters [N, 4, L] of base codes [N, L]."""
        table = torch.eye(_BASES, 4, device=codes.device, dtype=self.conv.weight.dtype)
        return table[codes.long()].transpose(1, 2)

    def scores(self, letters: Tensor) -> list[Tensor]:
        """What filters answer before the ReLU, [N, K, L - width + 1] a strand, of letters [N, 4, L]."""
        found = [self.conv(letters)]
        if self.act_reverse is not None:
            found.append(nn.functional.conv1d(letters, self.conv.weight.flip(1, 2), self.conv.bias))
        return found

    def rectified(self, scores: Sequence[Tensor]) -> Tensor:
        """Filter activations [N, K, L - width + 1] of scores, both strands added where the trunk reads both."""
        found = self.act(scores[0])
        return found if self.act_reverse is None else found + self.act_reverse(scores[1])

    def activations(self, letters: Tensor) -> Tensor:
        """Filter activations [N, K, L - width + 1] of letters [N, 4, L]."""
        return self.rectified(self.scores(letters))

    def pooled(self, letters: Tensor) -> Tensor:
        """Pooled activations [N, K, P] of letters [N, 4, L]."""
        return self.pool(self.activations(letters))

    def forward(self, codes: Tensor) -> Tensor:
        """Pooled activations [N, K, P] of base codes [N, L]."""
        letters, bias = self.one_hot(codes), self.conv.bias
        if isinstance(self.pool, WindowSums) and bias is not None and codes.device.type == "cpu":
            return strand_sums(letters, self.conv.weight, bias, self.pool.bounds, self.act_reverse is not None)
        return self.pooled(letters)
