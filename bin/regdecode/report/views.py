"""What the page shows of one fold: figures, tables, sentences, and what is absent."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from regdecode.report import accuracy
from regdecode.report.inputs import Fold, Inputs
from regdecode.report.part import Part
from regdecode.report.sections_accuracy import ablation_part, accuracy_part
from regdecode.report.sections_activity import activity_table
from regdecode.report.sections_model import leakage_part, members_part, training_part
from regdecode.report.sections_pairs import mediation_part, pairs_part
from regdecode.report.sections_people import accuracy_part as people_accuracy
from regdecode.report.sections_people import replication_part, sheet_part, traits_part
from regdecode.report.sections_regulators import regulators_part
from regdecode.report.verdict import Verdict, judge


@dataclass(frozen=True)
class CohortView:
    """One cohort, ready for the template: parts in the order of the page, each with its heading."""

    name: str
    title: str
    parts: list[tuple[str, Part]]


@dataclass(frozen=True)
class FoldView:
    """One fold, ready for the template."""

    name: str
    title: str
    verdict: Verdict
    rows: list[accuracy.Row]
    parts: dict[str, Part] = field(default_factory=dict)
    genes: dict[str, int] = field(default_factory=dict)
    cohorts: list[CohortView] = field(default_factory=list)


def view_fold(inputs: Inputs, fold: Fold, folder: Path) -> FoldView:
    """Draw and word everything about one fold.

    Parameters
    ----------
    inputs, fold
        The run and the fold.
    folder
        Where figures are written.
    """
    metrics = inputs.metrics
    found = accuracy.rows(metrics, fold.name, inputs.presets)
    verdict = judge(fold.name, found, fold.table("comparisons"))
    prefix = "" if len(inputs.folds) == 1 else f"{fold.name}."
    parts = {
        "training": training_part(fold, inputs.primary, folder, prefix),
        "accuracy": accuracy_part(inputs, fold, found, folder, prefix),
        "ablation": ablation_part(inputs, fold, folder, prefix),
        "regulators": regulators_part(fold, folder, prefix),
        "members": members_part(fold, found),
        "leakage": leakage_part(fold),
    }
    followed = activity_table(fold.people.table("activity/activity", "regulator", "rho", "q"), f"activity-{fold.name}")
    if followed is None:
        parts["regulators"].lacks("Regulator activity against expression", "no regulator's own gene is measured, or ACTIVITY left no table")
    else:
        parts["regulators"].sentences.append(f"Over outputs, {followed[0]}")
        parts["regulators"].tables.append(followed[1])
    if fold.people.cohorts:
        parts |= {"replication": replication_part(fold.people, folder, prefix), "mediation": mediation_part(fold.people, folder, prefix)}
    return FoldView(fold.name, fold_title(fold), verdict, found, parts, gene_counts(fold), cohort_views(inputs, fold, folder, prefix))


def cohort_views(inputs: Inputs, fold: Fold, folder: Path, prefix: str) -> list[CohortView]:
    """Draw and word everything about each cohort of a fold."""
    listed = (inputs.run.get("organism") or {}).get("individuals") or []
    titles = {str(entry["id"]): str(entry.get("name") or entry["id"]) for entry in listed}
    views = []
    for cohort in fold.people.cohorts:
        title = titles.get(cohort.name, cohort.name)
        parts = [
            ("Who they are", sheet_part(cohort, title)),
            ("What moves with their traits", traits_part(cohort, folder, prefix)),
            ("How well held-out genes of a person are predicted", people_accuracy(cohort, folder, prefix)),
            ("What drives the co-expression of gene pairs", pairs_part(cohort, folder, prefix)),
        ]
        views.append(CohortView(cohort.name, title, parts))
    return views


def fold_title(fold: Fold) -> str:
    """Name a fold in words: its held-out genes."""
    return f"test set {fold.name.replace('+', ' + ')}"


def gene_counts(fold: Fold) -> dict[str, int]:
    """Genes of each split, from the leakage report."""
    leakage = fold.table("leakage")
    if leakage is None or not {"check", "a", "n"} <= set(leakage.columns):
        return {}
    counts = leakage[leakage["check"] == "genes"]
    return {str(row.a): int(row.n) for row in pd.DataFrame(counts).itertuples()}
