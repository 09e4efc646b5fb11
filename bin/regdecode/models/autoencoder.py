"""A denoising autoencoder of genes' profiles: some of a gene's cells in, all of them out. Axes: G genes, S conditions, H units.

Vincent et al. 2008, Extracting and composing robust features with denoising autoencoders (ICML).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from regdecode.models.deeprage_members import Request

PASSES = 8


class Autoencoder(nn.Module):
    """Two hidden layers beside one that is linear.

    Parameters
    ----------
    n_conditions
        S.
    units
        Of the two layers.
    dropout
        After the first.
    """

    def __init__(self, n_conditions: int, units: tuple[int, int], dropout: float = 0.0) -> None:
        super().__init__()
        self.straight = nn.Linear(2 * n_conditions, n_conditions)
        self.curved = nn.Sequential(
            nn.Linear(2 * n_conditions, units[0]), nn.GELU(), nn.Dropout(dropout), nn.Linear(units[0], units[1]), nn.GELU(),
            nn.Linear(units[1], n_conditions),
        )  # fmt: skip

    def forward(self, values: Tensor, shown: Tensor) -> Tensor:
        """Every cell [G, S] from the values [G, S] of those that are shown (bool [G, S])."""
        x = torch.cat([values * shown, shown.to(values.dtype)], dim=1)
        return self.straight(x) + self.curved(x)


@dataclass(frozen=True)
class AutoencoderMember:
    """The gene's own other cells, through an autoencoder.

    Attributes
    ----------
    network : Autoencoder
    scale : float
        Log2 units of one unit of the network.
    profiles : ndarray, float32 (known genes, K)
        NaN where not known.
    """

    network: Autoencoder
    scale: float
    profiles: np.ndarray

    @torch.no_grad()
    def complete(self, profiles: np.ndarray) -> np.ndarray:
        """Every cell of profiles (N, K), NaN where not known: such from all known ones; known ones with every `PASSES`-th condition hidden,
        theirs too.
        """
        self.network.eval()
        known = torch.from_numpy(np.isfinite(profiles))
        values = torch.from_numpy(np.nan_to_num(profiles) / np.float32(self.scale))
        completed = self.network(values, known)
        for first in range(PASSES):
            hidden = torch.zeros_like(known)
            hidden[:, first::PASSES] = known[:, first::PASSES]
            completed = torch.where(hidden, self.network(values, known & ~hidden), completed)
        return completed.numpy().astype(np.float64) * self.scale

    def predict(self, request: Request) -> np.ndarray:
        """(G, S) log2 ratios; NaN in a new condition. Of a new gene nothing is known."""
        rows, seen = request.row >= 0, request.place >= 0
        profiles = np.full((len(rows), self.profiles.shape[1]), np.nan, np.float32)
        profiles[rows] = self.profiles[request.row[rows]]
        predicted = np.full((len(rows), len(seen)), np.nan)
        predicted[:, seen] = self.complete(profiles)[:, request.place[seen]]
        return predicted
