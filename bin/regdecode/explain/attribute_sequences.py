"""Bases, regulators and substitutions behind the predictions of chosen genes in chosen conditions: the folder of ATTRIBUTE_DEEPRAGE.

Axes: G genes, S conditions, L bases, R regulators, M networks.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regdecode.errors import Faults, InputError
from regdecode.explain.cell_attribution import SMALL_CHANGE, Attribution, attribute_cell
from regdecode.explain.saturation import saturate
from regdecode.explain.sequence_data import SequenceData
from regdecode.expression.identifiers import match_identifiers
from regdecode.io.atomic import atomic_path
from regdecode.io.notes import Notes
from regdecode.training.deeprage_folder import DeepRageModel
from regdecode.training.deeprage_stage import predict_pairs

log = logging.getLogger(__name__)
LEAST_CONDITIONS = 5
PROMOTER = "promoter"
Networks = Sequence[tuple[str, DeepRageModel]]


class Cell(NamedTuple):
    """A gene (row) in a condition (row): predicted and measured log2 ratio, and the part of the split it is of."""

    gene: int
    condition: int
    predicted: float
    measured: float
    part: str


class Explained(NamedTuple):
    """A cell with the attributions of each network, and effects (L, 4) of every substitution, mean over networks."""

    cell: Cell
    attributions: list[Attribution]
    substitutions: NDArray[np.float64]


def predictions(networks: Networks, data: SequenceData) -> NDArray[np.float64]:
    """Mean log2 ratios (G, S) of the networks."""
    total = np.zeros((len(data.genes), len(data.conditions)))
    for _, model in networks:
        total += model.from_outputs(predict_pairs(model.net, data.pairs(model))).values
    return total / len(networks)


def best_genes(predicted: NDArray[np.float64], data: SequenceData, n: int) -> list[int]:
    """Rows of the test genes that are predicted best: highest covariance of predicted and measured over their test cells, where r > 0.

    Ranked by r times the gene's spread, so that genes that hardly respond do not lead. All genes are eligible where no test cell is left.
    """
    values = data.values
    part = (data.cells.split == 2) & np.isfinite(values)
    if not (part.sum(1) >= LEAST_CONDITIONS).any():
        part = np.isfinite(values)
    scores = np.full(len(values), -np.inf)
    for g in np.flatnonzero(part.sum(1) >= LEAST_CONDITIONS).tolist():
        x, y = predicted[g, part[g]], values[g, part[g]]
        if x.std() > 0 and y.std() > 0:
            scores[g] = np.corrcoef(x, y)[0, 1] * y.std()
    order = np.argsort(-scores, kind="stable")[:n]
    return [int(g) for g in order if np.isfinite(scores[g])]


def choose_cells(
    networks: Networks, data: SequenceData, genes: Sequence[str], conditions: Sequence[str], n_genes: int, n_conditions: int
) -> list[Cell]:
    """Cells to explain: the genes asked for (ids or names), else the best predicted; in the conditions asked for, else where each gene's
    prediction and measurement agree on the largest change.

    Raises
    ------
    InputError
        Names every gene and condition that is not known.
    """
    faults = Faults()
    rows = match_identifiers(np.array(list(genes), dtype=str), data.genes, data.names).row.tolist() if genes else []
    column_of = {name: k for k, name in enumerate(data.conditions.tolist())}
    lost = [gene for gene, row in zip(genes, rows, strict=True) if row < 0]
    if lost:
        fix = "give gene ids or names (attribute.genes under deeprage in the organism file)"
        faults.add(f"{', '.join(lost)}: no such gene among the cells' {len(data.genes)}", "--gene", fix)
    absent = [name for name in conditions if name not in column_of]
    if absent:
        fix = f"give conditions such as {', '.join(data.conditions[:3])} (attribute.conditions under deeprage in the organism file)"
        faults.add(f"{', '.join(absent)}: no such condition", "--condition", fix)
    faults.raise_if_any()
    predicted, values = predictions(networks, data), data.values
    chosen = list(dict.fromkeys(rows)) if genes else best_genes(predicted, data, n_genes)
    cells = []
    for g in chosen:
        columns = [column_of[name] for name in dict.fromkeys(conditions)]
        if not columns:
            measured = np.nan_to_num(values[g])
            agree = np.sqrt(np.maximum(predicted[g] * measured, 0))
            agree = np.where(data.cells.split[g] == 2, agree + 1e-9, agree) if (data.cells.split[g] == 2).any() else agree
            columns = np.argsort(-agree, kind="stable")[:n_conditions].tolist()
        for s in columns:
            part = {0: "train", 1: "validation", 2: "test"}.get(int(data.cells.split[g, s]), "unused")
            cells.append(Cell(int(g), int(s), float(predicted[g, s]), float(values[g, s]), part))
    if not cells:
        raise InputError("no gene to explain", "--gene", "name genes, or give a fold with test cells")
    return cells


def explain_cells(networks: Networks, data: SequenceData, cells: Sequence[Cell]) -> list[Explained]:
    """Attribute every cell with every network, and substitute every base."""
    found: dict[Cell, list[Attribution]] = {cell: [] for cell in cells}
    length = max(model.length for _, model in networks)
    effects = {cell: np.zeros((length, 4)) for cell in cells}
    genes = list(dict.fromkeys(cell.gene for cell in cells))
    for label, model in networks:
        background = data.background(model)
        pairs = data.pairs(model, np.array(genes))
        for place, gene in enumerate(genes):
            log.info("%s: %s (%d of %d genes)", label, data.names[gene], place + 1, len(genes))
            own = [cell for cell in cells if cell.gene == gene]
            changes = saturate(model, pairs, place, np.array([cell.condition for cell in own]))
            for k, cell in enumerate(own):
                found[cell].append(attribute_cell(model, pairs, place, cell.condition, background))
                effects[cell][length - model.length :] += changes[:, :, k] / len(networks)
    return [Explained(cell, found[cell], effects[cell]) for cell in cells]


def tables_of(explained: Sequence[Explained], networks: Networks, data: SequenceData) -> dict[str, pd.DataFrame]:
    """All tables by name."""
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in ("bases", "regulators", "saturation", "effects", "additivity")}
    for one in explained:
        cell = one.cell
        head = {"gene": data.genes[cell.gene], "name": data.names[cell.gene], "condition": data.conditions[cell.condition]}
        parts["bases"].append(_bases(one, data, head))
        parts["saturation"].append(_saturation(one, data, head))
        regulators, effects = _regulators(one, networks, data, head)
        parts["regulators"].append(regulators)
        parts["effects"].append(effects)
        for (label, _), found in zip(networks, one.attributions, strict=True):
            scale = max(abs(found.delta), SMALL_CHANGE)
            row = {**head, "model": label, "part": cell.part, "measured": cell.measured, "prediction": found.prediction}
            row |= {"delta": found.delta, "sum": found.delta + found.residual, "residual": found.residual}
            parts["additivity"].append(pd.DataFrame([{**row, "relative": abs(found.residual) / scale}]))
    return {name: pd.concat(several, ignore_index=True) for name, several in parts.items()}


def _right(attributions: Sequence[Attribution]) -> NDArray[np.float64]:
    """Contributions (M, L) of bases, windows of unlike length aligned at their right end."""
    length = max(len(one.bases) for one in attributions)
    return np.stack([np.pad(one.bases, (length - len(one.bases), 0)) for one in attributions])


def _letters(one: Explained, data: SequenceData) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """Bases of the window, and their distance from its right end (-1: the last base)."""
    length = len(one.substitutions)
    codes = data.codes[one.cell.gene][data.codes.shape[1] - length :]
    return np.array(list("ACGTN"))[codes], np.arange(-length, 0)


def _bases(one: Explained, data: SequenceData, head: dict[str, str]) -> pd.DataFrame:
    letters, at = _letters(one, data)
    return pd.DataFrame({**head, "position": at, "base": letters, "contribution": _right(one.attributions).mean(0)})


def _saturation(one: Explained, data: SequenceData, head: dict[str, str]) -> pd.DataFrame:
    """One row a substitution."""
    letters, at = _letters(one, data)
    row, letter = np.indices(one.substitutions.shape).reshape(2, -1)
    to = np.array(list("ACGT"))[letter]
    table = pd.DataFrame({**head, "position": at[row], "ref": letters[row], "alt": to, "effect": one.substitutions.ravel()})
    return table[(table["ref"] != table["alt"]) & (table["ref"] != "N")]


def _regulators(one: Explained, networks: Networks, data: SequenceData, head: dict[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Contributions of regulators, and of them and the whole promoter in the shared effects schema."""
    row_of = {gene: row for row, gene in enumerate(data.measured.tolist())}
    regulators = networks[0][1].regulators
    names = data.regulator_names(networks[0][1])
    by_model = []
    for (_, model), found in zip(networks, one.attributions, strict=True):
        place = {gene: k for k, gene in enumerate(model.regulators)}
        by_model.append([found.regulators[place[gene]] if gene in place else 0.0 for gene in regulators])
    values = np.array(by_model)
    ratios = data.ratios[[row_of[gene] for gene in regulators], one.cell.condition]
    table = pd.DataFrame({**head, "regulator": regulators, "regulator_name": names, "value": ratios, "contribution": values.mean(0)})
    order = np.argsort(-np.abs(table["contribution"].to_numpy()), kind="stable")
    everything = np.hstack([_right(one.attributions).sum(1)[:, None], values])
    m = len(everything)
    error = everything.std(0, ddof=1) / np.sqrt(m) if m > 1 else np.full(everything.shape[1], np.nan)
    schema: dict[str, Any] = {"system": "deeprage", "regulator": [PROMOTER, *regulators]}
    schema |= {"target": head["gene"], "output": head["condition"]}
    schema |= {"effect": everything.mean(0), "se": error, "statistic": np.nan, "p": np.nan, "q": np.nan}
    effects = pd.DataFrame(schema)
    return table.iloc[order], effects[effects["effect"] != 0]


def write_attributed(out: str | Path, explained: Sequence[Explained], networks: Networks, data: SequenceData) -> None:
    """Write the tables and the notes, all or nothing."""
    tables = tables_of(explained, networks, data)
    notes = Notes("attribute_deeprage")
    notes.add("genes in conditions explained", len(explained), f"{len(networks)} networks, their mean")
    largest = float(f"{tables['additivity']['relative'].max():.3g}")
    detail = "path from background letters and every regulator at 0; of at least 0.1 log2"
    notes.add("largest residual, as a part of f(x) - f(reference)", largest, detail)
    notes.add("position -1", None, "the last base of the window; substitutions change one base of the sequence as it is")
    notes.add("se in effects.tsv", None, "over networks, where there are several; no test: p and q are empty")
    with atomic_path(out) as folder:
        folder.mkdir()
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.tsv", sep="\t", index=False, float_format="%.6g", na_rep="NA", lineterminator="\n")
        notes.write(folder / "attribute.notes.json")
