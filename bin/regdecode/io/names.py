"""Lists of names: one a line, or a column of a table."""

from pathlib import Path

from regdecode.errors import InputError
from regdecode.io.matrix import SEPARATORS, read_rows
from regdecode.io.text import open_text


def read_names(path: str | Path, column: str | None = None) -> list[str]:
    """Names in file order, each once.

    Parameters
    ----------
    path
        Plain or gzipped text. Without `column`, the first word of every line; lines that start with # are left out.
    column
        Column of a table with a header; the table may have this column alone.

    Raises
    ------
    InputError
        There is no such column, or no name.
    """
    if column is None:
        with open_text(path) as handle:
            words = [line.split() for line in handle if not line.startswith("#")]
        names = [line[0] for line in words if line]
    else:
        with open_text(path) as handle:
            separated = any(separator in line for line in handle for separator in SEPARATORS)
        header, rows, _ = read_rows(path, None if separated else "\t")
        if column not in header:
            told = f"there is no column {column!r}; the header is {', '.join(header[:8])}"
            raise InputError(told, path, "name a column of the table, or none where the file is a plain list")
        names = [row[header.index(column)].strip() for row in rows]
    found = list(dict.fromkeys(name for name in names if name))
    if not found:
        raise InputError("the list is empty", path, "give one name a line")
    return found
