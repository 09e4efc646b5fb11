"""What the end of the page says: files beside the report, versions, parameters, how to cite."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from regdecode.report.inputs import Inputs
from regdecode.report.tables import Column, Table, cell


class File(NamedTuple):
    """A file beside the report, and the systems that leave it there; none: every run does."""

    name: str
    what: str
    systems: tuple[str, ...] = ()


class Citation(NamedTuple):
    """What a run stands on, and the systems that use it; none: every run does."""

    what: str
    who: str
    where: str
    doi: str
    systems: list[str]


Row = TypeVar("Row", File, Citation)
FILES = (
    File("metrics.tsv", "every figure of this report: one row a model, member, arm, split, output and metric"),
    File("notes.tsv", "what every step read, dropped and warned of, as in the tables of this page"),
    File("models/", "trained models; regdecode.load_model(folder).predict(...) uses one"),
    File("predictions/", "predicted log2 values of every gene and output (h5ad)"),
    File("attributions/", "contribution of every regulator to every gene and output (h5ad), and their summaries", ("decode",)),
    File("attributions/", "what bases and regulators add to chosen predictions, every single substitution", ("deeprage",)),
    File("motifs/", "what the filters read, the known motifs they match, knock-outs against known targets", ("deeprage",)),
    File(
        "statistics/",
        "per-output and per-gene accuracy, comparisons, ablation, output matrix; of people: accuracy, association, replication",
    ),
    File("perturbations/", "knock-outs of gene pairs: drivers, site disruption, recovery; mediation", ("people",)),
    File("prepared/", "genes, splits with their leakage.tsv, binned sites and expression as the models saw them"),
    File("figures/", "every figure of this page as SVG and PNG"),
    File("multiqc/", "the headline figures as MultiQC custom content"),
    File("pipeline_info/", "run times, resources, the graph of tasks, software versions"),
)


def read_citations(path: Path) -> list[Citation]:
    """Read citations.json, a list of objects with the fields of `Citation`."""
    return [Citation(**row) for row in json.loads(path.read_text(encoding="utf-8"))]


def of_systems(rows: Sequence[Row], used: set[str]) -> list[Row]:
    """Rows of every run, and those of the systems that this run used."""
    return [row for row in rows if not row.systems or used & set(row.systems)]


def flatten(values: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Flatten nested settings to (dotted name, text) pairs."""
    pairs: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            pairs += flatten(value, f"{name}.")
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            for i, item in enumerate(value):
                pairs += flatten(item, f"{name}[{i + 1}].")
        else:
            pairs.append((name, _text(value)))
    return pairs


def _text(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)


def settings_table(values: dict[str, Any], id: str, title: str) -> Table:
    """Make a two-column table of settings."""
    return Table(id, title, [Column("setting"), Column("value")], [[cell(name), cell(text)] for name, text in flatten(values)])


def versions_table(inputs: Inputs) -> Table:
    """Make the table of software versions, processes with the same software on one line."""
    by_software: dict[str, list[str]] = {}
    for process, tools in sorted(inputs.versions.items()):
        text = ", ".join(f"{tool} {number}" for tool, number in sorted(tools.items()))
        by_software.setdefault(text, []).append(process)
    rows = [[cell(", ".join(processes)), cell(text)] for text, processes in by_software.items()]
    return Table("versions", "Software", [Column("process"), Column("versions")], rows)


def source_table(inputs: Inputs) -> Table:
    """Make the table of input files and where they came from."""
    files = inputs.run.get("files") or {}
    rows = [[cell(str(name)), cell("given by you" if source == "given" else str(source))] for name, source in sorted(files.items())]
    return Table("sources", "Input files", [Column("file"), Column("source")], rows)
