"""Data files inside Python packages: the wheel is downloaded without its dependencies, and never installed."""

import difflib
import importlib.util
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from regdecode.errors import InputError

RETRIES, SECONDS = 2, 30


def download_wheel(package: str, folder: Path, wanted: Sequence[str]) -> Path:
    """Download the wheel of `package` (name==version) into `folder` with pip, from wherever pip is set to find packages.

    Parameters
    ----------
    package
        Pinned requirement.
    folder
        An existing folder.
    wanted
        Files it is needed for, for the message.

    Raises
    ------
    InputError
        pip is missing, or cannot get the package.
    """
    command = [
        *_pip(package, wanted),
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--ignore-requires-python",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar=off",
        f"--retries={RETRIES}",
        f"--timeout={SECONDS}",
        f"--dest={folder}",
        package,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise InputError(
            f"package {package} cannot be downloaded with pip ({_reason(done.stderr)})",
            ", ".join(wanted),
            "check the network, or pip's index settings (`pip config list`); or put the files into a folder and give it with --data_dir",
        )
    return wheels[0]


def _pip(package: str, wanted: Sequence[str]) -> list[str]:
    """Return the command that runs pip: this Python's own, else the one on the PATH."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip3") or shutil.which("pip")
    if not found:
        raise InputError(
            f"package {package} cannot be downloaded: {sys.executable} has no pip, and none is on the PATH",
            ", ".join(wanted),
            "install pip; or put the files into a folder and give it with --data_dir",
        )
    return [found]


def _reason(stderr: str) -> str:
    """Return the line of pip's messages that tells most."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    broken = next(
        (line for line in lines if "connection broken" in line or "NewConnectionError" in line or "NameResolutionError" in line), None
    )
    if broken:
        return "no connection to the package index"
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["no message"])[-1]


def extract_member(wheel: Path, member: str, target: Path, package: str) -> None:
    """Write one member of a wheel to `target`.

    Raises
    ------
    InputError
        The wheel is damaged, or has no such member (the nearest names are told).
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            if member not in names:
                near = difflib.get_close_matches(member, names, n=3, cutoff=0.4)
                raise InputError(
                    f"package {package} has no member {member}" + (f"; near: {', '.join(near)}" if near else ""),
                    wheel.name,
                    "correct `member`",
                )
            with archive.open(member) as source, target.open("wb") as handle:
                shutil.copyfileobj(source, handle, 1 << 20)
    except zipfile.BadZipFile as error:
        raise InputError(
            f"the wheel of {package} is damaged ({error})", wheel.name, "empty pip's cache (`pip cache purge`) and run again"
        ) from error
