"""What follows the pooled activations of a DeepRAGE network, with filters and regulators taken out at little cost.

The activations are computed once. For the merges whose first layer is linear in them, a filter's removal is one small product; the dense
layers behind run anew. Elsewhere (attention, LSTM, dense layers before the join) everything behind the activations runs anew.
Axes: N genes, S conditions, K filters, P positions, H regulator units, D width of the first layer, T outputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from regdecode.models.deeprage import DeepRageNet
from regdecode.models.deeprage_merge import Bilinear, Concatenate, Recurrent, TensorProduct
from regdecode.training.deeprage_folder import DeepRageModel


def in_log2(model: DeepRageModel, outputs: Tensor) -> Tensor:
    """Log2 ratios [N, S] of outputs [N, S, T]: the expected value of the class where the network has classes."""
    if model.config["task"] == "regression":
        return outputs[..., 0] * model.config["scalers"]["target"]
    values = torch.tensor(model.config["class_values"], dtype=outputs.dtype, device=outputs.device)
    return torch.softmax(outputs, 2) @ values


class Tail:
    """The network behind the activations, for one set of regulator states.

    Parameters
    ----------
    net
        In evaluation mode.
    states
        [1 or N, S, H] regulator states.
    genes, conditions
        [N], [S] rows of the memories, -1 for none.
    """

    def __init__(self, net: DeepRageNet, states: Tensor, genes: Tensor, conditions: Tensor) -> None:
        self.net, self.states, self.merge = net, states, net.merge
        self.gene_memory = None if net.gene_memory is None else _rows(net.gene_memory, genes)
        self.of_conditions: Tensor | None = None
        memory = None if net.condition_memory is None else _rows(net.condition_memory, conditions)
        if isinstance(self.merge, Bilinear):
            joined = self.merge.from_regulators(states)
            self.of_conditions = joined if memory is None else joined + memory
        elif isinstance(self.merge, Concatenate):
            self.of_conditions = self.merge.from_regulators(states)
        self.slopes = _slopes(net)

    @property
    def separable(self) -> bool:
        """Whether a filter's removal is one step of the first layer."""
        return self.slopes is not None

    def start(self, features: Tensor) -> Tensor:
        """First layer of pooled activations [N, K, P]: [N, D], or [N, S, D] of the tensor merge; normalised activations of an LSTM."""
        features = self.net.feature_norm(features)
        if isinstance(self.merge, TensorProduct):
            return self.merge.first_layer(self.merge.of_genes(self.merge.gene_vector(features)), self.states)
        return features if isinstance(self.merge, Recurrent) else self.merge.gene_vector(features)

    def step(self, features: Tensor, filters: Sequence[int]) -> Tensor:
        """What the filters add to `start` over filters that never answer."""
        assert self.slopes is not None
        chosen = list(filters)
        block = features[:, chosen] * self._scale()[chosen, None]
        if isinstance(self.merge, TensorProduct):
            k, p = features.shape[1:]
            weight = self.merge.first.weight.view(-1, self.merge.units, k, p)[:, :, chosen]
            if len(self.states) == 1:
                answered = torch.einsum("sh,dhkp->kpsd", self.states[0], weight)
                return torch.einsum("nkp,kpsd->nsd", block, answered)
            return torch.einsum("nsh,nkp,dhkp->nsd", self.states, block, weight)
        return torch.einsum("nkp,dkp->nd", block, self.slopes[:, chosen])

    def outputs(self, started: Tensor) -> Tensor:
        """Outputs [N, S, T] of a first layer."""
        merge = self.merge
        if isinstance(merge, TensorProduct):
            return merge.tail(started)
        if isinstance(merge, Concatenate):
            assert self.of_conditions is not None
            return merge.tail(started[:, None] + self.of_conditions)
        if isinstance(merge, Bilinear):
            v = self.of_conditions
            assert v is not None
            u = started if self.gene_memory is None else started + self.gene_memory
            each = torch.stack([merge._product(u * weight, v) for weight in merge.head], 2)
            return each + merge.gene_head(u)[:, None] + merge.condition_head(v)
        return merge(started, self.states)

    def _scale(self) -> Tensor:
        """Factor [K] of the activations' normalisation."""
        norm, conv = self.net.feature_norm, self.net.trunk.conv
        if not isinstance(norm, nn.BatchNorm1d):
            return torch.ones(conv.out_channels, device=conv.weight.device)
        return _slope(norm)


def _rows(memory: Tensor, rows: Tensor) -> Tensor:
    return memory[rows.clamp_min(0)] * (rows >= 0)[:, None].to(memory.dtype)


def _slope(norm: nn.BatchNorm1d) -> Tensor:
    """Slope of a batch normalisation in evaluation mode."""
    assert norm.running_var is not None
    return norm.weight / torch.sqrt(norm.running_var + norm.eps)


def _slopes(net: DeepRageNet) -> Tensor | None:
    """Weights [D, K, P] of the first layer where it is linear in each filter's activations (empty for the tensor merge); None elsewhere."""
    merge, k = net.merge, net.trunk.conv.out_channels
    if net.trunk.shape.pool == "attention":
        return None
    if isinstance(merge, TensorProduct):
        return torch.zeros(0, k, 0)
    if isinstance(merge, Concatenate):
        return merge.from_sequence.weight.view(merge.width, k, -1)
    if isinstance(merge, Bilinear) and len(merge.from_sequence) == 3:
        norm, last = merge.from_sequence[0], merge.from_sequence[-1]
        assert isinstance(norm, nn.BatchNorm1d) and isinstance(last, nn.Linear)
        return (last.weight * _slope(norm)).view(merge.width, k, -1)
    return None
