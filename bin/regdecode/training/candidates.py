"""Predictions of model folders and of prediction files, aligned to a dataset, for EVALUATE."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from regdecode.errors import InputError
from regdecode.io.h5ad import read_predictions
from regdecode.stats.evaluation import SINGLE, Candidate
from regdecode.training.arms import apply_arm
from regdecode.training.dataset import Dataset
from regdecode.training.model_folder import EnsembleModel, Model, load_decode


def training_seconds(folder: Path) -> float:
    """Seconds a model was trained for, from its metrics.json; NaN where it does not say."""
    path = folder / "metrics.json"
    found = json.loads(path.read_text()) if path.is_file() else {}
    return float(found.get("seconds", np.nan))


def predict_model(model: Model, folder: Path, data: Dataset) -> Candidate:
    """Predictions of one model; an arm with shuffled inputs is given the inputs its training shuffled.

    Raises
    ------
    InputError
        The model predicts an output that the data lack.
    """
    arm = str(model.config["arm"])
    unknown = [name for name in model.outputs.tolist() if name not in set(data.outputs.tolist())]
    if unknown:
        raise InputError(
            f"predicts {unknown[0]!r}, which the expression file does not hold",
            folder,
            "evaluate a model on the expression it was trained on",
        )
    tracks = data.tracks if arm.startswith(SINGLE) else apply_arm(data, arm).tracks
    values = np.asarray(model.predict(tracks), dtype=np.float64)
    return Candidate(str(model.config["model"]), str(model.config["member"]), arm, model.outputs, values, seconds=training_seconds(folder))


def folder_candidates(folder: Path, data: Dataset) -> Iterator[Candidate]:
    """Yield a model folder's predictions; of an ensemble also every member on its own, and the best of them once more as "best"."""
    model = load_decode(folder)
    if not isinstance(model, EnsembleModel):
        yield predict_model(model, folder, data)
        return
    yield predict_model(model, folder, data)
    for k, (member, spec) in enumerate(zip(model.members, model.config["members"], strict=True)):
        candidate = predict_model(member, folder / spec["folder"], data)
        yield candidate
        if k == model.config["best"]:
            yield replace(candidate, member="best")


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
        raise InputError(
            f"holds no prediction of {len(missing)} genes of the splits, first {missing[0]}", path, "predict with the same splits file"
        )
    if found.outputs.tolist() != data.outputs.tolist():
        raise InputError("predicts other outputs than the expression file holds", path, "predict with the same expression file")
    rows = np.array([position[gene] for gene in data.genes.tolist()])
    return Candidate(
        found.attrs.get("model", Path(path).name.split(".")[0]),
        found.attrs.get("member", "single"),
        found.attrs.get("arm", "all"),
        found.outputs,
        found.values[rows].astype(np.float64),
        baseline=True,
    )
