"""What the page shows of one fold: figures, tables, sentences, and what is absent."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from regdecode.report import accuracy
from regdecode.report.inputs import Fold, Inputs
from regdecode.report.part import Part
from regdecode.report.sections_accuracy import accuracy_part, ablation_part
from regdecode.report.sections_model import leakage_part, members_part, training_part
from regdecode.report.sections_regulators import regulators_part
from regdecode.report.verdict import Verdict, judge


@dataclass(frozen=True)
class FoldView:
    """One fold, ready for the template."""

    name: str
    title: str
    verdict: Verdict
    rows: list[accuracy.Row]
    parts: dict[str, Part] = field(default_factory=dict)
    genes: dict[str, int] = field(default_factory=dict)


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
    return FoldView(fold.name, fold_title(fold), verdict, found, parts, gene_counts(fold))


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
