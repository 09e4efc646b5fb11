"""Parts about regulators: who matters, where, and whether the contributions add up."""

from pathlib import Path

import numpy as np
import pandas as pd

from regdecode.report import figures_regulators as figures
from regdecode.report.accuracy import LEVEL
from regdecode.report.inputs import Fold
from regdecode.report.numbers import count, listed, number, p_value, scientific
from regdecode.report.part import Part
from regdecode.report.tables import Cell, Column, Table, cell, from_frame

NOT_OUTPUTS = {"rank", "class", "regulator", "tracks", "track", "n_genes", "importance", LEVEL}


def regulators_part(fold: Fold, folder: Path, prefix: str) -> Part:
    """Draw importance, classes and the heatmap; list the top regulators of every output; state additivity."""
    part = Part()
    table = fold.table("importance")
    if table is None or not {"regulator", "class", "importance"} <= set(table.columns):
        part.lacks("Regulators", "ATTRIBUTE wrote no importance.tsv for this fold")
        return part
    if table["importance"].notna().any():
        ranked = table.sort_values("importance", ascending=False)
        part.pictures.append(figures.importance(ranked, folder, prefix))
        if ranked["class"].nunique() > 1:
            part.pictures.append(figures.class_importance(ranked, _class_sentence(fold), folder, prefix))
        else:
            part.lacks("Comparison of classes", "there is one class of regulators")
        _heatmap(part, fold, ranked, folder, prefix)
    _top(part, fold)
    columns = [
        ("rank", "rank", 0),
        ("regulator", "regulator", None),
        ("class", "class", None),
        ("importance", "importance (log2)", 4),
        ("level", "effect on level (log2)", 3),
        ("strongest_output", "strongest output", None),
        ("strongest_mean", "effect there (log2)", 3),
        ("n_genes", "held-out genes with a site", 0),
    ]
    part.tables.append(
        from_frame(
            table.head(300),
            f"importance-{fold.name}",
            "Regulators by importance",
            columns,
            searchable=True,
            caption="" if len(table) <= 300 else f"The first 300 of {count(len(table))}; all are in importance.tsv.",
        )
    )
    _additivity(part, fold)
    return part


def _class_sentence(fold: Fold) -> str:
    table = fold.table("class_contributions")
    if table is None or not {"output", "class_a", "class_b", "p"} <= set(table.columns):
        return ""
    whole = table[table["output"] == "fold_change"].dropna(subset=["p"])
    said = []
    for row in whole.itertuples():
        larger, smaller = (row.class_a, row.class_b) if row.median_a >= row.median_b else (row.class_b, row.class_a)
        said.append(f"{larger} {'above' if row.p < 0.05 else 'and'} {smaller}{'' if row.p < 0.05 else ' alike'} ({p_value(float(row.p))})")
    return f"A typical regulator, Wilcoxon rank-sum test: {listed(said)}." if said else ""


def _heatmap(part: Part, fold: Fold, ranked: pd.DataFrame, folder: Path, prefix: str, top: int = 40) -> None:
    table = fold.table("regulator_by_output")
    outputs = [name for name in table.columns if name not in NOT_OUTPUTS] if table is not None else []
    if table is None or "regulator" not in table or len(outputs) < 2:
        part.lacks("Regulators by outputs", "ATTRIBUTE wrote no regulator_by_output.tsv with several outputs")
        return
    keys = [name for name in ("class", "regulator") if name in table and name in ranked]
    wanted = ranked[keys].head(top).merge(table, on=keys, how="inner").drop_duplicates(keys)
    twice = wanted["regulator"].duplicated(keep=False)
    wanted = (
        wanted.assign(name=np.where(twice, wanted["regulator"] + " · " + wanted["class"], wanted["regulator"]))
        if "class" in wanted
        else wanted.assign(name=wanted["regulator"])
    )
    matrix = wanted[outputs].set_axis(wanted["name"].to_list(), axis=0)
    if len(matrix) < 2:
        part.lacks("Regulators by outputs", "fewer than two regulators contribute")
        return
    part.pictures.append(
        figures.heatmap(matrix, list(wanted["class"]) if "class" in wanted else ["regulator"] * len(wanted), folder, prefix)
    )


def _top(part: Part, fold: Fold) -> None:
    table = fold.table("top_regulators")
    if table is None or not {"output", "rank", "regulator", "mean"} <= set(table.columns):
        part.lacks("Top regulators of each output", "ATTRIBUTE wrote no top_regulators.tsv")
        return
    most = min(int(table["rank"].max()), 5)
    rows = []
    for output, group in table.groupby("output", sort=False):
        line = [cell(str(output))]
        for rank in range(1, most + 1):
            match = group[group["rank"] == rank]
            if match.empty:
                line.append(cell(""))
                continue
            mean = float(match["mean"].iloc[0])
            line.append(
                Cell(
                    f"{match['regulator'].iloc[0]} {'▲' if mean > 0 else '▼'} {number(abs(mean), 3)}",
                    str(match["regulator"].iloc[0]).lower(),
                    None,
                    "up" if mean > 0 else "down",
                )
            )
        rows.append(line)
    columns = [Column("output"), *[Column(f"{rank}.") for rank in range(1, most + 1)]]
    part.tables.append(
        Table(
            f"top-{fold.name}",
            "Top regulators of each output",
            columns,
            rows,
            "▲ raises, ▼ lowers expression in that output; the figure is the mean contribution over held-out genes in log2 units.",
            True,
        )
    )


def _additivity(part: Part, fold: Fold) -> None:
    table = fold.table("additivity")
    if table is None or "relative" not in table:
        part.lacks("Additivity", "ATTRIBUTE wrote no additivity.tsv")
        return
    table = table[table["member"] == "model"] if "member" in table and (table["member"] == "model").any() else table
    worst = table.loc[table["relative"].astype(float).idxmax()]
    relative, tolerance = float(worst["relative"]), float(worst.get("tolerance", np.nan))
    size = scientific(relative) if relative else "0"
    held = relative <= tolerance if np.isfinite(tolerance) else True
    part.sentences.append(
        f"Contributions add up: for every gene and each of {len(table)} outputs they sum to the prediction minus "
        f"that of the reference gene. The largest residual is {size} of the output's range"
        + (f" (allowed: {scientific(tolerance)})." if np.isfinite(tolerance) else ".")
        if held
        else f"Contributions do not add up: the largest residual is {size} of the range of {worst['output']}. Do not read this section."
    )
