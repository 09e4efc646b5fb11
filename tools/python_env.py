"""The Python with all of regdecode's dependencies: the running one when it has them, else a virtual environment in the cache."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from machine import ROOT, cache, digest, fail, locked, need_space, pip_install, say

LOCK = ROOT / "requirements.lock"
SPACE_GB, SPACE_GB_OF_TORCH = 3, 9
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


def torch_range() -> str:
    """The requirement that names torch: left out of the lock, so that any build of it (CPU, CUDA, ROCm) will do."""
    with open(ROOT / "pyproject.toml", "rb") as handle:
        wanted: list[str] = tomllib.load(handle)["project"]["dependencies"]
    return next(item for item in wanted if re.match(r"torch\b", item))


def _in_range(version: str, requirement: str) -> bool:
    low, high = re.search(r">=([\d.]+)", requirement), re.search(r"<(\d[\d.]*)", requirement)
    number = _numbers(version)
    return (not low or number >= _numbers(low[1])) and (not high or number < _numbers(high[1]))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _marker_holds(marker: str) -> bool:
    if not marker:
        return True
    try:
        from packaging.markers import Marker
    except ImportError:
        try:
            from pip._vendor.packaging.markers import Marker  # type: ignore[assignment]
        except ImportError:
            return True
    return bool(Marker(marker).evaluate())


def running_python_fits() -> bool:
    """Whether the running interpreter holds exactly what the lock names, and a torch in range."""
    torch = _installed("torch")
    if torch is None or not _in_range(torch, torch_range()):
        return False
    pins = re.findall(r"^([\w.-]+)==([^\s;\\]+)(?:\s*;\s*([^\\\n]+))?", LOCK.read_text(), flags=re.M)
    return all(_installed(name) == version or not _marker_holds(marker.strip()) for name, version, marker in pins)


def _base_has_torch() -> bool:
    """Whether the interpreter behind this one, outside any virtual environment, has a torch in range.

    Those 3 GB need not be fetched again.
    """
    base = getattr(sys, "_base_executable", sys.executable)
    code = "import importlib.metadata as m; print(m.version('torch'))"
    answer = subprocess.run([base, "-I", "-c", code], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and _in_range(answer.stdout.strip(), torch_range())


def python() -> str:
    """Path of a Python that runs everything here; built at the first call, found at once afterwards."""
    folder = cache() / f"python{VERSION}-{digest(LOCK.read_bytes(), _torch_name())}"
    found = folder / "bin" / "python"
    if (folder / ".complete").exists() and found.exists():
        return str(found)
    if running_python_fits():
        return sys.executable
    with locked("python"):
        if not ((folder / ".complete").exists() and found.exists()):
            _build(folder)
    return str(found)


def _torch_name() -> str:
    return f"torch{VERSION}-{digest(torch_range(), os.environ.get('TORCH_INDEX', ''))}"


def _build(folder: Path) -> None:
    has_torch = _base_has_torch()
    log = folder.parent / f"{folder.name}.log"
    log.unlink(missing_ok=True)
    torch = None if has_torch else _torch_folder(log)
    need_space(folder.parent, SPACE_GB, "the Python environment")
    say(f"making a Python environment in {folder}" + (" around the torch of this Python" if has_torch else ""))
    inside = _make_venv(folder, ["--system-site-packages"] if has_torch else [])
    if torch:
        _site_packages(folder).joinpath("torch_of_the_cache.pth").write_text(f"{_site_packages(torch)}\n")
    pip_install(
        inside, ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)], log, "the dependencies of requirements.lock"
    )
    (folder / ".complete").touch()


def _torch_folder(log: Path) -> Path:
    """An environment with torch alone, shared by those of every lock: another lock does not fetch 3 GB again."""
    folder = cache() / _torch_name()
    if not (folder / ".complete").exists():
        need_space(folder.parent, SPACE_GB_OF_TORCH + SPACE_GB, "torch and the Python environment")
        say("installing torch (up to 3 GB to fetch, once)")
        inside = _make_venv(folder, [])
        index = os.environ.get("TORCH_INDEX")
        pip_install(inside, [*(["--index-url", index] if index else []), torch_range()], log, "torch")
        (folder / ".complete").touch()
    return folder


def _site_packages(folder: Path) -> Path:
    return folder / "lib" / f"python{VERSION}" / "site-packages"


def _make_venv(folder: Path, options: list[str]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", *options, str(folder)], capture_output=True, text=True, check=False)
    if made.returncode:
        why = (made.stderr + made.stdout).strip()
        if "ensurepip" in why:
            fail(
                f"{sys.executable} cannot make virtual environments: install its venv package (Debian, "
                "Ubuntu: apt install python3-venv), or name another PYTHON"
            )
        fail(f"no virtual environment could be made in {folder}: {why.splitlines()[-1] if why else 'no reason given'}")
    return folder / "bin" / "python"
