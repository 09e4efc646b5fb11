"""splits.tsv: gene_id and the split it belongs to."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regdecode.errors import InputError
from regdecode.io.atomic import atomic_path

NAMES = ("train", "validation", "test")


def write_splits(path: str | Path, genes: NDArray[np.str_], split: NDArray[np.str_]) -> None:
    """Write (G,) gene ids with their split."""
    with atomic_path(path) as temporary:
        pd.DataFrame({"gene_id": genes, "split": split}).to_csv(temporary, sep="\t", index=False)


def read_splits(path: str | Path) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Read (G,) gene ids and (G,) splits.

    Raises
    ------
    InputError
        On a missing column, an unknown split name, or a gene that appears twice.
    """
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    absent = [column for column in ("gene_id", "split") if column not in table]
    if absent:
        raise InputError(
            f"has no column {', '.join(absent)}; its columns are {', '.join(table)}", path, "give a TSV with gene_id and split"
        )
    unknown = sorted(set(table["split"]) - set(NAMES))
    if unknown:
        raise InputError(f"names the split '{unknown[0]}'", path, f"use {', '.join(NAMES)}")
    twice = table["gene_id"][table["gene_id"].duplicated()]
    if len(twice):
        raise InputError(f"holds {len(twice)} genes twice, first {twice.iloc[0]}", path, "keep one row a gene")
    return table["gene_id"].to_numpy().astype(str), table["split"].to_numpy().astype(str)
