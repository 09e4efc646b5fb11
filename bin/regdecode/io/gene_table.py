"""genes.tsv: one row a gene, as REFERENCE writes it and every later step reads it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import Faults, InputError
from regdecode.io.atomic import atomic_path
from regdecode.io.text import numbered_lines

COLUMNS = ("gene_id", "gene_name", "chrom", "start", "end", "strand", "tss", "start_codon", "length", "n_exons", "unit", "unit_leader")
NO_POSITION = -1


@dataclass(frozen=True)
class GeneTable:
    """Genes of an annotation, each by its representative transcript. G genes, sorted by chromosome, start, id.

    Parameters
    ----------
    gene_id, gene_name, chrom
        (G,) unique id, display name, chromosome.
    start, end
        (G,) span of the representative transcript, 0-based half-open.
    strand
        (G,) "+" or "-".
    tss
        (G,) 0-based position of the first transcribed base.
    start_codon
        (G,) 0-based position of the first translated base; -1 where no coding sequence is known.
    length
        (G,) spliced bases.
    n_exons
        (G,) number of exons.
    unit, unit_leader
        (G,) transcription unit (operon; the gene itself where none is known) and the id of the unit's first gene.
    """

    gene_id: NDArray[np.str_]
    gene_name: NDArray[np.str_]
    chrom: NDArray[np.str_]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    strand: NDArray[np.str_]
    tss: NDArray[np.int64]
    start_codon: NDArray[np.int64]
    length: NDArray[np.int64]
    n_exons: NDArray[np.int64]
    unit: NDArray[np.str_]
    unit_leader: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.gene_id)


INTEGERS = ("start", "end", "tss", "start_codon", "length", "n_exons")


def write_genes(genes: GeneTable, path: str | Path) -> None:
    """Write genes.tsv; an unknown start codon is NA."""
    columns = [getattr(genes, name).tolist() for name in COLUMNS]
    at = COLUMNS.index("start_codon")
    columns[at] = ["NA" if value == NO_POSITION else value for value in columns[at]]
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as handle:
        handle.write("\t".join(COLUMNS) + "\n")
        for row in zip(*columns, strict=True):
            handle.write("\t".join(map(str, row)) + "\n")


def read_genes(path: str | Path) -> GeneTable:
    """Read genes.tsv.

    Raises
    ------
    InputError
        A column is missing, a row is short, a position is not a number, a strand is neither + nor -, or a gene comes twice.
    """
    rows: dict[str, list[str]] = {name: [] for name in COLUMNS}
    faults, order = Faults(), list[int]()
    seen: dict[str, int] = {}
    for number, line in numbered_lines(path):
        fields = line.split("\t")
        if number == 1:
            missing = [name for name in COLUMNS if name not in fields]
            if missing:
                raise InputError(f"column {', '.join(missing)} is missing", path, "give the genes.tsv that reference.py wrote")
            order, width = [fields.index(name) for name in COLUMNS], len(fields)
            continue
        if len(fields) != width:
            faults.add(f"{len(fields)} fields, the header has {width}", f"{path}:{number}", "restore the row")
            continue
        row = dict(zip(COLUMNS, (fields[i] for i in order), strict=True))
        if row["start_codon"] == "NA":
            row["start_codon"] = str(NO_POSITION)
        _check_row(row, seen, f"{path}:{number}", faults)
        seen[row["gene_id"]] = number
        for name, value in row.items():
            rows[name].append(value)
    faults.raise_if_any()
    if not rows["gene_id"]:
        raise InputError("no gene", path, "give the genes.tsv that reference.py wrote")
    columns: dict[str, Any] = {name: np.array(values, dtype=np.int64 if name in INTEGERS else np.str_) for name, values in rows.items()}
    return GeneTable(**columns)


def _check_row(row: dict[str, str], seen: dict[str, int], where: str, faults: Faults) -> None:
    for name in INTEGERS:
        if not row[name].removeprefix("-").isdigit():
            faults.add(f"{name} is {row[name]!r}, not a whole number", where, "correct the field")
            row[name] = "0"
    if row["strand"] not in ("+", "-"):
        faults.add(f"strand is {row['strand']!r}, not + or -", where, "correct the field")
    if row["gene_id"] in seen:
        faults.add(f"gene {row['gene_id']} is already on line {seen[row['gene_id']]}", where, "keep one row a gene")
