"""The folder REPORT is given: run.json, notes, metrics.tsv and a folder a fold, read into tables."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from regdecode.errors import Faults, InputError
from regdecode.io.notes import Notes, read_notes
from regdecode.report.files import read_json, read_table
from regdecode.report.inputs_deeprage import DeepRage, read_deeprage
from regdecode.report.inputs_people import People, read_people

METRIC_COLUMNS = ("system", "organism", "fold", "model", "member", "arm", "split", "output", "metric", "value", "low", "high", "n")
EVALUATE_TABLES = ("per_output", "per_gene", "output_matrix", "comparisons", "ablation")
ATTRIBUTE_TABLES = ("importance", "regulator_by_output", "top_regulators", "class_contributions", "additivity")


@dataclass(frozen=True)
class Fold:
    """What one fold left behind; a table that was not made is not in `tables`.

    Parameters
    ----------
    name
        Fold name, such as "chr16".
    tables
        By the names in `EVALUATE_TABLES`, `ATTRIBUTE_TABLES` and "leakage".
    config
        config.json of the selected model.
    history
        Training histories by "model.member".
    people
        What the cohorts of people left behind.
    """

    name: str
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    history: dict[str, pd.DataFrame] = field(default_factory=dict)
    people: People = field(default_factory=People)

    def table(self, name: str) -> pd.DataFrame | None:
        """Return a table, or None where it is absent or empty."""
        found = self.tables.get(name)
        return None if found is None or found.empty else found


@dataclass(frozen=True)
class Inputs:
    """Everything the report is made from."""

    run: dict[str, Any]
    versions: dict[str, dict[str, str]]
    notes: list[Notes]
    metrics: pd.DataFrame
    folds: list[Fold]
    deeprage: DeepRage = field(default_factory=DeepRage)

    @property
    def primary(self) -> str:
        """Name of the model the report is about."""
        presets = self.run.get("presets") or []
        return str(presets[0]["name"]) if presets else "default"

    @property
    def presets(self) -> list[str]:
        """Names of all trained models, the primary first."""
        return [str(preset["name"]) for preset in self.run.get("presets") or []] or [self.primary]


def read_inputs(folder: str | Path) -> Inputs:
    """Read the folder.

    Parameters
    ----------
    folder
        run.json, metrics.tsv, notes/*.json, folds/<fold>/{evaluate,attribute,select,history}, folds/<fold>/leakage.tsv; deeprage/ (see
        `read_deeprage`).

    Raises
    ------
    InputError
        When run.json or metrics.tsv is missing, or any file cannot be read; all faults at once.
    """
    root = Path(folder)
    faults = Faults()
    run: dict[str, Any] = {}
    metrics = pd.DataFrame()
    notes: list[Notes] = []
    with faults.collect():
        run = read_json(root / "run.json")
        run = _started(root / "nextflow.json") | run
    with faults.collect():
        metrics = of_tissues(read_metrics(root / "metrics.tsv"))
    for path in sorted((root / "notes").glob("*.json")):
        with faults.collect():
            notes.append(_notes(path))
    for pattern, above in (("*/attribute/*.notes.json", 1), ("*/cohorts/*/*/*.notes.json", 1), ("*/mediation/*.notes.json", 1)):
        for path in sorted((root / "folds").glob(pattern)):
            with faults.collect():
                account = _notes(path)
                name = path.parents[above].name
                notes.append(Notes(account.stage if account.stage.endswith(name) else f"{account.stage} {name}", account.notes))
    for path in sorted((root / "deeprage").glob("*/*/*.notes.json")):
        with faults.collect():
            account = _notes(path)
            notes.append(Notes(f"{account.stage} {path.parent.name}", account.notes))
    deeprage = DeepRage()
    with faults.collect():
        deeprage = read_deeprage(root / "deeprage")
    folds = []
    for path in sorted(p for p in (root / "folds").glob("*") if p.is_dir()):
        with faults.collect():
            folds.append(read_fold(path))
    faults.raise_if_any()
    if not folds and not deeprage.folds:
        raise InputError("no fold", root / "folds", "give one folder a fold, as EVALUATE and ATTRIBUTE write them")
    return Inputs(run, _versions(root, run), _ordered(notes), metrics, folds, deeprage)


def read_fold(folder: Path) -> Fold:
    """Read one fold; files that are not there are left out."""
    tables = {name: read_table(path) for name in EVALUATE_TABLES if (path := folder / "evaluate" / f"{name}.tsv").exists()}
    tables |= {name: read_table(path) for name in ATTRIBUTE_TABLES if (path := folder / "attribute" / f"{name}.tsv").exists()}
    if (folder / "leakage.tsv").exists():
        leakage = read_table(folder / "leakage.tsv")
        tables["leakage"] = leakage[leakage["fold"] == folder.name] if "fold" in leakage else leakage
    config = folder / "select" / "config.json"
    history = {path.stem: read_table(path) for path in sorted((folder / "history").glob("*.tsv"))}
    return Fold(folder.name, tables, read_json(config) if config.exists() else {}, history, read_people(folder))


def read_metrics(path: Path) -> pd.DataFrame:
    """Read metrics.tsv and check its columns."""
    if not path.exists():
        raise InputError("missing", path, "EVALUATE writes it; give the folder that REPORT was staged in")
    metrics = read_table(path)
    lacking = [name for name in METRIC_COLUMNS if name not in metrics]
    if lacking:
        raise InputError(
            f"lacks the columns {', '.join(lacking)}; it has {', '.join(map(str, metrics.columns))}",
            path,
            "give the metrics.tsv of EVALUATE",
        )
    return metrics


def of_tissues(metrics: pd.DataFrame) -> pd.DataFrame:
    """Rows about the tissue models; each cohort's rows, and those of sequence models, are in folders of their own."""
    return metrics[~metrics["model"].str.startswith("people") & (metrics["system"] != "deeprage")].reset_index(drop=True)


def _started(path: Path) -> dict[str, Any]:
    """How the run was started, {"nextflow": ...}; empty where it was not recorded."""
    return {"nextflow": read_json(path)} if path.exists() and path.stat().st_size else {}


def _notes(path: Path) -> Notes:
    try:
        account = read_notes(path)
        cohort, dot, _ = path.name.partition(".expression.")
        return Notes(f"{account.stage} {cohort}", account.notes) if dot else account
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(f"is not an account of a step: {error}", path, "give the file as the pipeline wrote it") from error


def _ordered(notes: list[Notes]) -> list[Notes]:
    """Sort accounts in the order of the pipeline."""
    order = [
        "fetch",
        "reference",
        "expression",
        "scan",
        "bin",
        "split",
        "train",
        "select",
        "evaluate",
        "attribute",
        "associate",
        "knock",
        "mediate",
        "motifs",
    ]
    return sorted(
        notes, key=lambda note: (next((i for i, word in enumerate(order) if note.stage.lower().startswith(word)), len(order)), note.stage)
    )


def _versions(root: Path, run: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Software versions by process, from software_versions.yml (two levels) or run.json."""
    path = root / "software_versions.yml"
    versions: dict[str, dict[str, str]] = {
        str(process): {str(tool): str(number) for tool, number in tools.items()}
        for process, tools in (run.get("versions") or {}).items()
        if isinstance(tools, dict)
    }
    if not path.exists():
        return versions
    process = ""
    for line in path.read_text().splitlines():
        name, colon, value = line.strip().partition(":")
        if not colon or not name or name.startswith("#"):
            continue
        if line[0].isspace():
            versions.setdefault(process, {})[name.strip("'\"")] = value.strip().strip("'\"")
        else:
            process = name.strip("'\"").split(":")[-1]
    return versions
