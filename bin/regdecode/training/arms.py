"""Ablation arms: what a model loses when a part of its input is another gene's, or when it learns one output alone."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import InputError
from regdecode.io.records import Track
from regdecode.training.dataset import Dataset
from regdecode.training.encode import side

SHUFFLED = {"shuffled_rna": ("rna",), "shuffled_promoter": ("promoter",), "shuffled_all": ("rna", "promoter")}
SINGLE = "single_task:"
SHUFFLE_SEED = 2020  # one permutation for every replicate and model, so that arms differ by their training alone


def check_arm(arm: str) -> None:
    """Raise `InputError` unless `arm` is known."""
    if arm != "all" and arm not in SHUFFLED and not (arm.startswith(SINGLE) and len(arm) > len(SINGLE)):
        raise InputError(f"unknown arm '{arm}'", "--arm", f"one of all, {', '.join(SHUFFLED)}, {SINGLE}<output>, {SINGLE}i/n")


def permutation(split: NDArray[np.str_], seed: int) -> NDArray[np.int64]:
    """(G,) the gene whose features each gene gets: a permutation inside each split."""
    rng = np.random.default_rng(seed)
    source = np.arange(len(split))
    for name in np.unique(split):
        rows = np.flatnonzero(split == name)
        source[rows] = rng.permutation(rows)
    return source


def permute_genes(track: Track, source: NDArray[np.int64]) -> Track:
    """Give every gene the whole matrix of gene `source[g]`, mask included."""
    widths = track.bins_per_gene[source]
    offsets = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
    rows = np.repeat(track.offsets[source] - offsets[:-1], widths) + np.arange(offsets[-1])
    return replace(
        track, counts=track.counts[rows], offsets=offsets, bases=track.bases[rows], starts=track.starts[rows], ends=track.ends[rows]
    )


def shuffle_tracks(tracks: Sequence[Track], split: NDArray[np.str_], arm: str) -> tuple[Track, ...]:
    """Permute the tracks that the arm names; tracks of one side move together."""
    sides = SHUFFLED.get(arm, ())
    sources = {name: permutation(split, SHUFFLE_SEED + place) for place, name in enumerate(("rna", "promoter"))}
    return tuple(permute_genes(track, sources[side(track)]) if side(track) in sides else track for track in tracks)


def spread_output(data: Dataset, number: int, count: int) -> str:
    """Name of the output that is number `number` (from 1) of `count` spread evenly by their variance on training genes; the level does
    not take part.
    """
    changes = len(data.outputs) - int(data.has_level)
    if not 1 <= number <= count <= changes:
        raise InputError(f"there is no output {number} of {count} among {changes}", "--arm", f"{SINGLE}i/n with 1 <= i <= n <= {changes}")
    measured = data.targets[data.split == "train", :changes]
    order = np.argsort(np.nan_to_num(np.nanvar(measured, 0)), kind="stable")
    return str(data.outputs[order[np.linspace(0, changes - 1, count).round().astype(int)[number - 1]]])


def resolve_arm(data: Dataset, arm: str) -> str:
    """Name the arm's output: ``single_task:2/8`` is the second of eight outputs spread by variance, unless one has that name."""
    check_arm(arm)
    place = re.fullmatch(r"(\d+)/(\d+)", arm.removeprefix(SINGLE)) if arm.startswith(SINGLE) else None
    if place is None or arm.removeprefix(SINGLE) in data.outputs:
        return arm
    return SINGLE + spread_output(data, int(place[1]), int(place[2]))


def apply_arm(data: Dataset, arm: str) -> Dataset:
    """Make the data an arm learns from.

    Raises
    ------
    InputError
        For an unknown arm or output, or an arm that would shuffle nothing.
    """
    check_arm(arm)
    if arm == "all":
        return data
    if arm.startswith(SINGLE):
        name = arm[len(SINGLE) :]
        if name not in data.outputs:
            raise InputError(f"no output '{name}'", "--arm", f"one of {', '.join(data.outputs[:8])} ...")
        column = int(np.flatnonzero(data.outputs == name)[0])
        is_level = data.has_level and column == len(data.outputs) - 1
        return replace(data, outputs=data.outputs[column : column + 1], targets=data.targets[:, column : column + 1], has_level=is_level)
    if not any(side(track) in SHUFFLED[arm] for track in data.tracks):
        raise InputError(
            f"arm {arm} would shuffle nothing: no such track among {', '.join(t.name for t in data.tracks)}", "--arm", "leave the arm out"
        )
    return replace(data, tracks=shuffle_tracks(data.tracks, data.split, arm))
