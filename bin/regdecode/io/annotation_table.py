"""Annotation as a table (CSV or TSV): one row a gene, columns named by the user."""

import csv
from collections.abc import Mapping
from pathlib import Path

from regdecode.errors import Faults, InputError
from regdecode.io.annotation import Annotation, Transcript
from regdecode.io.text import open_text

REQUIRED = ("gene_id", "start", "end", "strand")
OPTIONAL = ("chrom", "gene_name", "unit", "biotype", "start_codon")
STRANDS = {
    "+": "+",
    "-": "-",
    "1": "+",
    "-1": "-",
    "+1": "+",
    "W": "+",
    "C": "-",
    "forward": "+",
    "reverse": "-",
    "plus": "+",
    "minus": "-",
}
MISSING = frozenset({"", "NA", "NaN", "nan", "None", "."})


def guess_separator(header: str) -> str:
    """Return the separator a header line uses most: tab, comma or semicolon."""
    return max("\t,;", key=header.count)


def read_table(
    path: str | Path, columns: Mapping[str, str], zero_based: bool = False, separator: str | None = None, chromosome: str | None = None
) -> Annotation:
    """Read genes from a table, plain or gzipped.

    Parameters
    ----------
    path
        File with a header line.
    columns
        Field (gene_id, start, end, strand; optional chrom, gene_name, unit, biotype, start_codon) -> column name; '' names the unnamed
        column.
    zero_based
        True: starts count from 0 and ends are exclusive (as in BED); False: both count from 1 and ends are inclusive (as in GFF).
    separator
        Field separator; None guesses it from the header.
    chromosome
        Chromosome of every gene, where the table has no such column.

    Raises
    ------
    InputError
        A column is missing, a position is not a whole number, end < start, a strand is unknown, or a row is short; all at once.
    """
    named = {**{field: field for field in REQUIRED}, **columns}
    faults, found = Faults(), Annotation([])
    with open_text(path) as handle:
        first = handle.readline().rstrip("\n")
        separator = separator or guess_separator(first)
        header = next(csv.reader([first], delimiter=separator), [])
        index = _index(header, named, chromosome, path)
        reader = csv.reader(handle, delimiter=separator)
        for row in reader:
            number = reader.line_num + 1
            if not row:
                continue
            if len(row) != len(header):
                faults.add(f"{len(row)} fields, the header has {len(header)}", f"{path}:{number}", "restore the row, or set `separator`")
                continue
            _take({field: row[i].strip() for field, i in index.items()}, found, zero_based, chromosome, f"{path}:{number}", number, faults)
    faults.raise_if_any()
    if not found.transcripts:
        raise InputError("no usable gene", path, "give a table with one row a gene below its header")
    return found


def _index(header: list[str], columns: Mapping[str, str], chromosome: str | None, path: str | Path) -> dict[str, int]:
    unknown = sorted(set(columns) - {*REQUIRED, *OPTIONAL})
    if unknown:
        raise InputError(f"`columns` of the annotation names {', '.join(unknown)}", path, f"name {', '.join((*REQUIRED, *OPTIONAL))} alone")
    wanted = dict(columns) if chromosome is not None else {"chrom": "chrom", **columns}
    missing = [f"{name!r} ({field})" for field, name in wanted.items() if name not in header]
    if missing:
        raise InputError(
            f"column {', '.join(missing)} is missing; the header has {', '.join(map(repr, header))}",
            f"{path}:1",
            "name the columns under `columns` of the annotation; `chromosome` names the one chromosome of a table without that column",
        )
    return {field: header.index(name) for field, name in wanted.items()}


def _take(row: dict[str, str], found: Annotation, zero_based: bool, chromosome: str | None, where: str, line: int, faults: Faults) -> None:
    gene, chrom = row["gene_id"], row.get("chrom") or chromosome or ""
    if gene in MISSING or chrom in MISSING:
        faults.add(f"the gene id is {gene!r} and the chromosome {chrom!r}", where, "give every gene both")
        return
    if not (row["start"].isdecimal() and row["end"].isdecimal()):
        faults.add(f"gene {gene}: start {row['start']!r} and end {row['end']!r} are not both whole numbers", where, "correct the row")
        return
    start, end = int(row["start"]) - (not zero_based), int(row["end"])
    if start < 0 or end <= start:
        counting = "from 0, end exclusive" if zero_based else "from 1, end inclusive"
        faults.add(
            f"gene {gene}: start {row['start']} and end {row['end']} leave no base (counted {counting})",
            where,
            "correct the row or `zero_based`",
        )
        return
    if row["strand"] in MISSING:
        found.unstranded.append(gene)
        return
    if row["strand"] not in STRANDS:
        faults.add(f"gene {gene}: strand {row['strand']!r}", where, f"write one of {' '.join(STRANDS)}")
        return
    found.transcripts.append(Transcript(gene, gene, chrom, STRANDS[row["strand"]], start, end, line))
    for field, table in (("gene_name", found.names), ("unit", found.units), ("biotype", found.biotypes)):
        if row.get(field, "") not in MISSING:
            table.setdefault(gene, row[field])
    if (codon := row.get("start_codon", "")) not in MISSING:
        if not codon.isdecimal():
            faults.add(f"gene {gene}: start codon {codon!r} is not a whole number", where, "correct the row")
        else:
            found.start_codons.setdefault(gene, int(codon) - (not zero_based))
