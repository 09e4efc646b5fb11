"""Files of SPLIT_CELLS: folds read, one file of cells a fold and a leakage report written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from regdecode.errors import InputError
from regdecode.expression.cell_leakage import PARTS, cell_leakage
from regdecode.expression.cells import (
    condition_parts,
    cross_parts,
    fold_order,
    gene_parts,
    labels_of,
    parts_of,
    random_folds,
    random_pair_parts,
    whole_folds,
    without_missing,
)
from regdecode.expression.deeprage_settings import Regime
from regdecode.expression.identifiers import match_identifiers
from regdecode.expression.leakage import Leak
from regdecode.genome.windows import Windows
from regdecode.io.atomic import atomic_path
from regdecode.io.h5ad import write_cells
from regdecode.io.matrix import Matrix, read_pairs
from regdecode.io.notes import Notes
from regdecode.io.records import Cells

_SAFE = re.compile(r"[\w.+-]+")


class CellSpace(NamedTuple):
    """The genes (G,) and conditions (S,) that models use.

    Attributes
    ----------
    genes, conditions : ndarray of str (G,), (S,)
    values : ndarray (G, S)
    series : ndarray of str (S,) or None
    regulator : ndarray of bool (G,)
        Genes that are a regulator.
    unit : ndarray of str (G,)
        Transcription unit of each gene.
    window : Windows
        Where each gene's sequence lies.
    """

    genes: np.ndarray
    conditions: np.ndarray
    values: np.ndarray
    series: np.ndarray | None
    regulator: np.ndarray
    unit: np.ndarray
    window: Windows


def fold_labels(regime: Regime, space: CellSpace, tables: Sequence[str], seed: int) -> np.ndarray:
    """Fold of each gene (G,) or condition (S,) of a regime, "" for those in none.

    Raises
    ------
    InputError
        The folds file was not given, or fits no gene or condition.
    """
    of_genes = regime.name == "new_gene"
    names = space.genes if of_genes else space.conditions
    if regime.file:
        found = [table for table in tables if Path(table).name == Path(regime.file).name] or [regime.file]
        if not Path(found[0]).is_file():
            raise InputError("there is no such file", regime.file, f"give the folds file that regimes.{regime.name}.file names")
        return labels_of(names, read_pairs(found[0], regime.columns), "gene" if of_genes else "condition", found[0])
    if regime.by == "unit":
        return whole_folds(space.unit, regime.n, seed, "transcription units")
    if regime.by == "series":
        if space.series is None:
            raise InputError("no series is known", "regimes.new_condition", "name a column of the sample sheet under deeprage.series")
        return whole_folds(space.series, regime.n, seed, "series")
    return random_folds(len(names), regime.n, seed)


def tested_folds(regime: Regime, names: Sequence[str]) -> list[str]:
    """Of the folds that a regime can have, those that are tested, in order.

    Raises
    ------
    InputError
        The settings name a fold that does not exist.
    """
    unknown = [fold for fold in regime.folds if fold not in names]
    if unknown:
        told = f"there is no fold {', '.join(unknown)}; there are {', '.join(names)}"
        raise InputError(told, f"regimes.{regime.name}", "correct `folds`")
    return [name for name in names if not regime.folds or name in regime.folds]


def matrix_parts(regime: Regime, space: CellSpace, matrix: Matrix | None, gene_rows: np.ndarray | None, seed: int) -> np.ndarray:
    """Parts (G, S) of random pairs, drawn over the matrix file in file order or over what is used."""
    drawn_by = seed if regime.seed is None else regime.seed
    if regime.over == "used":
        return random_pair_parts(space.values.shape, regime.share, drawn_by)
    if matrix is None or gene_rows is None:
        raise InputError(
            "random pairs are drawn over the matrix, which was not given", "regimes.random_pair", "give --matrix, or draw over: used"
        )
    column_of = {name: k for k, name in enumerate(matrix.samples.tolist())}
    lost = [name for name in space.conditions.tolist() if name not in column_of]
    if lost:
        raise InputError(
            f"condition {lost[0]} is no column of the matrix, since samples were grouped",
            "regimes.random_pair.over",
            "draw over: used",
        )
    drawn = random_pair_parts((len(matrix.ids), len(matrix.samples)), regime.share, drawn_by)
    return drawn[gene_rows][:, [column_of[name] for name in space.conditions.tolist()]]


def rows_in_matrix(matrix: Matrix, genes: np.ndarray, gene_id: np.ndarray, gene_name: np.ndarray) -> np.ndarray:
    """First row (G,) of the matrix that holds each gene, matched as EXPRESSION does."""
    matched = match_identifiers(matrix.ids, gene_id, gene_name).row
    first: dict[str, int] = {}
    for row, place in enumerate(matched.tolist()):
        if place >= 0:
            first.setdefault(str(gene_id[place]), row)
    return np.array([first[gene] for gene in genes.tolist()], dtype=np.int64)


def make_folds(
    regimes: Sequence[Regime],
    space: CellSpace,
    tables: Sequence[str],
    matrix: Matrix | None,
    gene_rows: np.ndarray | None,
    seed: int,
) -> Iterator[Cells]:
    """Yield the cells of every fold of every regime, in order; with the genes' units where genes were held out by unit."""
    n_genes, n_conditions = space.values.shape
    labels: dict[str, np.ndarray] = {}
    tested: dict[str, list[str]] = {}
    whole_units = any(regime.name == "new_gene" and regime.by == "unit" and not regime.file for regime in regimes)
    for regime in regimes:
        unit = space.unit if whole_units and regime.name in ("new_gene", "new_gene_and_condition") else None
        found: list[tuple[str, np.ndarray]]
        if regime.name == "random_pair":
            found = [("0", matrix_parts(regime, space, matrix, gene_rows, seed))]
        elif regime.name == "new_gene_and_condition":
            beside = dict(zip(tested["new_gene"], tested["new_condition"], strict=False))
            pairs = [(fold, beside[fold]) for fold in tested_folds(regime, list(beside))]
            found = [(a, cross_parts(parts_of(labels["new_gene"], a), parts_of(labels["new_condition"], b))) for a, b in pairs]
        else:
            labels[regime.name] = fold_labels(regime, space, tables, seed)
            tested[regime.name] = tested_folds(regime, fold_order([label for label in labels[regime.name].tolist() if label]))
            whole = {fold: parts_of(labels[regime.name], fold) for fold in tested[regime.name]}
            as_cells = gene_parts if regime.name == "new_gene" else condition_parts
            found = [(fold, as_cells(parts, n_conditions if regime.name == "new_gene" else n_genes)) for fold, parts in whole.items()]
        for fold, parts in found:
            if not _SAFE.fullmatch(fold):
                raise InputError(f"fold {fold!r} cannot be a file name", f"regimes.{regime.name}", "use letters, digits, dot, plus, minus")
            attrs = {"regime": regime.name, "fold": fold, "missing": regime.missing}
            yield Cells(space.genes, space.conditions, without_missing(parts, space.values, regime.missing), attrs, unit)


def write_all_cells(out: str | Path, made: Iterator[Cells], space: CellSpace, notes: Notes) -> None:
    """Write `<regime>.<fold>.cells.h5ad` of every fold, leakage.tsv and split_cells.notes.json, all or nothing.

    Raises
    ------
    InputError
        A fold has no cell to train, tune or test on.
    """
    leaks: list[Leak] = []
    with atomic_path(out) as folder:
        folder.mkdir()
        for cells in made:
            name = f"{cells.attrs['regime']}.{cells.attrs['fold']}"
            counts = {part: int((cells.split == code).sum()) for part, code in PARTS.items()}
            empty = [part for part, n in counts.items() if not n]
            if empty:
                fix = "give more genes, conditions or series, or other folds"
                raise InputError(f"no cell to {' or '.join(empty)}", f"fold {name}", fix)
            write_cells(folder / f"{name}.cells.h5ad", cells)
            notes.add(f"cells of {name}", sum(counts.values()), ", ".join(f"{part} {n}" for part, n in counts.items()))
            leaks += cell_leakage(cells, space.series, space.regulator, space.unit, space.window)
        pd.DataFrame(leaks).to_csv(folder / "leakage.tsv", sep="\t", index=False)
        notes.write(folder / "split_cells.notes.json")


def series_of(sheet: Mapping[str, np.ndarray], column: str | None) -> np.ndarray | None:
    """Series (S,) of each condition; None where no column is named.

    Raises
    ------
    InputError
        The sample sheet has no such column.
    """
    if column is None:
        return None
    if column not in sheet:
        raise InputError(
            f"the sample sheet has no column {column!r} (or it varies within a condition); it has {', '.join(list(sheet)[:12]) or 'none'}",
            "deeprage.series",
            "name a column of the sheet",
        )
    return np.asarray(sheet[column]).astype(str)
