"""Fits a network on pooled features: resident data, masked error, early stopping, the best epoch kept.

Epoch k draws its order and its dropout from (seed, k) alone, so that a continued training equals one that was never stopped. Axes: G genes,
F features, T outputs.
"""

import logging
import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from regdecode.errors import InputError
from regdecode.models.decode import DecodeNet
from regdecode.training.checkpoint import CheckpointPlace, Interrupted, Progress, listening_for_sigterm, load_checkpoint, save_checkpoint

log = logging.getLogger(__name__)
_SAY_EVERY = 10.0
_CHUNK = 4096


@dataclass(frozen=True)
class FitSettings:
    """How a network is fitted.

    `schedule` is "constant" (as published) or "cosine": a tenth of the steps up, then down to zero over `epochs`. `weight_decay` above 0
    makes Adam AdamW. `level_share` is the level's share of the loss beside all fold changes; 0 gives it the weight of one output.
    `huber_delta` is where an error turns from squared to linear, in standard deviations of the targets, so that a few genes with huge fold
    changes do not decide; 0 is the plain squared error.
    """

    epochs: int = 60
    batch_size: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    schedule: str = "cosine"
    patience: int = 12
    level_share: float = 0.0
    huber_delta: float = 0.0


@dataclass(frozen=True)
class FitData:
    """Features [G, F], scaled targets [G, T] and weights [G, T] (0 where not measured) on the device, and the rows of two splits."""

    features: Tensor
    targets: Tensor
    weights: Tensor
    train: Tensor
    validation: Tensor


def make_fit_data(
    features: Tensor, scaled: NDArray[np.float64], output_weights: NDArray[np.float64], split: NDArray[np.str_], device: torch.device
) -> FitData:
    """Put everything on the device once.

    Raises
    ------
    InputError
        When there are fewer than two training genes or no validation gene with a measured target.
    """
    measured = np.isfinite(scaled)
    rows = {name: np.flatnonzero((split == name) & measured.any(1)) for name in ("train", "validation")}
    if len(rows["train"]) < 2 or not len(rows["validation"]):
        raise InputError(
            f"{len(rows['train'])} training and {len(rows['validation'])} validation genes have a measured target; 2 and 1 are needed",
            "splits",
            "name more chromosomes, blocks or genes for train and validation",
        )
    return FitData(
        features.to(device),
        torch.tensor(np.nan_to_num(scaled), dtype=torch.float32, device=device),
        torch.tensor(measured * output_weights, dtype=torch.float32, device=device),
        torch.tensor(rows["train"], device=device),
        torch.tensor(rows["validation"], device=device),
    )


def masked_error(prediction: Tensor, target: Tensor, weight: Tensor, huber_delta: float = 0.0) -> Tensor:
    """Weighted mean error: squared, or Huber's ``min(e^2, 2 delta |e| - delta^2)``; entries of weight 0 have no say."""
    if huber_delta == 0:
        error = (prediction - target).square()
    else:
        error = 2 * nn.functional.huber_loss(prediction, target, reduction="none", delta=huber_delta)
    return (error * weight).sum() / weight.sum().clamp_min(1e-12)


@torch.no_grad()
def predict(net: DecodeNet, features: Tensor) -> Tensor:
    """Scaled predictions [G, T] in evaluation mode; the network's mode is restored."""
    was_training = net.training
    net.eval()
    parts = [net.predict_encoded(part) for part in features.split(_CHUNK)]
    net.train(was_training)
    return torch.cat(parts)


def rate_factor(step: int, total: int, schedule: str) -> float:
    """Factor of the learning rate at a step of `total`."""
    if schedule == "constant":
        return 1.0
    done, rise = step / max(total, 1), 0.1
    return (done + 1 / max(total, 1)) / rise if done < rise else 0.5 * (1 + math.cos(math.pi * (done - rise) / (1 - rise)))


def _epoch(net: DecodeNet, data: FitData, optimizer: torch.optim.Optimizer, settings: FitSettings, epoch: int, seed: int) -> float:
    """Train one epoch; mean loss over its batches."""
    torch.manual_seed(seed * 100_003 + epoch)
    net.train()
    order = data.train[torch.randperm(len(data.train)).to(data.train.device)]
    n_batches = max(1, len(order) // settings.batch_size)
    losses = []
    for number, batch in enumerate(torch.tensor_split(order, n_batches)):
        factor = rate_factor(epoch * n_batches + number, settings.epochs * n_batches, settings.schedule)
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * min(factor, 1.0)
        loss = masked_error(net.predict_encoded(data.features[batch]), data.targets[batch], data.weights[batch], settings.huber_delta)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return float(torch.stack(losses).mean())


def _validation_loss(net: DecodeNet, data: FitData, settings: FitSettings) -> float:
    rows = data.validation
    return float(masked_error(predict(net, data.features[rows]), data.targets[rows], data.weights[rows], settings.huber_delta))


def _check_finite(train_loss: float, validation_loss: float, epoch: int) -> None:
    if not math.isfinite(train_loss) or not math.isfinite(validation_loss):
        raise InputError(f"the loss is not finite in epoch {epoch}", "training", "lower fit.learning_rate in the hyper-parameter file")


def _copy(net: DecodeNet) -> dict[str, Tensor]:
    return {key: value.detach().clone() for key, value in net.state_dict().items()}


def fit(net: DecodeNet, data: FitData, settings: FitSettings, seed: int, place: CheckpointPlace | None = None) -> Progress:
    """Train `net` in place; it holds the weights of its best epoch afterwards.

    Parameters
    ----------
    net
        On the device of `data`.
    seed
        Same seed, data and threads: same weights, on a CPU.
    place
        Where to keep checkpoints, None for nowhere.

    Raises
    ------
    Interrupted
        On SIGTERM, at the end of the running epoch, after saving a checkpoint.
    InputError
        When the loss is not finite.
    """
    adam = torch.optim.AdamW if settings.weight_decay > 0 else torch.optim.Adam
    optimizer = adam(net.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    restored = load_checkpoint(place, net, optimizer) if place else None
    progress, best = restored if restored else (Progress(), _copy(net))
    started = said = saved = time.monotonic()
    first = progress.epoch
    with torch.random.fork_rng(), listening_for_sigterm() as heard:
        while progress.epoch < settings.epochs and progress.epoch - progress.best_epoch <= settings.patience:
            begun = time.monotonic()
            train_loss = _epoch(net, data, optimizer, settings, progress.epoch, seed)
            loss = _validation_loss(net, data, settings)
            _check_finite(train_loss, loss, progress.epoch + 1)
            progress.epoch += 1
            now = time.monotonic()
            progress.history.append(
                {"epoch": progress.epoch, "train_loss": train_loss, "validation_loss": loss, "seconds": round(now - begun, 3)}
            )
            if loss < progress.best_loss:
                progress.best_loss, progress.best_epoch, best = loss, progress.epoch, _copy(net)
            if now - said > _SAY_EVERY:
                said = now
                _say(progress, settings, len(data.train), (now - started) / (progress.epoch - first))
            if place and (heard or now - saved > place.every):
                saved = now
                save_checkpoint(place, net, best, optimizer, progress)
            if heard:
                raise Interrupted(
                    f"stopped by SIGTERM after epoch {progress.epoch}; "
                    + (f"state saved in {place.path}" if place else "no --checkpoint-dir, so nothing was saved")
                )
    net.load_state_dict(best)
    log.info(
        "trained %d epochs in %.0f s; best validation loss %.4f in epoch %d",
        progress.epoch,
        time.monotonic() - started,
        progress.best_loss,
        progress.best_epoch,
    )
    return progress


def _say(progress: Progress, settings: FitSettings, n_genes: int, seconds: float) -> None:
    """One line: where the training stands, how fast, how long at most."""
    last = progress.history[-1]
    log.info(
        "epoch %d/%d train %.4f validation %.4f best %.4f (epoch %d) %.0f genes/s, at most %.0f s to go",
        progress.epoch,
        settings.epochs,
        last["train_loss"],
        last["validation_loss"],
        progress.best_loss,
        progress.best_epoch,
        n_genes / max(seconds, 1e-9),
        seconds * (settings.epochs - progress.epoch),
    )
