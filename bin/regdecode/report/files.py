"""Tables and JSON as the pipeline writes them, and the table of its notes."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from regdecode.errors import InputError
from regdecode.io.notes import Notes

TEXT_COLUMNS = {
    "fold",
    "model",
    "member",
    "arm",
    "split",
    "output",
    "metric",
    "system",
    "organism",
    "gene_id",
    "gene_name",
    "class",
    "regulator",
    "tracks",
    "actual",
    "predicted",
    "scope",
    "check",
    "a",
    "b",
    "baseline",
    "strongest_output",
    "worst_gene",
    "class_a",
    "class_b",
    "single_task",
    "test",
    "target",
    "gene",
    "gene_a",
    "gene_b",
    "name_a",
    "name_b",
    "pair",
    "kind",
    "term",
    "cohort",
    "cohort_a",
    "cohort_b",
    "source",
    "driver",
    "kept",
    "sample",
    "note",
    "why_not",
    "drivers",
    "track",
    "sign",
    "consistent",
    "used",
    "condition",
    "series",
    "match",
    "name",
    "unit",
    "motif",
    "consensus",
    "cluster",
    "filter",
    "filters",
    "base",
    "ref",
    "alt",
    "table",
    "against",
    "against_member",
    "top_condition",
    "regulator_name",
}


def read_table(path: Path) -> pd.DataFrame:
    """Read a TSV; names stay text, an empty file is an empty table."""
    if path.stat().st_size == 0:
        return pd.DataFrame()
    try:
        header = pd.read_csv(path, sep="\t", nrows=0).columns
        text = {name: str for name in header if name in TEXT_COLUMNS}
        table = pd.read_csv(path, sep="\t", dtype=text, keep_default_na=False, na_values=["", "NA", "NaN", "nan"])
    except (pd.errors.ParserError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"is not a table: {error}", path, "give the TSV as the pipeline wrote it") from error
    return table.fillna(dict.fromkeys(text, ""))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object."""
    if not path.exists():
        raise InputError("missing", path, "give the folder that REPORT was staged in")
    try:
        found = json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"is not JSON: {error}", path, "give the file as the pipeline wrote it") from error
    if not isinstance(found, dict):
        raise InputError("holds no JSON object", path, "give the file as the pipeline wrote it")
    return found


def write_notes(accounts: Iterable[Notes], path: Path) -> None:
    """Write the accounts of all steps as one TSV, a row a note: step, kind, what, n (empty where nothing is counted), why."""
    rows = [(account.stage, note.kind, note.what, note.n, note.why) for account in accounts for note in account.notes]
    table = pd.DataFrame(rows, columns=["step", "kind", "what", "n", "why"], dtype=object)
    table.to_csv(path, sep="\t", index=False)
