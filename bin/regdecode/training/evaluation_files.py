"""The folder that EVALUATE writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from regdecode.io.atomic import atomic_path
from regdecode.io.h5ad import write_predictions
from regdecode.io.records import Predictions
from regdecode.stats.ablation import ablation_table
from regdecode.stats.evaluation import Evaluation, comparison_table, gene_table, matrix_table, output_table


def write_evaluation(out: str | Path, result: Evaluation, seed: int) -> None:
    """Write predictions.h5ad of the primary ensemble and every table, all or nothing."""
    primary = result.primary()
    tables = {
        "metrics": result.metrics,
        "per_output": output_table(result),
        "per_gene": gene_table(primary, result.truth),
        "output_matrix": matrix_table(primary, result.truth, seed),
        "comparisons": comparison_table(result),
        "ablation": ablation_table(result),
    }
    attrs = {**result.labels, "model": primary.model, "member": primary.member, "arm": primary.arm}
    with atomic_path(out) as folder:
        folder.mkdir()
        for name, table in tables.items():
            write_table(folder / f"{name}.tsv", table)
        values = primary.values.astype(np.float32)
        write_predictions(folder / "predictions.h5ad", Predictions(result.truth.genes, result.truth.split, primary.outputs, values, attrs))


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a TSV with six significant digits."""
    table.to_csv(path, sep="\t", index=False, float_format="%.6g")
