"""The folder that EVALUATE_PEOPLE writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from regdecode.io.atomic import atomic_path
from regdecode.io.h5ad import write_predictions
from regdecode.io.records import Predictions
from regdecode.training.evaluation_files import write_table
from regdecode.training.people_evaluation import PeopleResult


def write_people(out: str | Path, result: PeopleResult, labels: dict[str, str]) -> None:
    """Write predictions.h5ad of the person model and every table, all or nothing."""
    one = result.primary
    attrs = {**labels, "model": one.model, "member": one.member, "arm": one.arm}
    with atomic_path(out) as folder:
        folder.mkdir()
        for name, table in result.tables.items():
            write_table(folder / f"{name}.tsv", table)
        values = one.values.astype(np.float32)
        write_predictions(folder / "predictions.h5ad", Predictions(result.data.genes, result.data.split, one.outputs, values, attrs))
