"""Tables that users bring: an expression matrix (genes x samples) and a sheet of its samples.

CSV, TSV or semicolon-separated, gzipped or not; the separator is read off the header. Accepted as they come from other tools: an unnamed
first column, an R header that lacks the name of the first column, GCT (version line, size line, `Description` column).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from regdecode.errors import Faults, InputError
from regdecode.io.text import open_text

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "."})
"""Cells that mean "not measured"."""

SEPARATORS = ("\t", ",", ";")


@dataclass(frozen=True)
class Matrix:
    """An expression matrix as read, G rows in file order (a gene may come twice), S samples.

    Parameters
    ----------
    ids
        (G,) gene ids as written.
    samples
        (S,) column names, unique.
    values
        (G, S), NaN where the cell is empty or NA.
    lines
        (G,) line of each row in the file, for messages.
    path
        The file.
    """

    ids: np.ndarray
    samples: np.ndarray
    values: np.ndarray
    lines: np.ndarray
    path: str


def sniff_separator(header: str, path: str | Path) -> str:
    """Find the separator that occurs most often in a header line."""
    counts = {separator: header.count(separator) for separator in SEPARATORS}
    best = max(SEPARATORS, key=lambda separator: counts[separator])
    if not counts[best]:
        raise InputError(
            f"the header {header[:60]!r} holds neither tab, comma nor semicolon", path, "separate the columns of the table by one of these"
        )
    return best


def read_rows(path: str | Path, separator: str | None = None) -> tuple[list[str], list[list[str]], list[int]]:
    """Header, rows of fields, and line numbers of a delimited text file; comment (`#`) and empty lines are left out.

    Raises
    ------
    InputError
        The file is empty, has no data row, or rows have another number of fields than the header.
    """
    header: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    faults = Faults()
    with open_text(path) as handle:
        text = handle.read()
    skip_size_line = text.startswith("#1.")
    start = 0
    for number, line in enumerate(text.split("\n"), start=1):
        start = number
        if not line.strip() or line.startswith("#"):
            continue
        if skip_size_line:
            skip_size_line = False
            continue
        separator = separator or sniff_separator(line, path)
        break
    if not text.strip() or separator is None:
        raise InputError("the file is empty", path, "give a table with a header line")
    reader = csv.reader(io.StringIO(_from_line(text, start)), delimiter=separator)
    for fields in _checked(reader, path):
        number = start - 1 + reader.line_num
        if not header:
            header = [field.strip() for field in fields]
            continue
        if not fields or (len(fields) == 1 and not fields[0].strip()) or fields[0].startswith("#"):
            continue
        if not rows and len(fields) == len(header) + 1:
            header = ["", *header]
        if len(fields) != len(header):
            faults.add(
                f"{len(fields)} fields, the header has {len(header)}",
                f"{path}:{number}",
                "restore the row, or quote fields that hold the separator",
            )
            continue
        rows.append(fields)
        lines.append(number)
    faults.raise_if_any()
    if not rows:
        raise InputError("the table has a header but no rows", path, "give at least one row")
    return header, rows, lines


def _checked(reader: Iterator[list[str]], path: str | Path) -> Iterator[list[str]]:
    """Yield the reader's rows; what it cannot parse is an `InputError`."""
    try:
        yield from reader
    except csv.Error as error:
        raise InputError(f"the table cannot be parsed ({error})", path, "save it as plain CSV or TSV text") from error


def _from_line(text: str, number: int) -> str:
    """Cut off what stands before a line (1-based)."""
    position = 0
    for _ in range(number - 1):
        position = text.index("\n", position) + 1
    return text[position:]


def read_matrix(
    path: str | Path, separator: str | None = None, gene_column: str | None = None, drop: Sequence[str] = ("Description",)
) -> Matrix:
    """Read genes x samples.

    Parameters
    ----------
    path
        CSV or TSV, gzipped or not.
    separator
        None to read it off the header.
    gene_column
        Column of gene ids; None for the first.
    drop
        Columns that are neither the ids nor samples; names that do not occur are ignored.

    Raises
    ------
    InputError
        Duplicate or unnamed samples, no sample, a non-numeric cell (line and column), a row without gene id, ragged rows, a damaged file.
    """
    header, rows, lines = read_rows(path, separator)
    if gene_column is not None and gene_column not in header:
        raise InputError(
            f"there is no column {gene_column!r}; the columns are {', '.join(header[:8])}", path, "name the column of gene ids"
        )
    at = header.index(gene_column) if gene_column else 0
    chosen = [i for i, name in enumerate(header) if i != at and name not in set(drop)]
    samples = [header[i] for i in chosen]
    faults = Faults()
    seen: set[str] = set()
    for name in samples:
        if name in seen:
            faults.add(f"sample {name!r} occurs twice in the header", path, "give each column its own name")
        seen.add(name)
    if not samples:
        faults.add("the table has no sample columns", path, "give one column a sample beside the gene ids")
    if "" in seen:
        faults.add("a sample column has no name", path, "name every column of the header")
    for fields, line in zip(rows, lines, strict=True):
        if not fields[at].strip():
            faults.add("the gene id is empty", f"{path}:{line}", "give the id or remove the row")
    faults.raise_if_any()
    values = _numbers(rows, chosen, lines, samples, path)
    ids = np.array([fields[at].strip() for fields in rows])
    return Matrix(ids, np.array(samples), values, np.array(lines), str(path))


def _numbers(rows: list[list[str]], chosen: list[int], lines: list[int], samples: list[str], path: str | Path) -> np.ndarray:
    """Cells as float64 (G, S); every non-numeric or infinite cell is a fault with its line and column."""
    values = np.empty((len(rows), len(chosen)), dtype=np.float64)
    faults = Faults()
    for r, fields in enumerate(rows):
        cells = [fields[i] for i in chosen]
        try:
            values[r] = cells
        except ValueError:
            values[r] = _careful(cells, samples, f"{path}:{lines[r]}", faults)
    for r, c in np.argwhere(np.isinf(values))[:50]:
        faults.add(f"{samples[c]} is infinite", f"{path}:{lines[r]}", "give a finite number, or NA")
    faults.raise_if_any()
    return values


def _careful(cells: list[str], samples: list[str], where: str, faults: Faults) -> list[float]:
    row = []
    for cell, sample in zip(cells, samples, strict=True):
        text = cell.strip()
        try:
            row.append(np.nan if text in MISSING else float(text))
        except ValueError:
            row.append(np.nan)
            faults.add(f"{sample} is {text!r}, not a number", where, "give a number, or NA where it was not measured")
    return row


def read_sheet(path: str | Path, separator: str | None = None) -> pd.DataFrame:
    """Read a sample sheet: one row a sample, every cell as text, empty and NA cells as "".

    Raises
    ------
    InputError
        Column names repeat, or the file is damaged.
    """
    header, rows, _ = read_rows(path, separator)
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise InputError(f"column {', '.join(twice)} occurs twice", path, "give each column its own name")
    table = pd.DataFrame(rows, columns=pd.Index([name or "sample" if i == 0 else name for i, name in enumerate(header)]), dtype=object)
    return table.apply(lambda column: column.map(lambda cell: "" if cell.strip() in MISSING else cell.strip()))


def read_pairs(path: str | Path, columns: tuple[str, str], separator: str | None = None) -> dict[str, str]:
    """Read two columns of a table as a dictionary, such as gene_id -> fold.

    Raises
    ------
    InputError
        A column is missing, or a key comes twice with another value.
    """
    header, rows, lines = read_rows(path, separator)
    missing = [name for name in columns if name not in header]
    if missing:
        raise InputError(
            f"column {', '.join(missing)} is missing; the columns are {', '.join(header[:8])}",
            path,
            "name the columns as the organism file says",
        )
    key, value = header.index(columns[0]), header.index(columns[1])
    found: dict[str, str] = {}
    faults = Faults()
    for fields, line in zip(rows, lines, strict=True):
        name, entry = fields[key].strip(), fields[value].strip()
        if found.setdefault(name, entry) != entry:
            faults.add(f"{name} is in {found[name]} and in {entry}", f"{path}:{line}", "keep one row a gene")
    faults.raise_if_any()
    return found
