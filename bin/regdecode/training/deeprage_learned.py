"""The learned members of DeepRAGE on disk, beside the networks of an ensemble: safetensors and XGBoost JSON, no pickle.

A folder holds features.json and features.safetensors (how promoters become a table), and one folder a member: member.json,
model.safetensors and, for trees, trees/<k>.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

from regdecode.errors import InputError
from regdecode.genome.occupancy import SoftMotif
from regdecode.genome.sequence_features import Recipe
from regdecode.models.autoencoder import Autoencoder, AutoencoderMember
from regdecode.models.completion import Gaussian
from regdecode.models.completion_kernel import GeneKernel
from regdecode.models.condition_weights import ConditionModel
from regdecode.models.deeprage_members import CompletionMember, Member, RegulatorMember, SequenceMember
from regdecode.models.sequence_ridge import SequenceRidge
from regdecode.models.trees import TreesModel
from regdecode.training.model_folder import write_json

Learned = Member | AutoencoderMember
_CONDITIONS = ("inputs", "precision")
_RIDGE = ("mean", "scale", "coefficients", "smooth", "anchors", "dual", "loadings", "center", "penalty")


def save_recipe(folder: Path, recipe: Recipe) -> None:
    """Write how promoters become features."""
    scores = [motif.scores for motif in recipe.motifs]
    write_json(
        folder / "features.json",
        {
            "length": recipe.length,
            "k": recipe.k,
            "kmer_edges": list(recipe.kmer_edges),
            "motif_edges": list(recipe.motif_edges),
            "motifs": [motif.name for motif in recipe.motifs],
            "widths": [len(one) for one in scores],
        },
    )
    save_file({"scores": np.concatenate([*scores, np.zeros((0, 4), np.float32)])}, folder / "features.safetensors")


def load_recipe(folder: str | Path) -> Recipe:
    """Read what `save_recipe` wrote."""
    config = _read(Path(folder) / "features.json")
    ends = np.cumsum([0, *config["widths"]])
    scores = load_file(Path(folder) / "features.safetensors")["scores"]
    motifs = tuple(SoftMotif(name, scores[a:b]) for name, a, b in zip(config["motifs"], ends[:-1], ends[1:], strict=True))
    return Recipe(config["length"], motifs, config["k"], tuple(config["kmer_edges"]), tuple(config["motif_edges"]))


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"there is no {path.name}", path.parent, "give the folder that select_deeprage.py wrote")
    try:
        return json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise InputError(f"is not JSON: {error}", path, "write the ensemble anew") from error


def save_member(folder: Path, name: str, member: Learned) -> None:
    """Write one member into a new folder."""
    folder.mkdir(parents=True)
    config: dict[str, Any] = {"name": name, "kind": type(member).__name__}
    arrays: dict[str, np.ndarray] = {}
    if isinstance(member, AutoencoderMember):
        arrays = {f"network.{key}": value.numpy() for key, value in member.network.state_dict().items()} | {"profiles": member.profiles}
        config["scale"] = member.scale
    elif isinstance(member, CompletionMember):
        arrays = {"mean": member.gaussian.mean, "covariance": member.gaussian.covariance, "profiles": member.profiles}
        if isinstance(member.rest, GeneKernel):
            arrays |= {"kernel.learners": member.rest.learners, "kernel.dual": member.rest.dual}
        elif member.rest:
            arrays |= _save_trees(folder, member.rest)
    else:
        arrays = {f"conditions.{key}": getattr(member.conditions, key) for key in _CONDITIONS}
        config |= {"condition_penalty": member.conditions.penalty, "condition_limit": member.conditions.limit}
    if isinstance(member, RegulatorMember):
        arrays["profiles"] = member.profiles
        if member.trees:
            arrays |= _save_trees(folder, member.trees)
    if isinstance(member, SequenceMember):
        arrays["columns"] = member.columns
        config["model"] = type(member.model).__name__
        if isinstance(member.model, SequenceRidge):
            arrays |= {f"ridge.{key}": getattr(member.model, key) for key in _RIDGE}
        else:
            arrays |= _save_trees(folder, member.model)
    save_file({key: np.ascontiguousarray(value) for key, value in arrays.items()}, folder / "model.safetensors")
    write_json(folder / "member.json", config)


def _save_trees(folder: Path, trees: TreesModel) -> dict[str, np.ndarray]:
    """Write the boosters; the arrays that go with them."""
    (folder / "trees").mkdir()
    for k, text in enumerate(trees.to_json()):
        (folder / "trees" / f"{k}.json").write_bytes(text)
    return {"trees.loadings": trees.loadings, "trees.center": trees.center}


def _load_trees(folder: Path, arrays: dict[str, np.ndarray], threads: int) -> TreesModel:
    paths = sorted((folder / "trees").glob("*.json"), key=lambda path: int(path.stem))
    return TreesModel.from_json([path.read_bytes() for path in paths], arrays["trees.loadings"], arrays["trees.center"], threads)


def _load_network(arrays: dict[str, np.ndarray]) -> Autoencoder:
    state = {key.removeprefix("network."): torch.from_numpy(value) for key, value in arrays.items() if key.startswith("network.")}
    first, second = (len(state[f"curved.{k}.bias"]) for k in (0, 3))
    network = Autoencoder(len(state["straight.bias"]), (first, second))
    network.load_state_dict(state)
    return network.eval()


def load_member(folder: str | Path, threads: int = 1) -> tuple[str, Learned]:
    """Name and member that `save_member` wrote."""
    folder = Path(folder)
    config = _read(folder / "member.json")
    arrays = load_file(folder / "model.safetensors")
    if config["kind"] == "AutoencoderMember":
        return config["name"], AutoencoderMember(_load_network(arrays), config["scale"], arrays["profiles"])
    trees = _load_trees(folder, arrays, threads) if (folder / "trees").is_dir() else None
    if config["kind"] == "CompletionMember":
        kernel = GeneKernel(arrays["kernel.learners"], arrays["kernel.dual"]) if "kernel.dual" in arrays else None
        return config["name"], CompletionMember(Gaussian(arrays["mean"], arrays["covariance"]), arrays["profiles"], trees or kernel)
    sides = arrays["conditions.inputs"], arrays["conditions.precision"]
    conditions = ConditionModel(*sides, config["condition_penalty"], config["condition_limit"])
    if config["kind"] == "RegulatorMember":
        return config["name"], RegulatorMember(arrays["profiles"], conditions, trees)
    model = trees or SequenceRidge(*(arrays[f"ridge.{key}"] for key in _RIDGE))
    return config["name"], SequenceMember(arrays["columns"], model, conditions)
