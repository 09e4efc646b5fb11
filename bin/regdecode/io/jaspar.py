"""JASPAR motif files: counts of A, C, G and T under a line `>ID name`, with or without letters and brackets (.jaspar, .pfm)."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import Faults, InputError
from regdecode.io.meme import LETTERS, Motif
from regdecode.io.text import numbered_lines

ROW = re.compile(r"(?:([ACGTacgt])\s*)?\[?([^\[\]]*)\]?")


def read_jaspar(path: str | Path) -> list[Motif]:
    """Read the motifs of a JASPAR file, plain or gzipped.

    Raises
    ------
    InputError
        A line before the first `>`, a motif without four rows of as many counts for A, C, G and T in this order, a negative count or a
        position without any; all at once, each with its line.
    """
    faults, motifs = Faults(), list[Motif]()
    blocks: list[tuple[int, str, list[tuple[int, str]]]] = []
    for number, raw in numbered_lines(path):
        line = raw.strip()
        if line.startswith(">"):
            blocks.append((number, line[1:], []))
        elif line and blocks:
            blocks[-1][2].append((number, line))
        elif line:
            raise InputError("a line before the first motif", f"{path}:{number}", "start each motif with >ID name")
    for number, title, rows in blocks:
        with faults.collect():
            motifs.append(_motif(path, number, title, rows))
    faults.raise_if_any()
    if not motifs:
        raise InputError("no motif", path, "give a JASPAR file with at least one motif")
    return motifs


def _motif(path: str | Path, line: int, title: str, rows: list[tuple[int, str]]) -> Motif:
    where, words = f"{path}:{line}", title.split()
    if not words:
        raise InputError("a motif without a name", where, "write >ID name")
    if len(rows) != len(LETTERS):
        raise InputError(f"motif {words[0]} has {len(rows)} rows, not four", where, "give its counts of A, C, G and T, one row each")
    counts = [_counts(f"{path}:{number}", row, letter) for (number, row), letter in zip(rows, LETTERS, strict=True)]
    widths = [len(row) for row in counts]
    if len(set(widths)) > 1 or not widths[0]:
        told = f"the rows of motif {words[0]} have {', '.join(map(str, widths))} counts"
        raise InputError(told, where, "give as many counts in each row")
    table = np.array(counts).T
    totals = table.sum(axis=1)
    if (table < 0).any() or not np.isfinite(totals).all() or (totals <= 0).any():
        raise InputError(f"motif {words[0]} has a negative count, or a position without any", where, "give counts of sites, 0 or more")
    return Motif(words[0], words[1] if len(words) > 1 else "", table / totals[:, None], float(totals.max()), line)


def _counts(where: str, row: str, letter: str) -> NDArray[np.float64]:
    """Counts (W,) of one row, which may start with its letter."""
    match = ROW.fullmatch(row)
    try:
        values = np.array([float(word) for word in match.group(2).split()]) if match else None
    except ValueError:
        values = None
    if match is None or values is None:
        raise InputError(f"{row[:40]!r} is not a row of counts", where, f"write {letter} [ counts ]")
    if (match.group(1) or letter).upper() != letter:
        raise InputError(f"a row of {match.group(1)} where {letter} is due", where, "give the rows in the order A, C, G, T")
    return values
