"""regulator_by_output.tsv, as ATTRIBUTE writes it: a row a regulator, a column an output."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from regdecode.errors import InputError
from regdecode.io.text import open_bytes

LABELS = ("class", "regulator", "tracks")
"""Columns that are not outputs."""


def read_regulators(path: str | Path) -> pd.DataFrame:
    """Read the table; every column but the labels as numbers.

    Raises
    ------
    InputError
        There is no column "regulator", or a cell is not a number.
    """
    with open_bytes(path) as handle:
        try:
            table = pd.read_csv(handle, sep="\t", dtype=dict.fromkeys(LABELS, str), keep_default_na=False)
        except (ValueError, pd.errors.ParserError) as error:
            raise InputError(f"the table cannot be read ({error})", path, "give regulator_by_output.tsv of ATTRIBUTE") from None
    if "regulator" not in table:
        raise InputError("there is no column 'regulator'", path, "give regulator_by_output.tsv of ATTRIBUTE")
    outputs = outputs_of(table)
    wrong = [name for name in outputs if not pd.api.types.is_numeric_dtype(table[name])]
    if wrong:
        raise InputError(f"column {', '.join(wrong[:5])} holds text", path, "give regulator_by_output.tsv of ATTRIBUTE")
    return table


def outputs_of(table: pd.DataFrame) -> list[str]:
    """Names of the outputs of the table."""
    return [str(name) for name in table.columns if name not in LABELS]
