"""What training genes could tell about test genes other than biology: shared chromosomes, neighbours, units, ids, names."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from regdecode.io.gene_table import GeneTable

NEAR = 1_000
"""Bases between transcription starts below which two genes count as neighbours that share a promoter."""


class Leak(NamedTuple):
    """One line of the leakage report: `n` of `of` genes of split `a` are linked to split `b`."""

    fold: str
    check: str
    a: str
    b: str
    n: int
    of: int
    detail: str


PAIRS = (("test", "train"), ("validation", "train"), ("test", "validation"))


def nearest_distance(position: np.ndarray, chrom: np.ndarray, query: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """Bases from each queried gene to the nearest pooled gene of its chromosome; -1 where the chromosome has none.

    Parameters
    ----------
    position : ndarray of int (G,)
    chrom : ndarray of str (G,)
    query, pool : ndarray of bool (G,)
    """
    result = np.full(int(query.sum()), -1, dtype=np.int64)
    where = np.flatnonzero(query)
    for name in np.unique(chrom[where]):
        others = np.sort(position[pool & (chrom == name)])
        mine = np.flatnonzero(chrom[where] == name)
        if not len(others):
            continue
        at = position[where[mine]]
        right = np.clip(np.searchsorted(others, at), 0, len(others) - 1)
        left = np.maximum(right - 1, 0)
        result[mine] = np.minimum(np.abs(others[right] - at), np.abs(others[left] - at))
    return result


def leakage(genes: GeneTable, rows: np.ndarray, split: np.ndarray, fold: str) -> list[Leak]:
    """Check one fold.

    Parameters
    ----------
    genes : GeneTable
    rows : ndarray of int (G,)
    split : ndarray of str (G,)
        "" for genes in no split.
    fold : str

    Returns
    -------
    list of Leak
        Counts of each split and its chromosomes, then every check for every pair of splits, zero counts included.
    """
    ids, chrom, unit, name, tss = genes.gene_id[rows], genes.chrom[rows], genes.unit[rows], genes.gene_name[rows], genes.tss[rows]
    report: list[Leak] = []
    for part in ("train", "validation", "test"):
        inside = split == part
        names = sorted(set(chrom[inside].tolist()))
        report.append(
            Leak(
                fold,
                "genes",
                part,
                "",
                int(inside.sum()),
                int(np.sum(split != "")),
                f"{len(names)} chromosomes: {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}",
            )
        )
    for a, b in PAIRS:
        in_a, in_b = split == a, split == b
        total = int(in_a.sum())
        distance = nearest_distance(tss, chrom, in_a, in_b)
        near = (distance >= 0) & (distance < NEAR)
        shared = {
            "same gene id": np.isin(ids[in_a], ids[in_b]),
            "same gene name": np.isin(name[in_a], name[in_b]) & (name[in_a] != ""),
            "same chromosome": np.isin(chrom[in_a], chrom[in_b]),
            "same transcription unit": np.isin(unit[in_a], unit[in_b]),
            f"start within {NEAR} bp": near,
        }
        for check, hit in shared.items():
            examples = ids[in_a][hit][:3].tolist()
            report.append(Leak(fold, check, a, b, int(hit.sum()), total, f"such as {', '.join(examples)}" if examples else ""))
    return report
