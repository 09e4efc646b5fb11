"""Regulator-gene links without positions, from a TSV or CSV: regulator, gene, and optionally a value or an effect."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from regdecode.errors import Faults, InputError
from regdecode.io.text import read_bytes

USUAL = {
    "regulator": ("regulator", "tf", "source", "mirna", "rbp"),
    "gene": ("gene_id", "gene", "target", "target_id"),
    "value": ("value", "score", "weight"),
    "effect": ("effect", "sign", "mode"),
}
NEEDED = ("regulator", "gene")
SEPARATORS = ("\t", ",", ";")
EFFECTS = {
    "+": 1,
    "1": 1,
    "+1": 1,
    "activator": 1,
    "activation": 1,
    "-": -1,
    "-1": -1,
    "repressor": -1,
    "repression": -1,
    "+-": 0,
    "-+": 0,
    "+/-": 0,
    "dual": 0,
    "both": 0,
    "?": 0,
    "0": 0,
    "unknown": 0,
    "": 0,
    "na": 0,
    ".": 0,
}


@dataclass(frozen=True)
class Links:
    """N links between R regulators and U genes, as the file names them.

    Parameters
    ----------
    regulators, genes
        (R,), (U,) names, sorted.
    regulator, gene
        (N,) indices into `regulators` and `genes`.
    value
        (N,) the link's value; 1 where the file has no such column.
    effect
        (N,) 1 activates, -1 represses, 0 both or unknown; None where the file has no such column.
    """

    regulators: NDArray[np.str_]
    genes: NDArray[np.str_]
    regulator: NDArray[np.int32]
    gene: NDArray[np.int32]
    value: NDArray[np.float64]
    effect: NDArray[np.int8] | None

    def __len__(self) -> int:
        return len(self.value)


def read_links(path: str | Path, columns: Mapping[str, str] | None = None, signed: bool = False) -> Links:
    """Read links.

    Parameters
    ----------
    path
        Table with a header, separated by tabs, commas or semicolons; plain or gzipped.
    columns
        What the columns are called: keys "regulator", "gene", "value", "effect". Columns with usual names are found without it.
    signed
        Read the effect; negative values are legal.

    Returns
    -------
    Links
        (N,) in the order of the file.

    Raises
    ------
    InputError
        The file is empty or truncated, a column is missing, or rows lack a name or hold a value that is not a
        number; every such row is named, up to 20.
    """
    raw = read_bytes(path)
    header, separator, body = _header(raw, path)
    found = _choose_columns(header, columns or {}, signed, path)
    frame = _parse(raw[body:], len(header), separator, found, signed)
    if frame is None:
        _explain(raw, separator, found, signed, path)
        raise InputError("the rows cannot be read as a table", path, "give a TSV or CSV with one header row")
    if frame.height == 0:
        raise InputError("the file holds no link", path, "give a table with at least one row, or leave the class out of the organism file")
    regulators, regulator = _codes(frame["regulator"])
    genes, gene = _codes(frame["gene"])
    value = frame["value"].to_numpy().astype(np.float64) if "value" in frame.columns else np.ones(frame.height)
    effect = frame["effect"].to_numpy() if "effect" in frame.columns else None
    return Links(regulators, genes, regulator, gene, value, effect)


def _codes(column: pl.Series) -> tuple[NDArray[np.str_], NDArray[np.int32]]:
    values = column.unique().sort()
    return values.to_numpy().astype(str), column.cast(pl.Enum(values)).to_physical().to_numpy().astype(np.int32)


def _header(raw: bytes, path: str | Path) -> tuple[list[str], str, int]:
    """Names of the columns, their separator, and where the rows begin."""
    body = 0
    for line in io.BytesIO(raw):
        body += len(line)
        text = line.decode("utf-8-sig", errors="replace").strip("\r\n")
        if text and not text.startswith("#"):
            separator = max(SEPARATORS, key=text.count)
            return [field.strip() for field in next(csv.reader([text], delimiter=separator))], separator, body
    raise InputError(
        "the file is empty", path, "give a table with a header and at least one row, or leave the class out of the organism file"
    )


def _choose_columns(header: list[str], columns: Mapping[str, str], signed: bool, path: str | Path) -> dict[str, int]:
    """Role -> index of its column."""
    faults, found = Faults(), dict[str, int]()
    lower = [name.lower() for name in header]
    for role, usual in USUAL.items():
        if role == "effect" and not signed:
            continue
        if role in columns:
            if columns[role] in header:
                found[role] = header.index(columns[role])
            else:
                faults.add(
                    f"there is no column '{columns[role]}' for the {role}; its columns are {', '.join(header)}",
                    path,
                    f"correct '{role}' under links",
                )
            continue
        index = next((lower.index(name) for name in usual if name in lower), None)
        if index is not None:
            found[role] = index
        elif role in NEEDED:
            faults.add(
                f"no column is the {role}; its columns are {', '.join(header)}",
                path,
                f"name it in the organism file: links: {{ file: ..., {role}: COLUMN }}",
            )
    faults.raise_if_any()
    if signed and "effect" not in found and "value" not in found:
        raise InputError(
            f"signed links need an effect or a value; its columns are {', '.join(header)}", path, "name the column, or set signed: false"
        )
    return found


def _parse(body: bytes, width: int, separator: str, found: dict[str, int], signed: bool) -> pl.DataFrame | None:
    """Return the chosen columns, or None where any row is out of order."""
    names = [f"c{i}" for i in range(width)]
    if not body.strip():
        return pl.DataFrame(schema=dict.fromkeys(found, pl.String))
    try:
        table = pl.scan_csv(body, separator=separator, has_header=False, schema=dict.fromkeys(names, pl.String), comment_prefix="#")
        frame = table.select(pl.col(names[index]).fill_null("").str.strip_chars().alias(role) for role, index in found.items()).collect()
        if "value" in found:
            frame = frame.with_columns(pl.col("value").cast(pl.Float64))
        if "effect" in found:
            frame = frame.with_columns(pl.col("effect").str.to_lowercase().replace_strict(EFFECTS, return_dtype=pl.Int8))
    except pl.exceptions.PolarsError:
        return None
    good = [(pl.col(role) != "").all() for role in NEEDED]
    if "value" in found:
        good.append(pl.col("value").is_finite().all() if signed else (pl.col("value").is_finite() & (pl.col("value") >= 0)).all())
    return frame if all(frame.select(check.alias("ok"))["ok"][0] for check in good) else None


def _explain(raw: bytes, separator: str, found: dict[str, int], signed: bool, path: str | Path) -> None:
    """Raise what is wrong, line by line."""
    faults = Faults()
    lines = csv.reader(io.StringIO(raw.decode("utf-8-sig", errors="replace")), delimiter=separator)
    width = 0
    for fields in lines:
        if not fields or fields[0].startswith("#"):
            continue
        if not width:
            width = len(fields)
            continue
        where = f"{path}:{lines.line_num}"
        if len(fields) != width:
            faults.add(f"{len(fields)} fields, the header has {width}", where, "restore the row")
            continue
        row = {role: fields[index].strip() for role, index in found.items()}
        for role in NEEDED:
            if not row[role]:
                faults.add(f"the {role} is empty", where, "fill in the field or drop the row")
        if "value" in row and (fault := _value_fault(row["value"], signed)):
            faults.add(*fault[:1], where, fault[1])
        if "effect" in row and row["effect"].lower() not in EFFECTS:
            faults.add(f"the effect is {row['effect']!r}, not one of + - +- ?", where, "correct the field")
    faults.raise_if_any()


def _value_fault(text: str, signed: bool) -> tuple[str, str] | None:
    try:
        value = float(text)
    except ValueError:
        return f"the value is {text!r}, not a number", "correct the field or drop the row"
    if not np.isfinite(value):
        return f"the value is {text!r}", "give a finite number or drop the row"
    if value < 0 and not signed:
        return f"the value is negative: {text}", "set signed: true for the class, or give values from 0 up"
    return None
