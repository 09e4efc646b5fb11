"""Fits a DeepRAGE network in stages: many conditions at once on frozen filters, then filters too, then the merge with the regulators.

Epoch k of a stage draws its order, dropout and shifts from (seed, stage, k) alone, so that a continued training equals one that was never
stopped. Axes: G genes, S conditions, R regulators, L bases, T outputs.
"""

import logging
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from regdecode.errors import InputError
from regdecode.models.deeprage import DeepRageNet
from regdecode.models.deeprage_merge import Bilinear, Recurrent
from regdecode.training.checkpoint import CheckpointPlace, Interrupted, Progress, listening_for_sigterm, load_checkpoint, save_checkpoint
from regdecode.training.deeprage_hparams import DeepRageFit
from regdecode.training.fit import masked_error, rate_factor

log = logging.getLogger(__name__)
_SAY_EVERY = 10.0
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
        return self.head(self.net.merge.gene_vector(self.net.feature_norm(features)))


def stages_of(settings: DeepRageFit) -> list[Stage]:
    """Stages with epochs to run, in order."""
    every = [
        Stage("frozen", settings.frozen_epochs, True, True),
        Stage("trunk", settings.trunk_epochs, True, False),
        Stage("merge", settings.epochs, False, settings.freeze_trunk),
    ]
    return [stage for stage in every if stage.epochs]


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


def _halvings(history: list[dict[str, float]], after: int) -> int:
    """How often the rate has been halved: once for each `after` epochs in a row without a better validation loss."""
    best, since, count = math.inf, 0, 0
    for row in history:
        if row["validation_loss"] < best:
            best, since = row["validation_loss"], 0
        else:
            since += 1
            if since == after:
                since, count = 0, count + 1
    return count


class _Runner:
    """One stage of one fold: an epoch, and the validation loss."""

    def __init__(self, net: DeepRageNet, at_once: AtOnce, data: PairData, stage: Stage, settings: DeepRageFit, seed: int) -> None:
        self.net, self.at_once, self.data, self.stage, self.settings, self.seed = net, at_once, data, stage, settings, seed
        self.module: nn.Module = at_once if stage.at_once else net
        self.optimizer = _optimizer(self.module, net, stage, settings)
        self.train_genes = torch.nonzero(data.train.any(1))[:, 0]
        self.tune_genes = torch.nonzero(data.tune.any(1))[:, 0]
        self.cached: Tensor | None = None

    def prepare(self) -> None:
        """Compute activations once where the trunk does not change."""
        self.net.eval()
        self.cached = all_features(self.net, self.data.codes) if self.stage.frozen else None

    def _outputs(self, rows: Tensor, columns: Tensor | None, training: bool) -> Tensor:
        data, net = self.data, self.net
        if self.cached is not None:
            features = self.cached[rows]
        else:
            features = net.features(shifted(data.codes[rows], self.settings.shift if training else 0))
        if self.stage.at_once:
            outputs = self.at_once(features)[..., None]
            return outputs if columns is None else outputs[:, columns]
        inputs, conditions = (data.inputs, data.conditions) if columns is None else (data.inputs[columns], data.conditions[columns])
        return net.from_features(features, inputs, data.own[rows], data.genes[rows], conditions)

    def loss(self, rows: Tensor, columns: Tensor | None, mask: Tensor, training: bool) -> Tensor:
        """Loss of some genes in some conditions (None: all)."""
        data = self.data
        pick: Callable[[Tensor], Tensor] = (lambda table: table[rows]) if columns is None else (lambda table: table[rows][:, columns])
        with half_precision(data.codes.device):
            outputs = self._outputs(rows, columns, training)
        classes = None if self.stage.at_once or data.classes is None else pick(data.classes)
        return pair_loss(outputs, pick(data.targets), classes, pick(mask), self.settings.huber_delta)

    def epoch(self, number: int, rate: Callable[[int, int], float]) -> float:
        """Train one epoch; mean loss over its batches."""
        torch.manual_seed((self.seed * 100_003 + number) * 7 + len(self.stage.name))
        self.module.train()
        order = self.train_genes[torch.randperm(len(self.train_genes)).to(self.train_genes.device)]
        batches = torch.tensor_split(order, max(1, len(order) // self.settings.batch_genes))
        n_conditions, losses = len(self.data.inputs), []
        for k, rows in enumerate(batches):
            for group in self.optimizer.param_groups:
                group["lr"] = self.settings.learning_rate * group["part"] * rate(k, len(batches))
            columns = None
            if 0 < self.settings.batch_conditions < n_conditions:
                columns = torch.randperm(n_conditions)[: self.settings.batch_conditions].to(rows.device)
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
        """Loss of the tuning cells."""
        self.module.eval()
        total = cells = 0.0
        for rows in self.tune_genes.split(_CHUNK):
            n = float(self.data.tune[rows].sum())
            total, cells = total + n * float(self.loss(rows, None, self.data.tune, False)), cells + n
        return total / max(cells, 1.0)


def _rate(settings: DeepRageFit, stage: Stage, progress: Progress) -> Callable[[int, int], float]:
    """Factor of the learning rate at batch k of n in the coming epoch."""
    if settings.schedule == "halve":
        factor = 0.5 ** _halvings(progress.history, settings.halve_after)
        return lambda k, n: factor
    return lambda k, n: min(1.0, rate_factor(progress.epoch * n + k, stage.epochs * n, settings.schedule))


def fit_stage(runner: _Runner, place: CheckpointPlace | None) -> Progress:
    """Run one stage; its module holds the weights of its best epoch afterwards.

    Raises
    ------
    Interrupted
        On SIGTERM, at the end of the running epoch, after saving a checkpoint.
    InputError
        When the loss is not finite.
    """
    stage, settings, module = runner.stage, runner.settings, runner.module
    restored = load_checkpoint(place, module, runner.optimizer) if place else None
    progress, best = restored if restored else (Progress(), _copy(module))
    patience = settings.patience
    if progress.epoch < stage.epochs:
        runner.prepare()
    started = said = saved = time.monotonic()
    first = progress.epoch
    with listening_for_sigterm() as heard:
        while progress.epoch < stage.epochs and progress.epoch - max(progress.best_epoch, 0) <= patience:
            begun = time.monotonic()
            train_loss = runner.epoch(progress.epoch, _rate(settings, stage, progress))
            loss = runner.validation_loss()
            if not math.isfinite(train_loss) or not math.isfinite(loss):
                raise InputError(
                    f"the loss is not finite in epoch {progress.epoch + 1} of stage {stage.name}",
                    "training",
                    "lower fit.learning_rate, or set fit.clip, in the hyper-parameter file",
                )
            progress.epoch += 1
            now = time.monotonic()
            progress.history.append(
                {"epoch": progress.epoch, "train_loss": train_loss, "validation_loss": loss, "seconds": round(now - begun, 3)}
            )
            if loss < progress.best_loss:
                progress.best_loss, progress.best_epoch, best = loss, progress.epoch, _copy(module)
            if now - said > _SAY_EVERY:
                said = now
                _say(progress, stage, runner, (now - started) / (progress.epoch - first))
            finished = progress.epoch >= stage.epochs or progress.epoch - progress.best_epoch > patience
            if place and (heard or finished or now - saved > place.every):
                saved = now
                save_checkpoint(place, module, best, runner.optimizer, progress)
            if heard:
                told = f"state saved in {place.path}" if place else "no --checkpoint-dir, so nothing was saved"
                raise Interrupted(f"stopped by SIGTERM after epoch {progress.epoch} of stage {stage.name}; {told}")
    module.load_state_dict(best)
    log.info("stage %s: %d epochs, best validation loss %.4f in epoch %d, %.0f s", stage.name, progress.epoch, progress.best_loss,
             progress.best_epoch, time.monotonic() - started)
    return progress


def _say(progress: Progress, stage: Stage, runner: _Runner, seconds: float) -> None:
    """One line: where the training stands, how fast, how long at most."""
    last = progress.history[-1]
    pairs = float(runner.data.train.sum()) / max(seconds, 1e-9)
    log.info(
        "stage %s epoch %d/%d train %.4f validation %.4f best %.4f (epoch %d) %.0f pairs/s, at most %.0f s to go",
        stage.name, progress.epoch, stage.epochs, last["train_loss"], last["validation_loss"], progress.best_loss, progress.best_epoch,
        pairs, seconds * (stage.epochs - progress.epoch),
    )  # fmt: skip


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {key: value.detach().clone() for key, value in module.state_dict().items()}


@torch.no_grad()
def start_merge(net: DeepRageNet, at_once: AtOnce, data: PairData, ridge: float = 1e-2) -> None:
    """Let the bilinear merge begin where the conditions-at-once head stands: V y fitted to the head's vectors by ridge regression, and the
    rest of them in the conditions' memory where there is one.
    """
    merge = net.merge
    if not isinstance(merge, Bilinear) or merge.n_outputs != 1:
        return
    net.eval()
    known = data.train.any(0)
    states = net.states(data.inputs)[0].double()
    wanted = (at_once.head.weight / merge.head[0]).double()
    centre = states[known].mean(0)
    x, y = states[known] - centre, wanted[known]
    gram = x @ x.T
    gram += ridge * gram.diagonal().mean() * torch.eye(len(gram), device=gram.device, dtype=gram.dtype)
    weight = (x.T @ torch.linalg.solve(gram, y - y.mean(0))).T
    merge.from_regulators.weight.copy_(weight)
    merge.from_regulators.bias.copy_(y.mean(0) - weight @ centre)
    if net.condition_memory is not None:
        rest = wanted - merge.from_regulators(net.states(data.inputs)[0]).double()
        seen = known & (data.conditions >= 0)
        net.condition_memory[data.conditions[seen]] = rest[seen].to(net.condition_memory.dtype)


def fit_network(
    net: DeepRageNet, data: PairData, settings: DeepRageFit, seed: int, place: CheckpointPlace | None = None
) -> tuple[list[dict[str, Any]], Progress]:
    """Run every stage in place; the history of all (with `stage`) and the progress of the last.

    Parameters
    ----------
    net
        On the device of `data`.
    seed
        Same seed, data and threads: same weights, on a CPU.
    place
        Where to keep checkpoints (one file a stage, named after it), None for nowhere.
    """
    history: list[dict[str, Any]] = []
    progress = Progress()
    with torch.random.fork_rng():
        torch.manual_seed(seed * 100_003 + 99_991)
        at_once = AtOnce(net, len(data.inputs)).to(data.codes.device)
        for stage in stages_of(settings):
            if stage.at_once and isinstance(net.merge, Recurrent):
                log.info("the recurrent merge learns many conditions from the mean over positions")
            if not stage.at_once and history:
                start_merge(net, at_once, data)
            own = place and replace(place, path=place.path.with_name(f"{place.path.stem}.{stage.name}{place.path.suffix}"))
            progress = fit_stage(_Runner(net, at_once, data, stage, settings, seed), own)
            history += [{"stage": stage.name, **row} for row in progress.history]
    return history, progress
