"""The data of a person model: the features of a trained tissue model beside the expression of a cohort.

The genes are those of the tissue model's split that the cohort expresses, the regulators are the tissue model's, whatever is left of their
genes. Axes: G genes, T people.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from regdecode.errors import Faults, InputError
from regdecode.io.digest import content_sha256
from regdecode.io.h5ad import read_expression, read_features
from regdecode.io.splits import read_splits
from regdecode.training.arms import SHUFFLED, check_arm, shuffle_tracks
from regdecode.training.dataset import Dataset, load_dataset
from regdecode.training.model_folder import align_tracks

log = logging.getLogger(__name__)


def load_people(
    features: Sequence[str | Path], expression: str | Path, splits: str | Path, wanted: Sequence[dict[str, Any]], arm: str = "all"
) -> Dataset:
    """Read and align what a person model learns from.

    Parameters
    ----------
    features, expression, splits
        Files: features of the organism, expression of the cohort, the split of the tissue model.
    wanted
        Tracks of the tissue model, as its config.json names them.
    arm
        An arm that shuffles does so over all genes of the split, as the tissue model's training did.

    Raises
    ------
    InputError
        When the cohort expresses too few genes of the split, or the features lack what the model reads.
    """
    check_arm(arm)
    genes, split = read_splits(splits)
    measured = read_expression(expression)
    position = {gene: i for i, gene in enumerate(measured.genes)}
    rows = np.array([position.get(gene, -1) for gene in genes], dtype=np.int64)
    known = rows >= 0
    faults = Faults()
    for name, least in (("train", 10), ("validation", 3), ("test", 3)):
        found = int((known & (split == name)).sum())
        if found < least:
            faults.add(
                f"{found} of the {int((split == name).sum())} {name} genes are in the cohort's expression; at least {least} are needed",
                expression,
                f"use the gene ids of the splits, such as {genes[0]} (the cohort has {measured.genes[0]}), or loosen its filter",
            )
    faults.raise_if_any()
    tracks = align_tracks(sorted((read_features(path).select(genes) for path in features), key=lambda track: track.name), wanted)
    if arm in SHUFFLED:
        tracks = shuffle_tracks(tracks, split, arm)
    tracks = tuple(track.select(genes[known]) for track in tracks)
    log.info("%d of the %d genes of the splits are in the cohort of %d", known.sum(), len(genes), len(measured.outputs))
    targets = measured.targets()[rows[known]]
    return Dataset(genes[known], split[known], tracks, measured.target_names(), targets, measured.level is not None)


def load_for_model(config: dict[str, Any], features: Sequence[str | Path], expression: str | Path, splits: str | Path) -> Dataset:
    """Read the data that a model was trained on, of tissues or of people, by its config.json."""
    if "cohort" in config:
        return load_people(features, expression, splits, config["tracks"], config["arm"])
    return load_dataset(list(features), expression, splits)


def check_same_split(config: dict[str, Any], splits: str | Path) -> None:
    """Refuse a split that the model was not trained on: a test gene could be one that it has seen.

    Raises
    ------
    InputError
        When the digests differ.
    """
    hashes = [digest for name, digest in config["data_hashes"].items() if name.endswith(".splits.tsv")]
    if hashes and content_sha256(splits) not in hashes:
        raise InputError(
            "is not the split that the model was trained on, so its test genes may be known to the model",
            splits,
            f"give the splits of fold {config['fold']} that the model was trained with",
        )
