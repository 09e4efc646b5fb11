"""FASTA: sequences by name, streamed."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from regdecode.errors import InputError
from regdecode.io.atomic import atomic_path
from regdecode.io.text import open_bytes

LETTERS = re.compile(rb"[A-Za-z*.-]*")


class FastaRecord(NamedTuple):
    """One sequence: first word of its header, the rest of the header, its letters in upper case."""

    name: str
    description: str
    sequence: bytes


class FastaEntry(NamedTuple):
    """One sequence without its letters: name, description, number of letters."""

    name: str
    description: str
    length: int


def read_fasta(path: str | Path) -> Iterator[FastaRecord]:
    """Yield the sequences of a FASTA file, plain or gzipped; one is in memory at a time.

    Raises
    ------
    InputError
        No header comes first, a name comes twice or is empty, a line holds something else than sequence letters, a sequence is empty, or
        the file is empty.
    """
    seen: dict[str, int] = {}
    header, header_line = "", 0
    parts: list[bytes] = []
    with open_bytes(path) as handle:
        for number, raw in enumerate(handle, start=1):
            line = raw.strip()
            if line.startswith(b">"):
                if header_line:
                    yield _record(header, parts, f"{path}:{header_line}")
                header, header_line, parts = line[1:].decode("utf-8", "replace").strip(), number, []
                name = header.split(maxsplit=1)[0] if header else ""
                if not name or name in seen:
                    told = f"sequence {name!r} is already on line {seen[name]}" if name else "a header without a name"
                    raise InputError(told, f"{path}:{number}", "give every sequence its own name")
                seen[name] = number
            elif not header_line and line:
                raise InputError("the file does not start with a > header", f"{path}:{number}", "give a FASTA file")
            elif LETTERS.fullmatch(line):
                parts.append(line)
            else:
                odd = next(chr(byte) for byte in line if not LETTERS.fullmatch(bytes([byte])))
                raise InputError(f"{odd!r} is not a sequence letter", f"{path}:{number}", "give a FASTA file of letters")
    if not header_line:
        raise InputError("no sequence", path, "give a FASTA file with at least one sequence")
    yield _record(header, parts, f"{path}:{header_line}")


def _record(header: str, parts: list[bytes], where: str) -> FastaRecord:
    name, _, description = header.partition(" ")
    sequence = b"".join(parts).upper()
    if not sequence:
        raise InputError(f"sequence {name!r} is empty", where, "give its letters or remove its header")
    return FastaRecord(name, description.strip(), sequence)


def write_fasta(records: Iterable[tuple[str, bytes]], path: str | Path) -> None:
    """Write (header without >, letters) pairs, one line of letters a sequence."""
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        for header, sequence in records:
            handle.write(b">" + header.encode() + b"\n" + sequence + b"\n")
