"""Trained networks of one fold with what they predict of its cells. Axes: G genes, S conditions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from regdecode.errors import Faults, InputError
from regdecode.io.h5ad import read_cell_predictions
from regdecode.training.deeprage_data import CellData


@dataclass(frozen=True)
class Network:
    """A trained replicate: its folder, config.json and predictions (G, S) on the cells."""

    folder: Path
    config: dict[str, Any]
    values: np.ndarray


def read_networks(folders: Sequence[str | Path], data: CellData) -> list[Network]:
    """Networks with their predictions on the cells.

    Raises
    ------
    InputError
        A folder is no network's, is of another regime or fold, or lacks genes or conditions of the cells; all at once.
    """
    faults, networks = Faults(), []
    for folder in folders:
        with faults.collect():
            networks.append(_read_network(Path(folder), data))
    faults.raise_if_any()
    return networks


def _read_network(folder: Path, data: CellData) -> Network:
    path = folder / "config.json"
    if not path.is_file() or not (folder / "predictions.h5ad").is_file():
        raise InputError("is not a folder of a trained network", folder, "give the folder that train_deeprage.py wrote")
    try:
        config = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise InputError(f"is not JSON: {error}", path, "train the network again") from error
    if (config.get("system"), config.get("family")) != ("deeprage", "network"):
        raise InputError("holds no DeepRAGE network", folder, "give the folder that train_deeprage.py wrote")
    for key in ("regime", "fold"):
        if config[key] != data.cells.attrs[key]:
            raise InputError(
                f"{key} is {config[key]}, the cells are of {data.cells.attrs[key]}", folder, "select from networks of this fold"
            )
    predictions = read_cell_predictions(folder / "predictions.h5ad")
    if predictions.genes.tolist() != data.cells.genes.tolist() or predictions.conditions.tolist() != data.cells.conditions.tolist():
        raise InputError("its predictions are of other genes or conditions than the cells", folder, "train it on these cells")
    return Network(folder, config, predictions.values.astype(np.float64))


def group_of(config: Mapping[str, Any]) -> str:
    """Networks of one model and architecture share a group."""
    return json.dumps([config["model"], config["architecture"]], sort_keys=True)
