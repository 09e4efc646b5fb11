"""One stage of a DeepRAGE training: the data on the device, the loss of its cells, an epoch. Axes: G genes, S conditions, T outputs."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from regdecode.models.deeprage import DeepRageNet
from regdecode.training.deeprage_hparams import DeepRageFit
from regdecode.training.fit import masked_error

_CHUNK = 128
_UNKNOWN = 4


@dataclass(frozen=True)
class PairData:
    """One fold on the device: codes [G, L], inputs [S, R] (scaled), own [G], targets [G, S] (scaled), classes [G, S], train and tune masks
    [G, S], rows of the memories: genes [G], conditions [S] (-1 for none).
    """

    codes: Tensor
    inputs: Tensor
    own: Tensor
    targets: Tensor
    classes: Tensor | None
    train: Tensor
    tune: Tensor
    genes: Tensor
    conditions: Tensor


@dataclass(frozen=True)
class Stage:
    """One stage: its name, epochs, whether it learns many conditions at once (`at_once`), whether the trunk is kept as it is (`frozen`)."""

    name: str
    epochs: int
    at_once: bool
    frozen: bool


class AtOnce(nn.Module):
    """The gene side of a network with one linear output a condition: [N, K, P] to [N, S]."""

    def __init__(self, net: DeepRageNet, n_conditions: int) -> None:
        super().__init__()
        self.net = net
        self.head = nn.Linear(net.merge.width, n_conditions, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Scaled values [N, S]."""
        return self.head(self.net.merge.gene_vector(self.net.feature_norm(features)))


def half_precision(device: torch.device) -> AbstractContextManager[Any]:
    """bfloat16 where the device is fast at it (a GPU); nothing on a CPU."""
    return torch.autocast("cuda", dtype=torch.bfloat16) if device.type == "cuda" else nullcontext()


def pair_loss(outputs: Tensor, targets: Tensor, classes: Tensor | None, mask: Tensor, huber_delta: float = 0.0) -> Tensor:
    """Mean loss of the cells in `mask` [N, S]: squared (or Huber) error, or cross-entropy where there are classes."""
    weight = mask.to(torch.float32)
    if classes is None:
        return masked_error(outputs[..., 0].float(), targets, weight, huber_delta)
    each = nn.functional.cross_entropy(outputs.float().flatten(0, 1), classes.flatten(), reduction="none").view_as(weight)
    return (each * weight).sum() / weight.sum().clamp_min(1e-12)


def shifted(codes: Tensor, most: int) -> Tensor:
    """Codes [N, L], each row moved by its own up to `most` bases to either side and filled with unknown bases."""
    if not most:
        return codes
    moves = torch.randint(-most, most + 1, (len(codes), 1)).to(codes.device)
    at = torch.arange(codes.shape[1], device=codes.device)[None] + moves
    inside = (at >= 0) & (at < codes.shape[1])
    unknown = torch.full_like(codes, _UNKNOWN)
    return torch.where(inside, codes.gather(1, at.clamp(0, codes.shape[1] - 1)), unknown)


@torch.no_grad()
def all_features(net: DeepRageNet, codes: Tensor) -> Tensor:
    """Pooled activations [G, K, P] of all genes, each convolved once."""
    with half_precision(codes.device):
        return torch.cat([net.features(part).float() for part in codes.split(_CHUNK)])


@torch.no_grad()
def predict_pairs(net: DeepRageNet, data: PairData, features: Tensor | None = None) -> Tensor:
    """Outputs [G, S, T] in evaluation mode; the network's mode is restored."""
    was_training = net.training
    net.eval()
    features = all_features(net, data.codes) if features is None else features
    parts = []
    with half_precision(data.codes.device):
        for rows in torch.arange(len(features), device=features.device).split(_CHUNK):
            parts.append(net.from_features(features[rows], data.inputs, data.own[rows], data.genes[rows], data.conditions).float())
    net.train(was_training)
    return torch.cat(parts)


def _optimizer(module: nn.Module, net: DeepRageNet, stage: Stage, settings: DeepRageFit) -> torch.optim.Optimizer:
    """Optimiser of what a stage learns; the trunk's rate is a part of the rest's. Group 0 is the trunk where it learns."""
    of_trunk = {id(parameter) for parameter in net.trunk.parameters()}
    rest = [parameter for parameter in module.parameters() if id(parameter) not in of_trunk]
    rate = settings.learning_rate
    groups: list[dict[str, Any]] = [{"params": rest, "lr": rate, "part": 1.0}]
    if not stage.frozen:
        groups.insert(0, {"params": list(net.trunk.parameters()), "lr": rate * settings.trunk_rate, "part": settings.trunk_rate})
    if settings.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=settings.momentum, weight_decay=settings.weight_decay)
    return torch.optim.AdamW(groups, lr=rate, weight_decay=settings.weight_decay)


def _with_cells(mask: Tensor) -> tuple[Tensor, Tensor]:
    """Genes and conditions that have a cell in `mask` [G, S]: nothing is computed for the others."""
    return torch.nonzero(mask.any(1))[:, 0], torch.nonzero(mask.any(0))[:, 0]


class Runner:
    """One stage of one fold: an epoch, and the validation loss.

    Many conditions at once say nothing about a condition without a training cell: such cells judge the merge alone (`tune` [G, S]).
    """

    def __init__(self, net: DeepRageNet, at_once: AtOnce, data: PairData, stage: Stage, settings: DeepRageFit, seed: int) -> None:
        self.net, self.at_once, self.data, self.stage, self.settings, self.seed = net, at_once, data, stage, settings, seed
        self.module: nn.Module = at_once if stage.at_once else net
        self.optimizer = _optimizer(self.module, net, stage, settings)
        self.tune = data.tune & data.train.any(0) if stage.at_once else data.tune
        self.train_genes, self.train_conditions = _with_cells(data.train)
        self.tune_genes, self.tune_conditions = _with_cells(self.tune)
        self.cached: Tensor | None = None

    def prepare(self) -> None:
        """Compute activations once where the trunk does not change."""
        self.net.eval()
        self.cached = all_features(self.net, self.data.codes) if self.stage.frozen else None

    def _outputs(self, rows: Tensor, columns: Tensor, training: bool) -> Tensor:
        data, net = self.data, self.net
        if self.cached is not None:
            features = self.cached[rows]
        else:
            features = net.features(shifted(data.codes[rows], self.settings.shift if training else 0))
        if self.stage.at_once:
            return self.at_once(features)[:, columns, None]
        return net.from_features(features, data.inputs[columns], data.own[rows], data.genes[rows], data.conditions[columns])

    def loss(self, rows: Tensor, columns: Tensor, mask: Tensor, training: bool) -> Tensor:
        """Loss of some genes in some conditions."""
        data, cells = self.data, (rows[:, None], columns)
        with half_precision(data.codes.device):
            outputs = self._outputs(rows, columns, training)
        classes = None if self.stage.at_once or data.classes is None else data.classes[cells]
        return pair_loss(outputs, data.targets[cells], classes, mask[cells], self.settings.huber_delta)

    def epoch(self, number: int, rate: Callable[[int, int], float]) -> float:
        """Train one epoch; mean loss over its batches."""
        torch.manual_seed((self.seed * 100_003 + number) * 7 + len(self.stage.name))
        self.module.train()
        order = self.train_genes[torch.randperm(len(self.train_genes)).to(self.train_genes.device)]
        batches = torch.tensor_split(order, max(1, len(order) // self.settings.batch_genes))
        columns, most, losses = self.train_conditions, self.settings.batch_conditions, []
        for k, rows in enumerate(batches):
            for group in self.optimizer.param_groups:
                group["lr"] = self.settings.learning_rate * group["part"] * rate(k, len(batches))
            if 0 < most < len(self.train_conditions):
                columns = self.train_conditions[torch.randperm(len(self.train_conditions))[:most].to(rows.device)]
            loss = self.loss(rows, columns, self.data.train, True)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if self.settings.clip:
                nn.utils.clip_grad_norm_(self.module.parameters(), self.settings.clip)
            self.optimizer.step()
            losses.append(loss.detach())
        return float(torch.stack(losses).mean())

    @torch.no_grad()
    def validation_loss(self) -> float:
        """Loss of the tuning cells; NaN where the stage has none."""
        self.module.eval()
        total = cells = 0.0
        for rows in self.tune_genes.split(_CHUNK):
            n = float(self.tune[rows].sum())
            total, cells = total + n * float(self.loss(rows, self.tune_conditions, self.tune, False)), cells + n
        return total / cells if cells else math.nan
