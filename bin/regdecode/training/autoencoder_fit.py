"""Fits the autoencoder that completes random pairs: cells are hidden anew in every batch, and told from those that are left.

Axes: G genes, S conditions.
"""

import logging
import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from regdecode.models.autoencoder import Autoencoder, AutoencoderMember
from regdecode.models.deeprage_member_fits import Choices
from regdecode.models.deeprage_problem import CellProblem

log = logging.getLogger(__name__)
_SAY_EVERY = 30.0


@dataclass(frozen=True)
class AutoencoderFit:
    """How it is fitted: `hidden` are the least and the greatest share of a gene's cells that are hidden, `delta` is where an error turns
    from squared to linear, in standard deviations.
    """

    units: tuple[int, int] = (1024, 256)
    dropout: float = 0.2
    epochs: int = 300
    batch: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    hidden: tuple[float, float] = (0.02, 0.42)
    delta: float = 0.7


SETTINGS = AutoencoderFit()


def hide(known: Tensor, shares: tuple[float, float]) -> Tensor:
    """Cells (bool [N, S]) of `known` to hide; each gene has a share of its own."""
    low, high = shares
    share = low + (high - low) * torch.rand(len(known), 1)
    return (torch.rand(known.shape) < share) & known


def fit_autoencoder(bent: np.ndarray, values: np.ndarray, settings: AutoencoderFit = SETTINGS, seed: int = 0) -> tuple[Autoencoder, float]:
    """Fit.

    Parameters
    ----------
    bent : ndarray (G, S)
        What is shown: outliers bent; NaN where not known.
    values : ndarray (G, S)
        What is to be told.

    Returns
    -------
    network : Autoencoder
    scale : float
        Standard deviation of the known values: the network's unit.
    """
    scale = float(np.nanstd(values)) or 1.0
    shown = torch.from_numpy(np.nan_to_num(bent / scale).astype(np.float32))
    wanted = torch.from_numpy(np.nan_to_num(values / scale).astype(np.float32))
    known = torch.from_numpy(np.isfinite(bent))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Autoencoder(values.shape[1], settings.units, settings.dropout)
        _train(network, shown, wanted, known, settings)
    return network.eval(), scale


def _train(network: Autoencoder, shown: Tensor, wanted: Tensor, known: Tensor, settings: AutoencoderFit) -> None:
    batches = max(1, len(shown) // settings.batch)
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    steps = settings.epochs * batches
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, total_steps=steps)
    network.train()
    started = said = time.monotonic()
    for epoch in range(settings.epochs):
        for rows in torch.tensor_split(torch.randperm(len(shown)), batches):
            hidden = hide(known[rows], settings.hidden)
            told = network(shown[rows], known[rows] & ~hidden)
            each = nn.functional.huber_loss(told, wanted[rows], reduction="none", delta=settings.delta)
            loss = (each * hidden).sum() / hidden.sum().clamp_min(1)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
        now = time.monotonic()
        if now - said > _SAY_EVERY:
            said, left = now, (now - started) / (epoch + 1) * (settings.epochs - epoch - 1)
            log.info("autoencoder epoch %d/%d loss %.4f, %.0f s to go", epoch + 1, settings.epochs, float(loss.detach()), left)


def fit_autoencoder_member(problem: CellProblem, chosen: Choices | None = None) -> tuple[AutoencoderMember, Choices]:
    """An autoencoder of the known cells; nothing is chosen on watched cells."""
    bent = problem.robust.bent
    network, scale = fit_autoencoder(bent, problem.profiles()[problem.genes], seed=problem.seed)
    return AutoencoderMember(network, scale, bent.astype(np.float32)), chosen or Choices()
