"""Contributions of one member of a model, network or trees, in log2 units and with one numbering of columns.

Columns are counted through all tracks: the regulators of a track, then its mask (the length). One more column, the last, holds what trees
give to regulators without a site on the gene. Axes: G genes, R regulators, T outputs, n rows.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from regdecode.errors import InputError
from regdecode.explain.deeplift import DeepLift
from regdecode.explain.shap_engine import shap_contributions
from regdecode.explain.treeshap import tree_contributions
from regdecode.genome.summaries import LENGTH
from regdecode.io.records import Track
from regdecode.models.decode import DecodeNet
from regdecode.training.encode import pool_tracks
from regdecode.training.model_folder import EnsembleModel, Model, NetworkModel, TreesFolder

log = logging.getLogger(__name__)
_BATCH = 128
_SAY_EVERY = 10.0


class Member(NamedTuple):
    """A network or trees, and its weight for each output (T,) in the model's prediction."""

    name: str
    model: Model
    weights: NDArray[np.float64]


def members_of(model: Model) -> list[Member]:
    """Members of an ensemble that have a weight, or the model itself as its only member."""
    if not isinstance(model, EnsembleModel):
        return [Member(_name(model), model, np.ones(len(model.outputs)))]
    return [Member(_name(one), one, weights) for one, weights in zip(model.members, model.weights, strict=True) if np.any(weights)]


def _name(model: Model) -> str:
    return f"{model.family} {model.config['member']}"


class Found(NamedTuple):
    """Contributions of one member.

    Parameters
    ----------
    gene, column
        (n,) gene, and column counted through all tracks; sorted, each pair once.
    values
        (n, T) log2 units.
    prediction, delta
        (G, T) f(x), f(x) - f(reference).
    """

    gene: NDArray[np.int64]
    column: NDArray[np.int64]
    values: NDArray[np.float64]
    prediction: NDArray[np.float64]
    delta: NDArray[np.float64]

    def residual(self) -> NDArray[np.float64]:
        """(G, T) sum of contributions - delta."""
        total = -self.delta
        np.add.at(total, self.gene, self.values)
        return total


class PooledNet(nn.Module):
    """A DEcode network as a function of window sums: pooling is linear, so summed over bins or windows contributions are the same."""

    def __init__(self, net: DecodeNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, pooled: list[Tensor]) -> Tensor:
        """Scaled outputs (N, T) from (N, W, R + 1) a track."""
        return self.net.predict_encoded(self.net.finish(pooled))


def explain_member(member: Member, tracks: Sequence[Track], reference: Sequence[Track], engine: str, device: torch.device) -> Found:
    """Contributions of a member for all genes of the tracks; `engine` is "regdecode" or "shap", trees are TreeSHAP in either case."""
    if isinstance(member.model, TreesFolder):
        return explain_trees(member.model, tracks, reference)
    if not isinstance(member.model, NetworkModel):
        raise InputError(f"is a {member.model.family}; members must be networks or trees", member.name, "select from single members")
    if engine == "shap":
        return explain_network_by_shap(member.model, tracks, reference, member.name)
    return explain_network(member.model, tracks, reference, device, member.name)


def explain_network(
    model: NetworkModel, tracks: Sequence[Track], reference: Sequence[Track], device: torch.device, name: str = "network"
) -> Found:
    """DeepLIFT of a network for all genes of the tracks."""
    inputs = pool_tracks(model.net, tracks, model.scales)
    base = [x[0] for x in pool_tracks(model.net, reference, model.scales)]
    explainer = DeepLift(PooledNet(model.net), device)
    starts = np.concatenate([[0], np.cumsum([x.shape[-1] for x in inputs])])

    def one(rows: slice) -> Found:
        found = explainer.explain([x[rows] for x in inputs], base)
        gene, track, column = (part.cpu().numpy() for part in (found.gene, found.track, found.column))
        values, prediction, delta = (part.cpu().numpy() * model.divisors for part in (found.values, found.prediction, found.delta))
        return Found(gene + rows.start, starts[track] + column, values, prediction, delta)

    return _in_batches(one, len(inputs[0]), _BATCH, name)


def explain_network_by_shap(model: NetworkModel, tracks: Sequence[Track], reference: Sequence[Track], name: str = "network") -> Found:
    """Shap's DeepExplainer of a network, on dense bins, for all genes of the tracks."""

    def one(rows: slice) -> Found:
        found, prediction, delta = shap_contributions(model.net, tracks, reference, model.scales, rows.start)
        column = np.flatnonzero((found != 0).any(1))
        return Found(
            np.full(len(column), rows.start),
            column,
            found[column] * model.divisors,
            prediction[None] * model.divisors,
            delta[None] * model.divisors,
        )

    return _in_batches(one, len(tracks[0].genes), 1, f"{name} (shap)")


def explain_trees(model: TreesFolder, tracks: Sequence[Track], reference: Sequence[Track]) -> Found:
    """TreeSHAP of trees, less that of the reference gene, for all genes of the tracks."""
    design, base = model.design(tracks), model.design(reference)
    names: dict[tuple[str, str], int] = {}
    for track in tracks:
        for name in [*track.regulators, LENGTH]:
            names[track.name, str(name)] = len(names)
    groups = np.array([names[t, r] for t, r in zip(map(str, design.track), map(str, design.regulator), strict=True)])
    contributions, at_reference = tree_contributions(model.trees, design.X, groups, len(names), base.X[0])
    present = np.concatenate([np.column_stack([with_site(track), np.ones(len(track.genes), bool)]) for track in tracks], 1)
    absent = np.einsum("gnt,gn->gt", contributions, ~present)
    gene, column = np.nonzero(present & (contributions != 0).any(2))
    values = np.concatenate([contributions[gene, column], absent])
    gene, column = np.concatenate([gene, np.arange(len(absent))]), np.concatenate([column, np.full(len(absent), len(names))])
    order = np.lexsort([column, gene])
    prediction = model.trees.predict(design.X)
    return Found(gene[order], column[order], values[order], prediction, prediction - at_reference)


def with_site(track: Track) -> NDArray[np.bool_]:
    """(G, R) whether a regulator has a site (or link) on a gene."""
    found = np.zeros((len(track.genes), len(track.regulators)), bool)
    hits = track.counts.tocoo()
    gene = np.repeat(np.arange(len(track.genes)), track.bins_per_gene)
    found[gene[hits.row[hits.data != 0]], hits.col[hits.data != 0]] = True
    return found


def _in_batches(one: Callable[[slice], Found], genes: int, batch: int, name: str) -> Found:
    """Join batches, saying now and then how far the work is."""
    parts: list[Found] = []
    begun = said = time.monotonic()
    for first in range(0, genes, batch):
        parts.append(one(slice(first, min(first + batch, genes))))
        now, done = time.monotonic(), min(first + batch, genes)
        if now - said >= _SAY_EVERY:
            rate = done / (now - begun)
            log.info("%s: %d of %d genes attributed, %.1f a second, %.0f s to go", name, done, genes, rate, (genes - done) / rate)
            said = now
    return Found(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
