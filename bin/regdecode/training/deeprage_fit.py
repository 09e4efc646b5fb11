"""Fits a DeepRAGE network in stages: many conditions at once on frozen filters, then filters too, then the merge with the regulators.

Epoch k of a stage draws its order, dropout and shifts from (seed, stage, k) alone, so that a continued training equals one that was never
stopped. Axes: G genes, S conditions.
"""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from regdecode.errors import InputError
from regdecode.models.deeprage import DeepRageNet
from regdecode.training.checkpoint import CheckpointPlace, Interrupted, Progress, listening_for_sigterm, load_checkpoint, save_checkpoint
from regdecode.training.deeprage_hparams import DeepRageFit
from regdecode.training.deeprage_stage import AtOnce, PairData, Runner, Stage
from regdecode.training.deeprage_start import complete, start_merge
from regdecode.training.fit import rate_factor

log = logging.getLogger(__name__)
_SAY_EVERY = 10.0


def stages_of(settings: DeepRageFit) -> list[Stage]:
    """Stages with epochs to run, in order."""
    every = [
        Stage("frozen", settings.frozen_epochs, True, True),
        Stage("trunk", settings.trunk_epochs, True, False),
        Stage("merge", settings.epochs, False, settings.freeze_trunk),
    ]
    return [stage for stage in every if stage.epochs]


def _halvings(history: list[dict[str, float]], after: int) -> int:
    """How often the rate has been halved: once for each `after` epochs in a row without a better validation loss."""
    best, since, count = math.inf, 0, 0
    for row in history:
        if not row["validation_loss"] >= best:  # NaN: nothing judges the stage
            best, since = row["validation_loss"], 0
        else:
            since += 1
            if since == after:
                since, count = 0, count + 1
    return count


def _rate(settings: DeepRageFit, stage: Stage, progress: Progress) -> Callable[[int, int], float]:
    """Factor of the learning rate at batch k of n in the coming epoch."""
    if settings.schedule == "halve":
        factor = 0.5 ** _halvings(progress.history, settings.halve_after)
        return lambda k, n: factor
    return lambda k, n: min(1.0, rate_factor(progress.epoch * n + k, stage.epochs * n, settings.schedule))


def fit_stage(runner: Runner, place: CheckpointPlace | None) -> Progress:
    """Run one stage; its module holds the weights of its best epoch afterwards, those of the last where no cell can judge it.

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
    patience, judged = settings.patience, len(runner.tune_genes) > 0
    if not judged:
        log.info("stage %s: no validation cell is of a condition with training cells, so its last epoch is kept", stage.name)
    if progress.epoch < stage.epochs:
        runner.prepare()
    if not progress.epoch:
        progress.best_loss, progress.best_epoch = runner.validation_loss(), 0
    started = said = saved = time.monotonic()
    first = progress.epoch
    with listening_for_sigterm() as heard:
        while progress.epoch < stage.epochs and progress.epoch - progress.best_epoch <= patience:
            begun = time.monotonic()
            train_loss = runner.epoch(progress.epoch, _rate(settings, stage, progress))
            loss = runner.validation_loss()
            if not math.isfinite(train_loss) or (judged and not math.isfinite(loss)):
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
            if loss < progress.best_loss or not judged:
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
    log.info(
        "stage %s: %d epochs, best validation loss %.4f in epoch %d, %.0f s",
        stage.name,
        progress.epoch,
        progress.best_loss,
        progress.best_epoch,
        time.monotonic() - started,
    )
    return progress


def _say(progress: Progress, stage: Stage, runner: Runner, seconds: float) -> None:
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
            if not stage.at_once and history:
                start_merge(net, complete(at_once.head.weight, net, data), data)
            own = place and replace(place, path=place.path.with_name(f"{place.path.stem}.{stage.name}{place.path.suffix}"))
            progress = fit_stage(Runner(net, at_once, data, stage, settings, seed), own)
            history += [{"stage": stage.name, **row} for row in progress.history]
    return history, progress
