"""Outputs appear whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; move it into place when the block succeeds.

    What is written under the temporary name may be a file or a folder. On an error it is removed, and `path` is untouched.
    The temporary name keeps the suffixes of `path`, since several writers choose a format by them.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.with_name(f".{os.getpid()}.{final.name}")
    try:
        yield temporary
        if final.is_dir() and temporary.is_dir():
            shutil.rmtree(final)
        temporary.replace(final)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        else:
            temporary.unlink(missing_ok=True)
