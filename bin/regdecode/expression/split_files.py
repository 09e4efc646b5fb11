"""Files of SPLIT: a folds file or list read, the folder of folds written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regdecode.errors import InputError
from regdecode.expression.leakage import leakage
from regdecode.io.atomic import atomic_path
from regdecode.io.gene_table import GeneTable
from regdecode.io.matrix import read_pairs
from regdecode.io.notes import Notes
from regdecode.io.splits import write_splits

_SAFE = re.compile(r"[\w.+-]+")


def read_table(config: Mapping[str, Any], path: str | None) -> dict[str, str] | None:
    """gene_id to fold (or split) of a folds file (or list); None for the other ways.

    Raises
    ------
    InputError
        The file is missing, or lacks a column.
    """
    if config["by"] not in ("folds", "list"):
        return None
    found = Path(path or config["file"])
    if not found.is_file():
        raise InputError("there is no such file", found, "give the folds file or list that splits.genes.file names")
    columns = config.get("columns") or {}
    last = "fold" if config["by"] == "folds" else "split"
    return read_pairs(found, (str(columns.get("gene_id", "gene_id")), str(columns.get(last, last))))


def write_folds(out: str | Path, genes: GeneTable, rows: np.ndarray, folds: Mapping[str, np.ndarray], notes: Notes) -> None:
    """Write `<fold>.splits.tsv` of every fold, leakage.tsv and split.notes.json, all or nothing.

    Raises
    ------
    InputError
        A fold's name cannot be a file name.
    """
    for name in folds:
        if not _SAFE.fullmatch(name):
            raise InputError(f"fold {name!r} cannot be a file name", "splits.genes", "use letters, digits, dot, plus and minus")
    leaks = [leak for name, split in folds.items() for leak in leakage(genes, rows, split, name)]
    with atomic_path(out) as folder:
        folder.mkdir()
        for name, split in folds.items():
            inside = split != ""
            write_splits(folder / f"{name}.splits.tsv", genes.gene_id[rows][inside], split[inside])
            counts = {part: int(np.sum(split == part)) for part in ("train", "validation", "test")}
            notes.add(f"genes of fold {name}", int(inside.sum()), ", ".join(f"{part} {n}" for part, n in counts.items()))
            if not inside.all():
                notes.add(f"genes in no split of fold {name}", int(np.sum(~inside)), "the folds file or list leaves them out", "dropped")
        pd.DataFrame(leaks).to_csv(folder / "leakage.tsv", sep="\t", index=False)
        notes.write(folder / "split.notes.json")
