"""Writes the person model of a cohort: the tuned members, their weights, the filter of people, and the comparators.

Axes: K members, G genes, T outputs (people, then the level where there is one).
"""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

import regdecode
from regdecode.errors import InputError
from regdecode.expression.scale import fit_scale
from regdecode.io.atomic import atomic_path
from regdecode.io.h5ad import write_predictions
from regdecode.io.records import Predictions
from regdecode.stats.ranks import correlations
from regdecode.training.checkpoint import CheckpointPlace, checkpoint_file, signature
from regdecode.training.dataset import Dataset
from regdecode.training.ensemble import Weights, choose_weights
from regdecode.training.finetune import Tuned, transfer_record, tune
from regdecode.training.member import resolve_device, validation_loss
from regdecode.training.model_folder import EnsembleModel, Model, NetworkModel, describe_tracks, load_decode, save_network, write_json
from regdecode.training.people_baselines import people_baselines
from regdecode.training.people_settings import PeopleSettings

log = logging.getLogger(__name__)


class PeoplePlan(NamedTuple):
    """Which person model to make: of which cohort, arm and fold, and with which seed."""

    cohort: str
    arm: str
    seed: int
    fold: str
    hashes: dict[str, str]
    device: str = "cpu"
    threads: int = 1
    checkpoint_dir: str | None = None
    run_id: str | None = None

    @property
    def model(self) -> str:
        """Name of the model in every table."""
        return f"people.{self.cohort}"


def tissue_members(folders: Sequence[str | Path], arm: str) -> list[NetworkModel]:
    """Networks to transfer: those of an ensemble that have a weight (all, where none has one), or the members given.

    Raises
    ------
    InputError
        When there is no network, or a folder is of another arm, fold or form than the first.
    """
    found: list[NetworkModel] = []
    for folder in folders:
        model = load_decode(folder)
        if str(model.config["arm"]) != arm:
            raise InputError(f"is of arm {model.config['arm']}, not {arm}", folder, "give members of one arm, and its name with --arm")
        if "cohort" in model.config:
            raise InputError("is a person model itself", folder, "give the model of the tissues")
        found += _networks(model)
    if not found:
        raise InputError(
            "there is no network among the members: trees cannot be transferred", folders[0], "train members of --family network"
        )
    first = found[0].config
    for one in found:
        for key in ("fold", "model", "outputs"):
            if one.config[key] != first[key]:
                raise InputError(f"members differ in {key}: {one.config[key]} and {first[key]}", folders[0], "give members of one model")
        if one.regulators != found[0].regulators:
            raise InputError("members read different regulators", folders[0], "give members of one model")
    return found


def _networks(model: Model) -> list[NetworkModel]:
    """Networks of a model that count in it."""
    if isinstance(model, NetworkModel):
        return [model]
    if not isinstance(model, EnsembleModel):
        return []
    pairs = [(one, weights) for one, weights in zip(model.members, model.weights, strict=True) if isinstance(one, NetworkModel)]
    used = [one for one, weights in pairs if np.any(weights > 0)]
    if pairs and not used:
        log.warning("no network has a weight in the ensemble; all %d are transferred", len(pairs))
    return used or [one for one, _ in pairs]


def write_people_model(
    members: Sequence[NetworkModel], data: Dataset, settings: PeopleSettings, plan: PeoplePlan, out: str | Path
) -> dict[str, Any]:
    """Tune every member and write the ensemble's folder, whole or not at all; return its config.

    The folder holds config.json, members/<k>/, people.tsv (validation accuracy of every person, and whether the filter keeps them),
    history.tsv, metrics.json and, for the arm "all", baselines/<name>.predictions.h5ad.
    """
    torch.set_num_threads(plan.threads)
    device, started = resolve_device(plan.device), time.monotonic()
    sources = [dict(model.config) for model in members]
    places = [_place(plan, k, model, data, settings) for k, model in enumerate(members)]
    tuned = [
        tune(model, data, settings, plan.seed * 1000 + k, device, place)
        for k, (model, place) in enumerate(zip(members, places, strict=True))
    ]
    weights = _weights(tuned, data, settings)
    with atomic_path(out) as folder:
        (folder / "members").mkdir(parents=True)
        for k, (model, one) in enumerate(zip(members, tuned, strict=True)):
            (folder / "members" / str(k)).mkdir()
            save_network(folder / "members" / str(k), one.net, _member_config(model, one, data, settings, plan))
        config = _ensemble_config(sources, tuned, weights, data, settings, plan)
        write_json(folder / "config.json", config)
        _write_people(folder / "people.tsv", _combined(tuned, weights, data), data)
        _write_history(folder / "history.tsv", tuned, sources)
        if plan.arm == "all":
            _write_baselines(folder / "baselines", data, settings, plan, sources[0])
        genes = {name: int((data.split == name).sum()) for name in ("train", "validation", "test")}
        write_json(folder / "metrics.json", config["validation"] | {"genes": genes, "seconds": round(time.monotonic() - started, 2)})
    for place in places:
        if place is not None:
            place.path.unlink(missing_ok=True)
    log.info("%s: %d members tuned; validation %s", plan.model, len(tuned), config["validation"])
    return config


def _place(plan: PeoplePlan, k: int, model: NetworkModel, data: Dataset, settings: PeopleSettings) -> CheckpointPlace | None:
    """Where a member's training keeps its state."""
    path = checkpoint_file(plan.checkpoint_dir, plan.run_id and f"{plan.run_id}.{k}")
    if path is None:
        return None
    state = [value for _, value in sorted(model.net.state_dict().items())]
    signed = signature(settings.plain(), plan.arm, plan.seed, k, regdecode.__version__, list(data.outputs), data.split, *state,
                       np.nan_to_num(data.targets), *(track.counts.data for track in data.tracks))  # fmt: skip
    return CheckpointPlace(path, signed)


def _weights(tuned: Sequence[Tuned], data: Dataset, settings: PeopleSettings) -> Weights:
    """Weights of the members: equal, or scaled by one factor for fold changes and one for the level, on validation genes."""
    n, center = len(tuned), np.nan_to_num(np.nanmean(data.targets[data.rows("train")], 0))
    if settings.weights == "equal":
        share = np.full(n, 1.0 / n)
        return Weights(share, share if data.has_level else np.zeros(n), np.zeros_like(center))
    rows = data.rows("validation")
    return choose_weights(
        np.stack([one.predicted[rows] for one in tuned]), data.targets[rows], center, np.zeros(n, np.int64), data.has_level
    )


def _combined(tuned: Sequence[Tuned], weights: Weights, data: Dataset) -> NDArray[np.float64]:
    """(G, T) predictions of the ensemble."""
    per_output = np.tile(weights.fold_change[:, None], (1, len(data.outputs)))
    if data.has_level:
        per_output[:, -1] = weights.level
    return weights.offset + np.einsum("kt,kgt->gt", per_output, np.stack([one.predicted for one in tuned]))


def _shared_config(data: Dataset, settings: PeopleSettings, plan: PeoplePlan) -> dict[str, Any]:
    """What config.json says of members and ensemble alike."""
    scale = fit_scale(data.targets[data.rows("train")], data.has_level)
    return {
        "system": "decode",
        "model": plan.model,
        "cohort": plan.cohort,
        "arm": plan.arm,
        "fold": plan.fold,
        "seed": plan.seed,
        "outputs": [str(name) for name in data.outputs],
        "has_level": data.has_level,
        "scalers": scale.to_dict(),
        "hparams": settings.plain(),
        "data_hashes": plan.hashes,
        "versions": {"regdecode": regdecode.__version__, "torch": torch.__version__, "numpy": np.__version__},
    }


def _member_config(model: NetworkModel, one: Tuned, data: Dataset, settings: PeopleSettings, plan: PeoplePlan) -> dict[str, Any]:
    return {
        **_shared_config(data, settings, plan),
        "family": "network",
        "member": model.config["member"],
        "architecture": model.config["architecture"],
        "tracks": describe_tracks(data.tracks, model.scales),
        "transfer": transfer_record(model, one),
    }


def _ensemble_config(
    sources: Sequence[dict[str, Any]], tuned: Sequence[Tuned], weights: Weights, data: Dataset, settings: PeopleSettings, plan: PeoplePlan
) -> dict[str, Any]:
    rows = data.rows("validation")
    targets = data.targets[rows]
    divisors = tuned[0].scale.divisors(len(data.outputs))
    losses = [validation_loss(targets, one.predicted[rows], divisors) for one in tuned]
    rho = correlations(_combined(tuned, weights, data)[rows], targets)
    changes = rho[:-1] if data.has_level else rho
    members = [
        {
            "folder": f"members/{k}",
            "family": "network",
            "member": source["member"],
            "weight_fold_change": float(weights.fold_change[k]),
            "weight_level": float(weights.level[k]),
            "validation_loss": losses[k],
        }
        for k, source in enumerate(sources)
    ]
    return {
        **_shared_config(data, settings, plan),
        "family": "ensemble",
        "member": "ensemble",
        "tracks": describe_tracks(data.tracks, None),
        "best": int(np.argmin(losses)),
        "members": members,
        "offset": [float(value) for value in weights.offset],
        "validation": {
            "loss": validation_loss(targets, _combined(tuned, weights, data)[rows], divisors),
            "fold_change": float(changes.mean()),
            "level": float(rho[-1]) if data.has_level else None,
        },
    }


def passes_filter(validation: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(T,) whether a person's validation correlation is the median over people or more."""
    return validation >= np.median(validation)


def _write_people(path: Path, predicted: NDArray[np.float64], data: Dataset) -> None:
    """people.tsv: output, validation_spearman, validation_pearson, kept."""
    rows, n = data.rows("validation"), len(data.outputs) - int(data.has_level)
    spearman = correlations(predicted[rows, :n], data.targets[rows, :n])
    pearson = correlations(predicted[rows, :n], data.targets[rows, :n], "pearson")
    lines = ["output\tvalidation_spearman\tvalidation_pearson\tkept"]
    for name, rho, r, kept in zip(data.outputs[:n], spearman, pearson, passes_filter(spearman), strict=True):
        lines.append(f"{name}\t{rho:.6g}\t{r:.6g}\t{'true' if kept else 'false'}")
    path.write_text("\n".join(lines) + "\n")


def _write_history(path: Path, tuned: Sequence[Tuned], sources: Sequence[dict[str, Any]]) -> None:
    """history.tsv: epoch 0 is the head that the tuning started from."""
    lines = ["member\tepoch\ttrain_loss\tvalidation_loss"]
    for one, source in zip(tuned, sources, strict=True):
        lines.append(f"{source['member']}\t0\tNA\t{one.start_loss:.6g}")
        for row in one.progress.history:
            lines.append(f"{source['member']}\t{int(row['epoch'])}\t{row['train_loss']:.6g}\t{row['validation_loss']:.6g}")
    path.write_text("\n".join(lines) + "\n")


def _write_baselines(folder: Path, data: Dataset, settings: PeopleSettings, plan: PeoplePlan, source: dict[str, Any]) -> None:
    """Predictions of the comparators on the same targets."""
    folder.mkdir()
    for name, values in people_baselines(data, settings.scratch, source, plan.seed, plan.device, plan.threads):
        attrs = {"system": "decode", "model": f"{plan.model}.{name}", "member": "single", "arm": "all", "fold": plan.fold}
        write_predictions(folder / f"{name}.predictions.h5ad", Predictions(data.genes, data.split, data.outputs, values, attrs))
