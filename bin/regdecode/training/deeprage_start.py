"""Where the bilinear merge begins: what many conditions at once have taught, and each gene's own vector, both in closed form.

Axes: G genes, S conditions, R regulators, D rank.
"""

import torch
from torch import Tensor

from regdecode.models.deeprage import DeepRageNet
from regdecode.models.deeprage_merge import Bilinear
from regdecode.training.deeprage_stage import PairData, all_features, predict_pairs

RIDGES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
FEW = 10.0
ROUNDS = 8
PENALTIES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
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


@torch.no_grad()
def complete(vectors: Tensor, net: DeepRageNet, data: PairData) -> Tensor:
    """Let the conditions' vectors [S, D] explain each gene's own part too, where genes have a memory; else as they are.

    Alternates, `ROUNDS` times, the ridge regressions of genes on conditions (what the promoter leaves) and of conditions on genes: a
    completion of the matrix whose prior mean for a gene is its promoter's vector. The penalty is the one with the least squared error of
    the tuning cells; conditions without a training cell keep their vectors.
    """
    merge = regression_merge(net)
    if merge is None or net.gene_memory is None:
        return vectors
    net.eval()
    features = all_features(net, data.codes)
    of_promoter = torch.cat([merge.gene_vector(part) for part in features.split(_CHUNK)])
    known, keeps = data.train.any(0), (data.genes >= 0)[:, None].to(vectors.dtype)
    tune = data.tune & known
    best, kept = float("inf"), vectors
    for penalty in PENALTIES if tune.any() else (FEW,):
        found = vectors.clone()
        for _ in range(ROUNDS):
            genes = of_promoter + keeps * _solve(found, data.targets - of_promoter @ found.T, data.train, penalty)
            found[known] = _solve(genes, data.targets.T, data.train.T, FEW)[known]
        genes = of_promoter + keeps * _solve(found, data.targets - of_promoter @ found.T, data.train, penalty)
        error = float(((data.targets - genes @ found.T).square() * tune).sum())
        if error < best:
            best, kept = error, found
    return kept


@torch.no_grad()
def start_memory(net: DeepRageNet, data: PairData) -> None:
    """Give each gene with a memory the vector that explains what its promoter leaves of its training cells, by ridge regression.

    The penalty is the one of `PENALTIES` with the least squared error of the tuning cells.
    """
    merge = regression_merge(net)
    if merge is None or net.gene_memory is None:
        return
    net.eval()
    features = all_features(net, data.codes)
    vectors = merge.from_regulators(net.states(data.inputs)[0])
    if net.condition_memory is not None:
        seen = data.conditions >= 0
        vectors[seen] += net.condition_memory[data.conditions[seen]]
    design = vectors * merge.head[0]
    rest = data.targets - predict_pairs(net, data, features)[..., 0]
    best: tuple[float, Tensor | None] = (float("inf"), None)
    for penalty in PENALTIES:
        found = _solve(design, rest, data.train, penalty)
        found[data.genes < 0] = 0
        error = float(((rest - found @ design.T).square() * data.tune).sum())
        if error < best[0]:
            best = (error, found)
    if best[1] is not None:
        kept = data.genes >= 0
        net.gene_memory[data.genes[kept]] = best[1][kept]


def _solve(design: Tensor, rest: Tensor, train: Tensor, penalty: float) -> Tensor:
    """Vectors [G, D]: ridge regression of each row's rest [G, S] on the design [S, D], training cells alone.

    The penalty counts in cells: as many of the design's mean square are added to each coefficient's own.
    """
    eye = penalty * float(design.square().mean()) * torch.eye(design.shape[1], device=design.device)
    parts = []
    for rows in torch.arange(len(rest), device=design.device).split(_CHUNK):
        weight = train[rows].to(design.dtype)
        gram = torch.einsum("gs,sd,se->gde", weight, design, design) + eye
        parts.append(torch.linalg.solve(gram, (weight * rest[rows]) @ design))
    return torch.cat(parts)
