"""Trains one replicate of a DeepRAGE network on one fold and writes its folder. Axes: G genes, S conditions, K filters."""

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

import regdecode
from regdecode.errors import InputError
from regdecode.expression.classes import class_names, classify
from regdecode.io.atomic import atomic_path
from regdecode.io.h5ad import write_cell_predictions
from regdecode.io.meme import Motif
from regdecode.io.records import CellPredictions
from regdecode.models.deeprage import DeepRageNet, DeepRageShape, check_shape
from regdecode.stats.cell_metrics import class_figures
from regdecode.training.checkpoint import CheckpointPlace, signature
from regdecode.training.deeprage_data import CellData
from regdecode.training.deeprage_filters import start_filters
from regdecode.training.deeprage_fit import fit_network
from regdecode.training.deeprage_folder import DeepRageModel, PairPredictions, save_deeprage
from regdecode.training.deeprage_hparams import DeepRageParameters
from regdecode.training.deeprage_stage import PairData, predict_pairs
from regdecode.training.member import resolve_device
from regdecode.training.model_folder import write_json

log = logging.getLogger(__name__)
WHOLE = 0.1


class DeepRagePlan(NamedTuple):
    """Which replicate to train, the run's seed, and the digests of its inputs."""

    replicate: int
    seed: int
    hashes: dict[str, str]

    @property
    def own_seed(self) -> int:
        """Seed of this replicate alone."""
        return self.seed * 1000 + self.replicate


def remembered(data: CellData, memory: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which genes (G,) and conditions (S,) keep a vector of their own.

    Under "auto": those with training cells, but none at all on a side where whole members are held out (more than a tenth of the held-out
    cells are of members without a training cell): there the sequence, or the regulators, must say everything, also in training.
    """
    train, held = data.part(0), data.part(1) | data.part(2)
    sides = []
    for axis in (1, 0):
        seen, asked = np.asarray(train.any(axis)), held.sum(axis)
        whole = asked[~seen].sum() > WHOLE * max(asked.sum(), 1)
        sides.append(np.zeros_like(seen) if memory == "none" or whole else seen)
    return sides[0], sides[1]


def fitting_shape(shape: DeepRageShape, length: int, n_motifs: int, where: str) -> DeepRageShape:
    """Shape with the sequences' length and all filters counted; refused where no network can have it."""
    if shape.length > length:
        raise InputError(f"promoters of {length} bases are shorter than the window of {shape.length}", where, "shorten the window")
    full = replace(shape, length=shape.length or length, filters=shape.filters + n_motifs)
    check_shape(full, where)
    return full


def train_deeprage(
    data: CellData,
    motifs: Sequence[Motif],
    hparams: DeepRageParameters,
    plan: DeepRagePlan,
    out: str | Path,
    device: str = "auto",
    threads: int = 1,
    checkpoint: Path | None = None,
) -> None:
    """Train and write a model folder with predictions.h5ad of every cell, whole or not at all.

    Raises
    ------
    InputError
        The fold has too few cells, the window does not fit, or there is no filter: none is asked for beside motifs, and no motif is given.
    """
    used = list(motifs) if hparams.network.motifs else []
    if not used and not hparams.network.filters:
        raise InputError("no motif is given and no filter asked for beside motifs", "network.filters", "give --motifs, or filters")
    shape = fitting_shape(hparams.network, data.codes.shape[1], len(used), "network.length")
    codes = data.codes[:, data.codes.shape[1] - shape.length :]
    torch.set_num_threads(threads)
    started = time.monotonic()
    at = resolve_device(device)
    config = _config(data, hparams, shape, plan)
    with torch.random.fork_rng():
        torch.manual_seed(plan.own_seed)
        n_outputs = 1 if hparams.task == "regression" else len(data.edges) + 1
        memory = config["memory"]
        net = DeepRageNet(shape, len(data.compendium.regulators), n_outputs, len(memory["genes"]), len(memory["conditions"]))
    seen = data.part(0).any(1)
    config["filters"], config["starts"] = start_filters(net, used, codes[seen], np.where(data.part(0), data.values, np.nan)[seen])
    model = DeepRageModel(config, net.to(at))
    pairs = _pair_data(model, data, codes)
    place = None
    if checkpoint is not None:
        signed = signature(
            hparams.plain(), plan.own_seed, regdecode.__version__, codes, pairs.inputs, pairs.targets, pairs.train, pairs.tune,
            list(data.compendium.regulators), config["filters"], config["architecture"],
        )  # fmt: skip
        place = CheckpointPlace(checkpoint, signed)
    history, progress = fit_network(net, pairs, hparams.fit, plan.own_seed, place)
    predicted = model.from_outputs(predict_pairs(net, pairs))
    metrics = _metrics(data, predicted, net) | {
        "best_epoch": progress.best_epoch,
        "epochs": len(history),
        "seconds": round(time.monotonic() - started, 2),
    }
    _write_member(out, net, config, history, metrics, cell_predictions(data, predicted, config))
    log.info("validation r %.4f (%.0f s)", metrics["validation_pearson"] or float("nan"), metrics["seconds"])
    if checkpoint is not None:
        for path in checkpoint.parent.glob(f"{checkpoint.stem}.*{checkpoint.suffix}"):
            path.unlink()


def _write_member(
    out: str | Path,
    net: DeepRageNet,
    config: dict[str, Any],
    history: Sequence[dict[str, Any]],
    metrics: dict[str, Any],
    cells: CellPredictions,
) -> None:
    """Write the model folder, whole or not at all."""
    with atomic_path(out) as folder:
        folder.mkdir()
        save_deeprage(folder, net.cpu(), config)
        lines = ["stage\tepoch\ttrain_loss\tvalidation_loss\tseconds"]
        for row in history:
            lines.append(
                f"{row['stage']}\t{int(row['epoch'])}\t{row['train_loss']:.6g}\t{row['validation_loss']:.6g}\t{row['seconds']:.3f}"
            )
        (folder / "history.tsv").write_text("\n".join(lines) + "\n")
        write_json(folder / "metrics.json", metrics)
        write_cell_predictions(folder / "predictions.h5ad", cells)


def cell_predictions(data: CellData, predicted: PairPredictions, config: dict[str, Any]) -> CellPredictions:
    """Predictions as a file holds them."""
    names = () if predicted.probabilities is None else class_names(predicted.probabilities.shape[2])
    layers = {name: predicted.probabilities[..., k] for k, name in enumerate(names)} if predicted.probabilities is not None else {}
    attrs = {key: str(config[key]) for key in ("system", "model", "member", "regime", "fold", "task")}
    return CellPredictions(data.cells.genes, data.cells.conditions, predicted.values, attrs, layers)


def _pair_data(model: DeepRageModel, data: CellData, codes: NDArray[np.uint8]) -> PairData:
    """Everything on the device once."""
    device = model.net.trunk.conv.weight.device
    train, tune = data.part(0), data.part(1)
    if train.any(1).sum() < 2 or not tune.any():
        raise InputError(
            f"{int(train.any(1).sum())} genes with training cells and {int(tune.sum())} validation cells; 2 and 1 are needed",
            "cells",
            "hold fewer genes or conditions out",
        )
    classes = None
    if model.config["task"] == "classes":
        classes = torch.tensor(np.maximum(classify(data.values, data.edges), 0).astype(np.int64), device=device)
    bare = model.pair_data(codes, data.compendium.inputs, data.cells.genes.tolist(), data.cells.conditions.tolist())
    scaled = np.nan_to_num(data.values) / model.config["scalers"]["target"]
    return replace(
        bare,
        own=torch.tensor(data.compendium.own, device=device),
        targets=torch.tensor(scaled, dtype=torch.float32, device=device),
        classes=classes,
        train=torch.tensor(train, device=device),
        tune=torch.tensor(tune, device=device),
    )


def _config(data: CellData, hparams: DeepRageParameters, shape: DeepRageShape, plan: DeepRagePlan) -> dict[str, Any]:
    """Collect what config.json holds."""
    training = data.values[data.part(0)]
    spread = float(training.std()) if len(training) else 1.0
    inputs = data.compendium.inputs[data.part(0).any(0)]
    genes, conditions = remembered(data, shape.memory)
    labels = classify(training, data.edges)
    means = [float(training[labels == k].mean()) if np.any(labels == k) else 0.0 for k in range(len(data.edges) + 1)]
    return {
        "system": "deeprage",
        "family": "network",
        "model": hparams.model,
        "member": f"r{plan.replicate}",
        "task": hparams.task,
        "regime": data.cells.attrs["regime"],
        "fold": data.cells.attrs["fold"],
        "missing": data.cells.attrs["missing"],
        "seed": plan.seed,
        "architecture": asdict(shape),
        "regulators": data.compendium.regulators.tolist(),
        "memory": {"genes": data.cells.genes[genes].tolist(), "conditions": data.cells.conditions[conditions].tolist()},
        "scalers": {"target": spread or 1.0, "input": float(inputs.std()) or 1.0},
        "edges": data.edges.tolist(),
        "class_values": means,
        "hparams": hparams.plain(),
        "data_hashes": plan.hashes,
        "versions": {"regdecode": regdecode.__version__, "torch": torch.__version__, "numpy": np.__version__},
    }


def _metrics(data: CellData, predicted: PairPredictions, net: DeepRageNet) -> dict[str, Any]:
    """Figures on validation cells, by which replicates are compared."""
    tune = data.part(1)
    actual, values = data.values[tune], predicted.values[tune].astype(np.float64)
    found: dict[str, Any] = {
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "validation_mse": float(np.square(actual - values).mean()),
        "validation_pearson": float(np.corrcoef(actual, values)[0, 1]) if values.std() > 0 and actual.std() > 0 else None,
    }
    if predicted.probabilities is not None:
        n_classes = predicted.probabilities.shape[2]
        confusion = np.zeros((n_classes, n_classes))
        np.add.at(confusion, (classify(actual, data.edges), predicted.probabilities[tune].argmax(1)), 1)
        found |= {f"validation_{name}": float(value) for name, value in class_figures(confusion).items()}
    return found
