"""Model folders: all that prediction and attribution need, without pickle.

A folder holds config.json and, for a network, model.safetensors; for trees, trees/<k>.json and the map from boosters to outputs in
model.safetensors; for an ensemble, members/<k>/, each a folder of its own. Axes: G genes, K members, T outputs.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_tensors
from safetensors.torch import save_file as save_tensors

from regdecode.errors import InputError
from regdecode.expression.scale import TargetScale
from regdecode.genome.summaries import Design, summarise
from regdecode.io.records import Track
from regdecode.models.decode import DecodeNet, TrackShape, build_network
from regdecode.models.trees import TreesModel
from regdecode.training.encode import dense_inputs, encode_tracks
from regdecode.training.fit import predict as predict_scaled


def align_tracks(tracks: Sequence[Track], wanted: Sequence[dict[str, Any]]) -> tuple[Track, ...]:
    """Pick the tracks and regulators a model was trained on, in its order.

    Raises
    ------
    InputError
        When a track or a regulator is missing, or bins differ in size.
    """
    by_name = {track.name: track for track in tracks}
    aligned = []
    for spec in wanted:
        track = by_name.get(spec["name"])
        if track is None:
            raise InputError(
                f"the model needs the track '{spec['name']}'; there are {', '.join(by_name) or 'none'}",
                "features",
                "give the features it was trained on",
            )
        if track.bin_size != spec["bin_size"]:
            raise InputError(
                f"bins of {track.bin_size} bases; the model was trained on {spec['bin_size']}", f"track {track.name}", "bin the sites alike"
            )
        place = {name: i for i, name in enumerate(track.regulators)}
        absent = [name for name in spec["regulators"] if name not in place]
        if absent:
            raise InputError(
                f"{len(absent)} regulators of the model are missing: {', '.join(absent[:5])}",
                f"track {track.name}",
                "give the features it was trained on",
            )
        columns = np.array([place[name] for name in spec["regulators"]], dtype=np.int64)
        if not np.array_equal(columns, np.arange(len(track.regulators))):
            track = Track(
                track.name,
                track.cls,
                track.on,
                track.bin_size,
                track.min_genes,
                track.genes,
                track.regulators[columns],
                track.counts[:, columns],
                track.offsets,
                track.bases,
                track.starts,
                track.ends,
            )
        aligned.append(track)
    return tuple(aligned)


@dataclass(frozen=True)
class Model:
    """What every loaded model has.

    `config` is its config.json; `outputs` (T,) names, "level" last where there is one; `regulators` the names of each track.
    """

    config: dict[str, Any]

    @property
    def outputs(self) -> NDArray[np.str_]:
        """(T,) output names."""
        return np.array(self.config["outputs"])

    @property
    def regulators(self) -> dict[str, list[str]]:
        """Regulators of each track, in the model's order."""
        return {spec["name"]: spec["regulators"] for spec in self.config["tracks"]}

    @property
    def family(self) -> str:
        """Which kind of model: "network", "trees" or "ensemble"."""
        return str(self.config["family"])

    def align(self, tracks: Sequence[Track]) -> tuple[Track, ...]:
        """Pick the model's own tracks and regulators of `tracks`."""
        return align_tracks(tracks, self.config["tracks"])

    def predict(self, tracks: Sequence[Track]) -> NDArray[np.float64]:
        """(G, T) predictions in log2 units for the genes of `tracks`."""
        raise NotImplementedError


@dataclass(frozen=True)
class NetworkModel(Model):
    """A trained network. `scales` (R,) a track divide the counts; `divisors` (T,) turn scaled outputs into log2 units."""

    net: DecodeNet
    scales: tuple[NDArray[np.float32], ...]
    divisors: NDArray[np.float64]

    def inputs(self, tracks: Sequence[Track], rows: NDArray[np.int64]) -> list[torch.Tensor]:
        """Dense inputs of `net` for some genes: one [N, B, R + 1] a track."""
        return dense_inputs(self.align(tracks), self.scales, rows)

    def predict(self, tracks: Sequence[Track]) -> NDArray[np.float64]:
        """(G, T) predictions in log2 units for the genes of `tracks`."""
        device = next(self.net.parameters()).device
        features = encode_tracks(self.net, self.align(tracks), self.scales)
        return predict_scaled(self.net, features.to(device)).cpu().double().numpy() * self.divisors


@dataclass(frozen=True)
class TreesFolder(Model):
    """Trained trees; they predict log2 units as they are."""

    trees: TreesModel

    def design(self, tracks: Sequence[Track]) -> Design:
        """Make the feature table that the trees read."""
        return summarise(self.align(tracks), self.config["architecture"]["windows"])

    def predict(self, tracks: Sequence[Track]) -> NDArray[np.float64]:
        """(G, T) predictions in log2 units for the genes of `tracks`."""
        return self.trees.predict(self.design(tracks).X)


@dataclass(frozen=True)
class EnsembleModel(Model):
    """``offset + sum_k weights[k] * members[k]``: `weights` (K, T), `offset` (T,) in log2 units. Members of weight 0 are kept for the
    record.
    """

    members: tuple[Model, ...]
    weights: NDArray[np.float64]
    offset: NDArray[np.float64]

    @property
    def best(self) -> Model:
        """The member with the lowest validation loss."""
        return self.members[self.config["best"]]

    def predict(self, tracks: Sequence[Track]) -> NDArray[np.float64]:
        """(G, T) predictions in log2 units for the genes of `tracks`."""
        used = [k for k in range(len(self.members)) if np.any(self.weights[k] > 0)]
        return self.offset + sum(self.weights[k] * self.members[k].predict(tracks) for k in used)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON that a person can read."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def describe_tracks(tracks: Sequence[Track], scales: Sequence[NDArray[np.float32]] | None) -> list[dict[str, Any]]:
    """Tracks as config.json names them."""
    specs = []
    for k, track in enumerate(tracks):
        spec = {
            "name": track.name,
            "cls": track.cls,
            "on": track.on,
            "bin_size": track.bin_size,
            "regulators": [str(name) for name in track.regulators],
        }
        specs.append(spec if scales is None else spec | {"scale": [float(value) for value in scales[k]]})
    return specs


def save_network(folder: Path, net: DecodeNet, config: dict[str, Any]) -> None:
    """Write a network's weights and config.json into an existing folder."""
    save_tensors({key: value.detach().cpu().contiguous() for key, value in net.state_dict().items()}, folder / "model.safetensors")
    write_json(folder / "config.json", config)


def save_trees(folder: Path, trees: TreesModel, config: dict[str, Any]) -> None:
    """Write boosters, their map to outputs and config.json into an existing folder."""
    (folder / "trees").mkdir()
    for k, text in enumerate(trees.to_json()):
        (folder / "trees" / f"{k}.json").write_bytes(text)
    save_file(
        {"loadings": np.ascontiguousarray(trees.loadings), "center": np.ascontiguousarray(trees.center)}, folder / "model.safetensors"
    )
    write_json(folder / "config.json", config)


def read_model_config(folder: str | Path) -> dict[str, Any]:
    """config.json of a model folder.

    Raises
    ------
    InputError
        When the folder is not a model folder.
    """
    path = Path(folder) / "config.json"
    if not path.is_file():
        raise InputError("is not a model folder: no config.json", folder, "give a folder of models/, or one that a training script wrote")
    try:
        config = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise InputError(f"is not JSON: {error}", path, "write the model anew") from error
    if not isinstance(config, dict) or config.get("family") not in ("network", "trees", "ensemble"):
        raise InputError("names no known family", path, "one of network, trees, ensemble")
    return config


def load_decode(folder: str | Path, device: str | torch.device = "cpu") -> Model:
    """Load a trained model that reads feature tracks: a network, trees, or an ensemble of both.

    Parameters
    ----------
    folder
        A model folder.
    device
        Where networks compute.

    Returns
    -------
    Model
        With `.outputs`, `.regulators` and ``.predict(tracks)`` -> (G, T) in log2 units.
    """
    folder = Path(folder)
    config = read_model_config(folder)
    if config.get("system") == "deeprage":
        raise InputError("holds a DeepRAGE model, which reads promoters", folder, "give one that train_decode.py or select.py wrote")
    if config["family"] == "ensemble":
        members = tuple(load_decode(folder / spec["folder"], device) for spec in config["members"])
        weights = np.array([_output_weights(spec, config) for spec in config["members"]])
        return EnsembleModel(config, members, weights, np.array(config["offset"], dtype=np.float64))
    architecture = config["architecture"]
    if config["family"] == "trees":
        table = load_file(folder / "model.safetensors")
        texts = [(folder / "trees" / f"{k}.json").read_bytes() for k in range(len(table["loadings"]))]
        return TreesFolder(config, TreesModel.from_json(texts, table["loadings"], table["center"]))
    shapes = [TrackShape(**shape) for shape in architecture["tracks"]]
    net = build_network(architecture["kind"], architecture["settings"], shapes, len(config["outputs"]))
    net.load_state_dict(load_tensors(folder / "model.safetensors"))
    net.eval().to(device)
    scales = tuple(np.array(spec["scale"], np.float32) for spec in config["tracks"])
    return NetworkModel(config, net, scales, TargetScale.from_dict(config["scalers"]).divisors(len(config["outputs"])))


def _output_weights(spec: dict[str, Any], config: dict[str, Any]) -> NDArray[np.float64]:
    """(T,) weights of a member: one for all fold changes, one for the level."""
    weights = np.full(len(config["outputs"]), float(spec["weight_fold_change"]))
    if config["has_level"]:
        weights[-1] = spec["weight_level"]
    return weights
