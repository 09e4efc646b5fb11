"""Predictions of one gene with parts of it taken away, for thousands of draws at once.

Window sums are linear in the bins, so those of all draws are one product: draws x parts times parts x features. A feature that one part
alone makes has two values whatever follows it elementwise, so it goes straight into the first layer: draws x parts times parts x units.
Features that several parts make depend on few parts each (the bins of a window): a pattern of those that recurs among the draws is worked
out once, up to the first layer. What is left is the small dense net. Trees read their table, made in the same way.

Axes: N draws, K parts, E sites, F features of the model, F' features that several parts make, S units of the first stage, T outputs.
"""

import copy
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from regdecode.errors import InputError
from regdecode.explain.knockout_sites import STAYS, Parts
from regdecode.explain.members import members_of
from regdecode.genome.summaries import Design, compress
from regdecode.models.decode import DecodeNet
from regdecode.training.model_folder import EnsembleModel, Model, NetworkModel, TreesFolder

_DRAWS = 2048
_FEW, _MANY = 10, 20
_TREE_NUMBERS = 2**24


class Knocked:
    """A model's predictions of a gene without some of its parts; members of an ensemble are made ready once for all genes."""

    def __init__(self, model: Model) -> None:
        self.members: list[tuple[NetworkKnocked | TreesKnocked, NDArray[np.float64]]] = []
        for member in members_of(model):
            if isinstance(member.model, NetworkModel):
                self.members.append((NetworkKnocked(member.model), member.weights))
            elif isinstance(member.model, TreesFolder):
                self.members.append((TreesKnocked(member.model), member.weights))
            else:
                raise InputError(
                    f"is a {member.model.family}; members must be networks or trees", member.name, "select from single members"
                )
        self.offset = model.offset if isinstance(model, EnsembleModel) else np.zeros(len(model.outputs))

    def predict(self, parts: Parts, gone: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(N, T) predictions in log2 units of draws without the parts where `gone` (N, K) is 1."""
        total = np.tile(self.offset, (len(gone), 1))
        for member, weights in self.members:
            total += member.predict(parts, gone) * weights
        return total

    def intact(self, parts: Parts) -> NDArray[np.float64]:
        """(T,) prediction with nothing taken away."""
        return self.predict(parts, np.zeros((1, len(parts)), np.uint8))[0]


class Features(NamedTuple):
    """The features of a gene that its parts make.

    Parameters
    ----------
    single, owner, amount
        (F1,) features that one part alone makes, which part, and the feature before the elementwise step.
    several, contributions, fixed
        (F',) the others; what each part adds, (K, F'); what stays when every part is gone, (F').
    """

    single: NDArray[np.int64]
    owner: NDArray[np.int64]
    amount: NDArray[np.float64]
    several: NDArray[np.int64]
    contributions: NDArray[np.float64]
    fixed: NDArray[np.float64]


def part_features(part: NDArray[np.int64], feature: NDArray[np.int64], value: NDArray[np.float64], n_parts: int, n: int) -> Features:
    """Add up what each part, and what stays, gives to each of `n` features, from (E,) part, feature and value of each site."""
    row = np.where(part == STAYS, n_parts, part)
    table = csr_matrix((value, (row, feature)), shape=(n_parts + 1, n)).tocsc()
    table.sum_duplicates()
    stays = np.bincount(feature[part == STAYS], minlength=n) > 0
    makers = np.diff(table.indptr) - stays
    single = np.flatnonzero((makers == 1) & ~stays)
    several = np.flatnonzero((makers > 1) | ((makers == 1) & stays))
    entry = table.indptr[single]
    dense = table[:, several].toarray()
    return Features(single, table.indices[entry].astype(np.int64), table.data[entry], several, dense[:-1], dense[-1])


class Window(NamedTuple):
    """Features that several parts make, and those parts: what shares none of either with the rest."""

    parts: NDArray[np.int64]
    features: NDArray[np.int64]


def windows_of(found: Features) -> list[Window]:
    """Split the features of several parts into windows; small ones are taken together up to `_FEW` parts, whose patterns are few."""
    k, n = found.contributions.shape
    part, feature = np.nonzero(found.contributions)
    links = csr_matrix((np.ones(len(part), np.int8), (part, k + feature)), shape=(k + n, k + n))
    label = connected_components(links, directed=False)[1]
    windows: list[Window] = []
    for one in np.unique(label[k:]):
        parts, features = np.flatnonzero(label[:k] == one), np.flatnonzero(label[k:] == one)
        if windows and len(windows[-1].parts) + len(parts) <= _FEW:
            last = windows.pop()
            parts, features = np.union1d(last.parts, parts), np.union1d(last.features, features)
        windows.append(Window(parts, features))
    return windows


class NetworkKnocked:
    """A network with its linear first stage as one matrix: float64 up to what each part adds, float32 for the draws."""

    def __init__(self, model: NetworkModel) -> None:
        self.net: DecodeNet = copy.deepcopy(model.net).cpu().double().eval().requires_grad_(False)
        self.dense: DecodeNet = copy.deepcopy(model.net).cpu().eval().requires_grad_(False)
        self.scales, self.divisors = model.scales, model.divisors
        windows = [len(matrix) for matrix in self.net.pooling_matrices([1] * len(self.scales))]
        self.widths = [w * (len(scale) + 1) for w, scale in zip(windows, self.scales, strict=True)]
        self.weight = stage_weight(self.net, sum(self.widths))
        probe = torch.tensor([[[1.0, 3.0]]], dtype=torch.float64)
        probes = [probe] * len(self.scales)
        self.linear = torch.equal(self.net.finish([2 * x for x in probes]), 2 * self.net.finish(probes))

    def predict(self, parts: Parts, gone: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(N, T) predictions in log2 units."""
        without, found = self._features(parts)
        kept_alone = torch.zeros((len(parts), self.weight.shape[1]), dtype=torch.float64)
        ready = self._elementwise(found.single, torch.from_numpy(found.amount)[None])[0]
        kept_alone.index_add_(0, torch.from_numpy(found.owner), ready[:, None] * self.weight[found.single])
        if self.linear:
            kept_alone += torch.from_numpy(found.contributions) @ self.weight[found.several]
        windows = [] if self.linear else [self._pattern_table(found, window, gone) for window in windows_of(found)]
        base, kept_alone = self.net.stage(without).float(), kept_alone.float()
        result = np.empty((len(gone), self.net.n_outputs))
        for first in range(0, len(gone), _DRAWS):
            some = slice(first, first + _DRAWS)
            staged = torch.addmm(base, torch.from_numpy(1 - gone[some]).float(), kept_alone)
            for table, pattern in windows:
                staged += table[pattern[some]]
            result[some] = self.dense.head(self.dense.dense_layers(staged)).numpy()
        return result * self.divisors

    def _pattern_table(self, found: Features, window: Window, gone: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
        """What a window adds to the first layer for every pattern of its parts, (U, S), and (N,) the pattern of each draw."""
        at = pattern = np.arange(len(gone))
        if len(window.parts) < _MANY:  # with more, hardly any pattern recurs
            keys = gone[:, window.parts].astype(np.int64) @ (1 << np.arange(len(window.parts)))
            _, at, pattern = np.unique(keys, return_index=True, return_inverse=True)
        features = found.several[window.features]
        fixed = torch.from_numpy(found.fixed[window.features])[None]
        kept = torch.from_numpy(1.0 - gone[np.ix_(at, window.parts)])
        weight = self.weight[features]
        contributions = torch.from_numpy(found.contributions[np.ix_(window.parts, window.features)])
        change = [
            (self._elementwise(features, fixed + part @ contributions) - self._elementwise(features, fixed)) @ weight
            for part in kept.split(_DRAWS)
        ]
        return torch.cat(change).float(), torch.from_numpy(pattern.reshape(-1))

    def _features(self, parts: Parts) -> tuple[Tensor, Features]:
        """(1, F) finished features without any part, and the features that parts make."""
        matrices = self.net.pooling_matrices([max(int(track.offsets[-1]), 1) for track in parts.tracks])
        part, feature, value, pooled = [], [], [], []
        before = 0
        for k, (track, sites) in enumerate(zip(parts.tracks, parts.sites, strict=True)):
            matrix, scale = matrices[k].double().numpy(), self.scales[k].astype(np.float64)
            rows, windows = np.nonzero(matrix[:, sites.bin].T)
            scaled = sites.value[rows] / scale[sites.regulator[rows]] * matrix[windows, sites.bin[rows]]
            sums = np.zeros((len(matrix), len(scale) + 1))
            sums[:, -1] = matrix[:, : len(track.bases)] @ (track.bases / track.bin_size)
            stays = parts.part[k][rows] == STAYS
            np.add.at(sums, (windows[stays], sites.regulator[rows[stays]]), scaled[stays])
            pooled.append(torch.from_numpy(sums)[None])
            part.append(parts.part[k][rows])
            feature.append(before + windows * (len(scale) + 1) + sites.regulator[rows])
            value.append(scaled)
            before += self.widths[k]
        found = part_features(np.concatenate(part), np.concatenate(feature), np.concatenate(value), len(parts), before)
        return self.net.finish(pooled), found

    def _elementwise(self, features: NDArray[np.int64], values: Tensor) -> Tensor:
        """What the net does to single features before its first stage, (N, f) -> (N, f); `features` (f,) rise."""
        edges = np.searchsorted(features, np.concatenate([[0], np.cumsum(self.widths)]))
        return self.net.finish([part[:, None] for part in torch.split(values, np.diff(edges).tolist(), 1)])


def stage_weight(net: DecodeNet, n_features: int) -> Tensor:
    """(F, S) the linear part of a net's first stage, found by its gradient."""
    at = torch.zeros((1, n_features), dtype=torch.float64, requires_grad=True)
    staged = net.stage(at)[0]
    (rows,) = torch.autograd.grad(staged, at, torch.eye(len(staged), dtype=torch.float64), is_grads_batched=True)
    return rows[:, 0].T.contiguous()


class TreesKnocked:
    """Trees and where the columns of their table come from."""

    def __init__(self, model: TreesFolder) -> None:
        self.model = model
        windows = model.config["architecture"]["windows"]
        self.edges = np.linspace(0.0, 1.0, windows + 1) if isinstance(windows, int) else np.asarray(windows, float)
        self.columns: dict[tuple[str, str, int], int] = {}

    def predict(self, parts: Parts, gone: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(N, T) predictions in log2 units."""
        design = self.model.design(parts.tracks)
        if not self.columns:
            names = zip(design.track.tolist(), design.regulator.tolist(), design.window.tolist(), strict=True)
            self.columns = {name: i for i, name in enumerate(names)}
        found = self._features(parts, design)
        result = np.empty((len(gone), len(self.model.outputs)))
        size = max(1, _TREE_NUMBERS // design.X.shape[1])
        for first in range(0, len(gone), size):
            kept = 1.0 - gone[first : first + size]
            X = np.repeat(design.X, len(kept), 0)
            X[:, found.single] = compress((kept[:, found.owner] * found.amount).astype(np.float32))
            X[:, found.several] = compress((kept @ found.contributions + found.fixed).astype(np.float32))
            result[first : first + size] = self.model.trees.predict(X)
        return result

    def _features(self, parts: Parts, design: Design) -> Features:
        """The columns that parts make; sites outside every window make none."""
        part, feature, value = [], [], []
        for k, (track, sites) in enumerate(zip(parts.tracks, parts.sites, strict=True)):
            window = np.full(len(sites.bin), -1, np.int64)
            inside = np.ones(len(sites.bin), bool)
            if track.on in ("promoter", "unit_promoter") and len(self.edges) > 2:
                middle = (sites.bin + 0.5) / max(int(track.offsets[-1]), 1)
                window = np.searchsorted(self.edges, middle, side="right") - 1
                inside = (window >= 0) & (window < len(self.edges) - 1)
            names = track.regulators[sites.regulator[inside]].astype(str).tolist()
            feature.append(
                np.array([self.columns[track.name, r, w] for r, w in zip(names, window[inside].tolist(), strict=True)], np.int64)
            )
            part.append(parts.part[k][inside])
            value.append(sites.value[inside])
        return part_features(np.concatenate(part), np.concatenate(feature), np.concatenate(value), len(parts), design.X.shape[1])
