"""Trains one member of a model - one replicate, family and arm - and writes its folder."""

import logging
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

import regdecode
from regdecode.errors import InputError
from regdecode.expression.scale import TargetScale, fit_scale
from regdecode.genome.summaries import summarise
from regdecode.io.atomic import atomic_path
from regdecode.models.decode import build_network
from regdecode.models.trees import fit_trees
from regdecode.stats.ranks import correlations
from regdecode.training.arms import apply_arm, resolve_arm
from regdecode.training.checkpoint import CheckpointPlace, Progress, signature
from regdecode.training.dataset import Dataset
from regdecode.training.encode import encode_tracks, regulator_scales, track_shapes
from regdecode.training.fit import fit, make_fit_data, predict
from regdecode.training.hparams import HyperParameters
from regdecode.training.model_folder import describe_tracks, save_network, save_trees, write_json

log = logging.getLogger(__name__)


class MemberPlan(NamedTuple):
    """Which member to train: `family` "network" or "trees", `arm`, `replicate` and `seed` of the run."""

    family: str
    arm: str
    replicate: int
    seed: int
    fold: str
    hashes: dict[str, str]

    @property
    def own_seed(self) -> int:
        """Seed of this member alone."""
        return self.seed * 1000 + self.replicate


def resolve_device(name: str) -> torch.device:
    """Turn auto, cpu or cuda into a device that exists.

    Raises
    ------
    InputError
        For cuda without a GPU.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError(
            "there is no CUDA GPU here", "--device cuda", "use --device auto, or a machine with one (nextflow: leave out -profile gpu)"
        )
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def train_member(
    data: Dataset,
    hparams: HyperParameters,
    plan: MemberPlan,
    out: str | Path,
    device: str = "auto",
    threads: int = 1,
    checkpoint: Path | None = None,
) -> None:
    """Train and write a model folder, whole or not at all.

    Parameters
    ----------
    data
        Features and targets of all splits.
    hparams, plan
        What to train.
    out
        Folder to write.
    checkpoint
        File that keeps the state of a network's training; None for none.
    """
    if plan.family == "trees" and hparams.trees is None:
        raise InputError(
            f"model '{hparams.model}' has no trees members", "--family trees", "add a block 'trees:' to the hyper-parameter file"
        )
    plan = plan._replace(arm=resolve_arm(data, plan.arm))
    data = apply_arm(data, plan.arm)
    torch.set_num_threads(threads)
    started = time.monotonic()
    with atomic_path(out) as folder:
        folder.mkdir()
        if plan.family == "network":
            history, metrics = _train_network(data, hparams, plan, folder, resolve_device(device), checkpoint)
        else:
            history, metrics = _train_trees(data, hparams, plan, folder, threads)
        lines = ["epoch\ttrain_loss\tvalidation_loss\tseconds"]
        lines += [f"{int(row['epoch'])}\t{row['train_loss']:.6g}\t{row['validation_loss']:.6g}\t{row['seconds']:.3f}" for row in history]
        (folder / "history.tsv").write_text("\n".join(lines) + "\n")
        genes = {name: int((data.split == name).sum()) for name in ("train", "validation", "test")}
        write_json(folder / "metrics.json", metrics | {"genes": genes, "seconds": round(time.monotonic() - started, 2)})
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)


def _train_network(
    data: Dataset, hparams: HyperParameters, plan: MemberPlan, folder: Path, device: torch.device, checkpoint: Path | None
) -> tuple[list[dict[str, float]], dict[str, Any]]:
    """Fit a network and save it; its history and metrics."""
    train = data.split == "train"
    scale = fit_scale(data.targets[train], data.has_level)
    divisors = scale.divisors(len(data.outputs))
    scales = regulator_scales(data.tracks, train, hparams.scale)
    shapes = track_shapes(data.tracks)
    with torch.random.fork_rng():
        torch.manual_seed(plan.own_seed)
        net = build_network(hparams.kind, hparams.network, shapes, len(data.outputs))
    features = encode_tracks(net, data.tracks, scales)
    scaled = data.targets / divisors
    fit_data = make_fit_data(features, scaled, output_weights(data, hparams.fit.level_share), data.split, device)
    net.prepare(features[torch.from_numpy(train)], torch.from_numpy(_column_means(scaled[train])).float())
    net.to(device)
    place = None
    if checkpoint is not None:
        signed = signature(
            hparams.plain(),
            plan.family,
            plan.arm,
            plan.own_seed,
            regdecode.__version__,
            list(data.outputs),
            data.split,
            features,
            np.nan_to_num(scaled),
        )
        place = CheckpointPlace(checkpoint, signed)
    progress = fit(net, fit_data, hparams.fit, plan.own_seed, place)
    predicted = predict(net, fit_data.features).cpu().double().numpy() * divisors
    architecture = {"kind": hparams.kind, "settings": hparams.network, "tracks": [vars(shape) for shape in shapes]}
    config = _config(data, hparams, plan, scale) | {"architecture": architecture, "tracks": describe_tracks(data.tracks, scales)}
    save_network(folder, net.cpu(), config)
    return progress.history, _network_metrics(progress, net) | validation_metrics(data, predicted, scale)


def _network_metrics(progress: Progress, net: torch.nn.Module) -> dict[str, Any]:
    return {"best_epoch": progress.best_epoch, "epochs": progress.epoch, "parameters": sum(p.numel() for p in net.parameters())}


def output_weights(data: Dataset, level_share: float) -> NDArray[np.float64]:
    """(T,) weight of each output in the loss: 1, but the level's such that it makes up `level_share` of the whole."""
    weights = np.ones(len(data.outputs))
    if data.has_level and len(weights) > 1 and level_share > 0:
        weights[-1] = level_share / (1 - level_share) * (len(weights) - 1)
    return weights


def _column_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T,) mean over measured genes; 0 where none is."""
    measured = np.isfinite(values)
    return np.where(measured, values, 0.0).sum(0) / np.maximum(measured.sum(0), 1)


def _train_trees(
    data: Dataset, hparams: HyperParameters, plan: MemberPlan, folder: Path, threads: int
) -> tuple[list[dict[str, float]], dict[str, Any]]:
    """Fit boosted trees and save them; no history of epochs, and metrics."""
    assert hparams.trees is not None
    train, validation = data.rows("train"), data.rows("validation")
    if len(train) < 2 or not len(validation):
        raise InputError(
            f"{len(train)} training and {len(validation)} validation genes; at least 2 and 1 are needed",
            "splits",
            "name more genes for train and validation",
        )
    X = summarise(data.tracks, hparams.trees.windows).X
    n_keep = int(data.has_level)
    trees = fit_trees(
        X[train], data.targets[train], X[validation], data.targets[validation], hparams.trees.settings, n_keep, plan.own_seed, threads
    )
    scale = fit_scale(data.targets[train], data.has_level)
    architecture = {"kind": "trees", "windows": hparams.trees.windows, "settings": vars(hparams.trees.settings)}
    save_trees(
        folder, trees, _config(data, hparams, plan, scale) | {"architecture": architecture, "tracks": describe_tracks(data.tracks, None)}
    )
    rounds = [booster.num_boosted_rounds() for booster in trees.boosters]
    log.info("trained %d boosters of %d to %d rounds", len(rounds), min(rounds), max(rounds))
    return [], {"boosters": len(rounds), "rounds": rounds} | validation_metrics(data, trees.predict(X), scale)


def _config(data: Dataset, hparams: HyperParameters, plan: MemberPlan, scale: TargetScale) -> dict[str, Any]:
    """Collect what config.json holds for every family."""
    import xgboost

    versions = {"regdecode": regdecode.__version__, "torch": torch.__version__, "numpy": np.__version__, "xgboost": xgboost.__version__}
    member = f"{'t' if plan.family == 'trees' else 'r'}{plan.replicate}"
    return {
        "system": "decode",
        "family": plan.family,
        "model": hparams.model,
        "member": member,
        "arm": plan.arm,
        "fold": plan.fold,
        "seed": plan.seed,
        "outputs": [str(name) for name in data.outputs],
        "has_level": data.has_level,
        "scalers": scale.to_dict(),
        "hparams": hparams.plain(),
        "data_hashes": plan.hashes,
        "versions": versions,
    }


def validation_loss(targets: NDArray[np.float64], predicted: NDArray[np.float64], divisors: NDArray[np.float64]) -> float:
    """Mean squared error of all measured entries in units of the target scale: the figure by which replicates are compared."""
    return float(np.nanmean(np.square((targets - predicted) / divisors)))


def validation_metrics(data: Dataset, predicted: NDArray[np.float64], scale: TargetScale) -> dict[str, Any]:
    """Loss and Spearman's rho on validation genes, given (G, T) predictions in log2 units."""
    rows = data.rows("validation")
    targets = data.targets[rows]
    rho = correlations(predicted[rows], targets, "spearman")
    changes = rho[:-1] if data.has_level else rho
    figures: dict[str, Any] = {"validation_loss": validation_loss(targets, predicted[rows], scale.divisors(len(data.outputs)))}
    figures["validation_fold_change"] = float(np.nanmean(changes)) if np.isfinite(changes).any() else None
    figures["validation_level"] = float(rho[-1]) if data.has_level and np.isfinite(rho[-1]) else None
    return figures
