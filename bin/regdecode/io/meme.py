"""MEME motif files: names and letter probabilities."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import Faults, InputError
from regdecode.io.text import numbered_lines

LETTERS = "ACGT"
DEFAULT_SITES = 20.0
TOLERANCE = 0.05
UNIFORM = np.full(4, 0.25)
FIELD = re.compile(r"(\w+)\s*=\s*(\S+)")
MATRIX = re.compile(r"(letter-probability|log-odds) matrix\b", re.IGNORECASE)


@dataclass(frozen=True)
class Motif:
    """One motif. W positions, letters A C G T.

    Parameters
    ----------
    motif_id, alternate
        First and second word after MOTIF; the second may be empty.
    probabilities
        (W, 4) letter probabilities; each row sums to 1.
    sites
        Number of sites the probabilities come from; 20 where the file does not tell.
    line
        Line of its MOTIF.
    """

    motif_id: str
    alternate: str
    probabilities: NDArray[np.float64]
    sites: float
    line: int


@dataclass
class _Matrix:
    """A matrix being read."""

    kind: str
    line: int
    width: int | None
    sites: float
    rows: list[list[float]]

    @property
    def full(self) -> bool:
        return self.width is not None and len(self.rows) >= self.width


@dataclass
class _Entry:
    """A motif being read."""

    motif_id: str
    alternate: str
    line: int
    matrices: list[_Matrix]
    told: bool = False


def read_meme(path: str | Path) -> list[Motif]:
    """Read the motifs of a MEME file, plain or gzipped.

    A letter-probability matrix is taken wherever it stands; a motif with a log-odds matrix alone (in hundredths of bits) is turned back to
    probabilities with the file's background.

    Raises
    ------
    InputError
        The file does not start with "MEME version", its alphabet is not DNA, a matrix misses rows or holds something else than four
        numbers,
        or a row of probabilities does not sum to 1; all at once, each with its line.
    """
    faults, entries = Faults(), list[_Entry]()
    background, in_background = UNIFORM, False
    current: _Matrix | None = None
    first = True
    for number, raw in numbered_lines(path):
        line, where = raw.strip(), f"{path}:{number}"
        if not line:
            continue
        if first and not line.startswith("MEME version"):
            raise InputError("the first line is not `MEME version ...`", where, "give a motif file in MEME or JASPAR format")
        first = False
        if current is not None and not current.full:
            row = _numbers(line)
            if row is not None and len(row) == 4:
                current.rows.append(row)
                continue
            if current.width is not None:
                entries[-1].told = True
                told = f"{len(row)} numbers" if row is not None else f"{line[:40]!r}"
                faults.add(
                    f"row {len(current.rows) + 1} of the {current.width} rows of motif {entries[-1].motif_id} is {told}, not four numbers",
                    where,
                    "restore the row, or correct w= in the matrix line",
                )
            current = None
        if line.startswith("MOTIF"):
            words = line.split()
            if len(words) < 2:
                faults.add("a motif without a name", where, "write MOTIF name")
            entries.append(_Entry(words[1] if len(words) > 1 else "", words[2] if len(words) > 2 else "", number, []))
        elif match := MATRIX.match(line):
            current = _start_matrix(match.group(1).lower(), line, number, where, entries, faults)
        elif line.startswith("ALPHABET"):
            _check_alphabet(line, where, faults)
        elif line.startswith("Background letter frequencies"):
            in_background = True
        elif in_background:
            found = re.findall(r"([ACGTU])\s+([0-9.eE+-]+)", line)
            in_background = False
            if len(found) == 4 and all(_numbers(value) for _, value in found):
                background = np.array([float(value) for _, value in found])
    return _finish(path, entries, background, faults)


def _numbers(line: str) -> list[float] | None:
    try:
        return [float(word) for word in line.split()]
    except ValueError:
        return None


def _start_matrix(kind: str, line: str, number: int, where: str, entries: list[_Entry], faults: Faults) -> _Matrix | None:
    fields = dict(FIELD.findall(line))
    if not entries:
        faults.add("a matrix before the first MOTIF line", where, "write MOTIF name above it")
        return None
    width, sites = fields.get("w"), fields.get("nsites", "0")
    if fields.get("alength", "4") != "4":
        entries[-1].told = True
        faults.add(f"motif {entries[-1].motif_id} has alength= {fields['alength']}", where, "give DNA motifs, with four letters")
        return None
    if width is not None and not (width.isdecimal() and int(width)):
        entries[-1].told = True
        faults.add(f"motif {entries[-1].motif_id} has w= {width}", where, "give the number of rows")
        return None
    parsed = _numbers(sites)
    matrix = _Matrix(kind, number, int(width) if width else None, parsed[0] if parsed and parsed[0] > 0 else DEFAULT_SITES, [])
    entries[-1].matrices.append(matrix)
    return matrix


def _check_alphabet(line: str, where: str, faults: Faults) -> None:
    letters = line.split("=", 1)[1].strip() if "=" in line else line.removeprefix("ALPHABET").strip()
    if letters.split()[0:1] not in ([LETTERS], ["ACGU"]) and not letters.startswith(('"DNA"', "DNA", '"RNA"', "RNA")):
        faults.add(f"the alphabet is {letters!r}", where, "give DNA motifs (ALPHABET= ACGT)")


def _finish(path: str | Path, entries: list[_Entry], background: NDArray[np.float64], faults: Faults) -> list[Motif]:
    motifs = []
    for entry in [entry for entry in entries if not entry.told]:
        with faults.collect():
            motifs.append(_motif(path, entry, background))
    faults.raise_if_any()
    if not motifs:
        raise InputError("no motif", path, "give a MEME file with at least one MOTIF")
    return motifs


def _motif(path: str | Path, entry: _Entry, background: NDArray[np.float64]) -> Motif:
    ordered = sorted(entry.matrices, key=lambda matrix: matrix.kind != "letter-probability")
    if not ordered:
        raise InputError(
            f"motif {entry.motif_id} has no matrix", f"{path}:{entry.line}", "give it a letter-probability matrix, or remove it"
        )
    matrix = ordered[0]
    if (matrix.width is not None and len(matrix.rows) != matrix.width) or not matrix.rows:
        raise InputError(
            f"motif {entry.motif_id} has {len(matrix.rows)} rows of w= {matrix.width}",
            f"{path}:{matrix.line}",
            "restore the rows, or correct w= in the matrix line",
        )
    rows = np.array(matrix.rows)
    if matrix.kind != "letter-probability":
        rows = background * 2 ** (rows / 100)
        rows = rows / rows.sum(1, keepdims=True)
    totals = rows.sum(1)
    wrong = np.flatnonzero((np.abs(totals - 1) > TOLERANCE) | (rows < 0).any(1) | ~np.isfinite(rows).all(1))
    if len(wrong):
        raise InputError(
            f"row {wrong[0] + 1} of motif {entry.motif_id} sums to {totals[wrong[0]]:g} or leaves [0, 1]: not probabilities",
            f"{path}:{matrix.line}",
            "give letter probabilities that sum to 1",
        )
    return Motif(entry.motif_id, entry.alternate, rows / totals[:, None], matrix.sites, entry.line)
