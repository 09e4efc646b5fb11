"""EVALUATE of DeepRAGE: models, ensembles and baselines of one fold on the same cells, one folder of tables.

Axes: G genes, S conditions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from regdecode.errors import Faults, InputError
from regdecode.expression.cell_files import series_of
from regdecode.expression.cell_space import names_of
from regdecode.expression.classes import class_names, classify
from regdecode.expression.compendium import target_ratios
from regdecode.expression.deeprage_settings import DeepRageSettings
from regdecode.io.atomic import atomic_path
from regdecode.io.gene_table import read_genes
from regdecode.io.h5ad import read_cell_predictions, read_cells, read_expression
from regdecode.io.records import CellPredictions, Cells
from regdecode.stats.cell_metrics import CellScores, Drawn, cut_classes, score_cells, table_rows, tune_cuts, unit_counts
from regdecode.training.deeprage_data import edges_of
from regdecode.training.evaluation_files import write_table

SCATTER = 20_000
PARTS = {"validation": 1, "test": 2}


@dataclass(frozen=True)
class CellTruth:
    """What every model is scored against: values (G, S), classes (G, S), their edges, the genes' names (G,), and the bootstrap's units.

    `units` has the unit of each gene (G,) under 0, of each condition (S,) under 1, or both: the sides that were held out.
    """

    cells: Cells
    values: np.ndarray
    classes: np.ndarray
    edges: np.ndarray
    series: np.ndarray | None
    gene_names: np.ndarray
    units: dict[int, np.ndarray]


@dataclass(frozen=True)
class CellCandidate:
    """One model's predictions on the cells' genes and conditions: `values` (G, S), `called` classes (G, S), the cuts they come from."""

    model: str
    member: str
    arm: str
    values: np.ndarray
    called: np.ndarray
    cuts: np.ndarray | None


def read_truth(expression: str | Path, cells: str | Path, genes: str | Path, settings: DeepRageSettings) -> CellTruth:
    """Read the measured values of a fold's cells, and the genes' names."""
    found, fold = read_expression(expression), read_cells(cells)
    row_of = {gene: row for row, gene in enumerate(found.genes.tolist())}
    lost = [gene for gene in fold.genes.tolist() if gene not in row_of]
    if lost or found.outputs.tolist() != fold.conditions.tolist():
        raise InputError(f"does not hold the genes and conditions of {cells}", expression, "split the cells of this expression again")
    values = target_ratios(found, np.array([row_of[gene] for gene in fold.genes.tolist()]), fold.split)
    values = np.nan_to_num(values) if fold.attrs["missing"] == "zero" else values
    edges = edges_of(settings.classes, values, fold.split)
    series = series_of(found.sheet, settings.series)
    names = names_of(fold.genes, read_genes(genes))
    return CellTruth(fold, values, classify(values, edges), edges, series, names, held_units(fold, series))


def held_units(cells: Cells, series: np.ndarray | None) -> dict[int, np.ndarray]:
    """Units of the sides that a regime holds out, by axis: genes, by transcription unit where the split was; conditions, by series.

    Random pairs hold out neither side; genes are drawn.
    """
    units = {}
    if cells.attrs["regime"] != "new_condition":
        units[0] = np.arange(len(cells.genes)) if cells.unit is None else np.unique(cells.unit, return_inverse=True)[1]
    if cells.attrs["regime"] in ("new_condition", "new_gene_and_condition"):
        units[1] = np.unique(cells.conditions if series is None else series, return_inverse=True)[1]
    return units


def align(predictions: CellPredictions, cells: Cells, path: str | Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Values and probabilities (G, S) on the cells' genes and conditions, NaN where the file has none.

    Raises
    ------
    InputError
        The file is of another regime or fold, or shares no gene or condition.
    """
    faults = Faults()
    for key in ("regime", "fold"):
        told = predictions.attrs.get(key)
        if told is not None and told != cells.attrs[key]:
            faults.add(f"{key} is {told}, the cells are of {cells.attrs[key]}", path, "give predictions of this fold")
    faults.raise_if_any()
    rows = {name: k for k, name in enumerate(predictions.genes.tolist())}
    columns = {name: k for k, name in enumerate(predictions.conditions.tolist())}
    r = np.array([rows.get(name, -1) for name in cells.genes.tolist()])
    c = np.array([columns.get(name, -1) for name in cells.conditions.tolist()])
    if np.all(r < 0) or np.all(c < 0):
        raise InputError("shares no gene or no condition with the cells", path, "give predictions of this expression")
    known = (r >= 0)[:, None] & (c >= 0)[None]
    tables = {"": predictions.values, **predictions.probabilities}
    placed = {name: np.where(known, table[r][:, c], np.nan).astype(np.float64) for name, table in tables.items()}
    return placed.pop(""), placed


def read_candidate(path: str | Path, truth: CellTruth) -> CellCandidate:
    """Read one file of predictions; classes are the most probable ones where it has probabilities, else cuts tuned on validation cells."""
    path = Path(path) / "predictions.h5ad" if Path(path).is_dir() else Path(path)
    if not path.is_file():
        raise InputError("there are no predictions", path, "give the folder that train_deeprage.py wrote, or a file of predictions")
    predictions = read_cell_predictions(path)
    values, probabilities = align(predictions, truth.cells, path)
    names = [name for name in class_names(len(truth.edges) + 1) if name in probabilities]
    cuts = None
    if len(names) == len(truth.edges) + 1:
        shares = np.stack([probabilities[name] for name in names])
        called = np.where(np.isfinite(shares).all(0), np.nan_to_num(shares).argmax(0), -1).astype(np.int8)
    else:
        tune = truth.cells.split == PARTS["validation"]
        cuts = tune_cuts(values[tune], truth.classes[tune], truth.edges)
        called = cut_classes(values, cuts)
    attrs = predictions.attrs
    return CellCandidate(attrs.get("model", path.stem), attrs.get("member", "r1"), attrs.get("arm", "all"), values, called, cuts)


def write_cell_evaluation(
    out: str | Path, truth: CellTruth, candidates: Sequence[CellCandidate], organism: str, seed: int, n_resamples: int = 1000
) -> None:
    """Score every candidate and write all tables, all or nothing; the first candidate is compared with each other one.

    Raises
    ------
    InputError
        Two candidates have one name, or one covers no test cell.
    """
    keys = [(candidate.model, candidate.member, candidate.arm) for candidate in candidates]
    twice = [key for key in keys if keys.count(key) > 1]
    if twice:
        raise InputError(f"model {' '.join(twice[0])} comes twice", "--model, --predictions", "give every model once")
    fold = f"{truth.cells.attrs['regime']}.{truth.cells.attrs['fold']}"
    drawn = {part: draw_units(truth, code, n_resamples, seed) for part, code in PARTS.items()}
    rows: dict[str, list[pd.DataFrame]] = {"metrics": [], "per_gene": [], "per_condition": [], "confusion": []}
    scored: list[CellScores] = []
    for candidate in candidates:
        label = {"model": candidate.model, "member": candidate.member, "arm": candidate.arm}
        for part, code in PARTS.items():
            scores = _score(candidate, truth, code, drawn[part])
            if part == "test":
                if not scores.figures:
                    raise InputError("predicts no test cell", f"model {candidate.model}", "predict the cells that the fold tests on")
                scored.append(scores)
                rows["confusion"].append(_confusion_table(scores.confusion, label))
            figures = pd.DataFrame(scores.figures, columns=["metric", "value", "low", "high", "n"])
            head = {"system": "deeprage", "organism": organism, "fold": fold, **label, "split": part, "output": "all"}
            rows["metrics"].append(pd.DataFrame([head] * len(figures)).join(figures))
        for name, axis, names in (("per_gene", 1, truth.cells.genes), ("per_condition", 0, truth.cells.conditions)):
            rows[name].append(_each_table(candidate, truth, axis, names, label))
    with atomic_path(out) as folder:
        folder.mkdir()
        for name, tables in rows.items():
            write_table(folder / f"{name}.tsv", pd.concat(tables, ignore_index=True))
        write_table(folder / "comparisons.tsv", _comparisons(candidates, scored))
        write_table(folder / "observed.tsv", _observed(candidates, truth, seed))


def draw_units(truth: CellTruth, code: int, n_resamples: int, seed: int) -> dict[int, Drawn]:
    """Resamples by axis, each side by itself: only units with cells of the part are drawn, as often as there are such units."""
    rng, drawn = np.random.default_rng(seed), {}
    for axis, unit in truth.units.items():
        inside = np.zeros(int(unit.max()) + 1, dtype=bool)
        inside[unit[(truth.cells.split == code).any(1 - axis)]] = True
        counts = np.zeros((n_resamples, len(inside)))
        if inside.any():
            counts[:, inside] = unit_counts(int(inside.sum()), n_resamples, rng)
        drawn[axis] = Drawn(unit, counts)
    return drawn


def _score(candidate: CellCandidate, truth: CellTruth, code: int, drawn: dict[int, Drawn]) -> CellScores:
    n_classes = len(truth.edges) + 1
    part = truth.cells.split == code
    return score_cells(candidate.values, truth.values, part, truth.classes, candidate.called, n_classes, drawn)


def _confusion_table(confusion: np.ndarray, label: dict[str, str]) -> pd.DataFrame:
    """One row a pair of classes: actual, predicted, n, percent of all."""
    names = [name.removeprefix("p_") for name in class_names(len(confusion))]
    total = max(float(confusion.sum()), 1.0)
    cells = [
        {**label, "actual": a, "predicted": b, "n": int(confusion[i, j]), "percent": 100 * confusion[i, j] / total}
        for i, a in enumerate(names)
        for j, b in enumerate(names)
    ]
    return pd.DataFrame(cells)


def _each_table(candidate: CellCandidate, truth: CellTruth, axis: int, names: np.ndarray, label: dict[str, str]) -> pd.DataFrame:
    part = truth.cells.split == PARTS["test"]
    columns = table_rows(candidate.values, truth.values, part, truth.classes, candidate.called, axis)
    table = pd.DataFrame({"gene" if axis == 1 else "condition": names, **columns})
    if axis == 1:
        table.insert(1, "gene_name", truth.gene_names)
    elif truth.series is not None:
        table.insert(1, "series", truth.series)
    for place, (key, value) in enumerate(label.items()):
        table.insert(place, key, value)
    table = table[table["n"] > 0]
    return table.astype({"n": int})


def _comparisons(candidates: Sequence[CellCandidate], scored: Sequence[CellScores]) -> pd.DataFrame:
    """Difference in pooled r between the first candidate and each other, by paired bootstrap."""
    rows = []
    first = candidates[0]
    for other, scores in zip(candidates[1:], scored[1:], strict=True):
        draws = scored[0].resampled - scores.resampled
        draws = draws[np.isfinite(draws)]
        value = scored[0].figures[0].value - scores.figures[0].value
        low, high, share = (*np.quantile(draws, [0.025, 0.975]), float(np.mean(draws <= 0))) if len(draws) else (np.nan,) * 3
        rows.append([first.model, first.member, other.model, other.member, "pearson", value, low, high, share])
    names = ["model", "member", "against", "against_member", "metric", "difference", "low", "high", "share_not_better"]
    return pd.DataFrame(rows, columns=names)


def _observed(candidates: Sequence[CellCandidate], truth: CellTruth, seed: int) -> pd.DataFrame:
    """Observed and predicted values of test cells, a random sample where there are many."""
    cells = np.flatnonzero(((truth.cells.split == PARTS["test"]) & np.isfinite(truth.values)).ravel())
    if len(cells) > SCATTER:
        cells = np.sort(np.random.default_rng(seed).choice(cells, SCATTER, replace=False))
    g, s = np.unravel_index(cells, truth.values.shape)
    table = {"gene": truth.cells.genes[g], "condition": truth.cells.conditions[s], "observed": truth.values[g, s]}
    return pd.DataFrame(table | {f"{candidate.model}.{candidate.member}": candidate.values[g, s] for candidate in candidates})
