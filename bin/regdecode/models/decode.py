"""The DEcode networks: from binned regulators of a gene to all its outputs at once.

Both presets share one form: ``forward(inputs) = head(dense_layers(stage(encode(inputs))))``. `encode` pools bins over positions and has no
parameters, so training runs on its result, computed once (`regdecode.training.encode`). `stage` is linear, `dense_layers` hold every
learned non-linearity, `head` is linear.
All non-linearities are modules used once in a forward pass, everything else is linear in the input: DeepLIFT's rescale rule is exact.

Axes: N genes of a batch, B bins, R regulators, F pooled features, H hidden units, T outputs.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from regdecode.errors import InputError
from regdecode.models.layers import ConvStack, ResidualBlock, SignedLog1p, TailSums, WindowPool

SPREAD_FLOOR = 0.02  # of the largest spread of a feature: rarer features are not blown up further


@dataclass(frozen=True)
class TrackShape:
    """What a network must know of a track.

    `n_bins` is the largest number of bins of a gene; `branch` is "promoter", "rna" or "links" (one bin a gene).
    """

    name: str
    branch: str
    bin_size: int
    n_regulators: int
    n_bins: int


class DecodeNet(nn.Module):
    """Base of both networks; `encode` is `pool` a track, then `finish`.

    Parameters
    ----------
    tracks
        Shapes of the inputs, in order.
    n_outputs
        T, the level included.
    """

    head: nn.Linear
    pool: nn.ModuleList

    def __init__(self, tracks: Sequence[TrackShape], n_outputs: int) -> None:
        super().__init__()
        self.tracks = tuple(tracks)
        self.n_outputs = n_outputs

    def pooling_matrices(self, n_bins: Sequence[int]) -> list[Tensor]:
        """One (W, B) matrix a track, that adds its bins up to windows, given the number of bins of each track."""
        return [pool.matrix(b).float() for pool, b in zip(self.pool, n_bins, strict=True)]  # type: ignore[operator]

    def finish(self, pooled: Sequence[Tensor]) -> Tensor:
        """Features [N, F] from window sums, one [N, W_t, R_t + 1] a track."""
        return torch.cat([sums.flatten(1) for sums in pooled], 1)

    def encode(self, inputs: Sequence[Tensor]) -> Tensor:
        """Pool dense inputs, one [N, B_t, R_t + 1] a track (last column the mask, zero beyond the gene), to features [N, F]."""
        return self.finish([pool(x) for pool, x in zip(self.pool, inputs, strict=True)])

    def prepare(self, features: Tensor, targets: Tensor) -> None:
        """Set what is fixed before training, from features [G, F] and mean scaled targets [T] of training genes."""

    def stage(self, features: Tensor) -> Tensor:
        """First learned stage, linear: [N, F] -> [N, E]. Transfer freezes it (`stage_modules`) and tunes what follows."""
        raise NotImplementedError

    def dense_layers(self, staged: Tensor) -> Tensor:
        """Activations [N, H] that the head reads, from the first stage's output [N, E]."""
        raise NotImplementedError

    def stage_modules(self) -> list[str]:
        """Name the modules that hold the first stage's weights."""
        raise NotImplementedError

    def hidden(self, features: Tensor) -> Tensor:
        """Activations [N, H] that the head reads."""
        return self.dense_layers(self.stage(features))

    def predict_encoded(self, features: Tensor) -> Tensor:
        """Scaled outputs [N, T] from pooled features [N, F]."""
        return self.head(self.hidden(features))

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Scaled outputs [N, T] from dense inputs, one [N, B_t, R_t + 1] a track."""
        return self.predict_encoded(self.encode(inputs))


@dataclass(frozen=True)
class ProfileSettings:
    """The default network. Window widths in bases; a width of 0 keeps the whole region as one window."""

    promoter_window: int = 250
    rna_windows: tuple[int, ...] = ()
    width: int = 256
    blocks: int = 1
    input_dropout: float = 0.1
    dropout: float = 0.4


class ProfileNet(DecodeNet):
    """The default: position windows of every regulator, log1p, a residual perceptron.

    Each promoter is cut in equal windows, each RNA in windows that start at its 5' end; the bases covered are added up over a window,
    compressed by log1p and
    divided by the feature's standard deviation on training genes (`feature_scale`). The mask column is treated likewise, so that the
    network sees the RNA's length.
    """

    feature_scale: Tensor

    def __init__(self, tracks: Sequence[TrackShape], n_outputs: int, settings: ProfileSettings) -> None:
        super().__init__(tracks, n_outputs)
        self.settings = settings
        pools = [WindowPool(window_edges(track, settings)) for track in tracks]
        self.pool = nn.ModuleList(pools)
        self.compress = nn.ModuleList(SignedLog1p() for _ in tracks)
        n_features = sum(pool.n_windows * (track.n_regulators + 1) for pool, track in zip(pools, tracks, strict=True))
        self.register_buffer("feature_scale", torch.ones(n_features))
        self.input_dropout = nn.Dropout(settings.input_dropout)
        self.first = nn.Linear(n_features, settings.width)
        self.blocks = nn.ModuleList(ResidualBlock(settings.width, settings.dropout) for _ in range(settings.blocks))
        self.norm = nn.BatchNorm1d(settings.width)
        self.activation = nn.ReLU()
        self.dropout = nn.Dropout(settings.dropout)
        self.head = nn.Linear(settings.width, n_outputs)

    def finish(self, pooled: Sequence[Tensor]) -> Tensor:
        """Window sums, compressed: [N, F], tracks side by side, each window by window."""
        return torch.cat([compress(sums).flatten(1) for sums, compress in zip(pooled, self.compress, strict=True)], 1)

    @torch.no_grad()
    def prepare(self, features: Tensor, targets: Tensor) -> None:
        """Scale the features by their spread on training genes (none: not used), start the outputs at their mean."""
        spread = features.std(0)
        floor = SPREAD_FLOOR * spread.max()
        self.feature_scale.copy_(torch.where(spread > 1e-6, 1 / torch.maximum(spread, floor).clamp_min(1e-6), 0.0))
        self.head.bias.copy_(targets)

    def stage(self, features: Tensor) -> Tensor:
        """The first layer on scaled features: [N, F] -> [N, width]."""
        return self.first(self.input_dropout(features * self.feature_scale))

    def stage_modules(self) -> list[str]:
        """Name the modules that hold the first stage's weights."""
        return ["first"]

    def dense_layers(self, staged: Tensor) -> Tensor:
        """Residual blocks: [N, width] -> [N, width]."""
        h = staged
        for block in self.blocks:
            h = block(h)
        return self.dropout(self.activation(self.norm(h)))


def window_edges(track: TrackShape, settings: ProfileSettings) -> list[int]:
    """Window edges of a track in bins, from 0."""
    if track.branch == "links" or track.n_bins <= 1:
        return [0, 1]
    if track.branch == "rna":
        inner = sorted({round(width / track.bin_size) for width in settings.rna_windows})
        return [0, *[edge for edge in inner if 0 < edge < track.n_bins], track.n_bins]
    bins = round(settings.promoter_window / track.bin_size)
    return [0, track.n_bins] if bins < 1 else sorted({*range(0, track.n_bins, bins), track.n_bins})


@dataclass(frozen=True)
class Decode2020Settings:
    """The published network; the defaults are the shipped hyper-parameters."""

    rna_units: int = 160
    rna_kernel: int = 2
    rna_layers: int = 2
    promoter_units: int = 120
    promoter_kernel: int = 1
    promoter_layers: int = 5
    dense_units: int = 160
    dense_layers: int = 2


class Decode2020Net(DecodeNet):
    """The published network: linear convolutions summed over positions, then dense layers with ReLU before batch normalisation.

    The tracks of a branch are stacked with one mask, the first track's. Regulators known by links alone, which the published form does not
    have, make a branch of their own with the promoter's settings. Bins are padded to the right by the receptive field less one, whatever
    else is in the batch.
    """

    def __init__(self, tracks: Sequence[TrackShape], n_outputs: int, settings: Decode2020Settings) -> None:
        super().__init__(tracks, n_outputs)
        self.settings = settings
        self.branches = {name: [i for i, track in enumerate(tracks) if track.branch == name] for name in ("rna", "promoter", "links")}
        stacks: dict[str, ConvStack] = {}
        n_pooled = 0
        for name, members in self.branches.items():
            if not members:
                continue
            rna = name == "rna"
            units, kernel = (
                (settings.rna_units, settings.rna_kernel)
                if rna
                else (settings.promoter_units, settings.promoter_kernel if name == "promoter" else 1)
            )
            n_channels = sum(tracks[i].n_regulators for i in members) + 1
            stacks[name] = ConvStack(n_channels, units, kernel, settings.rna_layers if rna else settings.promoter_layers)
            n_pooled += units
        self.stacks = nn.ModuleDict(stacks)
        self.taps = [stacks[track.branch].taps for track in tracks]
        self.pool = nn.ModuleList(TailSums(taps) for taps in self.taps)
        layers: list[nn.Module] = []
        for k in range(settings.dense_layers):
            dense = nn.Linear(n_pooled if k == 0 else settings.dense_units, settings.dense_units)
            nn.init.xavier_uniform_(dense.weight)
            nn.init.zeros_(dense.bias)
            layers += [dense, nn.ReLU(), nn.BatchNorm1d(settings.dense_units, eps=1e-3, momentum=0.01)]
        self.dense = nn.Sequential(*layers)
        self.head = nn.Linear(settings.dense_units, n_outputs)
        nn.init.xavier_uniform_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def stage_modules(self) -> list[str]:
        """Name the modules that hold the first stage's weights."""
        return ["stacks"]

    def stage(self, features: Tensor) -> Tensor:
        """The convolutions, summed over positions, branches side by side: [N, F] -> [N, E]."""
        widths = [taps * (track.n_regulators + 1) for taps, track in zip(self.taps, self.tracks, strict=True)]
        parts = torch.split(features, widths, 1)
        pooled = []
        for name, stack in self.stacks.items():
            members = self.branches[name]
            tails = [parts[i].unflatten(1, (self.taps[i], -1)) for i in members]
            stacked = torch.cat([*[tail[:, :, :-1] for tail in tails], tails[0][:, :, -1:]], 2)
            pooled.append(stack(stacked))
        return torch.cat(pooled, 1)

    def dense_layers(self, staged: Tensor) -> Tensor:
        """Dense layers: [N, E] -> [N, H]."""
        return self.dense(staged)


KINDS: dict[str, tuple[type[DecodeNet], type]] = {
    "profile": (ProfileNet, ProfileSettings),
    "decode2020": (Decode2020Net, Decode2020Settings),
}


def build_network(kind: str, settings: dict[str, Any], tracks: Sequence[TrackShape], n_outputs: int) -> DecodeNet:
    """Build a network by name, with untrained weights.

    Raises
    ------
    InputError
        For an unknown kind or setting.
    """
    if kind not in KINDS:
        raise InputError(f"unknown network '{kind}'", "network.kind", f"one of {', '.join(sorted(KINDS))}")
    network, settings_type = KINDS[kind]
    known = asdict(settings_type())
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise InputError(f"unknown setting '{unknown[0]}' of network '{kind}'", f"network.{unknown[0]}", f"one of {', '.join(known)}")
    values = {key: tuple(value) if isinstance(known[key], tuple) else value for key, value in settings.items()}
    return network(tracks, n_outputs, settings_type(**values))  # type: ignore[call-arg]
