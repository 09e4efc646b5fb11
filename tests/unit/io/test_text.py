"""Text files: gzip by content, numbered lines, damage named."""

import gzip
from pathlib import Path

import pytest

from regdecode.errors import InputError
from regdecode.io.text import numbered_lines, read_bytes


def test_gzip_is_recognised_by_content_not_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(gzip.compress(b"x\ny\n"))
    (tmp_path / "b.gz").write_bytes(b"x\ny\n")
    assert list(numbered_lines(tmp_path / "a.txt")) == list(numbered_lines(tmp_path / "b.gz")) == [(1, "x"), (2, "y")]


def test_byte_order_mark_and_windows_ends_are_not_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("\ufeffx\r\ny".encode())
    assert list(numbered_lines(tmp_path / "a")) == [(1, "x"), (2, "y")]


def test_truncated_gzip_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(bytes(range(256)) * 999)[:-40])
    with pytest.raises(InputError, match=r"cut\.gz: the gzip file is truncated") as caught:
        read_bytes(path)
    assert caught.value.fix


def test_missing_file_and_other_encodings_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_bytes(tmp_path / "none")
    (tmp_path / "latin").write_bytes("Ström".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        list(numbered_lines(tmp_path / "latin"))
