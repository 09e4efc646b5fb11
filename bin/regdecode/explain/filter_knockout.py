"""Filters, clusters of filters and filter-regulator pairs knocked out of a DeepRAGE network.

A filter is out when its weights and bias are 0: its activation is 0 everywhere. Promoters are convolved once; see `network_tail`.
Axes: G genes, N genes of a batch, S conditions, K filters, U units (each some filters), R regulators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from regdecode.explain.network_tail import Tail, in_log2
from regdecode.training.deeprage_folder import DeepRageModel
from regdecode.training.deeprage_stage import PairData

_NUMBERS = 2**23


class KnockOuts(NamedTuple):
    """Effects of knocking units out, in log2 units, over the conditions.

    Parameters
    ----------
    size
        (U, G) mean |f - f_KO|.
    shift
        (U, G) mean f - f_KO: above 0 where the unit raises expression.
    by_condition
        (U, S) mean |f - f_KO| over genes.
    """

    size: NDArray[np.float64]
    shift: NDArray[np.float64]
    by_condition: NDArray[np.float64]


class PairKnockOuts(NamedTuple):
    """Units and regulators knocked out together; root mean squares over the genes and conditions, in log2 units.

    Parameters
    ----------
    both
        (U, R) f - f without either.
    interaction
        (U, R) f - f without the unit - f without the regulator + f without either: what needs both.
    unit, regulator
        (U,), (R,) f - f without that one.
    """

    both: NDArray[np.float64]
    interaction: NDArray[np.float64]
    unit: NDArray[np.float64]
    regulator: NDArray[np.float64]


def gene_batches(own: Tensor, size: int) -> Iterator[Tensor]:
    """Rows of genes, those that are regulators themselves (and have states of their own) apart from the others."""
    for rows in (torch.nonzero(own < 0)[:, 0], torch.nonzero(own >= 0)[:, 0]):
        if len(rows):
            yield from rows.split(size)


def batch_size(model: DeepRageModel, n_conditions: int) -> int:
    """Genes of a batch whose activations and hidden layers fit into memory."""
    shape = model.net.trunk.shape
    widest = max(n_conditions * max(model.net.merge.width, *model.net.shape.dense, 1), shape.filters * shape.steps)
    return max(1, min(256, _NUMBERS // widest))


def _states(model: DeepRageModel, inputs: Tensor, own: Tensor) -> Tensor:
    """States of a batch whose genes are all regulators, or none is."""
    return model.net.states(inputs, own if int(own[0]) >= 0 else None)


def _without(model: DeepRageModel, tail: Tail, activations: Tensor | None, features: Tensor) -> Callable[[Sequence[int]], Tensor]:
    """Function that gives the first layer without some filters."""
    started = tail.start(features)

    def take_out(filters: Sequence[int]) -> Tensor:
        if tail.separable:
            return started - tail.step(features, filters)
        kept = (features if activations is None else activations).clone()
        kept[:, list(filters)] = 0
        return tail.start(kept if activations is None else model.net.trunk.pool(kept))

    return take_out


@torch.no_grad()
def knock_out_units(
    model: DeepRageModel, data: PairData, units: Sequence[Sequence[int]], progress: Callable[[int, int], None] | None = None
) -> KnockOuts:
    """Knock each unit out of every gene and condition.

    Parameters
    ----------
    model
        The network.
    data
        Promoters, regulators and rows of the memories, as `DeepRageModel.pair_data` makes them.
    units
        (U,) filters of each unit.
    progress
        Told (genes done, genes) after each batch.
    """
    net, trunk = model.net, model.net.trunk
    n_genes, n_conditions = len(data.codes), len(data.inputs)
    size, shift = np.zeros((len(units), n_genes)), np.zeros((len(units), n_genes))
    by_condition = np.zeros((len(units), n_conditions))
    done = 0
    for rows in gene_batches(data.own, batch_size(model, n_conditions)):
        tail = Tail(net, _states(model, data.inputs, data.own[rows]), data.genes[rows], data.conditions)
        activations = trunk.activations(trunk.one_hot(data.codes[rows]))
        features = trunk.pool(activations)
        take_out = _without(model, tail, activations if trunk.shape.pool == "attention" else None, features)
        whole = in_log2(model, tail.outputs(tail.start(features)))
        at = rows.cpu().numpy()
        for u, filters in enumerate(units):
            delta = whole - in_log2(model, tail.outputs(take_out(filters)))
            size[u, at] = delta.abs().mean(1).double().cpu().numpy()
            shift[u, at] = delta.mean(1).double().cpu().numpy()
            by_condition[u] += delta.abs().sum(0).double().cpu().numpy()
        done += len(rows)
        if progress:
            progress(done, n_genes)
    return KnockOuts(size, shift, by_condition / max(n_genes, 1))


@torch.no_grad()
def knock_out_pairs(model: DeepRageModel, data: PairData, units: Sequence[Sequence[int]], regulators: Sequence[int]) -> PairKnockOuts:
    """Knock each unit and each regulator out, alone and together; a regulator is out when its log2 ratio is 0 in every condition.

    Parameters
    ----------
    units
        (U,) filters of each unit.
    regulators
        (R,) columns of the regulators.
    """
    net, trunk = model.net, model.net.trunk
    squares = {name: torch.zeros(len(units), len(regulators), dtype=torch.float64) for name in ("both", "interaction")}
    of_unit = torch.zeros(len(units), dtype=torch.float64)
    of_regulator = torch.zeros(len(regulators), dtype=torch.float64)
    for rows in gene_batches(data.own, batch_size(model, len(data.inputs))):
        own, genes = data.own[rows], data.genes[rows]
        activations = trunk.activations(trunk.one_hot(data.codes[rows]))
        features = trunk.pool(activations)
        kept = activations if trunk.shape.pool == "attention" else None
        tail = Tail(net, _states(model, data.inputs, own), genes, data.conditions)
        whole, without_units = _each_out(model, tail, kept, features, units)
        of_unit += (whole - without_units).double().square().sum((1, 2)).cpu()
        for r, column in enumerate(regulators):
            inputs = data.inputs.clone()
            inputs[:, column] = 0
            tail = Tail(net, _states(model, inputs, own), genes, data.conditions)
            without_regulator, without_both = _each_out(model, tail, kept, features, units)
            of_regulator[r] += (whole - without_regulator).double().square().sum().cpu()
            squares["both"][:, r] += (whole - without_both).double().square().sum((1, 2)).cpu()
            interaction = whole - without_units - without_regulator + without_both
            squares["interaction"][:, r] += interaction.double().square().sum((1, 2)).cpu()
    cells = max(len(data.codes) * len(data.inputs), 1)
    roots = [torch.sqrt(total / cells).numpy() for total in (squares["both"], squares["interaction"], of_unit, of_regulator)]
    return PairKnockOuts(*roots)


def _each_out(
    model: DeepRageModel, tail: Tail, activations: Tensor | None, features: Tensor, units: Sequence[Sequence[int]]
) -> tuple[Tensor, Tensor]:
    """Log2 ratios [N, S] with everything, and [U, N, S] without each unit."""
    take_out = _without(model, tail, activations, features)
    whole = in_log2(model, tail.outputs(tail.start(features)))
    without = whole.new_empty(len(units), *whole.shape)
    for u, filters in enumerate(units):
        without[u] = in_log2(model, tail.outputs(take_out(filters)))
    return whole, without
