"""BED6 of predicted sites, gzipped where the name says so, always the same bytes for the same sites."""

import gzip
from collections.abc import Iterable
from pathlib import Path

from regdecode.io.atomic import atomic_path


def write_bed6(sites: Iterable[tuple[str, int, int, str, int, str]], path: str | Path) -> None:
    """Write (chrom, start, end, name, score, strand) rows."""
    text = "".join(f"{chrom}\t{start}\t{end}\t{name}\t{score}\t{strand}\n" for chrom, start, end, name, score, strand in sites).encode()
    with atomic_path(path) as temporary:
        temporary.write_bytes(gzip.compress(text, compresslevel=6, mtime=0) if Path(path).suffix == ".gz" else text)
