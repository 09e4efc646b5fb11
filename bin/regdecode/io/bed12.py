"""models.bed: one spliced transcript model a gene, as BED12 (name = gene id, thick part = coding sequence)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import Faults, InputError
from regdecode.io.atomic import atomic_path
from regdecode.io.text import numbered_lines


@dataclass(frozen=True)
class GeneModels:
    """Spliced transcript models. G genes, E exons in all; positions 0-based half-open on the chromosome.

    Parameters
    ----------
    gene_id, chrom
        (G,) unique id, chromosome.
    start, end
        (G,) span of the transcript.
    strand
        (G,) "+" or "-".
    thick_start, thick_end
        (G,) span of the coding sequence; equal where there is none.
    exon_offsets
        (G + 1,) the exons of gene g are `exon_offsets[g]:exon_offsets[g + 1]`.
    exon_start, exon_end
        (E,) exons, ascending on the chromosome, disjoint.
    """

    gene_id: NDArray[np.str_]
    chrom: NDArray[np.str_]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    strand: NDArray[np.str_]
    thick_start: NDArray[np.int64]
    thick_end: NDArray[np.int64]
    exon_offsets: NDArray[np.int64]
    exon_start: NDArray[np.int64]
    exon_end: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.gene_id)

    @property
    def length(self) -> NDArray[np.int64]:
        """(G,) spliced bases."""
        return np.add.reduceat(self.exon_end - self.exon_start, self.exon_offsets[:-1]) if len(self) else np.zeros(0, np.int64)


def write_models(models: GeneModels, path: str | Path) -> None:
    """Write models as BED12 in their order."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as handle:
        for g, gene in enumerate(models.gene_id.tolist()):
            exons = slice(models.exon_offsets[g], models.exon_offsets[g + 1])
            starts = (models.exon_start[exons] - models.start[g]).tolist()
            sizes = (models.exon_end[exons] - models.exon_start[exons]).tolist()
            fields = [
                models.chrom[g],
                models.start[g],
                models.end[g],
                gene,
                0,
                models.strand[g],
                models.thick_start[g],
                models.thick_end[g],
                0,
                len(sizes),
                "".join(f"{size}," for size in sizes),
                "".join(f"{start}," for start in starts),
            ]
            handle.write("\t".join(map(str, fields)) + "\n")


def read_models(path: str | Path) -> GeneModels:
    """Read models from BED12.

    Raises
    ------
    InputError
        A row does not have 12 fields, a field is not a number, blocks leave the span or overlap, or a gene comes twice. All such rows
        are told at once.
    """
    faults, rows = Faults(), list[tuple[str, str, str, list[int], list[int], list[int]]]()
    seen: dict[str, int] = {}
    for number, line in numbered_lines(path):
        if not line or line.startswith(("#", "track", "browser")):
            continue
        where = f"{path}:{number}"
        with faults.collect():
            row = _parse_row(line, where)
            if row[1] in seen:
                raise InputError(f"gene {row[1]} is already on line {seen[row[1]]}", where, "keep one model a gene")
            seen[row[1]] = number
            rows.append(row)
    faults.raise_if_any()
    if not rows:
        raise InputError("no gene model", path, "give the models.bed that reference.py wrote")
    numbers = np.array([row[3] for row in rows], dtype=np.int64)
    exons = np.array([len(row[4]) for row in rows], dtype=np.int64)
    return GeneModels(
        gene_id=np.array([row[1] for row in rows]),
        chrom=np.array([row[0] for row in rows]),
        start=numbers[:, 0],
        end=numbers[:, 1],
        strand=np.array([row[2] for row in rows]),
        thick_start=numbers[:, 2],
        thick_end=numbers[:, 3],
        exon_offsets=np.concatenate([[0], np.cumsum(exons)]).astype(np.int64),
        exon_start=np.array([value for row in rows for value in row[4]], dtype=np.int64),
        exon_end=np.array([value for row in rows for value in row[5]], dtype=np.int64),
    )


def _parse_row(line: str, where: str) -> tuple[str, str, str, list[int], list[int], list[int]]:
    fields = line.split("\t")
    if len(fields) < 12:
        raise InputError(f"{len(fields)} fields, BED12 has 12", where, "give the models.bed that reference.py wrote")
    try:
        start, end, thick_start, thick_end, count = (int(fields[i]) for i in (1, 2, 6, 7, 9))
        sizes, starts = ([int(value) for value in fields[i].rstrip(",").split(",")] for i in (10, 11))
    except ValueError as error:
        raise InputError(f"a position is not a whole number ({error})", where, "correct the field") from error
    if fields[5] not in ("+", "-"):
        raise InputError(f"strand is {fields[5]!r}, not + or -", where, "give each model its strand")
    exon_start = [start + offset for offset in starts]
    exon_end = [begin + size for begin, size in zip(exon_start, sizes, strict=False)]
    if not count == len(sizes) == len(starts):
        raise InputError(f"{count} blocks announced, {len(sizes)} sizes and {len(starts)} starts given", where, "correct the block fields")
    inside = exon_start[0] == start and exon_end[-1] == end and min(sizes) > 0
    if not inside or any(a > b for a, b in zip(exon_end, exon_start[1:], strict=False)):
        raise InputError("the blocks are empty, overlap, or do not span the row", where, "correct the block fields")
    return fields[0], fields[3], fields[5], [start, end, thick_start, thick_end], exon_start, exon_end
