"""The page: what the template is given, and its files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from regdecode import __version__
from regdecode.errors import InputError
from regdecode.io.notes import Note
from regdecode.report import methods, multiqc, numbers
from regdecode.report.files import write_notes
from regdecode.report.inputs import Fold, Inputs
from regdecode.report.numbers import count, plural
from regdecode.report.tables import Column, Table, cell
from regdecode.report.verdict import NEAR_ZERO, overall, worst
from regdecode.report.views import FoldView, view_fold
from regdecode.report.views_deeprage import DeepRageView, no_deeprage, view_deeprage

ASSETS = ("report.html.j2", "style.css", "script.js", "citations.json")
_ON = {"promoter": "promoter", "unit_promoter": "promoter of its unit's first gene", "rna": "mature RNA", "gene": "gene (no positions)"}


@dataclass(frozen=True)
class Tile:
    """One count at the top of the page."""

    figure: str
    what: str
    detail: str = ""


def write_report(inputs: Inputs, assets: Path, folder: Path) -> int:
    """Write report.html, notes.tsv, figures/ and multiqc/ to a new folder.

    Parameters
    ----------
    inputs
        From `read_inputs`.
    assets
        Folder of the template, style and script.
    folder
        Made here.

    Returns
    -------
    int
        Bytes of report.html.

    Raises
    ------
    InputError
        When `assets` lacks a file.
    """
    for name in ASSETS:
        if not (assets / name).exists():
            raise InputError("missing", assets / name, "give --assets the folder assets/report of the pipeline")
    folder.mkdir(parents=True)
    views = [view_fold(inputs, fold, folder / "figures") for fold in inputs.folds]
    sequence = view_deeprage(inputs.deeprage, folder / "figures")
    (folder / "figures").mkdir(exist_ok=True)
    multiqc.write(folder / "multiqc", inputs, {view.name: view.rows for view in views})
    page = render(context(inputs, views, sequence, assets), assets)
    (folder / "report.html").write_text(page, encoding="utf-8")
    write_notes(inputs.notes, folder / "notes.tsv")
    return len(page.encode())


def render(values: dict[str, Any], assets: Path) -> str:
    """Fill the template; every text is escaped but the figures."""
    environment = Environment(
        loader=FileSystemLoader(assets), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"number": numbers.number, "count": numbers.count, "percent": lambda share: f"{100 * share:.0f}%"}
    return environment.get_template("report.html.j2").render(values)


def context(inputs: Inputs, views: list[FoldView], sequence: DeepRageView | None, assets: Path) -> dict[str, Any]:
    """Everything the template shows."""
    run = inputs.run
    organism = run.get("organism") or {}
    dropped = [(account.stage, note) for account in inputs.notes for note in account.notes if note.kind == "dropped" and note.n != 0]
    warnings = [(account.stage, note) for account in inputs.notes for note in account.notes if note.kind == "warning"]
    read = [(account.stage, note) for account in inputs.notes for note in account.notes if note.kind == "info"]
    nextflow = run.get("nextflow") or {}
    pipeline = run.get("pipeline") or {}
    ran = {"decode": views, "people": views and views[0].cohorts, "deeprage": sequence}
    used = {system for system, found in ran.items() if found}
    return {
        "organism": str(organism.get("name") or organism.get("id") or "unnamed organism"),
        "version": str(pipeline.get("version") or __version__),
        "nextflow": {str(key): str(value) for key, value in nextflow.items() if value},
        "views": views,
        "overall": overall([view.verdict for view in views]) if views or not sequence else sequence.verdicts[0],
        "standing": worst(view.verdict.standing for view in views) if views or not sequence else worst(sequence.standings),
        "tiles": tiles(inputs, views),
        "tracks": tracks_table(inputs),
        "read": notes_table(read, "read", "What was read and made"),
        "dropped": notes_table(dropped, "dropped-table", "Dropped, step by step"),
        "warnings": notes_table(warnings, "warnings", "Warnings"),
        "has_notes": bool(inputs.notes),
        "files": methods.of_systems(methods.FILES, used),
        "citations": methods.of_systems(methods.read_citations(assets / "citations.json"), used),
        "versions": methods.versions_table(inputs),
        "parameters": methods.settings_table(run.get("params") or {}, "parameters", "Parameters"),
        "organism_settings": methods.settings_table(organism, "organism-file", "Organism file"),
        "sources": methods.source_table(inputs),
        "near_zero": NEAR_ZERO,
        "no_people": no_people(run),
        "deeprage": sequence,
        "no_deeprage": no_deeprage(run),
        "primary": inputs.primary,
        "by_fold": folds_table(views) if len(views) > 1 else None,
        "style": Markup((assets / "style.css").read_text()),
        "script": Markup((assets / "script.js").read_text()),
        "svg": Markup,
    }


def no_people(run: dict[str, Any]) -> str:
    """Why a run has no people."""
    systems = str((run.get("params") or {}).get("systems") or "")
    return "--systems left people out" if systems and "people" not in systems else "the organism file has no individuals"


def tiles(inputs: Inputs, views: list[FoldView]) -> list[Tile]:
    """Collect the counts at the top of the page: genes, outputs, regulators by class, members."""
    found: list[Tile] = []
    if not views:
        return found
    genes = views[0].genes
    if genes:
        total = sum(genes.values())
        detail = (
            f"{count(genes.get('train', 0))} to train, {count(genes.get('validation', 0))} to validate, "
            f"{count(genes.get('test', 0))} held out"
        )
        found.append(
            Tile(count(total), "genes", detail if len(views) == 1 else f"split {len(views)} ways, {listed_tests(views)} held out in turn")
        )
    metrics = inputs.metrics
    outputs = metrics.loc[~metrics["output"].isin(["level", "fold_change", "all"]), "output"].nunique()
    if outputs:
        has_level = bool((metrics["output"] == "level").any())
        found.append(Tile(count(outputs), "outputs", "fold changes, and the level beside them" if has_level else "log ratios"))
    classes = regulator_counts(inputs.folds[0])
    if classes:
        found.append(Tile(count(sum(classes.values())), "regulators", ", ".join(f"{count(n)} {name}" for name, n in classes.items())))
    members = max((len(fold.config.get("members") or []) for fold in inputs.folds), default=0)
    if members:
        found.append(
            Tile(
                count(members),
                "models in the ensemble",
                _families(inputs.folds[0]) + (f", for each of {len(views)} test sets" if len(views) > 1 else ""),
            )
        )
    return found


def _families(fold: Fold) -> str:
    families = pd.Series(
        [str(member.get("family", "network")) for member in fold.config.get("members") or [] if isinstance(member, dict)], dtype=str
    )
    words = {"network": ("network", "networks"), "trees": ("set of boosted trees", "sets of boosted trees")}
    return ", ".join(plural(int(n), *words.get(family, (family, family))) for family, n in families.value_counts().items())


def folds_table(views: list[FoldView]) -> Table:
    """Make the table of verdicts by test set."""
    columns = [
        Column("test set"),
        Column("figure"),
        Column("ensemble ρ", True),
        Column("best baseline"),
        Column("its ρ", True),
        Column("difference", True),
        Column("95 % interval"),
        Column("standing"),
    ]
    rows = [
        [
            cell(view.name),
            cell({"level": "level", "fold_change": "fold changes"}[found.output]),
            cell(found.value),
            cell(found.baseline or "–"),
            cell(found.baseline_value),
            cell(found.difference),
            cell(numbers.interval(found.difference_low, found.difference_high)),
            cell({"level": "on a par"}.get(found.standing, found.standing), style=found.standing),
        ]
        for view in views
        for found in view.verdict.findings
    ]
    return Table("by-test-set", "Every test set", columns, rows, "Differences from the best baseline, paired bootstrap over genes.")


def listed_tests(views: list[FoldView]) -> str:
    """Held-out genes of every fold."""
    return numbers.listed([count(view.genes.get("test", 0)) for view in views])


def tracks_of(fold: Fold) -> list[dict[str, Any]]:
    """Tracks that the selected model read, from its config.json or its first member's."""
    config = fold.config
    found = config.get("tracks")
    if not found:
        found = next((member["tracks"] for member in config.get("members") or [] if isinstance(member, dict) and member.get("tracks")), [])
    return [track for track in found if isinstance(track, dict)]


def _regulators(track: dict[str, Any]) -> list[str]:
    names = track.get("regulators") or []
    return [str(name) for name in names] if isinstance(names, list) else []


def regulator_counts(fold: Fold) -> dict[str, int]:
    """Regulators of each class, one counted once even when it acts in two places."""
    classes: dict[str, set[str]] = {}
    for track in tracks_of(fold):
        classes.setdefault(str(track.get("cls") or track.get("class") or "regulator"), set()).update(_regulators(track))
    if classes:
        return {name: len(names) for name, names in classes.items()}
    importance = fold.table("importance")
    return (
        {}
        if importance is None or "class" not in importance
        else {str(name): int(n) for name, n in importance["class"].value_counts().items()}
    )


def tracks_table(inputs: Inputs) -> Table:
    """Make the table of binding-site tracks."""
    columns = [Column("track"), Column("class"), Column("where"), Column("bin (bp)", True), Column("regulators used", True)]
    rows = []
    for track in tracks_of(inputs.folds[0]) if inputs.folds else []:
        on = str(track.get("on", ""))
        rows.append(
            [
                cell(str(track.get("name", ""))),
                cell(str(track.get("cls", ""))),
                cell(_ON.get(on, on)),
                cell(None if on == "gene" else track.get("bin_size")),
                cell(len(_regulators(track))),
            ]
        )
    return Table("tracks", "Binding sites the model reads", columns, rows)


def notes_table(notes: list[tuple[str, Note]], id: str, title: str) -> Table:
    """Make a table of notes."""
    rows = [
        [
            cell(stage),
            cell(note.what),
            cell(None if note.n is None or pd.isna(note.n) else note.n if note.n != int(note.n) else int(note.n)),
            cell(note.why),
        ]
        for stage, note in notes
    ]
    return Table(id, title, [Column("step"), Column("what"), Column("number", True), Column("why")], rows)
