"""Chooses the best member and the ensemble's weights, on validation genes alone.

Members that differ by their seed only share one weight; non-negative least squares weighs such groups, once for all fold changes and once
for the level. Axes: K members, M groups, N validation genes, T outputs.
"""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from regdecode.errors import InputError
from regdecode.expression.scale import fit_scale
from regdecode.io.atomic import atomic_path
from regdecode.stats.ranks import correlations
from regdecode.training.dataset import Dataset
from regdecode.training.member import validation_loss
from regdecode.training.model_folder import Model, load_decode, write_json

log = logging.getLogger(__name__)


class Weights(NamedTuple):
    """Weights (K,) of the members for fold changes and for the level, and the constant (T,) that is added."""

    fold_change: NDArray[np.float64]
    level: NDArray[np.float64]
    offset: NDArray[np.float64]


def group_weights(predicted: NDArray[np.float64], actual: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Non-negative weights (K,) of members, equal within a group.

    Parameters
    ----------
    predicted
        (K, N, C) predictions less the mean of the training targets.
    actual
        (N, C) targets less the same mean; NaN is left out.
    groups
        (K,) group of each member, 0 .. M - 1.
    """
    n_groups = int(groups.max()) + 1
    seen = np.isfinite(actual)
    means = np.stack([predicted[groups == m].mean(0)[seen] for m in range(n_groups)], 1)
    solution = nnls(means.T @ means + 1e-9 * np.trace(means.T @ means) / n_groups * np.eye(n_groups), means.T @ actual[seen])[0]
    if not solution.any():
        solution = np.full(n_groups, 1.0 / n_groups)
    return solution[groups] / np.bincount(groups)[groups]


def choose_weights(
    predicted: NDArray[np.float64], targets: NDArray[np.float64], center: NDArray[np.float64], groups: NDArray[np.int64], has_level: bool
) -> Weights:
    """Weights of all members from their validation predictions (K, N, T) in log2 units; `center` (T,) is the mean of the training
    targets.
    """
    shifted, actual = predicted - center, targets - center
    n_changes = len(center) - int(has_level)
    change = (
        group_weights(shifted[:, :, :n_changes], actual[:, :n_changes], groups)
        if n_changes
        else np.full(len(predicted), 1.0 / len(predicted))
    )
    level = group_weights(shifted[:, :, n_changes:], actual[:, n_changes:], groups) if has_level else np.zeros(len(predicted))
    total = np.full(len(center), change.sum())
    if has_level:
        total[-1] = level.sum()
    return Weights(change, level, center * (1 - total))


def _check_members(models: Sequence[Model], folders: Sequence[str | Path], data: Dataset) -> None:
    """Refuse members that cannot be averaged."""
    if not models:
        raise InputError("there is no member to choose from", "--model", "give at least one model folder")
    first = models[0].config
    for model, folder in zip(models, folders, strict=True):
        config = model.config
        if config["family"] == "ensemble" or config["arm"] != "all":
            raise InputError(f"is {config['family']} of arm {config['arm']}", folder, "select from single members trained on all inputs")
        for key in ("model", "fold"):
            if config[key] != first[key]:
                raise InputError(
                    f"{key} is '{config[key]}', but '{first[key]}' in {folders[0]}", folder, f"select from members of one {key}"
                )
        if config["outputs"] != [str(name) for name in data.outputs]:
            raise InputError(
                f"has {len(config['outputs'])} outputs that are not the {len(data.outputs)} of the expression file",
                folder,
                "give the data it was trained on",
            )


def groups_of(models: Sequence[Model]) -> NDArray[np.int64]:
    """(K,) members of one family and architecture share a group."""
    keys = [(model.family, str(model.config["architecture"])) for model in models]
    order = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    return np.array([order[key] for key in keys], dtype=np.int64)


def select_models(folders: Sequence[str | Path], data: Dataset, out: str | Path) -> dict[str, Any]:
    """Write the ensemble's folder, its members inside; return its config.

    Parameters
    ----------
    folders
        Model folders of single members, arm "all", of one model and fold.
    data
        The data they were trained on; validation genes alone decide.
    """
    models = [load_decode(folder) for folder in folders]
    _check_members(models, folders, data)
    order = sorted(range(len(models)), key=lambda k: (models[k].family, _number(models[k].config["member"])))
    models, folders = [models[k] for k in order], [folders[k] for k in order]
    rows, train = data.rows("validation"), data.rows("train")
    tracks = [track.select(data.genes[rows]) for track in data.tracks]
    predicted = np.stack([model.predict(tracks) for model in models])
    targets = data.targets[rows]
    divisors = fit_scale(data.targets[train], data.has_level).divisors(len(data.outputs))
    losses = [validation_loss(targets, one, divisors) for one in predicted]
    center = np.nan_to_num(np.nanmean(data.targets[train], 0))
    weights = choose_weights(predicted, targets, center, groups_of(models), data.has_level)
    config = _ensemble_config(models, weights, losses, data)
    per_output = np.tile(weights.fold_change[:, None], (1, len(center)))
    if data.has_level:
        per_output[:, -1] = weights.level
    together = weights.offset + np.einsum("kt,knt->nt", per_output, predicted)
    rho = correlations(together, targets, "spearman")
    changes = rho[:-1] if data.has_level else rho
    config["validation"] = {
        "loss": validation_loss(targets, together, divisors),
        "fold_change": float(np.nanmean(changes)) if len(changes) else None,
        "level": float(rho[-1]) if data.has_level else None,
    }
    with atomic_path(out) as folder:
        (folder / "members").mkdir(parents=True)
        for k, source in enumerate(folders):
            shutil.copytree(source, folder / "members" / str(k), copy_function=shutil.copyfile)
        write_json(folder / "config.json", config)
    log.info(
        "best member %s; ensemble of %d: validation %s", config["members"][config["best"]]["member"], len(models), config["validation"]
    )
    return config


def _number(member: str) -> tuple[int, str]:
    """Sort key that puts r2 before r10."""
    digits = "".join(c for c in member if c.isdigit())
    return int(digits or 0), member


def _ensemble_config(models: Sequence[Model], weights: Weights, losses: Sequence[float], data: Dataset) -> dict[str, Any]:
    """config.json of the ensemble; its tracks are those of its first member without their scales."""
    first = models[0].config
    members = [
        {
            "folder": f"members/{k}",
            "family": model.family,
            "member": model.config["member"],
            "weight_fold_change": float(weights.fold_change[k]),
            "weight_level": float(weights.level[k]),
            "validation_loss": losses[k],
        }
        for k, model in enumerate(models)
    ]
    tracks = [{key: value for key, value in spec.items() if key != "scale"} for spec in first["tracks"]]
    return {
        "system": first["system"],
        "family": "ensemble",
        "model": first["model"],
        "member": "ensemble",
        "arm": "all",
        "fold": first["fold"],
        "seed": first["seed"],
        "outputs": first["outputs"],
        "has_level": data.has_level,
        "scalers": first["scalers"],
        "tracks": tracks,
        "best": int(np.argmin(losses)),
        "members": members,
        "offset": [float(value) for value in weights.offset],
        "data_hashes": first["data_hashes"],
        "versions": first["versions"],
    }
