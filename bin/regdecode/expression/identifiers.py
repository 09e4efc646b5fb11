"""Gene ids of a matrix matched to the genes of an annotation."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

_VERSION = re.compile(r"\.\d+(_PAR_Y)?$")
_JOINTS = re.compile(r"[_|]")


@dataclass(frozen=True)
class Matched:
    """Where each row of a matrix belongs.

    Parameters
    ----------
    row
        (N,) row of the annotation, -1 where there is none.
    how
        (N,) "id", "id without version", "part of an id", "name", or "" where there is none.
    """

    row: np.ndarray
    how: np.ndarray


def without_version(identifier: str) -> str:
    """``ENSG00000000003.14`` -> ``ENSG00000000003``; a copy on the second sex chromosome (``_PAR_Y``) is left as it is."""
    found = _VERSION.search(identifier)
    return identifier if found is None or found.group(1) else identifier[: found.start()]


def _unique(names: list[str]) -> dict[str, int]:
    """Name to row, names of several rows left out."""
    counts = Counter(names)
    return {name: i for i, name in enumerate(names) if name and counts[name] == 1}


def match_identifiers(identifiers: np.ndarray, gene_id: np.ndarray, gene_name: np.ndarray) -> Matched:
    """Match ids as written in a matrix to an annotation.

    Tried in turn for every id: the id; the id without its version; the parts of ``ENSG_SYMBOL`` or ``SYMBOL|ENTREZ``, as an id first and
    then as a name; the gene's name. Names and stripped ids that fit several genes are not used.

    Parameters
    ----------
    identifiers : ndarray of str (N,)
    gene_id, gene_name : ndarray of str (G,)

    Returns
    -------
    Matched
    """
    ids = {gene: i for i, gene in enumerate(gene_id.tolist())}
    bare = _unique([without_version(gene) for gene in gene_id.tolist()])
    names = _unique(gene_name.tolist())
    row = np.full(len(identifiers), -1, dtype=np.int64)
    how = np.full(len(identifiers), "", dtype="<U18")
    for i, identifier in enumerate(identifiers.tolist()):
        row[i], how[i] = _match_one(identifier, ids, bare, names)
    return Matched(row, how)


def _match_one(identifier: str, ids: dict[str, int], bare: dict[str, int], names: dict[str, int]) -> tuple[int, str]:
    if identifier in ids:
        return ids[identifier], "id"
    stripped = without_version(identifier)
    if stripped in bare:
        return bare[stripped], "id without version"
    if identifier in names:
        return names[identifier], "name"
    parts = [part for part in _JOINTS.split(identifier, maxsplit=1) if part] if _JOINTS.search(identifier) else []
    if "PAR_Y" in identifier:
        return -1, ""
    for part in parts:
        if without_version(part) in bare:
            return bare[without_version(part)], "part of an id"
    for part in parts:
        if part in names:
            return names[part], "part of an id"
    return -1, ""
