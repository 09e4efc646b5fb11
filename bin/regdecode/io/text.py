"""Text files, plain or gzipped: opening, numbered lines, and damage told as an `InputError`."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from regdecode.errors import InputError

GZIP_MAGIC = b"\x1f\x8b"


def is_gzipped(path: str | Path) -> bool:
    """Tell whether a file starts with the two bytes of gzip, whatever its name."""
    with Path(path).open("rb") as handle:
        return handle.read(2) == GZIP_MAGIC


@contextmanager
def open_bytes(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file for reading decompressed bytes; a damaged or missing file is an `InputError` that names it.

    Raises
    ------
    InputError
        The file is missing or unreadable, or its gzip stream is truncated or corrupt (also while it is being read).
    """
    try:
        gzipped = is_gzipped(path)
        with gzip.open(path, "rb") if gzipped else Path(path).open("rb") as handle:
            yield handle  # type: ignore[misc]
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"the gzip file is truncated or damaged ({error})", path, "copy or download the file again; `gzip -t` checks it"
        ) from error
    except OSError as error:
        raise InputError(f"the file cannot be read ({error.strerror or error})", path, "check the path and its permissions") from error


@contextmanager
def open_text(path: str | Path) -> Iterator[TextIO]:
    """Open a UTF-8 text file, plain or gzipped; see `open_bytes`."""
    with open_bytes(path) as raw:
        try:
            yield io.TextIOWrapper(raw, encoding="utf-8-sig", newline=None)
        except UnicodeDecodeError as error:
            raise InputError(f"the file is not UTF-8 text (byte {error.start} of a block)", path, "save it as UTF-8 text") from error


def numbered_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line without its end) of a text file, plain or gzipped."""
    with open_text(path) as handle:
        for number, line in enumerate(handle, start=1):
            yield number, line.rstrip("\n")


def read_bytes(path: str | Path) -> bytes:
    """Return the whole decompressed content of a file."""
    with open_bytes(path) as handle:
        return handle.read()
