"""Which genes and conditions a sequence model uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from regdecode.errors import InputError
from regdecode.expression.cell_files import CellSpace, series_of
from regdecode.expression.cell_leakage import windows_of
from regdecode.expression.compendium import check_conditions, find_regulators, log_ratios
from regdecode.expression.deeprage_settings import DeepRageSettings
from regdecode.io.gene_table import GeneTable
from regdecode.io.notes import Notes
from regdecode.io.records import Expression


def names_of(genes: np.ndarray, table: GeneTable) -> np.ndarray:
    """Display names (G,) of gene ids; the id itself where the annotation lacks it."""
    known = dict(zip(table.gene_id.tolist(), table.gene_name.tolist(), strict=True))
    return np.array([known.get(gene, gene) for gene in genes.tolist()])


def build_space(
    expression: Expression,
    sequences: Mapping[str, str],
    table: GeneTable,
    regulators: Sequence[str],
    settings: DeepRageSettings,
    notes: Notes,
    files: tuple[str, str],
) -> CellSpace:
    """Keep the measured genes that have a sequence, in the order of the expression.

    Parameters
    ----------
    sequences
        Genes that have one, and its description.
    table
        Genes of the annotation, for the names of regulators and for transcription units.
    regulators
        Gene ids or names.
    files
        The sequences' and the regulators' file, for messages.

    Raises
    ------
    InputError
        No gene has both, a condition has no value, or most regulators are not measured.
    """
    inside = np.isin(expression.genes, list(sequences))
    if not inside.any():
        raise InputError(
            f"no gene has both expression ({', '.join(expression.genes[:3])}) and a sequence ({', '.join(list(sequences)[:3])})",
            files[0],
            "name the sequences by the gene ids of the annotation",
        )
    if not inside.all():
        lost = expression.genes[~inside]
        notes.add("genes with expression but no sequence", len(lost), f"such as {', '.join(lost[:3])}", "dropped")
    ratios = log_ratios(expression)
    check_conditions(ratios[inside], expression.outputs, "expression")
    rows = find_regulators(regulators, expression.genes, names_of(expression.genes, table), notes, files[1])
    is_regulator = np.zeros(len(expression.genes), dtype=bool)
    is_regulator[rows] = True
    genes = expression.genes[inside]
    notes.add("genes with expression and sequence", len(genes), f"{int(is_regulator[inside].sum())} of them regulators")
    unit_of = dict(zip(table.gene_id.tolist(), table.unit.tolist(), strict=True))
    units = np.array([unit_of.get(gene, gene) for gene in genes.tolist()])
    series = series_of(expression.sheet, settings.series)
    return CellSpace(genes, expression.outputs, ratios[inside], series, is_regulator[inside], units, windows_of(genes, sequences))
