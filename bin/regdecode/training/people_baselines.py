"""What transfer is compared with, on the same people and genes: the mean, a ridge on the design, networks that never saw a tissue."""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regdecode.genome.summaries import summarise
from regdecode.models.ridge import fit_ridge
from regdecode.training.dataset import Dataset
from regdecode.training.hparams import HyperParameters, parse_hparams
from regdecode.training.member import MemberPlan, train_member
from regdecode.training.model_folder import load_decode

log = logging.getLogger(__name__)


def people_baselines(
    data: Dataset, n_scratch: int, source: dict[str, Any], seed: int, device: str, threads: int
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield name and (G, T) predictions of "mean", "ridge" and, where `n_scratch` networks are asked for, "scratch".

    Parameters
    ----------
    source
        config.json of the tissue member, whose hyper-parameters a network from scratch takes over.
    """
    X, known = summarise(data.tracks).X, data.split != "test"
    center = np.nan_to_num(np.nanmean(data.targets[known], axis=0))
    yield "mean", np.tile(center, (len(X), 1)).astype(np.float32)
    pools = np.zeros(len(data.outputs), dtype=int)
    pools[-1] = int(data.has_level)
    log.info("ridge on %d genes x %d features", *X.shape)
    yield "ridge", fit_ridge(X[known], data.targets[known], pools, seed=seed).predict(X).astype(np.float32)
    if n_scratch:
        yield "scratch", scratch(data, n_scratch, source, seed, device, threads)


def training_settings(source: dict[str, Any]) -> HyperParameters:
    """Hyper-parameters that a network of `source` was trained with."""
    plain = source["hparams"]
    network = {"kind": plain["kind"], **plain["network"]}
    return parse_hparams({"model": plain["model"], "scale": plain["scale"], "network": network, "fit": plain["fit"]}, "config.json")


def scratch(data: Dataset, n: int, source: dict[str, Any], seed: int, device: str, threads: int) -> NDArray[np.float32]:
    """(G, T) mean prediction of `n` networks of the tissue member's form, trained on the people alone."""
    hparams = training_settings(source)
    total = np.zeros(data.targets.shape)
    with tempfile.TemporaryDirectory() as place:
        for k in range(1, n + 1):
            plan = MemberPlan("network", "all", k, seed, str(source["fold"]), {})
            train_member(data, hparams, plan, Path(place) / str(k), device, threads)
            total += load_decode(Path(place) / str(k)).predict(data.tracks)
    return (total / n).astype(np.float32)
