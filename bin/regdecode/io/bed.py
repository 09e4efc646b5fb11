"""Sites from BED3 to BED6+, narrowPeak and broadPeak, plain or gzipped: read in one pass, line by line only when something is wrong."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from regdecode.errors import Faults, InputError
from regdecode.io.text import read_bytes

FIELDS = ["chrom", "start", "end", "name", "score", "strand"]
HEADER_STARTS = {"start", "chromstart", "chrom_start", "begin"}
NOT_DATA = (b"#", b"track", b"browser")
STRANDS = {"+": 1, "-": -1, ".": 0, "": 0, "*": 0}
NO_NAME = (".", "")
MAX_POSITION = 2**40


@dataclass(frozen=True)
class Sites:
    """Sites of one regulator class. N sites, R regulator names, C chromosome names; positions 0-based half-open.

    Parameters
    ----------
    chroms, regulators
        (C,), (R,) names as the file spells them, sorted.
    chrom, regulator
        (N,) indices into `chroms` and `regulators`.
    start, end
        (N,) positions on the chromosome.
    strand
        (N,) 1, -1 or 0 (either); None where strands were not asked for or the file has none.
    """

    chroms: NDArray[np.str_]
    regulators: NDArray[np.str_]
    chrom: NDArray[np.int32]
    regulator: NDArray[np.int32]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    strand: NDArray[np.int8] | None

    def __len__(self) -> int:
        return len(self.start)


class _Coded(NamedTuple):
    """Sorted distinct values, and each row's index among them."""

    values: NDArray[np.str_]
    code: NDArray[np.int32]


class _Rows(NamedTuple):
    chrom: _Coded
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    name: _Coded | None
    strand: _Coded | None


def read_bed(path: str | Path, stranded: bool = False, name_from_file: bool = False) -> Sites:
    """Read the sites of a BED file; column 4 names the regulator.

    Comments, `track` and `browser` lines and a header row are skipped. A file whose sites have no name (BED3, or "." throughout) is one
    regulator's, named like the file.

    Parameters
    ----------
    path
        BED3 to BED6+, narrowPeak or broadPeak; tabs or blanks between the fields.
    stranded
        Read the strand from column 6. Off by default: it costs time.
    name_from_file
        Name every site like the file, whatever column 4 holds (narrowPeak files number their peaks there).

    Returns
    -------
    Sites
        (N,) in the order of the file.

    Raises
    ------
    InputError
        The file is empty or truncated, or has rows with fewer than 3 fields, positions that are not whole numbers, end < start, or an
        unknown strand; every such row is named, up to the first 20.
    """
    raw = _without_header(read_bytes(path))
    rows = _parse(raw, stranded)
    if rows is None:
        rows = _parse(_clean(read_bytes(path), path, stranded), stranded)
    if rows is None:
        raise InputError("the rows cannot be read as BED", path, "give a tab-separated BED file")
    if not len(rows.start):
        raise InputError(
            "the file holds no site", path, "give a BED file with at least one row, or leave the class out of the organism file"
        )
    name = rows.name
    if name_from_file or name is None:
        name = _Coded(np.array([Path(path).name.split(".")[0]]), np.zeros(len(rows.start), np.int32))
    strand = None
    if rows.strand is not None:
        strand = np.array([STRANDS[value] for value in rows.strand.values.tolist()], np.int8)[rows.strand.code]
    return Sites(rows.chrom.values, name.values, rows.chrom.code, name.code, rows.start, rows.end, strand)


def concatenate(parts: list[Sites]) -> Sites:
    """Join the sites of several files of one class; regulators and chromosomes of the same name are one."""
    if len(parts) == 1:
        return parts[0]
    chroms, chrom = _joined([part.chroms for part in parts], [part.chrom for part in parts])
    regulators, regulator = _joined([part.regulators for part in parts], [part.regulator for part in parts])
    strand = None
    if any(part.strand is not None for part in parts):
        strand = np.concatenate([np.zeros(len(part), np.int8) if part.strand is None else part.strand for part in parts])
    return Sites(
        chroms,
        regulators,
        chrom,
        regulator,
        np.concatenate([part.start for part in parts]),
        np.concatenate([part.end for part in parts]),
        strand,
    )


def _joined(names: list[NDArray[np.str_]], codes: list[NDArray[np.int32]]) -> tuple[NDArray[np.str_], NDArray[np.int32]]:
    every = np.unique(np.concatenate(names))
    return every, np.concatenate([np.searchsorted(every, own)[code] for own, code in zip(names, codes, strict=True)]).astype(np.int32)


def _coded(column: pl.Series) -> _Coded:
    """Sort the distinct values of a categorical column and number each row by them."""
    distinct = column.unique()
    values, own = distinct.cast(pl.String).to_numpy().astype(str), distinct.to_physical().to_numpy()
    order = np.argsort(values)
    rank = np.zeros(int(own.max(initial=0)) + 1, np.int32)
    rank[own[order]] = np.arange(len(order))
    return _Coded(values[order], rank[column.to_physical().to_numpy()])


def _is_data(line: bytes) -> bool:
    if not line.strip() or line.startswith(NOT_DATA):
        return False
    fields = line.split()
    return not (len(fields) > 2 and fields[1].decode(errors="replace").lower() in HEADER_STARTS)


def _without_header(raw: bytes) -> bytes:
    """Drop the byte order mark and the lines before the first row."""
    at = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    while at < len(raw):
        stop = raw.find(b"\n", at)
        line = raw[at : len(raw) if stop < 0 else stop]
        if _is_data(line):
            break
        at = len(raw) if stop < 0 else stop + 1
    return raw[at:] if at else raw


def _parse(raw: bytes, stranded: bool) -> _Rows | None:
    """Return the rows, or None where any is out of order; rows without any name have none."""
    first = raw[: raw.find(b"\n") if b"\n" in raw[:65536] else len(raw)].rstrip(b"\r")
    width = first.count(b"\t") + 1
    if not first:
        nothing = _Coded(np.zeros(0, np.str_), np.zeros(0, np.int32))
        return _Rows(nothing, np.zeros(0, np.int64), np.zeros(0, np.int64), None, None)
    if width < 3:
        return None
    fields = (FIELDS + [f"more{i}" for i in range(width)])[:width]
    schema = dict.fromkeys(fields, pl.Categorical) | {"start": pl.Int64, "end": pl.Int64}
    wanted = [name for name in fields[: len(FIELDS)] if name != "score" and (stranded or name != "strand")]
    start, end = pl.col("start"), pl.col("end")
    try:
        table = pl.scan_csv(raw, separator="\t", has_header=False, schema=schema, quote_char=None, truncate_ragged_lines=True)
        frame = table.select(wanted).collect()
        fine = (
            sum(frame.null_count().row(0)) == 0 and frame.select(((start >= 0) & (end >= start) & (end < MAX_POSITION)).all())["start"][0]
        )
    except pl.exceptions.PolarsError:
        return None
    if not fine:
        return None
    name, strand = (_coded(frame[column]) if column in wanted else None for column in ("name", "strand"))
    unnamed = [] if name is None else [value for value in name.values.tolist() if value in NO_NAME]
    if (name is not None and 0 < len(unnamed) < len(name.values)) or (
        strand is not None and not set(strand.values.tolist()) <= set(STRANDS)
    ):
        return None
    return _Rows(_coded(frame["chrom"]), frame["start"].to_numpy(), frame["end"].to_numpy(), None if unnamed else name, strand)


def _clean(raw: bytes, path: str | Path, stranded: bool) -> bytes:
    """Return the rows alone, tab-separated; the slow way, for files that the fast one refuses.

    Raises
    ------
    InputError
        Some rows are wrong.
    """
    faults, rows, named = Faults(), list[str](), list[bool]()
    header = True
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if (header and not _is_data(line)) or not line.strip() or line.startswith(NOT_DATA):
            continue
        header = False
        text = line.decode(errors="replace").strip("\r")
        fields = text.split("\t") if "\t" in text else text.split()
        fault = _fault(fields, stranded)
        if not fault and named and (len(fields) > 3 and fields[3] not in NO_NAME) != named[0]:
            fault = "some rows name their regulator in column 4 and some do not", "name every site"
        if fault:
            faults.add(fault[0], f"{path}:{number}", fault[1])
        else:
            rows.append("\t".join(field or "." for field in fields[: len(FIELDS)]))
            named.append(len(fields) > 3 and fields[3] not in NO_NAME)
    faults.raise_if_any()
    return "\n".join(rows).encode()


def _fault(fields: list[str], stranded: bool) -> tuple[str, str] | None:
    """Say what is wrong with a row, and what to do."""
    if len(fields) < 3:
        return f"{len(fields)} fields, BED has at least 3 (chromosome, start, end)", "separate the fields by tabs"
    if not fields[0]:
        return "the chromosome is empty", "fill in the field"
    for name, value in zip(("start", "end"), fields[1:3], strict=True):
        if not re.fullmatch(r"\d{1,12}", value):
            return (
                f"{name} is {value!r}, not a whole number from 0",
                "correct the field; BED has chromosome, start, end, name, score, strand",
            )
    if int(fields[2]) < int(fields[1]):
        return f"end {fields[2]} is before start {fields[1]}", "swap or correct the two fields"
    if stranded and len(fields) > 5 and fields[5] not in STRANDS:
        return f"strand is {fields[5]!r}, not +, - or .", "put the strand in column 6"
    return None
