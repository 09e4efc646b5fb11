"""What a DeepRAGE training reads: promoters, regulators and targets of one fold's cells.

Axes: G genes, S conditions, L bases, R regulators.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import InputError
from regdecode.expression.cell_files import series_of
from regdecode.expression.cell_space import names_of
from regdecode.expression.classes import class_edges
from regdecode.expression.compendium import Compendium, build_compendium, find_regulators
from regdecode.expression.deeprage_settings import DeepRageSettings
from regdecode.genome.promoters import stack_promoters
from regdecode.io.fasta import read_fasta
from regdecode.io.gene_table import read_genes
from regdecode.io.h5ad import read_cells, read_expression
from regdecode.io.names import read_names
from regdecode.io.notes import Notes
from regdecode.io.records import Cells


@dataclass(frozen=True)
class CellData:
    """One fold.

    Parameters
    ----------
    compendium
        Targets and regulators; `values` (G, S) are 0 where missing when the fold counts missing cells as measured, else NaN.
    codes
        (G, L) promoters.
    cells
        Which cells train (0), tune (1) and test (2).
    edges
        (n - 1,) edges of the classes.
    series
        (S,) series of the conditions, None where none is known.
    """

    compendium: Compendium
    codes: NDArray[np.uint8]
    cells: Cells
    edges: NDArray[np.float64]
    series: NDArray[np.str_] | None = None

    @property
    def values(self) -> NDArray[np.float64]:
        """(G, S) targets."""
        return self.compendium.values

    def part(self, code: int) -> NDArray[np.bool_]:
        """(G, S) cells of a part that have a value."""
        return (self.cells.split == code) & np.isfinite(self.values)


def edges_of(classes: Mapping[str, Any], values: NDArray[np.float64], split: NDArray[np.int8]) -> NDArray[np.float64]:
    """Class edges, of the training cells where they are quantiles."""
    return class_edges(classes, np.where(split == 0, values, np.nan))


def load_cell_data(
    expression: str | Path,
    sequences: str | Path,
    genes: str | Path,
    regulators: str | Path,
    cells: str | Path,
    settings: DeepRageSettings,
    length: int = 0,
) -> CellData:
    """Read and join the inputs of one fold.

    Parameters
    ----------
    expression, sequences, genes, regulators, cells
        expression.h5ad, sequences.fa, genes.tsv, the list of regulators, `<regime>.<fold>.cells.h5ad`.
    length
        Bases of the window; 0: all that the sequences have.

    Raises
    ------
    InputError
        Files do not fit each other: genes without sequence, conditions that are not the cells', short promoters, absent regulators.
    """
    found, fold = read_expression(expression), read_cells(cells)
    if found.outputs.tolist() != fold.conditions.tolist():
        raise InputError(
            f"has the conditions {', '.join(found.outputs[:3])}, the cells {', '.join(fold.conditions[:3])}",
            expression,
            "split the cells of this expression again",
        )
    promoters = stack_promoters(read_fasta(sequences), str(sequences), length)
    row_of = {gene: row for row, gene in enumerate(promoters.genes.tolist())}
    lost = [gene for gene in fold.genes.tolist() if gene not in row_of]
    if lost:
        told = f"{len(lost)} genes of the cells have no sequence, such as {', '.join(lost[:3])}"
        raise InputError(told, sequences, "split the cells again")
    names = names_of(found.genes, read_genes(genes))
    rows = find_regulators(read_names(regulators, settings.regulator_column), found.genes, names, Notes("deeprage"), str(regulators))
    compendium = build_compendium(found, fold.genes, fold.split, rows, str(expression))
    if fold.attrs["missing"] == "zero":
        compendium = Compendium(**{**vars(compendium), "values": np.nan_to_num(compendium.values)})
    edges = edges_of(settings.classes, compendium.values, fold.split)
    codes = promoters.codes[[row_of[gene] for gene in fold.genes.tolist()]]
    return CellData(compendium, codes, fold, edges, series_of(found.sheet, settings.series))
