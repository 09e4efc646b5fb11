"""What training cells could tell of test cells other than biology: shared genes, conditions, series, transcription units, promoters."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from regdecode.expression.leakage import PAIRS, Leak
from regdecode.genome.windows import Windows
from regdecode.io.records import Cells

PARTS = {"train": 0, "validation": 1, "test": 2}
_PLACE = re.compile(r"(\S+):(\d+)-(\d+)\(([+-])\)")


def windows_of(genes: np.ndarray, described: Mapping[str, str]) -> Windows:
    """Windows of genes from the descriptions of their sequences, as REFERENCE writes them: chrI:100-700(+). Chromosome "" where unknown."""
    found = [_PLACE.search(described.get(gene, "")) for gene in genes.tolist()]
    return Windows(
        np.array([place[1] if place else "" for place in found]),
        np.array([int(place[2]) if place else 0 for place in found], dtype=np.int64),
        np.array([int(place[3]) if place else 0 for place in found], dtype=np.int64),
        np.array([place[4] if place else "" for place in found]),
    )


def overlapping(windows: Windows, query: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """Whether each window of `query` (Q of G,) shares a base, on either strand, with one of `pool` (G,)."""
    result = np.zeros(int(query.sum()), dtype=bool)
    chrom, start, end = windows.chrom[query], windows.start[query], windows.end[query]
    for name in np.unique(chrom[chrom != ""]):
        inside, mine = pool & (windows.chrom == name), chrom == name
        begun = np.searchsorted(np.sort(windows.start[inside]), end[mine], side="left")
        ended = np.searchsorted(np.sort(windows.end[inside]), start[mine], side="right")
        result[mine] = begun > ended
    return result


def cell_leakage(cells: Cells, series: np.ndarray | None, regulator: np.ndarray, unit: np.ndarray, windows: Windows) -> list[Leak]:
    """Check one fold.

    Parameters
    ----------
    cells : Cells
        Genes G x conditions S.
    series : ndarray of str (S,) or None
    regulator : ndarray of bool (G,)
        Genes whose values are inputs.
    unit : ndarray of str (G,)
    windows : Windows (G,)

    Returns
    -------
    list of Leak
        Cells of each part, then every check for every pair of parts, zero counts included; units and windows where whole genes are held
        out.
    """
    fold = f"{cells.attrs['regime']}.{cells.attrs['fold']}"
    inside = {name: cells.split == code for name, code in PARTS.items()}
    used = int((cells.split >= 0).sum())
    report = []
    for name, mask in inside.items():
        told = f"{int(mask.any(1).sum())} genes, {int(mask.any(0).sum())} conditions"
        report.append(Leak(fold, "cells", name, "", int(mask.sum()), used, told))
    for a, b in PAIRS:
        for check, axis, names in (("same gene", 1, cells.genes), ("same condition", 0, cells.conditions), ("same series", 0, series)):
            if names is not None:
                left, right = np.unique(names[inside[a].any(axis)]), np.unique(names[inside[b].any(axis)])
                report.append(_leak(fold, check, a, b, np.intersect1d(left, right), len(left)))
        in_a, in_b = inside[a].any(1), inside[b].any(1)
        if not (in_a & in_b).any():
            mine = cells.genes[in_a]
            report.append(_leak(fold, "same transcription unit", a, b, mine[np.isin(unit[in_a], unit[in_b])], len(mine)))
            report.append(_leak(fold, "promoter shares bases", a, b, mine[overlapping(windows, in_a, in_b)], len(mine)))
    read, tested = inside["test"] & regulator[:, None], int(inside["test"].sum())
    told = "a gene's own entry is masked when the gene itself is predicted"
    report.append(Leak(fold, "test cells that are a regulator's value, an input of other genes", "test", "", int(read.sum()), tested, told))
    return report


def _leak(fold: str, check: str, a: str, b: str, names: np.ndarray, total: int) -> Leak:
    """Count some names and show the first three."""
    return Leak(fold, check, a, b, len(names), total, f"such as {', '.join(names[:3])}" if len(names) else "")
