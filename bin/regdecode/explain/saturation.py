"""Why a sequence model predicts what it does for one gene in one condition: bases, regulators, and every single substitution.

Attributions are integrated gradients along the straight path from a reference (background letters at every base, every regulator at 0) to
the gene: they add up to f(x) - f(reference), and how closely is measured. Unlike DeepLIFT's rescale rule, whose sum is exact, this one is
a quadrature across the kinks of ReLUs and maxima: its sum is as exact as the path has points. Substitutions are computed one by one, but
only the positions that they touch are convolved again.
Axes: L bases, R regulators, S conditions, A points of the path.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from regdecode.explain.network_tail import in_log2
from regdecode.training.deeprage_folder import DeepRageModel
from regdecode.training.deeprage_stage import PairData

TOLERANCE = 0.01
FIRST_STEPS, MOST_STEPS = 64, 1024
_POINTS = 32
_POSITIONS = 16


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
    steps
        Points of the path.
    """

    bases: NDArray[np.float64]
    regulators: NDArray[np.float64]
    prediction: float
    delta: float
    residual: float
    steps: int


def attribute_cell(
    model: DeepRageModel,
    data: PairData,
    gene: int,
    condition: int,
    background: NDArray[np.float64],
    tolerance: float = TOLERANCE,
    most_steps: int = MOST_STEPS,
) -> Attribution:
    """Integrated gradients of one gene in one condition.

    The path has as many points as the sum needs: doubled until the residual is below `tolerance` of |delta| (or of 0.1 log2 where the
    gene hardly differs from the reference), at most `most_steps`.

    Parameters
    ----------
    gene, condition
        Rows of `data`.
    background
        (4,) letter frequencies of the reference.
    """
    letters = model.net.trunk.one_hot(data.codes[gene : gene + 1])
    reference = torch.tensor(background, dtype=letters.dtype, device=letters.device)[None, :, None].expand_as(letters)
    inputs = data.inputs[condition : condition + 1]
    with torch.no_grad():
        ends = _values(model, data, gene, condition, torch.cat([reference, letters]), torch.cat([torch.zeros_like(inputs), inputs]))
    delta = float(ends[1] - ends[0])
    steps = min(FIRST_STEPS, most_steps)
    while True:
        bases, regulators = _integrate(model, data, gene, condition, letters, reference, inputs, steps)
        residual = float(bases.sum() + regulators.sum()) - delta
        if abs(residual) <= tolerance * max(abs(delta), 0.1) or steps >= most_steps:
            return Attribution(bases, regulators, float(ends[1]), delta, residual, steps)
        steps *= 2


def _values(model: DeepRageModel, data: PairData, gene: int, condition: int, letters: Tensor, inputs: Tensor) -> Tensor:
    """Log2 ratios [A] of letters [A, 4, L], each with its own regulators [A, R]."""
    n = len(letters)
    own, genes, conditions = (part.expand(n) for part in (data.own[gene], data.genes[gene], data.conditions[condition]))
    outputs = model.net.from_features(model.net.trunk.pooled(letters), inputs, own, genes, conditions)
    return in_log2(model, outputs).diagonal()


def _integrate(
    model: DeepRageModel, data: PairData, gene: int, condition: int, letters: Tensor, reference: Tensor, inputs: Tensor, steps: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Contributions of bases (L,) and regulators (R,) with `steps` midpoints."""
    step = letters - reference
    of_bases, of_regulators = torch.zeros_like(step, dtype=torch.float64), torch.zeros_like(inputs, dtype=torch.float64)
    for points in ((torch.arange(steps, device=letters.device) + 0.5) / steps).split(_POINTS):
        at = (reference + points[:, None, None] * step).detach().requires_grad_()
        here = (points[:, None] * inputs).detach().requires_grad_()
        total = _values(model, data, gene, condition, at, here).sum()
        slopes = torch.autograd.grad(total, (at, here))
        of_bases += slopes[0].double().sum(0, keepdim=True)
        of_regulators += slopes[1].double().sum(0, keepdim=True)
    bases = (of_bases * step).sum(1)[0] / steps
    return bases.cpu().numpy(), ((of_regulators * inputs)[0] / steps).cpu().numpy()


@torch.no_grad()
def saturate(model: DeepRageModel, data: PairData, gene: int, conditions: NDArray[np.integer]) -> NDArray[np.float64]:
    """Effects (L, 4, S) of every single substitution on a gene in some conditions, f(changed) - f(as it is), in log2 units.

    The letter that stands there has 0; so has every letter at an unknown base.
    """
    net, trunk = model.net, model.net.trunk
    codes = data.codes[gene]
    width, n_steps, length = trunk.shape.width, trunk.shape.steps, len(codes)
    letters = trunk.one_hot(codes[None])
    base = trunk.activations(letters)
    columns = torch.tensor(np.asarray(conditions), dtype=torch.long, device=codes.device)
    inputs, memory = data.inputs[columns], data.conditions[columns]

    def predict(activations: Tensor) -> Tensor:
        n = len(activations)
        own, genes = data.own[gene].expand(n), data.genes[gene].expand(n)
        return in_log2(model, net.from_features(trunk.pool(activations), inputs, own, genes, memory)).double()

    whole = predict(base)
    effects = torch.zeros(length, 4, len(columns), dtype=torch.float64, device=codes.device)
    known = torch.nonzero(codes < 4)[:, 0]
    for block in known.split(_POSITIONS):
        changed = base.repeat(3 * len(block), 1, 1)
        at, to = block.repeat_interleave(3), torch.empty(3 * len(block), dtype=torch.long, device=codes.device)
        for k, position in enumerate(block.tolist()):
            others = torch.tensor([letter for letter in range(4) if letter != int(codes[position])], device=codes.device)
            to[3 * k : 3 * k + 3] = others
            first, last = max(0, position - width + 1), min(n_steps - 1, position)
            local = letters[:, :, first : last + width].repeat(3, 1, 1)
            local[:, :, position - first] = torch.eye(4, device=codes.device, dtype=local.dtype)[others]
            changed[3 * k : 3 * k + 3, :, first : last + 1] = trunk.activations(local)
        effects[at, to] = predict(changed) - whole
    return effects.cpu().numpy()
