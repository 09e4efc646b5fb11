"""Predictions of model folders and of prediction files, aligned to a dataset, for EVALUATE."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from regdecode.errors import InputError
from regdecode.io.h5ad import read_predictions
from regdecode.stats.evaluation import Candidate
from regdecode.training.arms import apply_arm
from regdecode.training.dataset import Dataset
from regdecode.training.model_folder import load_model


def read_model_config(folder: Path) -> dict[str, Any]:
    """config.json of a model folder.

    Raises
    ------
    InputError
        It is missing or not JSON.
    """
    path = folder / "config.json"
    try:
        return dict(json.loads(path.read_text()))
    except OSError as error:
        raise InputError("is not a model folder: it has no config.json", folder, "give the folder that TRAIN_DECODE or SELECT wrote") from error
    except json.JSONDecodeError as error:
        raise InputError(f"is not JSON ({error.msg})", path, "train the model again") from error


def training_seconds(folder: Path) -> float:
    """Seconds a model was trained for, from its history; NaN where there is none."""
    path = folder / "history.tsv"
    if not path.is_file():
        return float("nan")
    lines = path.read_text().splitlines()
    header = lines[0].split("\t") if lines else []
    if "seconds" not in header or len(lines) < 2:
        return float("nan")
    at = header.index("seconds")
    return float(np.nansum([float(line.split("\t")[at]) for line in lines[1:]]))


def predict_folder(folder: Path, data: Dataset, member: str | None = None) -> Candidate:
    """Predictions of one model folder; an arm with shuffled inputs is given the inputs its training shuffled.

    Raises
    ------
    InputError
        The model predicts an output that the data lack.
    """
    config = read_model_config(folder)
    arm = str(config.get("arm", "all"))
    model = load_model(folder)
    unknown = [str(name) for name in model.outputs if str(name) not in set(data.outputs.tolist())]
    if unknown:
        raise InputError(f"predicts {unknown[0]!r}, which the expression file does not hold", folder, "evaluate a model on the expression it was trained on")
    tracks = data.tracks if arm.startswith("single_task") else apply_arm(data, arm).tracks
    values = np.asarray(model.predict(tracks), dtype=np.float64)
    return Candidate(str(config.get("model", folder.name)), member or str(config.get("member", "single")), arm, np.asarray(model.outputs).astype(str), values,
                     seconds=training_seconds(folder))


def folder_candidates(folder: Path, data: Dataset) -> Iterator[Candidate]:
    """A model folder, and every member of an ensemble on its own; the member its config calls best comes again as "best"."""
    config = read_model_config(folder)
    if config.get("family") != "ensemble":
        yield predict_folder(folder, data)
        return
    yield predict_folder(folder, data, "ensemble")
    best = str(config.get("best", ""))
    for member in sorted(path for path in (folder / "members").iterdir() if path.is_dir()):
        candidate = predict_folder(member, data)
        yield candidate
        if best and best in (candidate.member, member.name):
            yield Candidate(candidate.model, "best", candidate.arm, candidate.outputs, candidate.values, seconds=candidate.seconds)


def file_candidate(path: str | Path, data: Dataset) -> Candidate:
    """Predictions of a baseline's file, on the dataset's genes.

    Raises
    ------
    InputError
        A gene or output of the dataset is missing.
    """
    found = read_predictions(path)
    position = {gene: i for i, gene in enumerate(found.genes.tolist())}
    missing = [gene for gene in data.genes.tolist() if gene not in position]
    if missing:
        raise InputError(f"holds no prediction of {len(missing)} genes of the splits, first {missing[0]}", path, "predict with the same splits file")
    if found.outputs.tolist() != data.outputs.tolist():
        raise InputError("predicts other outputs than the expression file holds", path, "predict with the same expression file")
    rows = np.array([position[gene] for gene in data.genes.tolist()])
    return Candidate(found.attrs.get("model", Path(path).name.split(".")[0]), found.attrs.get("member", "single"), found.attrs.get("arm", "all"), found.outputs,
                     found.values[rows].astype(np.float64), baseline=True)
