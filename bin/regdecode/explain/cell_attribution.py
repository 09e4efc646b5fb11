"""Why a sequence model predicts what it does for one gene in one condition: contributions of bases and regulators.

The straight path from a reference (background letters at every base, every regulator at 0) to the gene is cut into segments, and each is
explained exactly (`segment`): one segment is DeepLIFT, many are integrated gradients (Sundararajan et al. 2017), without their quadrature
error. Contributions add up to f(x) - f(reference) whatever their number. Scores of filters are linear in the bases, so that the network
behind them alone runs at every segment.
Axes: L bases, R regulators, A segments, K filters.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from regdecode.errors import InputError
from regdecode.explain.network_tail import in_log2
from regdecode.explain.segment import slopes_between
from regdecode.training.deeprage_folder import DeepRageModel
from regdecode.training.deeprage_stage import PairData

SEGMENTS = 64
TOLERANCE, SMALL_CHANGE = 1e-4, 0.1
_BLOCK = 8


class Attribution(NamedTuple):
    """Contributions to one gene in one condition, in log2 units.

    Parameters
    ----------
    bases
        (L,) of each base.
    regulators
        (R,) of each regulator.
    prediction, delta
        f(x), and f(x) - f(reference).
    residual
        Sum of all contributions - delta.
    """

    bases: NDArray[np.float64]
    regulators: NDArray[np.float64]
    prediction: float
    delta: float
    residual: float


def attribute_cell(
    model: DeepRageModel, data: PairData, gene: int, condition: int, background: NDArray[np.float64], segments: int = SEGMENTS
) -> Attribution:
    """Contributions of bases and regulators to one gene in one condition.

    Parameters
    ----------
    gene, condition
        Rows of `data`.
    background
        (4,) letter frequencies of the reference.
    segments
        Parts of the path.

    Raises
    ------
    InputError
        The sum does not hold to `TOLERANCE` of |delta| (or of 0.1 log2 where the gene hardly differs from the reference): the network
        holds an operation that `segment` has no rule for.
    """
    net = copy.deepcopy(model.net).double().requires_grad_(False)
    trunk, own, row, column = net.trunk, data.own[gene], data.genes[gene], data.conditions[condition]
    letters = trunk.one_hot(data.codes[gene : gene + 1])
    reference = letters.new_tensor(background)[None, :, None].expand_as(letters)
    inputs = data.inputs[condition : condition + 1].double()
    first, last = [*trunk.scores(reference), torch.zeros_like(inputs)], [*trunk.scores(letters), inputs]

    def predict(*points: Tensor) -> Tensor:
        """Log2 ratios [A] at scores [A, K, steps] of each strand and regulators [A, R]."""
        *scores, regulators = points
        rows = (one.expand(len(regulators)) for one in (own, row, column))
        outputs = net.from_features(trunk.pool(trunk.rectified(scores)), regulators, *rows)
        return in_log2(model, outputs).diagonal()

    start, end = float(predict(*first)), float(predict(*last))
    slopes = mean_slopes(predict, first, last, segments)
    letters.requires_grad_()
    (of_letters,) = torch.autograd.grad(trunk.scores(letters), letters, slopes[:-1])
    bases = (of_letters * (letters - reference)).sum(1)[0].detach().cpu().numpy()
    regulators = (slopes[-1] * inputs)[0].cpu().numpy()
    residual = float(bases.sum() + regulators.sum()) - (end - start)
    if abs(residual) > TOLERANCE * max(abs(end - start), SMALL_CHANGE):
        told = f"contributions miss a change of {end - start:.3g} by {residual:.3g}: an operation of the network has no exact rule"
        raise InputError(told, model.config["model"], "give the operation a rule in regdecode/explain/segment.py")
    return Attribution(bases, regulators, end, end - start, residual)


def mean_slopes(function: Callable[..., Tensor], first: Sequence[Tensor], last: Sequence[Tensor], segments: int) -> list[Tensor]:
    """Mean over the path from `first` to `last` (each [1, ...]) of the slopes of its segments (`slopes_between`)."""
    total = [torch.zeros_like(one) for one in first]
    for block in torch.arange(segments).split(_BLOCK):
        start, end = (
            [one + at.view(-1, *[1] * (one.ndim - 1)) * (other - one) for one, other in zip(first, last, strict=True)]
            for at in (block.to(first[0]) / segments, (block.to(first[0]) + 1) / segments)
        )
        for sum_of, slope in zip(total, slopes_between(function, start, end), strict=True):
            sum_of += slope.sum(0, keepdim=True) / segments
    return total
