"""What the page shows of sequence models: each part with its heading, in the order of the page."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regdecode.report.inputs_deeprage import DeepRage
from regdecode.report.part import Part
from regdecode.report.sections_deeprage import REGIME_TITLES, networks_part, over_folds, regime_part, split_part, standing, verdict_of
from regdecode.report.sections_motifs import knock_out_part, motifs_part, promoters_part
from regdecode.report.tables import Table, from_frame
from regdecode.report.verdict import Standing


@dataclass(frozen=True)
class DeepRageView:
    """Sequence models, ready for the template: verdicts, folds of regimes, then what the filters learnt, each (heading, part)."""

    verdicts: list[str] = field(default_factory=list)
    standings: list[Standing] = field(default_factory=list)
    over_folds: Table | None = None
    parts: list[tuple[str, Part]] = field(default_factory=list)


def view_deeprage(deeprage: DeepRage, folder: Path) -> DeepRageView | None:
    """Draw and word everything about sequence models; None where there are none."""
    if not deeprage.folds:
        return None
    parts: list[tuple[str, Part]] = []
    several = {fold.regime for fold in deeprage.folds if sum(other.regime == fold.regime for other in deeprage.folds) > 1}
    for fold in deeprage.folds:
        name = fold.name.partition(".")[2]
        title = REGIME_TITLES.get(fold.regime, fold.regime) + (f", fold {name}" if fold.regime in several else "")
        parts.append((title, regime_part(fold, folder, f"deeprage_{safe(fold.name)}_")))
    for found in deeprage.filters:
        prefix = f"deeprage_{safe(found.fold)}_{safe(found.preset)}_"
        parts.append((f"What the filters of {found.preset} read", motifs_part(found, folder, prefix)))
        parts.append((f"What changes without them: {found.preset}", knock_out_part(found, folder, prefix)))
    if not deeprage.filters:
        absent = Part()
        absent.lacks("Motifs of the filters", "MOTIFS was not run, or failed")
        parts.append(("What the filters read", absent))
    for name, tables in deeprage.attributed.items():
        parts.append(("Which bases make a prediction", promoters_part(tables, safe(name), folder, f"deeprage_{safe(name)}_")))
    parts.append(("The networks", networks_part(deeprage, folder, "deeprage_")))
    parts.append(("What was held out", split_part(deeprage)))
    verdicts, standings = [verdict_of(fold) for fold in deeprage.folds], [standing(fold) for fold in deeprage.folds]
    return DeepRageView(verdicts, standings, folds_table(deeprage), parts)


def folds_table(deeprage: DeepRage) -> Table | None:
    """Means over the folds of each regime with several."""
    table = over_folds(deeprage)
    if table.empty:
        return None
    columns: list[tuple[str, str, int | None]] = [
        ("regime", "regime", None), ("label", "model", None), ("folds", "folds", 0), ("r", "mean r", 3), ("r_low", "low", 3),
        ("r_high", "high", 3), ("accuracy", "accuracy", 3), ("accuracy_low", "low", 3), ("accuracy_high", "high", 3),
        ("majority", "majority", 3), ("balanced", "balanced", 3), ("kappa", "κ", 3),
    ]  # fmt: skip
    caption = "Low and high bound Student's 95 % interval of the mean over folds."
    return from_frame(table, "deeprage-folds", "Over the folds of a regime", columns, caption)


def no_deeprage(run: dict[str, Any]) -> str:
    """Why a run has no sequence models."""
    systems = str((run.get("params") or {}).get("systems") or "")
    return "--systems left DeepRAGE out" if systems and "deeprage" not in systems else "the organism file has no deeprage block"


def safe(name: str) -> str:
    """A name for files and ids."""
    return "".join(letter if letter.isalnum() or letter in "_-" else "_" for letter in name)
