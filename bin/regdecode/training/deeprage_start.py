"""Where the bilinear merge begins, before any gradient: each gene's own vector by factor analysis, the regulators' part by ridge.

Axes: G genes, S conditions, R regulators, D rank.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from regdecode.models.deeprage import DeepRageNet
from regdecode.models.deeprage_merge import Bilinear
from regdecode.training.deeprage_stage import PairData, all_features, predict_pairs

RIDGES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
FEW = 10.0
ROUNDS = 6
_CHUNK = 512


def regression_merge(net: DeepRageNet) -> Bilinear | None:
    """Return the bilinear merge of a regression network; None for any other."""
    return net.merge if isinstance(net.merge, Bilinear) and net.merge.n_outputs == 1 else None


@torch.no_grad()
def start_merge(net: DeepRageNet, vectors: Tensor, data: PairData) -> None:
    """Fit V y to the conditions' vectors [S, D] of an earlier stage by ridge regression; the rest goes to the conditions' memory.

    Where the regulators' values are part of y they alone are fitted, and the units, which start at random, start without a say.
    Conditions without a training cell have no say, and no memory. The penalty is the one of `RIDGES` (parts of the mean squared length of
    the states) with the least squared error of the tuning cells.
    """
    merge = regression_merge(net)
    if merge is None:
        return
    net.eval()
    features = all_features(net, data.codes)
    known = data.train.any(0)
    states = net.states(data.inputs)[0].double()
    wanted = (vectors / merge.head[0]).double()
    if net.shape.regulator_skip:
        states[:, : net.shape.regulator_units] = 0
    centre, mean = states[known].mean(0), wanted[known].mean(0)
    x = states[known] - centre
    gram = x @ x.T
    eye = gram.diagonal().mean() * torch.eye(len(gram), device=gram.device, dtype=gram.dtype)
    best = float("inf")
    kept: dict[str, Tensor] = {}
    for ridge in RIDGES:
        weight = (x.T @ torch.linalg.solve(gram + ridge * eye, wanted[known] - mean)).T
        merge.from_regulators.weight.copy_(weight)
        merge.from_regulators.bias.copy_(mean - weight @ centre)
        if net.condition_memory is not None:
            rest = wanted - merge.from_regulators(states.float()).double()
            seen = known & (data.conditions >= 0)
            net.condition_memory[data.conditions[seen]] = rest[seen].to(net.condition_memory.dtype)
        error = float(((data.targets - predict_pairs(net, data, features)[..., 0]).square() * data.tune).sum())
        if error < best:
            best, kept = error, {key: value.clone() for key, value in net.state_dict().items()}
    net.load_state_dict(kept)


class Prior(NamedTuple):
    """How genes differ from what their promoters tell: a gene's own vector is drawn from N(0, `covariance` [D, D]), a cell's noise has
    the variance `noise`.
    """

    covariance: Tensor
    noise: float


class _Expected(NamedTuple):
    """One E-step: expected own vectors [G, D], the prior they imply, and the normal equations of the conditions [S, D, D], [S, D]."""

    own: Tensor
    prior: Prior
    gram: Tensor
    cross: Tensor


@torch.no_grad()
def complete(vectors: Tensor, net: DeepRageNet, data: PairData) -> Tensor:
    """Let the conditions' vectors [S, D] explain each gene's own part too, where genes have a memory; else as they are.

    Factor analysis by expectation-maximisation (Rubin & Thayer 1982) of the training cells, the prior mean of a gene being its promoter's
    vector: expectation and covariance of each gene's own vector, then `Prior` and the conditions' vectors, `ROUNDS` times. The round with
    the least squared error of the tuning cells is kept, the last where no tuning cell is of a known condition; conditions without a
    training cell keep their vectors. The genes' own vectors are left in their memory.
    """
    merge = regression_merge(net)
    if merge is None or net.gene_memory is None:
        return vectors
    net.eval()
    of_promoter = torch.cat([merge.gene_vector(part) for part in all_features(net, data.codes).split(_CHUNK)])
    known = data.train.any(0)
    few = FEW * torch.eye(vectors.shape[1], device=vectors.device)
    prior = _first_prior(vectors, data.targets - of_promoter @ vectors.T, data.train)
    best, chosen, own, found = float("inf"), vectors, torch.zeros_like(of_promoter), vectors
    for _ in range(ROUNDS):
        step = _expect(found, of_promoter, data.targets, data.train, prior)
        prior = step.prior
        ridge = few * (of_promoter + step.own).square().mean()
        found = torch.where(known[:, None], torch.linalg.solve(step.gram + ridge, step.cross), found)
        error = _tuning_error(data.targets - (of_promoter + step.own) @ found.T, data.tune & known)
        if not error >= best:  # NaN: nothing judges the round
            best, chosen, own = error, found, step.own
    kept = data.genes >= 0
    net.gene_memory[data.genes[kept]] = own[kept]
    merge.gene_head.bias.zero_()  # drawn at random, and all is explained without it
    return chosen


def _first_prior(design: Tensor, rest: Tensor, train: Tensor) -> Prior:
    """All directions alike; what is left of the training cells is half noise, half the genes' own."""
    half = 0.5 * float((rest.square() * train).sum() / train.sum())
    own = half / float(design[train.any(0)].square().sum(1).mean())
    return Prior(own * torch.eye(design.shape[1], device=design.device), half)


def _expect(design: Tensor, of_promoter: Tensor, targets: Tensor, train: Tensor, prior: Prior) -> _Expected:
    """E-step: genes' own vectors given the conditions' vectors `design` [S, D], training cells of `targets` [G, S] alone."""
    n_conditions, rank = design.shape
    precision = torch.linalg.inv(prior.covariance)
    gram = design.new_zeros(n_conditions, rank, rank)
    cross, covariance, noise, own = torch.zeros_like(design), torch.zeros_like(precision), 0.0, []
    for rows in torch.arange(len(targets), device=design.device).split(_CHUNK):
        cells = train[rows].to(design.dtype)
        rest = (targets[rows] - of_promoter[rows] @ design.T) * cells
        spread = torch.linalg.inv(torch.einsum("gs,sd,se->gde", cells, design, design) / prior.noise + precision)
        mean = torch.einsum("gde,ge->gd", spread, rest @ design) / prior.noise
        genes, seen = of_promoter[rows] + mean, cells.any(1)
        gram += torch.einsum("gs,gde->sde", cells, genes[:, :, None] * genes[:, None] + spread)
        cross += (cells * targets[rows]).T @ genes
        covariance += mean[seen].T @ mean[seen] + spread[seen].sum(0)
        unsure = torch.einsum("gsd,sd->gs", design @ spread, design)
        noise += float(((rest - cells * (mean @ design.T)).square() + cells * unsure).sum())
        own.append(mean)
    return _Expected(torch.cat(own), Prior(covariance / train.any(1).sum(), noise / float(train.sum())), gram, cross)


def _tuning_error(rest: Tensor, tune: Tensor) -> float:
    """Summed squares of the tuning cells; NaN where there is none."""
    return float((rest.square() * tune).sum()) if tune.any() else math.nan
