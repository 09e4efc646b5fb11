"""Tables of the page: what a cell shows, and what it sorts by."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from regdecode.report.numbers import number


@dataclass(frozen=True)
class Cell:
    """One cell: text, the key it sorts by, a share (0 to 1) drawn as a bar behind it, a style."""

    text: str
    key: str = ""
    bar: float | None = None
    style: str = ""


@dataclass(frozen=True)
class Column:
    """One column: heading, whether it holds numbers, what it means."""

    title: str
    numeric: bool = False
    help: str = ""


@dataclass(frozen=True)
class Table:
    """A table of the page; with `searchable` it gets a filter box."""

    id: str
    title: str
    columns: list[Column]
    rows: list[list[Cell]] = field(default_factory=list)
    caption: str = ""
    searchable: bool = False


def cell(value: object, digits: int = 3, bar: float | None = None, style: str = "") -> Cell:
    """Make a cell of a value; numbers sort as numbers, missing ones last."""
    if isinstance(value, str):
        return Cell(value, value.lower(), bar, style)
    key = "" if value is None or (isinstance(value, float) and math.isnan(value)) else repr(float(value))  # type: ignore[arg-type]
    return Cell(number(value, digits), key, bar, style)


def from_frame(
    frame: pd.DataFrame,
    id: str,
    title: str,
    columns: Sequence[tuple[str, str, int | None]],
    caption: str = "",
    searchable: bool = False,
    change: Callable[[str, Any], Cell | None] | None = None,
) -> Table:
    """Make a table of the columns of a frame that are there.

    Parameters
    ----------
    frame
        One row a row.
    id, title, caption, searchable
        See `Table`.
    columns
        (name in the frame, heading, decimals); decimals None means text.
    change
        Makes a cell of (column name, value) where the default does not do.
    """
    present = [column for column in columns if column[0] in frame]
    heads = [Column(heading, digits is not None) for _, heading, digits in present]
    rows = []
    for values in frame[[name for name, _, _ in present]].itertuples(index=False, name=None):
        row = []
        for (name, _, digits), value in zip(present, values, strict=True):
            special = change(name, value) if change else None
            row.append(special or cell(value if digits is not None else str(value), digits or 0))
        rows.append(row)
    return Table(id, title, heads, rows, caption, searchable)
