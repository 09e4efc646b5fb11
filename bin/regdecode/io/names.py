"""Lists of names: one a line, or a column of a table."""

from pathlib import Path

from regdecode.errors import InputError
from regdecode.io.matrix import read_rows
from regdecode.io.text import open_text


def read_names(path: str | Path, column: str | None = None) -> list[str]:
    """Names in file order, each once.

    Parameters
    ----------
    path
        Plain or gzipped text. Without `column`, the first word of every line; lines that start with # are left out.
    column
        Column of a table with a header.

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
        header, rows, _ = read_rows(path)
        if column not in header:
            raise InputError(f"there is no column {column!r}; the columns are {', '.join(header[:8])}", path, "name a column of the table")
        names = [row[header.index(column)].strip() for row in rows]
    found = list(dict.fromkeys(name for name in names if name))
    if not found:
        raise InputError("the list is empty", path, "give one name a line")
    return found
