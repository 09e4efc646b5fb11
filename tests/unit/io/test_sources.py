"""Sources: what an entry may say, which local file is which, digests of content, a real wheel through pip without a network."""

import gzip
import hashlib
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from regdecode.errors import InputError
from regdecode.io.digest import content_sha256, store_as_named
from regdecode.io.packages import download_wheel, extract_member
from regdecode.io.sources import fetch, match_local, parse_source

TEXT = b"gene\tvalue\n" * 50
SHA = hashlib.sha256(TEXT).hexdigest()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one wheel that pip finds, and no index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "toydata-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("toydata/data/table.tsv", TEXT)
        wheel.writestr("toydata-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toydata\nVersion: 1.0\nRequires-Dist: nosuchthing\n")
        wheel.writestr("toydata-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("toydata-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return folder


def source(**more: Any) -> Any:
    """A checked source of one file."""
    return parse_source({"files": {"a/t.tsv.gz": {"sha256": SHA, "member": "toydata/data/table.tsv"}}, **more}, "s.json")


def test_digest_and_form_follow_content_and_name(tmp_path: Path) -> None:
    for name, content in (("plain", TEXT), ("packed", gzip.compress(TEXT))):
        (tmp_path / name).write_bytes(content)
        assert content_sha256(tmp_path / name) == SHA
        for target in ("x.gz", "x"):
            (tmp_path / "copy").write_bytes(content)
            store_as_named(tmp_path / "copy", tmp_path / target)
            stored = (tmp_path / target).read_bytes()
            assert (gzip.decompress(stored) if target == "x.gz" else stored) == TEXT
    (tmp_path / "copy").write_bytes(TEXT)
    store_as_named(tmp_path / "copy", tmp_path / "y.gz")
    first = (tmp_path / "y.gz").read_bytes()
    (tmp_path / "copy").write_bytes(TEXT)
    store_as_named(tmp_path / "copy", tmp_path / "z.gz")
    assert (tmp_path / "z.gz").read_bytes() == first


def test_everything_wrong_with_an_entry_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        parse_source(
            {"package": "toydata", "files": {"../x": {"sha256": "12"}, "y": {"sha256": SHA, "member": "m", "url": "gopher://x"}}}, "s.json"
        )
    for told in ("package is 'toydata'", "'../x' leaves", "sha256 is '12'", "../x: no `member`", "gopher"):
        assert told in str(caught.value)
    with pytest.raises(InputError, match="no `files`"):
        parse_source({}, "s.json")


def test_local_paths_belong_to_the_longest_name() -> None:
    two = parse_source({"files": {"a/t.tsv": {"sha256": SHA}, "b/t.tsv": {"sha256": SHA}}}, "s.json")
    assert match_local(two, ["/data/b/t.tsv", "/data/a/t.tsv"]) == {"b/t.tsv": Path("/data/b/t.tsv"), "a/t.tsv": Path("/data/a/t.tsv")}
    assert match_local(source(), ["/elsewhere/renamed.gz"]) == {"a/t.tsv.gz": Path("/elsewhere/renamed.gz")}
    with pytest.raises(InputError, match=r"u\.tsv is none of the declared files a/t\.tsv, b/t\.tsv"):
        match_local(two, ["u.tsv"])
    with pytest.raises(InputError, match=r"a/t\.tsv is already given"):
        match_local(two, ["x/a/t.tsv", "y/a/t.tsv"])


def test_local_file_is_linked_through_symbolic_links(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(TEXT)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    out = tmp_path / "out"
    out.mkdir()
    fetch(source(), {"a/t.tsv.gz": tmp_path / "link"}, out)
    assert os.path.samefile(out / "a" / "t.tsv.gz", tmp_path / "real")
    assert not (out / "a" / "t.tsv.gz").is_symlink()


def test_wheel_through_pip_without_its_dependencies(tmp_path: Path, wheels: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    fetch(source(package="toydata==1.0"), {}, out)
    assert gzip.decompress((out / "a" / "t.tsv.gz").read_bytes()) == TEXT
    assert [path.name for path in out.iterdir()] == ["a"]


def test_missing_version_member_and_damaged_wheel(tmp_path: Path, wheels: Path) -> None:
    with pytest.raises(InputError, match=r"t\.tsv: package toydata==2\.0 cannot be downloaded with pip .*toydata==2\.0") as caught:
        download_wheel("toydata==2.0", tmp_path, ["t.tsv"])
    assert "--data_dir" in caught.value.fix
    wheel = next(wheels.glob("*.whl"))
    with pytest.raises(InputError, match=r"no member toydata/data/tabel\.tsv; near: toydata/data/table\.tsv"):
        extract_member(wheel, "toydata/data/tabel.tsv", tmp_path / "x", "toydata==1.0")
    wheel.write_bytes(b"PK nonsense")
    with pytest.raises(InputError, match="damaged"):
        extract_member(wheel, "toydata/data/table.tsv", tmp_path / "x", "toydata==1.0")


def test_no_pip_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="has no pip"):
        download_wheel("toydata==1.0", tmp_path, ["t.tsv"])


def test_no_network_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    monkeypatch.setattr("regdecode.io.packages.RETRIES", 0)
    with pytest.raises(InputError) as caught:
        download_wheel("toydata==1.0", tmp_path, ["t.tsv"])
    assert "no connection to the package index" in caught.value.what or "No matching distribution" in caught.value.what
    assert "\n" not in caught.value.what


def test_url(tmp_path: Path) -> None:
    (tmp_path / "web.tsv").write_bytes(TEXT)
    out = tmp_path / "out"
    out.mkdir()
    fetch(source(url=(tmp_path / "web.tsv").as_uri()), {}, out)
    assert content_sha256(out / "a" / "t.tsv.gz") == SHA
    for url in ((tmp_path / "gone.tsv").as_uri(), "http://127.0.0.1:9/t.tsv"):
        with pytest.raises(InputError, match="cannot be downloaded"):
            fetch(source(url=url), {}, out)
