"""MultiQC custom content: the run's headline figures and training curves, for labs that collect runs."""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from regdecode.report.accuracy import OUTPUT_LABELS, Row
from regdecode.report.inputs import Fold, Inputs
from regdecode.report.sections_deeprage import compared

_SECTION = {"parent_id": "regdecode", "parent_name": "regdecode", "parent_description": "How regulators set gene expression."}


def write(folder: Path, inputs: Inputs, found: dict[str, list[Row]]) -> list[str]:
    """Write `*_mqc.tsv` files.

    Parameters
    ----------
    folder
        Made when missing.
    inputs
        The run.
    found
        Headline rows by fold.

    Returns
    -------
    list of str
        Names written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    organism = str(inputs.run.get("organism", {}).get("id", "run"))
    written = [_general(folder, organism, found), _models(folder, organism, found)] if found else []
    cells = [table for fold in inputs.deeprage.folds if len(table := compared(fold).assign(fold=fold.name))]
    written += [_cells(folder, organism, pd.concat(cells))] if cells else []
    curves = _curves(folder, organism, inputs.folds)
    return written + ([curves] if curves else [])


def _save(folder: Path, name: str, header: Mapping[str, object], table: str) -> str:
    comment = "".join(f"# {key}: {json.dumps(value)}\n" for key, value in header.items())
    (folder / f"{name}_mqc.tsv").write_text(comment + table)
    return f"{name}_mqc.tsv"


def _general(folder: Path, organism: str, found: dict[str, list[Row]]) -> str:
    heads = {
        output: {
            "title": f"{label} ρ",
            "description": f"Spearman of the ensemble on held-out genes: {label.lower()}",
            "min": -0.2,
            "max": 1,
            "format": "{:,.3f}",
        }
        for output, label in OUTPUT_LABELS.items()
    }
    rows = [
        {"Sample": f"{organism}.{fold}", **{output: row.scores[output].value for output in OUTPUT_LABELS if output in row.scores}}
        for fold, rows in found.items()
        for row in rows
        if row.kind == "ensemble"
    ]
    frame = pd.DataFrame(rows, columns=["Sample", *OUTPUT_LABELS]).dropna(axis=1, how="all")
    return _save(
        folder,
        "regdecode_general",
        {"id": "regdecode_general", "plot_type": "generalstats", "headers": [{key: value} for key, value in heads.items() if key in frame]},
        frame.to_csv(sep="\t", index=False, float_format="%.5g"),
    )


def _models(folder: Path, organism: str, found: dict[str, list[Row]]) -> str:
    rows = [
        {
            "Sample": f"{organism}.{fold}.{row.model}" + (f".{row.arm}" if row.arm not in ("", "all") else ""),
            "kind": row.kind,
            **{output: row.scores[output].value for output in OUTPUT_LABELS if output in row.scores},
        }
        for fold, rows in found.items()
        for row in rows
        if row.kind != "member"
    ]
    frame = pd.DataFrame(rows, columns=["Sample", "kind", *OUTPUT_LABELS]).dropna(axis=1, how="all")
    header = {
        "id": "regdecode_models",
        **_SECTION,
        "section_name": "Models and baselines",
        "description": "Spearman correlation of predicted and measured values on held-out genes.",
        "plot_type": "table",
    }
    return _save(folder, "regdecode_models", header, frame.to_csv(sep="\t", index=False, float_format="%.5g"))


def _cells(folder: Path, organism: str, rows: pd.DataFrame) -> str:
    """Figures of sequence models; accuracy beside the majority's."""
    columns = ["pearson", "accuracy", "majority", "balanced_accuracy", "kappa"]
    frame = rows[columns].set_axis([f"{organism}.{row.fold}.{row.model}.{row.member}" for row in rows.itertuples()]).rename_axis("Sample")
    header = {
        "id": "regdecode_deeprage",
        **_SECTION,
        "section_name": "Sequence models",
        "description": "Promoters x regulators: pooled correlation, and accuracy of classes beside the majority class, on held-out cells.",
        "plot_type": "table",
    }
    return _save(folder, "regdecode_deeprage", header, frame.to_csv(sep="\t", float_format="%.5g"))


def _curves(folder: Path, organism: str, folds: list[Fold]) -> str:
    lines = {}
    for fold in folds:
        for name, table in fold.history.items():
            if {"epoch", "validation_loss"} <= set(table.columns):
                lines[f"{organism}.{fold.name}.{name}"] = table.set_index("epoch")["validation_loss"].to_dict()
    if not lines:
        return ""
    epochs = sorted({epoch for line in lines.values() for epoch in line})
    text = "Sample\t" + "\t".join(f"{epoch:g}" for epoch in epochs) + "\n"
    text += "".join(
        name + "\t" + "\t".join(f"{line[epoch]:.5g}" if epoch in line else "" for epoch in epochs) + "\n" for name, line in lines.items()
    )
    header = {
        "id": "regdecode_training",
        **_SECTION,
        "section_name": "Training",
        "description": "Validation loss by epoch.",
        "plot_type": "linegraph",
        "pconfig": {
            "id": "regdecode_training_plot",
            "title": "regdecode: validation loss",
            "xlab": "epoch",
            "ylab": "mean squared error (scaled)",
        },
    }
    return _save(folder, "regdecode_training", header, text)
