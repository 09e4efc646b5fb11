"""The folder that ASSOCIATE writes, and REPLICATE reads."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regdecode.errors import InputError
from regdecode.explain.association_run import Findings
from regdecode.io.atomic import atomic_path
from regdecode.io.config import read_config
from regdecode.io.text import open_bytes
from regdecode.stats.association import EFFECT_COLUMNS, Association

KINDS = ("actual", "predicted", "activity")
PERMUTED = "permuted.npz"
ABOUT = "cohort.json"


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a TSV with six significant digits, NA where a cell is empty."""
    table.to_csv(path, sep="\t", index=False, float_format="%.6g", na_rep="NA", lineterminator="\n")


def write_association(out: str | Path, found: Findings, about: dict[str, str]) -> None:
    """Write the tables, permuted.npz (statistics under permutation, half precision), cohort.json and the notes, all or nothing."""
    empty = pd.DataFrame(columns=EFFECT_COLUMNS)
    with atomic_path(out) as folder:
        folder.mkdir(parents=True)
        for name in ("predicted", "activity"):
            found.tables.setdefault(name, empty)
        found.tables.setdefault("concordance", pd.DataFrame(columns=["output", "split", "n", "rho", "low", "high"]))
        for name, table in found.tables.items():
            write_table(folder / f"{name}.tsv", table)
        _write_permuted(folder / PERMUTED, found.permuted)
        (folder / ABOUT).write_text(json.dumps(about, indent=1) + "\n")
        found.notes.write(folder / "associate.notes.json")


def _write_permuted(path: Path, found: dict[str, Association]) -> None:
    """Arrays named kind/term, (G, N) float16, in the row order of the kind's table; a fixed date, so that same input gives same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for kind, result in found.items():
            for k in range(len(result.names)):
                entry = zipfile.ZipInfo(f"{kind}/{k}.npy", (1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(entry, "w") as handle:
                    np.lib.format.write_array(handle, np.clip(result.permuted[k], -6e4, 6e4).astype(np.float16), allow_pickle=False)


@dataclass(frozen=True)
class Associated:
    """One kind of one cohort: row names, terms, statistics (G, K), and statistics under permutation, term to (G, N)."""

    table: pd.DataFrame
    terms: list[str]
    permuted: dict[str, NDArray[np.float16]]

    def statistics(self, term: str) -> pd.DataFrame:
        """Rows of one term, in the order of the permuted statistics."""
        return self.table[self.table["output"] == term].reset_index(drop=True)


def read_about(folder: str | Path) -> dict[str, str]:
    """Read which cohort a folder of ASSOCIATE is of.

    Raises
    ------
    InputError
        The folder is not one of ASSOCIATE.
    """
    path = Path(folder) / ABOUT
    if not path.exists():
        raise InputError(f"is not a folder of ASSOCIATE: it has no {ABOUT}", folder, "give the folder that associate.py wrote")
    return {key: str(value) for key, value in read_config(path).items()}


def read_associated(folder: str | Path, kind: str) -> Associated | None:
    """Read one kind; None where the cohort has none."""
    with open_bytes(Path(folder) / f"{kind}.tsv") as handle:
        table = pd.read_csv(
            handle, sep="\t", keep_default_na=False, na_values={name: ["NA"] for name in ("effect", "se", "statistic", "p", "q")}
        )
    missing = [name for name in EFFECT_COLUMNS if name not in table]
    if missing:
        raise InputError(f"column {', '.join(missing)} is missing", Path(folder) / f"{kind}.tsv", "give the folder that associate.py wrote")
    if table.empty:
        return None
    terms = list(dict.fromkeys(table["output"].astype(str)))
    permuted: dict[str, NDArray[np.float16]] = {}
    path = Path(folder) / PERMUTED
    if path.exists():
        with np.load(path, allow_pickle=False) as archive:
            permuted = {term: archive[f"{kind}/{k}"] for k, term in enumerate(terms) if f"{kind}/{k}" in archive.files}
    return Associated(table, terms, permuted)
