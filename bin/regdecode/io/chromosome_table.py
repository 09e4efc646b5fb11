"""chromosomes.tsv (name, length, aliases) and the user's alias file."""

from collections.abc import Iterable
from pathlib import Path

from regdecode.errors import Faults, InputError
from regdecode.io.atomic import atomic_path
from regdecode.io.text import numbered_lines

HEADER = ("name", "length", "aliases")


def write_chromosomes(chromosomes: Iterable[tuple[str, int | None, tuple[str, ...]]], path: str | Path) -> None:
    """Write (name, length, aliases) rows; an unknown length is NA, aliases are joined with `;`."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as handle:
        handle.write("\t".join(HEADER) + "\n")
        for name, length, aliases in chromosomes:
            handle.write(f"{name}\t{'NA' if length is None else length}\t{';'.join(aliases)}\n")


def read_chromosomes(path: str | Path) -> list[tuple[str, int | None, tuple[str, ...]]]:
    """Read (name, length, aliases) rows; `Chromosome(*row)` names the fields.

    Raises
    ------
    InputError
        The header differs, or a row does not have three fields or a length that is neither a number nor NA.
    """
    faults, rows = Faults(), list[tuple[str, int | None, tuple[str, ...]]]()
    for number, line in numbered_lines(path):
        fields = line.split("\t")
        if number == 1:
            if tuple(fields) != HEADER:
                raise InputError(
                    f"the header is {line!r}, not {' '.join(HEADER)}", f"{path}:1", "give the chromosomes.tsv that reference.py wrote"
                )
        elif len(fields) != len(HEADER) or not (fields[1] == "NA" or fields[1].isdigit()):
            faults.add(f"{line!r} is not name, length, aliases", f"{path}:{number}", "restore the row")
        else:
            rows.append((fields[0], None if fields[1] == "NA" else int(fields[1]), tuple(alias for alias in fields[2].split(";") if alias)))
    faults.raise_if_any()
    return rows


def read_aliases(path: str | Path) -> list[list[str]]:
    """Read an alias file: each line holds the names of one chromosome, separated by tabs (the form of UCSC's chromAlias.txt); # starts a
    comment.

    Raises
    ------
    InputError
        A name stands for two chromosomes, or no line has two names.
    """
    rows: list[list[str]] = []
    seen: dict[str, int] = {}
    faults = Faults()
    for number, line in numbered_lines(path):
        names = list(dict.fromkeys(name.strip() for name in line.split("\t") if name.strip()))
        if line.startswith("#") or len(names) < 2:
            continue
        for name in names:
            if name in seen:
                faults.add(f"{name!r} is already a name on line {seen[name]}", f"{path}:{number}", "keep each name on one line")
            seen[name] = number
        rows.append(names)
    faults.raise_if_any()
    if not rows:
        raise InputError("no line holds two names", path, "write the names of one chromosome on one line, separated by tabs")
    return rows
