"""What the set-up scripts share: the cache folder, one-line failures, commands, downloads of packages. Standard library only."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]


def say(text: str) -> None:
    """Tell the user what goes on; standard output is kept for the answer."""
    print(f"regdecode: {text}", file=sys.stderr, flush=True)


def fail(text: str) -> NoReturn:
    """End with one line that says what is missing and what to do."""
    say(text)
    raise SystemExit(2)


def cache() -> Path:
    """The folder of everything that is fetched or built once a machine."""
    folder = Path(os.environ.get("REGDECODE_CACHE") or Path.home() / ".cache" / "regdecode")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"cannot make the cache folder {folder} ({error.strerror}): set REGDECODE_CACHE to a folder you may write to")
    return folder


def digest(*parts: str | bytes) -> str:
    """Twelve hex digits that name these contents."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.encode() if isinstance(part, str) else part)
        total.update(b"\0")
    return total.hexdigest()[:12]


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one process at a time build the part of the cache called `name`."""
    with open(cache() / f".{name}.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def need_space(folder: Path, gigabytes: float, what: str) -> None:
    """Refuse to begin what cannot fit."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < gigabytes:
        fail(
            f"{what} needs about {gigabytes:.0f} GB in {folder}, which has {free:.1f} GB free: free "
            "some, or set REGDECODE_CACHE to a roomier disk"
        )


def run(command: Sequence[str | os.PathLike[str]], log: Path, env: dict[str, str] | None = None, timeout: float | None = None) -> bool:
    """Run a command with all it prints going to `log`; True when it succeeded."""
    with open(log, "a") as out:
        out.write(f"$ {' '.join(map(str, command))}\n")
        out.flush()
        try:
            return (
                subprocess.run(
                    command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env, timeout=timeout, check=False
                ).returncode
                == 0
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            out.write(f"{error}\n")
            return False


def pip_install(python: str | os.PathLike[str], arguments: Sequence[str], log: Path, what: str) -> None:
    """Install packages with pip, or end with one line on why that failed."""
    if run([python, "-m", "pip", "install", "--quiet", "--no-input", *arguments], log):
        return
    text = log.read_text(errors="replace")
    last = text[text.rfind("\n$ ") + 1 :] if "\n$ " in text else text
    if "No space left on device" in last:
        fail(
            f"the disk filled up while installing {what}: free some space (about 12 GB in all), or "
            "set REGDECODE_CACHE and TMPDIR to a roomier disk"
        )
    if any(
        sign in last
        for sign in (
            "NewConnectionError",
            "Temporary failure",
            "Max retries",
            "ProxyError",
            "timed out",
            "Network is unreachable",
            "ConnectionError",
        )
    ):
        fail(
            f"no package index could be reached to install {what}: connect this machine to the "
            f"network, or point PIP_INDEX_URL at a mirror (log: {log})"
        )
    if "THESE PACKAGES DO NOT MATCH THE HASHES" in last:
        fail(
            f"the index served other files than requirements.lock names for {what}: check "
            f"PIP_INDEX_URL, or renew the lock with `make lock` (log: {log})"
        )
    errors = [line for line in last.splitlines() if line.startswith("ERROR")]
    fail(f"pip could not install {what}: {errors[-1][7:] if errors else 'see the log'} (log: {log})")
