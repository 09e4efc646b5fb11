"""Lists of names: a plain list, a column of a table, and what is asked of one but is the other."""

from pathlib import Path

import pytest

from regdecode.errors import InputError
from regdecode.io.names import read_names


def test_a_list_and_a_column(tmp_path: Path) -> None:
    path = tmp_path / "r.txt"
    path.write_text("# regulators\nb1 first\nb2\n\nb1\n")
    assert read_names(path) == ["b1", "b2"]
    path.write_text("tf\tfamily\nb1\tAraC\nb2\t\n")
    assert read_names(path, "tf") == ["b1", "b2"]
    path.write_text("tf\nb1\nb2\n")
    assert read_names(path, "tf") == ["b1", "b2"]


def test_a_column_of_a_plain_list(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("b1\nb2\n")
    with pytest.raises(
        InputError, match=r"r\.txt: there is no column 'tf'; the header is b1\n  fix: .*or none where the file is a plain list"
    ):
        read_names(tmp_path / "r.txt", "tf")
    (tmp_path / "r.txt").write_text("\n")
    with pytest.raises(InputError, match="empty"):
        read_names(tmp_path / "r.txt")
