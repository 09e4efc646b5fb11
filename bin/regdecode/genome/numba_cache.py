"""Where numba keeps compiled code: beside the source or in the user's cache where it may, else in the task's own folder."""

import os
import tempfile
from pathlib import Path


def use_writable_cache(source: str) -> None:
    """Point numba's cache to a folder it can write, before anything is compiled with `cache=True`.

    Containers often run without a home under a read-only code tree; numba then fails instead of compiling. A folder named by
    NUMBA_CACHE_DIR is left alone.

    Parameters
    ----------
    source
        `__file__` of the module that compiles.
    """
    import numba

    if numba.config.CACHE_DIR or _writable(Path(source).parent / "__pycache__"):
        return
    folder = Path.cwd() / ".numba_cache"
    if not _writable(folder):
        folder = Path(tempfile.mkdtemp(prefix="numba_cache_"))
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    numba.config.CACHE_DIR = str(folder)


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
