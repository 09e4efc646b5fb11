"""DeepRAGE: promoter x regulators -> expression change of a gene in a condition (or its class).

Axes: N genes of a batch, L bases, S conditions, R regulators, K filters, H regulator units, T outputs (1, or the classes).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn

from regdecode.errors import InputError
from regdecode.models.deeprage_merge import Bilinear, Concatenate, Merge, Recurrent, TensorProduct
from regdecode.models.deeprage_trunk import POOLS, STRANDS, SequenceTrunk, TrunkShape

MERGES = ("concatenate", "tensor", "recurrent", "bilinear")
RECURRENT_STEPS = 100


@dataclass(frozen=True)
class DeepRageShape:
    """Settings of the network; those of the trunk are told in `TrunkShape`.

    Parameters
    ----------
    merge
        "concatenate", "tensor", "recurrent" (as published) or "bilinear" (ours).
    regulator_units
        H.
    regulator_skip
        Whether the regulators' values stand beside the units in their state: what is linear in a regulator need not be learnt.
    regulator_dropout
        Share of regulators hidden from a training step.
    dense
        Units of the dense layers: after the join of the published merges, of the sequence side before it in the bilinear one.
    rank
        Rank of the bilinear merge.
    hidden
        Units of the LSTM.
    normalise
        Normalise the regulators' units and the pooled activations (the published networks do neither).
    memory
        "auto": genes and conditions seen in training keep a vector of their own, unless the regime holds out whole genes or conditions;
        "none": never. Bilinear merge only.
    motifs
        Whether the first filters start from the given motifs; `filters` then counts the others.
    words
        Bases of the words that the other filters start from, those that tell most of the training genes' expression; 0: they start at
        random.
    """

    merge: str = "bilinear"
    length: int = 0
    filters: int = 64
    width: int = 19
    strands: str = "one"
    pool: str = "max"
    pool_size: int = 16
    pool_stride: int = 14
    windows: tuple[int, ...] = ()
    heads: int = 4
    regulator_units: int = 512
    regulator_skip: bool = False
    regulator_dropout: float = 0.0
    dense: tuple[int, ...] = ()
    rank: int = 64
    hidden: int = 128
    dropout: float = 0.5
    normalise: bool = False
    memory: str = "none"
    motifs: bool = False
    words: int = 0


class DeepRageNet(nn.Module):
    """The network.

    Parameters
    ----------
    shape
        Settings; `filters` counts all filters here, and `length` is the sequences' own.
    n_regulators
        R.
    n_outputs
        T: 1 for regression, else the number of classes.
    n_genes, n_conditions
        Genes and conditions with a memory; 0 for none.
    """

    def __init__(self, shape: DeepRageShape, n_regulators: int, n_outputs: int = 1, n_genes: int = 0, n_conditions: int = 0) -> None:
        super().__init__()
        self.shape = shape
        self.trunk = SequenceTrunk(trunk_shape(shape))
        positions, units = self.trunk.shape.positions, shape.regulator_units
        self.hide = nn.Dropout(shape.regulator_dropout)
        self.regulators = nn.Linear(n_regulators, units)
        self.regulator_act = nn.ReLU()
        self.regulator_norm = nn.LayerNorm(units) if shape.normalise else nn.Identity()
        features = shape.filters * (1 if shape.merge == "recurrent" else positions)
        self.feature_norm = nn.BatchNorm1d(shape.filters) if shape.normalise and shape.merge != "bilinear" else nn.Identity()
        self.merge = _build_merge(shape, features, units + (n_regulators if shape.regulator_skip else 0), n_outputs)
        rank = self.merge.width
        self.gene_memory = nn.Parameter(torch.zeros(n_genes, rank)) if n_genes else None
        self.condition_memory = nn.Parameter(torch.zeros(n_conditions, rank)) if n_conditions else None

    def features(self, codes: Tensor) -> Tensor:
        """Pooled activations [N, K, P] of base codes [N, L]."""
        return self.trunk(codes)

    def states(self, inputs: Tensor, own: Tensor | None = None) -> Tensor:
        """Regulator states [1 or N, S, H] of inputs [S, R]; with `regulator_skip` [1 or N, S, H + R].

        With `own` [N], the regulator that each gene is itself, that entry counts as 0 for that gene: its share of the linear layer is taken
        off again, so that the regulators are multiplied once for all genes.
        """
        inputs = self.hide(inputs)
        linear = self.regulators(inputs)[None]
        if own is not None:
            linear = linear - inputs.T[own][:, :, None] * self.regulators.weight.T[own][:, None]
        units = self.regulator_norm(self.regulator_act(linear))
        if not self.shape.regulator_skip:
            return units
        values = inputs[None]
        if own is not None:
            values = values * (own[:, None] != torch.arange(inputs.shape[1], device=inputs.device))[:, None]
        return torch.cat([units, values.to(units.dtype)], 2)

    def from_features(
        self, features: Tensor, inputs: Tensor, own: Tensor, genes: Tensor | None = None, conditions: Tensor | None = None
    ) -> Tensor:
        """Outputs [N, S, T] of pooled activations; see `forward`."""
        features = self.feature_norm(features)
        of_genes = None if isinstance(self.merge, Recurrent) else self.merge.of_genes(self.merge.gene_vector(features))
        gene_memory = _remembered(self.gene_memory, genes)
        condition_memory = _remembered(self.condition_memory, conditions)
        shared, masked = torch.nonzero(own < 0)[:, 0], torch.nonzero(own >= 0)[:, 0]
        parts, rows = [], []
        for members, states in ((shared, None), (masked, own[masked])):
            if len(members):
                y = self.states(inputs, states)
                memory = None if gene_memory is None else gene_memory[members]
                if of_genes is None:
                    parts.append(self.merge(features[members], y))
                else:
                    parts.append(self.merge.join(of_genes[members], y, memory, condition_memory))
                rows.append(members)
        return torch.cat(parts)[torch.argsort(torch.cat(rows))]

    def forward(self, codes: Tensor, inputs: Tensor, own: Tensor, genes: Tensor | None = None, conditions: Tensor | None = None) -> Tensor:
        """Outputs [N, S, T] of every gene in every condition.

        Parameters
        ----------
        codes
            [N, L] base codes, 4 where unknown.
        inputs
            [S, R] regulators' values.
        own
            [N] the regulator that the gene is itself, -1 for none.
        genes, conditions
            [N], [S] rows of the memories, -1 where there is none.
        """
        return self.from_features(self.features(codes), inputs, own, genes, conditions)


def trunk_shape(shape: DeepRageShape) -> TrunkShape:
    """Those of the settings that are the trunk's."""
    return TrunkShape(**{item.name: getattr(shape, item.name) for item in fields(TrunkShape)})


def _remembered(memory: Tensor | None, rows: Tensor | None) -> Tensor | None:
    """Rows of a memory; zeros for row -1."""
    if memory is None or rows is None:
        return None
    return memory[rows.clamp_min(0)] * (rows >= 0)[:, None].to(memory.dtype)


def _build_merge(shape: DeepRageShape, features: int, units: int, n_outputs: int) -> Merge:
    dense = shape.dense or (512,)
    if shape.merge == "concatenate":
        return Concatenate(features, units, dense, shape.dropout, n_outputs)
    if shape.merge == "tensor":
        return TensorProduct(features, units, dense, shape.dropout, n_outputs)
    if shape.merge == "recurrent":
        return Recurrent(features, units, shape.hidden, dense, shape.dropout, n_outputs)
    return Bilinear(features, units, shape.rank, shape.dense, shape.dropout, n_outputs)


def check_shape(shape: DeepRageShape, where: str) -> None:
    """Refuse settings that no network can have.

    Raises
    ------
    InputError
        The window is shorter than a filter or than its pooling, an unknown kind, or an LSTM over too many positions.
    """
    for name, known in (("merge", MERGES), ("pool", POOLS), ("strands", STRANDS), ("memory", ("auto", "none"))):
        if getattr(shape, name) not in known:
            raise InputError(f"network.{name} is {getattr(shape, name)!r}", where, f"use one of {', '.join(known)}")
    trunk = trunk_shape(shape)
    if trunk.steps < 1 or trunk.positions < 1:
        raise InputError(
            f"sequences of {shape.length} bases leave no position for filters of {shape.width} bases pooled by {shape.pool}",
            where,
            "give longer sequences (windows.sequence.length), or narrower filters, pools or windows",
        )
    if shape.words > shape.width:
        raise InputError(f"words of {shape.words} bases do not fit filters of {shape.width}", where, "lower network.words, or 0 for none")
    if shape.merge == "recurrent" and trunk.positions > RECURRENT_STEPS:
        raise InputError(
            f"the recurrent merge would take {trunk.positions} steps; the most is {RECURRENT_STEPS}",
            where,
            "pool more positions into one (pool_size, pool_stride)",
        )
    if shape.memory == "auto" and shape.merge != "bilinear":
        raise InputError(f"the {shape.merge} merge has no memory", where, "set network.memory: none")


def shape_from(settings: Mapping[str, Any]) -> DeepRageShape:
    """Shape of plain settings, as config.json holds them."""
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
    return DeepRageShape(**plain)
