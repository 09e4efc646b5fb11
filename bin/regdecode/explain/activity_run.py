"""Regulator activity against the expression of the regulator's own gene: what is matched to what, and the folder written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from regdecode.errors import InputError
from regdecode.explain.association_files import write_table
from regdecode.io.atomic import atomic_path
from regdecode.io.effects import outputs_of
from regdecode.io.gene_table import GeneTable
from regdecode.io.notes import Notes
from regdecode.io.records import Expression
from regdecode.stats.activity import COLUMNS, activity_table, genes_of_regulators
from regdecode.stats.formula import near


def compare_activity(
    regulators: pd.DataFrame, expression: Expression, genes: GeneTable, without: tuple[str, ...], notes: Notes
) -> pd.DataFrame:
    """Correlate each regulator's activity with its gene's expression over all outputs, and once more without each group of `without`.

    Parameters
    ----------
    regulators
        regulator_by_output.tsv.
    expression
        Of the same outputs.
    genes
        Annotation; names the regulators' genes.
    without
        Groups to leave out, "column=value" of the sample sheet or "output=name".
    notes
        Takes the account.

    Raises
    ------
    InputError
        Regulators and expression share fewer than 4 outputs, or a group is unknown.
    """
    place = {str(name): t for t, name in enumerate(expression.outputs)}
    outputs = [name for name in outputs_of(regulators) if name in place]
    if len(outputs) < 4:
        raise InputError(
            f"activities and expression share {len(outputs)} outputs; expression has {', '.join(expression.outputs[:3])}",
            "activity",
            "give files of the same tissues or people; a correlation needs at least 4",
        )
    at = np.array([place[name] for name in outputs])
    row = genes_of_regulators(regulators["regulator"].tolist(), genes)
    measured = {gene: i for i, gene in enumerate(expression.genes.tolist())}
    own = np.array([measured.get(genes.gene_id[g], -1) if g >= 0 else -1 for g in row])
    notes.add("regulators", len(row))
    notes.add("regulators without a gene of that name", int((row < 0).sum()), "microRNA families, complexes, other names", "dropped")
    notes.add("regulators whose gene is not expressed", int(((row >= 0) & (own < 0)).sum()), "", "dropped")
    kept = np.flatnonzero(own >= 0)
    names = regulators.iloc[kept]
    names = pd.DataFrame({"regulator": names["regulator"], "class": names.get("class", "NA")})
    whose = pd.DataFrame({"gene": genes.gene_id[row[kept]], "gene_name": genes.gene_name[row[kept]]})
    x, y = regulators[outputs].to_numpy(np.float64)[kept], expression.values[np.ix_(own[kept], at)]
    tables = [activity_table(names, x, y, whose, "all")]
    for group in without:
        mask = ~_in_group(group, expression)[at]
        tables.append(activity_table(names, x[:, mask], y[:, mask], whose, f"without {group}"))
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def _in_group(group: str, expression: Expression) -> np.ndarray:
    """Mask (T,) of the outputs of a group "column=value"."""
    column, _, value = group.partition("=")
    cells = expression.outputs if column == "output" else expression.sheet.get(column)
    if cells is None:
        raise InputError(f"there is no column {column!r}; {near(column, ['output', *expression.sheet])}", "--without", "give column=value")
    mask = np.array([str(cell) == value for cell in cells])
    if not mask.any():
        raise InputError(f"no output has {column} {value!r}; {near(value, dict.fromkeys(map(str, cells)))}", "--without", "correct it")
    return mask


def write_activity(out: str | Path, table: pd.DataFrame, label: dict[str, str], notes: Notes) -> None:
    """Write activity.tsv, metrics.tsv and the notes, all or nothing."""
    rows = []
    for outputs, part in table.groupby("outputs", sort=False):
        shared = label | {"member": "activity_vs_expression", "arm": "all", "split": outputs, "output": "all", "n": len(part)}
        rows.append(shared | {"metric": "significant_positive", "value": int((part["sign"] > 0).sum())})
        rows.append(shared | {"metric": "significant_negative", "value": int((part["sign"] < 0).sum())})
        rows.append(shared | {"metric": "median_rho", "value": float(part["rho"].median())})
    columns = ["system", "organism", "fold", "model", "member", "arm", "split", "output", "metric", "value", "low", "high", "n"]
    with atomic_path(out) as folder:
        folder.mkdir(parents=True)
        write_table(folder / "activity.tsv", table)
        write_table(folder / "metrics.tsv", pd.DataFrame(rows).reindex(columns=columns))
        notes.write(folder / "activity.notes.json")
