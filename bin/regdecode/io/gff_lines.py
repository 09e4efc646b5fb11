"""The nine columns that GTF and GFF3 share."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from regdecode.errors import Faults
from regdecode.io.text import numbered_lines

SEQUENCE_REGION = re.compile(r"##sequence-region\s+(\S+)\s+(-?\d+)\s+(\d+)")
MOST_FAULTS = 200


class Feature(NamedTuple):
    """One row: positions 0-based half-open, attributes unparsed."""

    line: int
    chrom: str
    kind: str
    start: int
    end: int
    strand: str
    attributes: str


def read_features(path: str | Path, faults: Faults, lengths: dict[str, int], wanted: frozenset[str] | None = None) -> Iterator[Feature]:
    """Yield the rows of a GTF or GFF3 file whose feature type is `wanted` (every row where that is None).

    Parameters
    ----------
    path
        File, plain or gzipped; reading stops at `##FASTA`.
    faults
        Takes rows that are not nine columns, or whose positions are not whole numbers with 1 <= start <= end.
    lengths
        Takes chromosome lengths from `##sequence-region` lines.
    wanted
        Feature types.
    """
    for number, line in numbered_lines(path):
        if not line or line[0] == "#":
            if line.startswith("##FASTA"):
                return
            if region := SEQUENCE_REGION.match(line):
                lengths[region.group(1)] = int(region.group(3))
            continue
        fields = line.split("\t")
        if len(fields) < 9:
            faults.add(
                f"{len(fields)} tab-separated columns, an annotation has 9",
                f"{path}:{number}",
                "give a GTF or GFF3 file, or restore the row",
            )
        elif wanted is None or fields[2] in wanted:
            start, end = fields[3], fields[4]
            if not (start.isdecimal() and end.isdecimal()):
                faults.add(f"start {start!r} and end {end!r} are not both whole numbers", f"{path}:{number}", "correct the row")
            elif not 1 <= int(start) <= int(end):
                faults.add(
                    f"start {start} and end {end} are not 1 <= start <= end", f"{path}:{number}", "correct the row; positions count from 1"
                )
            else:
                yield Feature(number, fields[0], fields[2], int(start) - 1, int(end), fields[6], fields[8])
        if len(faults.errors) >= MOST_FAULTS:
            return
