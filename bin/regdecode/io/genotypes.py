"""Genotypes as users bring them: a table of markers x samples, and a table of marker positions."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import Faults, InputError
from regdecode.io.matrix import read_matrix, read_rows


class Genotypes(NamedTuple):
    """M markers in S samples: ids, chromosomes and 1-based positions (M,), sample names (S,), dosages (M, S)."""

    ids: NDArray[np.str_]
    chrom: NDArray[np.str_]
    position: NDArray[np.int64]
    samples: NDArray[np.str_]
    values: NDArray[np.float64]


def read_genotypes(matrix: str | Path, positions: str | Path) -> Genotypes:
    """Read dosages (any numbers, NaN where unknown) and positions (marker, chrom, pos; the first column is the marker).

    Raises
    ------
    InputError
        A column is missing, a position is no number, a marker comes twice or has no position.
    """
    table = read_matrix(matrix)
    header, rows, lines = read_rows(positions)
    lower = [name.lower() for name in header]
    chrom = next((lower.index(name) for name in ("chrom", "chr", "chromosome") if name in lower), -1)
    at = next((lower.index(name) for name in ("pos", "position", "bp", "start") if name in lower), -1)
    if chrom < 0 or at < 0:
        raise InputError(f"the columns are {', '.join(header)}", positions, "name the columns marker, chrom and pos")
    faults = Faults()
    place: dict[str, tuple[str, int]] = {}
    for fields, line in zip(rows, lines, strict=True):
        try:
            place[fields[0].strip()] = (fields[chrom].strip(), int(float(fields[at])))
        except ValueError:
            faults.add(f"the position of marker {fields[0]} is {fields[at]!r}", f"{positions}:{line}", "give a whole number")
    ids = table.ids.tolist()
    absent = [name for name in ids if name not in place]
    if absent:
        faults.add(f"{len(absent)} markers have no position, first {absent[0]!r}", positions, "use the same marker names in both files")
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        faults.add(f"marker {twice!r} comes twice", matrix, "keep one row a marker")
    faults.raise_if_any()
    where = [place[name] for name in ids]
    return Genotypes(table.ids, np.array([c for c, _ in where]), np.array([p for _, p in where], np.int64), table.samples, table.values)
