"""Motif files of either format: MEME, or JASPAR's own, told by the first line."""

from pathlib import Path

from regdecode.io.jaspar import read_jaspar
from regdecode.io.meme import Motif, read_meme
from regdecode.io.text import numbered_lines


def read_motifs(path: str | Path) -> list[Motif]:
    """Read the motifs of a MEME or JASPAR file, plain or gzipped; see `read_meme` and `read_jaspar`."""
    first = next((line for _, line in numbered_lines(path) if line.strip()), "")
    return read_jaspar(path) if first.lstrip().startswith(">") else read_meme(path)
