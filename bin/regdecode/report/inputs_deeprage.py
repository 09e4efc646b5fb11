"""What DEEPRAGE leaves behind: figures of each fold of each test regime, models, motifs, attributed promoters."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from regdecode.io.meme import Motif, read_meme
from regdecode.report.files import read_json, read_table

REGIMES = ("new_gene", "new_condition", "random_pair", "new_gene_and_condition")


@dataclass(frozen=True)
class CellFold:
    """One fold of one test regime, with the tables of EVALUATE_DEEPRAGE by name."""

    regime: str
    name: str
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    def table(self, name: str, *columns: str) -> pd.DataFrame | None:
        """Return a table, or None where it is absent, empty or lacks a column."""
        return _usable(self.tables.get(name), columns)


@dataclass(frozen=True)
class FilterSet:
    """What MOTIFS read off one preset's filters: its tables, and its motifs by their names in filters.meme."""

    fold: str
    preset: str
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    motifs: dict[str, Motif] = field(default_factory=dict)

    def table(self, name: str, *columns: str) -> pd.DataFrame | None:
        """Return a table, or None where it is absent, empty or lacks a column."""
        return _usable(self.tables.get(name), columns)


@dataclass(frozen=True)
class DeepRage:
    """Everything the report says of sequence models.

    Parameters
    ----------
    folds
        In the order of the regimes.
    configs, history
        config.json by model folder (new_gene.0.default), histories by "folder.member".
    filters, attributed
        What MOTIFS and ATTRIBUTE_DEEPRAGE left, by fold and preset.
    leakage
        leakage.tsv of SPLIT_CELLS.
    """

    folds: list[CellFold] = field(default_factory=list)
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: dict[str, pd.DataFrame] = field(default_factory=dict)
    filters: list[FilterSet] = field(default_factory=list)
    attributed: dict[str, dict[str, pd.DataFrame]] = field(default_factory=dict)
    leakage: pd.DataFrame | None = None


def read_deeprage(folder: Path) -> DeepRage:
    """Read leakage.tsv, evaluated/<fold>/, selected/<model>/, {motifs,attributed}/<fold>.<preset>/; what is absent is empty."""
    folds = [CellFold(path.name.partition(".")[0], path.name, _tables(path)) for path in _folders(folder / "evaluated")]
    filters = []
    for path in _folders(folder / "motifs"):
        fold, _, preset = path.name.rpartition(".")
        meme = path / "filters.meme"
        found = read_meme(meme) if meme.exists() and meme.stat().st_size else []
        filters.append(FilterSet(fold, preset, _tables(path), {motif.motif_id: motif for motif in found}))
    configs, history = {}, {}
    for path in _folders(folder / "selected"):
        if (path / "config.json").exists():
            configs[path.name] = read_json(path / "config.json")
        for told in [path / "history.tsv", *sorted(path.glob("members/*/history.tsv"))]:
            if told.exists():
                history[path.name if told.parent == path else f"{path.name}.{told.parent.name}"] = read_table(told)
    leakage = folder / "leakage.tsv"
    return DeepRage(
        sorted(folds, key=lambda fold: (REGIMES.index(fold.regime) if fold.regime in REGIMES else len(REGIMES), fold.name)),
        configs,
        history,
        filters,
        {path.name: _tables(path) for path in _folders(folder / "attributed")},
        read_table(leakage) if leakage.exists() else None,
    )


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_dir())


def _tables(folder: Path) -> dict[str, pd.DataFrame]:
    return {path.stem: read_table(path) for path in sorted(folder.glob("*.tsv"))}


def _usable(table: pd.DataFrame | None, columns: tuple[str, ...]) -> pd.DataFrame | None:
    return None if table is None or table.empty or not set(columns) <= set(table.columns) else table
