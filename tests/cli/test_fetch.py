"""fetch.py: files under their names, or one message and nothing."""

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import fetch

TEXT = b"x\ty\n1\t2\n"
SHA = hashlib.sha256(TEXT).hexdigest()


def run(folder: Path, source: dict[str, Any], *local: Path) -> Result:
    """Run the script."""
    (folder / "source.json").write_text(json.dumps(source))
    arguments = ["--source", str(folder / "source.json"), "--out", str(folder / "out")]
    return CliRunner().invoke(fetch.main, arguments + [part for path in local for part in ("--local", str(path))])


def refused(folder: Path, result: Result, *told: str) -> None:
    """One message with all of `told`, exit code 2, nothing written."""
    assert result.exit_code == 2, result.output
    for part in (*told, "fix:"):
        assert part in result.output
    assert "Traceback" not in result.output
    assert not [path for path in folder.iterdir() if "out" in path.name]


def test_local_and_downloaded_files_in_one_go(tmp_path: Path) -> None:
    (tmp_path / "a.tsv.gz").write_bytes(gzip.compress(TEXT))
    (tmp_path / "web").write_bytes(TEXT)
    source = {"files": {"a.tsv.gz": {"sha256": SHA}, "sub/b.tsv": {"sha256": SHA.upper(), "url": (tmp_path / "web").as_uri()}}}
    result = run(tmp_path, source, tmp_path / "a.tsv.gz")
    assert result.exit_code == 0, result.output
    assert gzip.decompress((tmp_path / "out" / "a.tsv.gz").read_bytes()) == (tmp_path / "out" / "sub" / "b.tsv").read_bytes() == TEXT
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.tsv.gz", "sub"]


def test_every_wrong_digest_is_told_with_both_values(tmp_path: Path) -> None:
    for name in ("a.tsv", "b.tsv"):
        (tmp_path / name).write_bytes(TEXT + name.encode())
    found = [hashlib.sha256(TEXT + name.encode()).hexdigest() for name in ("a.tsv", "b.tsv")]
    source = {"files": {"a.tsv": {"sha256": SHA}, "b.tsv": {"sha256": SHA}}}
    refused(
        tmp_path,
        run(tmp_path, source, tmp_path / "a.tsv", tmp_path / "b.tsv"),
        "a.tsv: the local file",
        "b.tsv: the local file",
        SHA,
        *found,
    )


def test_file_without_any_source_names_where_it_comes_from(tmp_path: Path) -> None:
    refused(
        tmp_path,
        run(tmp_path, {"origin": "the authors' page", "files": {"a.tsv": {"sha256": SHA}}}),
        "a.tsv",
        "the authors' page",
        "--data_dir",
    )


def test_no_network(tmp_path: Path) -> None:
    refused(
        tmp_path,
        run(tmp_path, {"url": "http://127.0.0.1:9/a.tsv", "files": {"a.tsv": {"sha256": SHA}}}),
        "a.tsv: http://127.0.0.1:9/a.tsv cannot be downloaded",
        "network",
    )


def test_truncated_local_file(tmp_path: Path) -> None:
    (tmp_path / "a.tsv.gz").write_bytes(gzip.compress(TEXT * 1000)[:-9])
    refused(tmp_path, run(tmp_path, {"files": {"a.tsv.gz": {"sha256": SHA}}}, tmp_path / "a.tsv.gz"), "a.tsv.gz", "truncated")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({"files": {}}, "no `files`"),
        ({"package": "x", "files": {"a": {"sha256": SHA, "member": "b"}}}, "name==version"),
        ({"files": {"/etc/a": {"sha256": SHA}}}, "leaves the folder"),
        ({"files": {"a": {}}}, "sha256 is None"),
    ],
)
def test_bad_entry(tmp_path: Path, source: dict[str, Any], told: str) -> None:
    refused(tmp_path, run(tmp_path, source), "source.json", told)
