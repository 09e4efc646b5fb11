"""An expression compendium as a sequence model reads it: targets, and the regulators' values of each condition.

Axes: G genes, S conditions, R regulators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regdecode.errors import Faults, InputError
from regdecode.expression.identifiers import match_identifiers
from regdecode.io.notes import Notes
from regdecode.io.records import Expression

LEAST_SHARE = 0.5
"""Share of the listed regulators that the matrix must hold."""
_SOME = 8


@dataclass(frozen=True)
class Compendium:
    """Targets and regulators.

    Parameters
    ----------
    genes, conditions, regulators
        (G,), (S,), (R,) names.
    values
        (G, S) log2 ratios (see `target_ratios`), NaN where not measured.
    inputs
        (S, R) the regulators' log2 ratios in each condition (see `log_ratios`), known of new ones too; 0 where not measured.
    own
        (G,) the regulator that is the gene itself, -1 where it is none; a model never reads this entry for this gene.
    """

    genes: np.ndarray
    conditions: np.ndarray
    regulators: np.ndarray
    values: np.ndarray
    inputs: np.ndarray
    own: np.ndarray


def find_regulators(names: Sequence[str], gene_id: np.ndarray, gene_name: np.ndarray, notes: Notes, where: str) -> np.ndarray:
    """Rows (R,) of the listed regulators among the measured genes, in the list's order.

    Parameters
    ----------
    names
        Gene ids or names.
    gene_id, gene_name
        (G,) of the measured genes.
    notes
        Takes the regulators that are not measured, all of them by name.
    where
        The list, for messages.

    Raises
    ------
    InputError
        Fewer than half of them are measured.
    """
    matched = match_identifiers(np.asarray(names, dtype=str), gene_id, gene_name).row
    absent = [name for name, row in zip(names, matched.tolist(), strict=True) if row < 0]
    if len(absent) > (1 - LEAST_SHARE) * len(names):
        shown = ", ".join(absent[:_SOME]) + (f" and {len(absent) - _SOME} more" if len(absent) > _SOME else "")
        raise InputError(
            f"{len(absent)} of {len(names)} regulators are not in the expression matrix: {shown}; it has {', '.join(gene_id[:3])}",
            where,
            "list regulators by the matrix's gene ids, or by gene names of the annotation",
        )
    if absent:
        notes.add("regulators that are not in the expression matrix", len(absent), ", ".join(absent), "dropped")
    rows = np.fromiter(dict.fromkeys(row for row in matched.tolist() if row >= 0), dtype=np.int64)
    notes.add("regulators", len(rows))
    return rows


def check_conditions(values: np.ndarray, conditions: np.ndarray, where: str) -> None:
    """Refuse conditions without a single value.

    Raises
    ------
    InputError
        Names every such condition.
    """
    faults = Faults()
    for name in conditions[~np.isfinite(values).any(axis=0)].tolist():
        faults.add(f"condition {name} has no measured value", where, "remove its column, or restore its values")
    faults.raise_if_any()


def log_ratios(expression: Expression) -> np.ndarray:
    """(G, S) log2 ratios: as they are, or fold changes from each gene's median where the matrix holds levels."""
    return expression.values if expression.level is None else expression.values - expression.level[:, None]


def target_ratios(expression: Expression, rows: np.ndarray, split: np.ndarray) -> np.ndarray:
    """(G, S) log2 ratios of the targets: as they are, or, where the matrix holds levels, fold changes from the median of each gene's
    training cells, so that no held-out level moves a training target. A gene that has none takes the conditions in which others have.

    Parameters
    ----------
    expression
        Every measured gene.
    rows
        (G,) rows of the targets.
    split
        (G, S) part of each cell, 0 for training.
    """
    values = expression.values[rows]
    if expression.level is None:
        return values
    training = split == 0
    reference = np.where(training.any(axis=1, keepdims=True), training, training.any(axis=0)) & np.isfinite(values)
    median = np.ma.median(np.ma.masked_array(values, ~reference), axis=1)
    return values - np.ma.filled(median, np.nan)[:, None]


def build_compendium(
    expression: Expression, genes: np.ndarray, split: np.ndarray, regulators: np.ndarray, where: str = "expression"
) -> Compendium:
    """Join targets and regulators.

    Parameters
    ----------
    expression
        Every measured gene.
    genes
        (G,) ids of the targets, all measured.
    split
        (G, S) part of each cell, 0 for training; see `target_ratios`.
    regulators
        (R,) rows of the regulators in `expression`.
    where
        The file, for messages.

    Raises
    ------
    InputError
        A condition has no value at all, or a target is not measured.
    """
    ratios = log_ratios(expression)
    check_conditions(ratios, expression.outputs, where)
    row_of = {gene: row for row, gene in enumerate(expression.genes.tolist())}
    lost = [gene for gene in genes.tolist() if gene not in row_of]
    if lost:
        raise InputError(f"{len(lost)} genes have no expression, such as {', '.join(lost[:3])}", where, "give the matrix the cells are of")
    rows = np.array([row_of[gene] for gene in genes.tolist()], dtype=np.int64)
    regulator_of = np.full(len(expression.genes), -1, dtype=np.int64)
    regulator_of[regulators] = np.arange(len(regulators))
    inputs = np.nan_to_num(ratios[regulators]).T.astype(np.float32)
    names = expression.genes[regulators]
    return Compendium(
        genes, expression.outputs, names, target_ratios(expression, rows, split), np.ascontiguousarray(inputs), regulator_of[rows]
    )
