"""SHA-256 of what a file says, whether or not it is gzipped."""

import gzip
import hashlib
import shutil
from pathlib import Path

from regdecode.io.text import GZIP_MAGIC, open_bytes

BLOCK = 1 << 20


def content_sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's decompressed content, in hexadecimal."""
    digest = hashlib.sha256()
    with open_bytes(path) as handle:
        while block := handle.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def store_as_named(content: Path, target: Path) -> None:
    """Move `content` to `target`, gzipped where the target's name ends in .gz (always the same bytes) and plain elsewhere."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with content.open("rb") as handle:
        gzipped = handle.read(2) == GZIP_MAGIC
    if gzipped == (target.suffix == ".gz"):
        shutil.move(content, target)
    elif gzipped:
        with open_bytes(content) as source, target.open("wb") as plain:
            shutil.copyfileobj(source, plain, BLOCK)
    else:
        with (
            content.open("rb") as source,
            target.open("wb") as raw,
            gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as packed,
        ):
            shutil.copyfileobj(source, packed, BLOCK)
