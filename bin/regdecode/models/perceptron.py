"""A two-layer perceptron on site counts: what a network gets from counts alone, without positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn


@dataclass(frozen=True)
class PerceptronSettings:
    """Shape and training of the perceptron; `n_seeds` networks are averaged."""

    hidden: int = 256
    dropout: float = 0.5
    input_dropout: float = 0.1
    rate: float = 1e-3
    weight_decay: float = 1e-4
    batch: int = 128
    epochs: int = 100
    patience: int = 8
    n_seeds: int = 5


class Perceptron(nn.Module):
    """Linear - ReLU - Linear - ReLU - Linear, batch-normalised, with dropout."""

    def __init__(self, n_features: int, n_outputs: int, settings: PerceptronSettings) -> None:
        super().__init__()
        width = settings.hidden
        self.layers = nn.Sequential(
            nn.Dropout(settings.input_dropout),
            nn.Linear(n_features, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
            nn.Linear(width, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
            nn.Linear(width, n_outputs),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features (N, F) to scaled outputs (N, T)."""
        return self.layers(x)


def masked_error(predicted: torch.Tensor, actual: torch.Tensor) -> torch.Tensor:
    """Mean squared error over the entries of `actual` that are not NaN."""
    seen = torch.isfinite(actual)
    difference = torch.where(seen, predicted - torch.nan_to_num(actual), torch.zeros_like(predicted))
    return (difference**2).sum() / seen.sum().clamp(min=1)


def fit_perceptron(
    X: np.ndarray,
    Y: np.ndarray,
    X_val: np.ndarray,
    Y_val: np.ndarray,
    X_new: np.ndarray,
    settings: PerceptronSettings | None = None,
    seed: int = 0,
    threads: int = 1,
) -> np.ndarray:
    """Train and predict; the mean of `n_seeds` networks.

    Parameters
    ----------
    X, X_val, X_new : ndarray (G, F)
        Standardised features of training, validation and predicted genes.
    Y, Y_val : ndarray (G, T)
        Scaled targets; NaN is masked. Training stops when the validation error has not fallen for `patience` epochs, at the best epoch.
    settings : PerceptronSettings or None, optional
    seed, threads : int

    Returns
    -------
    ndarray (G, T)
        Scaled predictions of `X_new`.
    """
    settings = settings or PerceptronSettings()
    torch.set_num_threads(threads)
    x, y, x_val, y_val, x_new = (torch.as_tensor(np.asarray(values, dtype=np.float32)) for values in (X, Y, X_val, Y_val, X_new))
    runs = [_fit_one(x, y, x_val, y_val, x_new, settings, seed * 1009 + k) for k in range(settings.n_seeds)]
    return np.mean(runs, axis=0)


def _fit_one(
    x: torch.Tensor, y: torch.Tensor, x_val: torch.Tensor, y_val: torch.Tensor, x_new: torch.Tensor, settings: PerceptronSettings, seed: int
) -> np.ndarray:
    """One network, early-stopped, as its predictions of `x_new`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = Perceptron(x.shape[1], y.shape[1], settings)
        optimiser = torch.optim.AdamW(net.parameters(), lr=settings.rate, weight_decay=settings.weight_decay)
        best, best_error, waited = net.state_dict(), float("inf"), 0
        for _ in range(settings.epochs):
            net.train()
            for rows in torch.randperm(len(x)).split(settings.batch):
                if len(rows) < 2:
                    continue
                optimiser.zero_grad()
                masked_error(net(x[rows]), y[rows]).backward()
                optimiser.step()
            net.eval()
            with torch.no_grad():
                error = float(masked_error(net(x_val), y_val))
            waited += 1
            if error < best_error:
                best, best_error, waited = {k: v.clone() for k, v in net.state_dict().items()}, error, 0
            if waited >= settings.patience:
                break
        net.load_state_dict(best)
        net.eval()
        with torch.no_grad():
            return net(x_new).numpy().astype(np.float64)
