"""Sites from BED3 to BED6+, narrowPeak and broadPeak, plain or gzipped: read in one pass, line by line only when something is wrong."""

import re
from dataclasses import dataclass
from pathlib import Path

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
    frame = _parse(raw, stranded)
    if frame is None:
        frame = _parse(_clean(read_bytes(path), path, stranded), stranded)
    if frame is None:
        raise InputError("the rows cannot be read as BED", path, "give a tab-separated BED file")
    if frame.height == 0:
        raise InputError(
            "the file holds no site", path, "give a BED file with at least one row, or leave the class out of the organism file"
        )
    chroms, chrom = _codes(frame["chrom"])
    if not name_from_file and "name" in frame.columns and frame["name"][0] not in NO_NAME:
        regulators, regulator = _codes(frame["name"])
    else:
        regulators, regulator = np.array([Path(path).name.split(".")[0]]), np.zeros(frame.height, np.int32)
    strand = frame["strand"].replace_strict(STRANDS, return_dtype=pl.Int8).to_numpy() if "strand" in frame.columns else None
    return Sites(chroms, regulators, chrom, regulator, frame["start"].to_numpy(), frame["end"].to_numpy(), strand)


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


def _codes(column: pl.Series) -> tuple[NDArray[np.str_], NDArray[np.int32]]:
    """Sorted distinct values, and each row's index among them."""
    values = column.unique().sort()
    return values.to_numpy().astype(str), column.cast(pl.Enum(values)).to_physical().to_numpy().astype(np.int32)


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


def _parse(raw: bytes, stranded: bool) -> pl.DataFrame | None:
    """Return chrom, start, end[, name][, strand], or None where any row is out of order."""
    first = raw[: raw.find(b"\n") if b"\n" in raw[:65536] else len(raw)].rstrip(b"\r")
    if not first:
        return pl.DataFrame({"chrom": [], "start": [], "end": []})
    width = first.count(b"\t") + 1
    if width < 3:
        return None
    names = (FIELDS + [f"more{i}" for i in range(width)])[:width]
    schema = dict.fromkeys(names, pl.String) | {"start": pl.Int64, "end": pl.Int64}
    wanted = [name for name in names[: len(FIELDS)] if name != "score" and (stranded or name != "strand")]
    try:
        table = pl.scan_csv(
            raw, separator="\t", has_header=False, schema=schema, quote_char=None, comment_prefix="#", truncate_ragged_lines=True
        )
        frame = table.select(wanted).with_columns(pl.col(pl.String).fill_null("")).collect()
    except pl.exceptions.PolarsError:
        return None
    return frame if _in_order(frame) else None


def _in_order(frame: pl.DataFrame) -> bool:
    start, end = pl.col("start"), pl.col("end")
    checks = [
        start.is_not_null().all(),
        end.is_not_null().all(),
        (start >= 0).all(),
        (end >= start).all(),
        (end < MAX_POSITION).all(),
        (pl.col("chrom") != "").all(),
    ]
    if "name" in frame.columns:
        unnamed = pl.col("name").is_in(NO_NAME)
        checks.append(unnamed.all() | ~unnamed.any())
    if "strand" in frame.columns:
        checks.append(pl.col("strand").is_in(list(STRANDS)).all())
    return all(frame.select(check.alias(str(i)) for i, check in enumerate(checks)).row(0))


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
            rows.append("\t".join(fields[: len(FIELDS)]))
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
