"""Annotation of any kind: one call for GTF, GFF3 and tables."""

from collections.abc import Mapping
from pathlib import Path

from regdecode.io.annotation import Annotation
from regdecode.io.annotation_table import read_table
from regdecode.io.gff3 import read_gff3
from regdecode.io.gtf import read_gtf


def read_annotation(
    path: str | Path,
    kind: str,
    columns: Mapping[str, str],
    zero_based: bool = False,
    separator: str | None = None,
    chromosome: str | None = None,
    gene_attribute: str | None = None,
) -> Annotation:
    """Read an annotation; the parameters are those of `read_gtf`, `read_gff3` and `read_table`, and `kind` is gtf, gff3 or table."""
    if kind == "gtf":
        return read_gtf(path, gene_attribute or "gene_id")
    if kind == "gff3":
        return read_gff3(path, gene_attribute)
    return read_table(path, columns, zero_based, separator, chromosome)
