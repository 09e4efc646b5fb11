"""From a matrix as users bring it to the targets of a model: the steps of EXPRESSION, and `build_expression` in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from regdecode.errors import Faults, InputError
from regdecode.expression.identifiers import match_identifiers
from regdecode.expression.normalise import (
    combine_rows,
    counts_to_cpm,
    counts_to_tpm,
    covariate_matrix,
    fold_changes,
    quantile_normalise,
    regress_out,
    to_log2,
)
from regdecode.expression.settings import ExpressionSettings
from regdecode.expression.unannotated import keep_unannotated
from regdecode.io.gene_table import GeneTable
from regdecode.io.matrix import Matrix
from regdecode.io.notes import Notes
from regdecode.io.records import Expression

GROUP_JOINT = "__"
"""Joins the values of `group_by` into the name of an output."""


def check_values(matrix: Matrix, settings: ExpressionSettings) -> None:
    """Refuse values that the declared kind cannot hold, every row at once.

    Raises
    ------
    InputError
        NaN in anything but log ratios, negative TPM or counts, a single sample.
    """
    faults = Faults()
    if len(matrix.samples) < 2:
        faults.add(
            f"there is one sample ({matrix.samples[0]}): fold changes need at least two", matrix.path, "give a matrix of several samples"
        )
    bad = np.isnan(matrix.values) & (settings.kind != "log_ratio")
    if settings.linear:
        bad |= matrix.values < 0
    for r, c in np.argwhere(bad)[:200]:
        value = matrix.values[r, c]
        fix = (
            "remove the gene, or fill the cell; only kind log_ratio may miss values"
            if np.isnan(value)
            else f"{settings.kind} cannot be negative: is the kind log2 or log_ratio?"
        )
        what = f"gene {matrix.ids[r]} has no value" if np.isnan(value) else f"gene {matrix.ids[r]} is {value:g}"
        faults.add(f"{what} in sample {matrix.samples[c]}", f"{matrix.path}:{matrix.lines[r]}", fix)
    faults.raise_if_any()


def align_sheet(sheet: pd.DataFrame | None, matrix: Matrix, settings: ExpressionSettings, path: str, notes: Notes) -> pd.DataFrame:
    """Bring the sheet's rows into the order of the matrix's samples; an empty table when there is no sheet.

    Raises
    ------
    InputError
        A needed column is missing, a sample is missing or comes twice, all told at once.
    """
    needed = [*settings.group_by, *settings.covariates, *([settings.series] if settings.series else [])]
    if sheet is None:
        if needed:
            raise InputError(
                f"the settings name the columns {', '.join(needed)} but there is no sample sheet",
                "expression settings",
                "give the sample sheet",
            )
        return pd.DataFrame(index=pd.Index(matrix.samples))
    faults = Faults()
    key = settings.sample_column or str(sheet.columns[0])
    for column in dict.fromkeys([key, *needed]):
        if column not in sheet:
            faults.add(
                f"the sample sheet has no column {column!r}; its columns are {', '.join(map(str, sheet.columns[:12]))}",
                path,
                "name a column of the sheet",
            )
    faults.raise_if_any()
    twice = sheet[key][sheet[key].duplicated()].unique()
    if len(twice):
        faults.add(f"sample {twice[0]} occurs twice in the sample sheet ({len(twice)} such)", path, "keep one row a sample")
    absent = [name for name in matrix.samples.tolist() if name not in set(sheet[key])]
    if absent:
        known = set(matrix.samples.tolist())
        other = [name for name in sheet[key].tolist() if name not in known]
        also = f"; {len(other)} of the sheet are not in the matrix: {listed(other)}" if other else ""
        faults.add(
            f"{len(absent)} of {len(matrix.samples)} samples of the matrix are not in column {key!r} of the sheet: {listed(absent)}{also}",
            path,
            "add their rows, or name the right column under columns.sample",
        )
    faults.raise_if_any()
    extra = [name for name in sheet[key].tolist() if name not in set(matrix.samples.tolist())]
    if extra:
        why = f"only measured samples are used; {listed(extra)}"
        notes.add("samples of the sheet without a column in the matrix", len(extra), why, "dropped")
    return sheet.set_index(key).loc[matrix.samples]


def listed(names: Sequence[str], shown: int = 10) -> str:
    """Join names for a message, the first ones where there are many."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(map(str, names[:shown])) + more


def place_genes(matrix: Matrix, genes: GeneTable, settings: ExpressionSettings, notes: Notes) -> tuple[np.ndarray, np.ndarray]:
    """Rows joined to the annotation: (row of the annotation (N,), values (N, S)); repeated genes are summed or averaged.

    Raises
    ------
    InputError
        No gene of the matrix is in the annotation.
    """
    matched = match_identifiers(matrix.ids, genes.gene_id, genes.gene_name)
    placed = matched.row >= 0
    if not placed.any():
        raise InputError(
            f"no gene of the matrix is in the annotation: the matrix has {', '.join(matrix.ids[:3])}, "
            f"the annotation {', '.join(genes.gene_id[:3])}",
            matrix.path,
            "use the same gene ids in both",
        )
    for how in ("id without version", "part of an id", "name"):
        if np.any(matched.how == how):
            notes.add(f"genes matched by {how}", int(np.sum(matched.how == how)), f"such as {matrix.ids[matched.how == how][0]}")
    if not placed.all() and settings.unannotated == "drop":
        notes.add(
            "genes without a place in the annotation", int(np.sum(~placed)), f"such as {', '.join(matrix.ids[~placed][:3])}", "dropped"
        )
    rows, inverse, counts = np.unique(matched.row[placed], return_inverse=True, return_counts=True)
    values = combine_rows(matrix.values[placed], inverse, len(rows), settings.linear)
    if np.any(counts > 1):
        names = genes.gene_id[rows[counts > 1]]
        notes.add(
            "genes on several rows",
            int(np.sum(counts > 1)),
            f"{'summed' if settings.linear else 'averaged'}, such as {', '.join(names[:3])}",
            "warning",
        )
    return rows, values


def group_samples(values: np.ndarray, sheet: pd.DataFrame, settings: ExpressionSettings, notes: Notes) -> tuple[np.ndarray, pd.DataFrame]:
    """Make one output of samples that agree in `group_by`: median of linear values, mean of logs, unless `aggregate` says otherwise.

    Returns
    -------
    values : ndarray (G, T)
    sheet : DataFrame
        One row an output, named by its values joined with `__`, in order of appearance; columns that vary within a group are left out;
        `n_samples` is added.
    """
    if not settings.group_by:
        return values, sheet
    names = sheet[list(settings.group_by)].astype(str).agg(GROUP_JOINT.join, axis=1)
    if names.str.split(GROUP_JOINT).map(lambda parts: "" in parts).any():
        raise InputError(f"a sample has no value in {', '.join(settings.group_by)}", "sample sheet", "fill the column in for every sample")
    codes, outputs = pd.factorize(names)
    use_median = (settings.aggregate or ("median" if settings.linear else "mean")) == "median"
    merge = np.nanmedian if use_median else np.nanmean
    grouped = np.full((len(values), len(outputs)), np.nan)
    for t in range(len(outputs)):
        block = values[:, codes == t]
        seen = np.isfinite(block).any(axis=1)
        grouped[seen, t] = merge(block[seen], axis=1)
    constant = [column for column in sheet.columns if sheet.groupby(codes)[column].nunique(dropna=False).max() == 1]
    table = sheet[constant].groupby(codes).first().assign(n_samples=np.bincount(codes))
    table.index = pd.Index(outputs)
    notes.add(
        "samples grouped into outputs",
        len(names),
        f"{len(outputs)} groups by {', '.join(settings.group_by)}, {'median' if use_median else 'mean'} of each",
    )
    if len(outputs) < 2:
        raise InputError(f"grouping by {', '.join(settings.group_by)} leaves one output", "sample sheet", "group by a column that varies")
    return grouped, table


def keep_expressed(values: np.ndarray, settings: ExpressionSettings, notes: Notes) -> np.ndarray:
    """Mask (G,) of genes that exceed the filter in enough outputs and are measured at all."""
    measured = np.isfinite(values).any(axis=1)
    if not measured.all():
        notes.add("genes never measured", int(np.sum(~measured)), "every value is missing", "dropped")
    if settings.minimum is None:
        return measured
    with np.errstate(invalid="ignore"):
        above = (values > settings.minimum).sum(axis=1)
    needed = settings.min_outputs if settings.min_share is None else settings.min_share * values.shape[1]
    kept = measured & (above >= needed)
    ask = f"{settings.min_outputs} outputs" if settings.min_share is None else f"{settings.min_share:.0%} of the outputs"
    unit = {"tpm": "TPM", "counts": settings.normalise.upper(), "log2": "log2 units", "log_ratio": "log2 units"}[settings.kind]
    notes.add(
        "genes below the expression filter", int(np.sum(measured & ~kept)), f"not above {settings.minimum:g} {unit} in {ask}", "dropped"
    )
    if not kept.any():
        raise InputError(
            f"no gene is above {settings.minimum:g} {unit} in {ask}",
            "expression settings",
            "lower filter.min, or check the kind of the matrix",
        )
    return kept


def to_linear(values: np.ndarray, totals: np.ndarray, length: np.ndarray, settings: ExpressionSettings) -> np.ndarray:
    """Turn counts (G, S) into TPM or CPM, other kinds left as they are. `totals` are the counts (N, S) of the whole file, for CPM."""
    if settings.kind != "counts":
        return values
    if settings.normalise == "cpm":
        return counts_to_cpm(values, totals.sum(axis=0))
    return counts_to_tpm(values, np.maximum(length, 1))


def build_expression(
    matrix: Matrix,
    sheet: pd.DataFrame | None,
    genes: GeneTable,
    settings: ExpressionSettings,
    notes: Notes,
    sheet_path: str = "sample sheet",
) -> Expression:
    """Every step of EXPRESSION: check, place, normalise, group, filter, log2, quantiles, covariates, level.

    Raises
    ------
    InputError
        See the steps.
    """
    check_values(matrix, settings)
    table = align_sheet(sheet, matrix, settings, sheet_path, notes)
    notes.add("genes in the matrix", len(matrix.ids))
    notes.add("samples in the matrix", len(matrix.samples))
    rows, values = place_genes(matrix, genes, settings, notes)
    ids, length = genes.gene_id[rows], genes.length[rows]
    if settings.unannotated == "keep":
        ids, values = keep_unannotated(matrix, genes, ids, values, settings.linear, notes)
    values = to_linear(values, matrix.values, length, settings)
    values, table = group_samples(values, table, settings, notes)
    kept = keep_expressed(values, settings, notes)
    ids, values = ids[kept], values[kept]
    if settings.linear:
        values = to_log2(values, settings.pseudocount)
    values = _adjust(values, table, settings, notes)
    level = None if settings.kind == "log_ratio" else fold_changes(values)[1]
    notes.add("genes kept", len(ids))
    notes.add("outputs", values.shape[1])
    return Expression(ids, np.asarray(table.index).astype(str), values, level, settings.kind, sheet_columns(table), asdict(settings))


def _adjust(values: np.ndarray, table: pd.DataFrame, settings: ExpressionSettings, notes: Notes) -> np.ndarray:
    """Quantile normalisation and covariate regression of log2 values, as settings ask."""
    if settings.quantile and not np.isfinite(values).all():
        raise InputError("quantile normalisation needs every value, and some are missing", "expression settings", "switch quantile off")
    if settings.quantile:
        values = quantile_normalise(values)
        notes.add("outputs quantile-normalised", values.shape[1])
    if settings.covariates:
        missing = [name for name in settings.covariates if name not in table]
        if missing:
            raise InputError(f"covariate {', '.join(missing)} varies within a group", "sample sheet", "group by it too, or leave it out")
        design, names = covariate_matrix({name: table[name].tolist() for name in settings.covariates})
        if names:
            values = regress_out(values, design)
            values = quantile_normalise(values) if settings.quantile else values
        notes.add("covariate columns removed by regression", len(names), ", ".join(names))
    return values


def sheet_columns(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Columns of a sheet as arrays: numbers where every cell is a number (empty: NaN), else text."""
    columns: dict[str, np.ndarray] = {}
    for name in table.columns:
        texts = table[name].astype(str).tolist()
        try:
            columns[_safe(name)] = np.array([float(text) if text else np.nan for text in texts])
        except ValueError:
            columns[_safe(name)] = np.array(texts, dtype=object)
    return columns


def _safe(name: object) -> str:
    """Replace the slash in a column's name, which HDF5 keeps for itself."""
    return str(name).replace("/", "_")
