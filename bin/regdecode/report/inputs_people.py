"""What PEOPLE leaves behind in a fold: tables of each cohort, and tables over all of them."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from regdecode.report.files import read_table

COHORT_FOLDERS = ("people", "association", "activity", "knock_out")
FOLD_FOLDERS = ("activity", "replication", "mediation")


@dataclass(frozen=True)
class Cohort:
    """Tables of one cohort by "folder/name", such as "association/actual"."""

    name: str
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    def table(self, name: str, *columns: str) -> pd.DataFrame | None:
        """Return a table, or None where it is absent, empty or lacks a column."""
        return _usable(self.tables.get(name), columns)

    @property
    def modelled(self) -> bool:
        """Whether a person model was made."""
        return any(name.startswith("people/") for name in self.tables)


@dataclass(frozen=True)
class People:
    """The cohorts of a fold, and tables over all of them by "folder/name", such as "replication/replication"."""

    cohorts: list[Cohort] = field(default_factory=list)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    def table(self, name: str, *columns: str) -> pd.DataFrame | None:
        """Return a table, or None where it is absent, empty or lacks a column."""
        return _usable(self.tables.get(name), columns)


def read_people(folder: Path) -> People:
    """Read `cohorts/<cohort>/<what>/*.tsv` and `<what>/*.tsv` of a fold's folder."""
    cohorts = [Cohort(path.name, _tables(path, COHORT_FOLDERS)) for path in sorted((folder / "cohorts").glob("*")) if path.is_dir()]
    return People(cohorts, _tables(folder, FOLD_FOLDERS))


def _tables(folder: Path, kinds: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    return {f"{kind}/{path.stem}": read_table(path) for kind in kinds for path in sorted((folder / kind).glob("*.tsv"))}


def _usable(table: pd.DataFrame | None, columns: tuple[str, ...]) -> pd.DataFrame | None:
    return None if table is None or table.empty or not set(columns) <= set(table.columns) else table
