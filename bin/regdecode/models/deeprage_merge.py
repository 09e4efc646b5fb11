"""How DeepRAGE joins a promoter with the regulators of a condition: four merges behind one contract.

A merge takes pooled activations x [N, K, P] and regulator states y [1 or N, S, H] (one row of states for all genes, or one a gene, where
the gene's own entry is masked) and returns [N, S, T]. What depends on the gene alone is computed once a gene, what depends on the
condition alone once a condition; a tensor genes x conditions x features is never larger than one hidden layer of the batch.
`gene_vector` [N, D] is what a merge has of the sequence alone, for training over many conditions at once.
Axes: N genes of the batch, S conditions, K filters, P positions, H regulator units, T outputs.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Merge(nn.Module):
    """What every merge has: `width`, the D of its gene vector."""

    width: int

    def gene_vector(self, x: Tensor) -> Tensor:
        """What the sequence alone gives, [N, D]."""
        raise NotImplementedError

    def of_genes(self, vector: Tensor) -> Tensor:
        """What a join reads of gene vectors [N, D]: these, or what all genes of a batch have from large weights together, [N, ...]."""
        return vector

    def join(self, of_genes: Tensor, y: Tensor, gene_memory: Tensor | None, condition_memory: Tensor | None) -> Tensor:
        """Outputs [N, S, T] of `of_genes` and states; memories are [N, D] and [S, D] where the merge keeps them."""
        raise NotImplementedError

    def forward(self, x: Tensor, y: Tensor, gene_memory: Tensor | None = None, condition_memory: Tensor | None = None) -> Tensor:
        """Outputs [N, S, T] of pooled activations [N, K, P] and states."""
        return self.join(self.of_genes(self.gene_vector(x)), y, gene_memory, condition_memory)


def tail(width: int, dense: Sequence[int], dropout: float, n_outputs: int) -> nn.Sequential:
    """Dense layers after a first hidden layer of `width` units: ReLU, dropout, then one Linear a layer, at last the head."""
    layers: list[nn.Module] = []
    for units in dense:
        layers += [nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, units)]
        width = units
    return nn.Sequential(*layers, nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, n_outputs))


class Concatenate(Merge):
    """C: dense layers on [flat x, y]. The first layer is split, so that each half is computed once."""

    def __init__(self, features: int, units: int, dense: Sequence[int], dropout: float, n_outputs: int) -> None:
        super().__init__()
        self.width = dense[0]
        self.from_sequence = nn.Linear(features, dense[0])
        self.from_regulators = nn.Linear(units, dense[0], bias=False)
        self.tail = tail(dense[0], dense[1:], dropout, n_outputs)

    def gene_vector(self, x: Tensor) -> Tensor:
        """What the sequence alone gives, [N, D]."""
        return self.from_sequence(x.flatten(1))

    def join(self, of_genes: Tensor, y: Tensor, gene_memory: Tensor | None, condition_memory: Tensor | None) -> Tensor:
        """Outputs [N, S, T] of gene vectors and states."""
        return self.tail(of_genes[:, None] + self.from_regulators(y))


class TensorProduct(Merge):
    """TP: dense layers on x (x) y. The first layer, K x H -> D, is contracted with the gene first, then with each condition."""

    def __init__(self, features: int, units: int, dense: Sequence[int], dropout: float, n_outputs: int) -> None:
        super().__init__()
        self.width, self.units = features, units
        self.first = nn.Linear(features, dense[0] * units, bias=False)
        self.bias = nn.Parameter(torch.zeros(dense[0]))
        self.tail = tail(dense[0], dense[1:], dropout, n_outputs)
        bound = (features * units) ** -0.5
        nn.init.uniform_(self.first.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def gene_vector(self, x: Tensor) -> Tensor:
        """What the sequence alone gives, [N, D]."""
        return x.flatten(1)

    def of_genes(self, vector: Tensor) -> Tensor:
        """Weights [N, D, H] of the regulators for each gene."""
        return self.first(vector).view(len(vector), -1, self.units)

    def first_layer(self, of_genes: Tensor, y: Tensor) -> Tensor:
        """First layer [N, S, D] of each gene's weights and states."""
        return torch.matmul(y.expand(len(of_genes), -1, -1), of_genes.transpose(1, 2)) + self.bias

    def join(self, of_genes: Tensor, y: Tensor, gene_memory: Tensor | None, condition_memory: Tensor | None) -> Tensor:
        """Outputs [N, S, T] of each gene's weights and states."""
        return self.tail(self.first_layer(of_genes, y))


class Recurrent(Merge):
    """RNN: an LSTM over positions that reads [x_i, y]; dense layers on its last state. Both inputs' gates are computed once."""

    def __init__(self, features: int, units: int, hidden: int, dense: Sequence[int], dropout: float, n_outputs: int) -> None:
        super().__init__()
        self.width = features
        self.from_sequence = nn.Linear(features, 4 * hidden)
        self.from_regulators = nn.Linear(units, 4 * hidden, bias=False)
        self.recurrent = nn.Linear(hidden, 4 * hidden, bias=False)
        self.tail = nn.Sequential(nn.Linear(hidden, dense[0]), tail(dense[0], dense[1:], dropout, n_outputs))
        with torch.no_grad():
            self.from_sequence.bias[hidden : 2 * hidden] = 1.0

    def gene_vector(self, x: Tensor) -> Tensor:
        """What the sequence alone gives, [N, D]."""
        return x.mean(2)

    def forward(self, x: Tensor, y: Tensor, gene_memory: Tensor | None = None, condition_memory: Tensor | None = None) -> Tensor:
        """Outputs [N, S, T] of pooled activations [N, K, P] and states."""
        gates_x, gates_y = self.from_sequence(x.transpose(1, 2)), self.from_regulators(y)
        shape = (x.shape[0], y.shape[1], self.recurrent.in_features)
        h, c = gates_x.new_zeros(shape), gates_x.new_zeros(shape)
        for step in range(x.shape[2]):
            i, f, g, o = (gates_x[:, step, None] + gates_y + self.recurrent(h)).chunk(4, dim=2)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return self.tail(h)


class Bilinear(Merge):
    """Ours: z = (U x) * (V y) of low rank D, outputs linear in z, in U x and in V y: one matrix product a batch.

    Genes and conditions seen in training may add a vector of their own to U x and V y (memories).
    """

    def __init__(self, features: int, units: int, rank: int, dense: Sequence[int], dropout: float, n_outputs: int) -> None:
        super().__init__()
        self.width, self.n_outputs = rank, n_outputs
        layers: list[nn.Module] = [nn.BatchNorm1d(features), nn.Dropout(dropout)]
        width = features
        for size in dense:
            layers += [nn.Linear(width, size), nn.ReLU(), nn.Dropout(dropout)]
            width = size
        self.from_sequence = nn.Sequential(*layers, nn.Linear(width, rank))
        self.from_regulators = nn.Linear(units, rank)
        self.gene_head = nn.Linear(rank, n_outputs)
        self.condition_head = nn.Linear(rank, n_outputs, bias=False)
        self.head = nn.Parameter(torch.full((n_outputs, rank), rank**-0.5))
        if n_outputs > 1:
            nn.init.normal_(self.head, std=rank**-0.5)
        nn.init.zeros_(self.gene_head.weight)
        nn.init.zeros_(self.condition_head.weight)

    def gene_vector(self, x: Tensor) -> Tensor:
        """What the sequence alone gives, [N, D]."""
        return self.from_sequence(x.flatten(1))

    def join(self, of_genes: Tensor, y: Tensor, gene_memory: Tensor | None, condition_memory: Tensor | None) -> Tensor:
        """Outputs [N, S, T] of gene vectors and states."""
        u = of_genes if gene_memory is None else of_genes + gene_memory
        v = self.from_regulators(y)
        if condition_memory is not None:
            v = v + condition_memory
        each = [self._product(u * weight, v) for weight in self.head]
        return torch.stack(each, 2) + self.gene_head(u)[:, None] + self.condition_head(v)

    @staticmethod
    def _product(u: Tensor, v: Tensor) -> Tensor:
        """Sum of products over D, [N, S]: u [N, D], v [1 or N, S, D]."""
        return u @ v[0].T if v.shape[0] == 1 else torch.bmm(v, u[:, :, None])[:, :, 0]
