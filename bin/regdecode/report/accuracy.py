"""Which rows of metrics.tsv a reader compares: the selected ensemble, its members, other networks, baselines, controls."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

Kind = Literal["ensemble", "network", "member", "baseline", "control"]
LEVEL, FOLD_CHANGE = "level", "fold_change"
OUTPUT_LABELS = {LEVEL: "Expression level", FOLD_CHANGE: "Fold changes"}
CONTROLS = {"mean": "Training mean", "shuffled": "Shuffled sites"}
LABELS = {
    "ridge": "Ridge regression",
    "xgboost": "Boosted trees (xgboost)",
    "perceptron": "Site-count perceptron",
    "decode2020": "Published DEcode network",
}
ARMS = {
    "all": "All regulators",
    "shuffled_rna": "RNA sites shuffled",
    "shuffled_promoter": "Promoter sites shuffled",
    "shuffled_all": "All sites shuffled",
}


@dataclass(frozen=True)
class Score:
    """One figure with its 95 % interval over genes."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Row:
    """One model on one test set; `scores` by output."""

    model: str
    member: str
    arm: str
    kind: Kind
    label: str
    scores: dict[str, Score]


def label(model: str, primary: str) -> str:
    """Name of a model as a reader sees it."""
    if model == primary:
        return "regdecode ensemble"
    return CONTROLS.get(model) or LABELS.get(model) or model


def rows(metrics: pd.DataFrame, fold: str, presets: list[str], split: str = "test", metric: str = "spearman") -> list[Row]:
    """Collect what is compared on the held-out genes of one fold.

    Parameters
    ----------
    metrics
        metrics.tsv.
    fold, split, metric
        Which rows count.
    presets
        Names of the trained models, the one the report is about first.

    Returns
    -------
    list of Row
        In the order ensemble, other networks, baselines, controls, members of the ensemble.
    """
    table = metrics[
        (metrics["fold"] == fold) & (metrics["split"] == split) & (metrics["metric"] == metric) & metrics["output"].isin(OUTPUT_LABELS)
    ]
    found = []
    for (model, member, arm), part in table.groupby(["model", "member", "arm"], sort=True):
        kind = _kind(str(model), str(member), str(arm), presets)
        if kind is None:
            continue
        scores = {str(row.output): Score(float(row.value), float(row.low), float(row.high), int(row.n)) for row in part.itertuples()}
        name = label(str(model), presets[0])
        if kind == "member":
            name = str(member)
        elif kind == "control" and arm in ARMS and arm != "all":
            name = ARMS[str(arm)]
        found.append(Row(str(model), str(member), str(arm), kind, name, scores))
    rank = {"ensemble": 0, "network": 1, "baseline": 2, "control": 3, "member": 4}
    return sorted(found, key=lambda row: (rank[row.kind], -row.scores[FOLD_CHANGE].value if FOLD_CHANGE in row.scores else 0.0, row.label))


def _kind(model: str, member: str, arm: str, presets: list[str]) -> Kind | None:
    if model in CONTROLS:
        return "control"
    if arm not in ("all", ""):
        return None
    if model in presets:
        if member == "ensemble":
            return "ensemble" if model == presets[0] else "network"
        return "member" if model == presets[0] and member != "best" else None
    return "baseline"


def of_kind(found: list[Row], *kinds: Kind) -> list[Row]:
    """Keep the rows of some kinds."""
    return [row for row in found if row.kind in kinds]


def best(found: list[Row], output: str) -> Row | None:
    """Return the row with the highest figure of an output."""
    having = [row for row in found if output in row.scores]
    return max(having, key=lambda row: row.scores[output].value) if having else None


def outputs_of(found: list[Row]) -> list[str]:
    """Headline outputs present, the level first."""
    return [name for name in (LEVEL, FOLD_CHANGE) if any(name in row.scores for row in found)]


def arms(metrics: pd.DataFrame, fold: str, primary: str, split: str = "test") -> pd.DataFrame:
    """Spearman of each ablation arm and replicate.

    Returns
    -------
    DataFrame
        arm, label, member, output ("level", "fold_change"), value; arms in the order of `ARMS`, the ensemble left out.
    """
    table = metrics[
        (metrics["fold"] == fold)
        & (metrics["split"] == split)
        & (metrics["metric"] == "spearman")
        & metrics["output"].isin(OUTPUT_LABELS)
        & metrics["arm"].isin(ARMS)
        & ~metrics["member"].isin(["ensemble", "best", ""])
        & ~metrics["model"].isin(CONTROLS)
    ]
    shuffled = table[table["arm"] != "all"]
    if shuffled.empty:
        return pd.DataFrame(columns=["arm", "label", "member", "output", "value"])
    model = primary if (shuffled["model"] == primary).any() else shuffled["model"].min()
    table = _same_members(table[table["model"] == model], set(shuffled.loc[shuffled["model"] == model, "member"]))
    table = table.assign(label=table["arm"].map(ARMS), order=table["arm"].map(list(ARMS).index))
    return table.sort_values(["order", "output", "member"])[["arm", "label", "member", "output", "value"]].reset_index(drop=True)


def _same_members(table: pd.DataFrame, members: set[str]) -> pd.DataFrame:
    """Keep the members that other arms have too (replicates of one network); all where none is shared."""
    shared = table["member"].isin(members)
    return table[shared] if (shared & (table["arm"] == "all")).any() else table


def single_tasks(metrics: pd.DataFrame, fold: str, primary: str, split: str = "test") -> pd.DataFrame:
    """Single-task against multi-task accuracy of each output trained alone.

    Returns
    -------
    DataFrame
        output, single, multi (means over replicates of Spearman), n_single, n_multi.
    """
    table = metrics[(metrics["fold"] == fold) & (metrics["split"] == split) & (metrics["metric"] == "spearman")]
    alone = table[table["arm"].str.startswith("single_task")]
    if alone.empty:
        return pd.DataFrame(columns=["output", "single", "multi", "n_single", "n_multi"])
    wanted = alone["arm"].str.partition(":")[2]
    alone = alone[(wanted == "") | (wanted == alone["output"])]
    alone = alone[~alone["output"].isin(["all", FOLD_CHANGE])]
    together = table[(table["arm"] == "all") & table["model"].isin(set(alone["model"])) & ~table["member"].isin(["ensemble", "best", ""])]
    together = _same_members(together, set(alone["member"]))
    single = alone.groupby("output")["value"].agg(["mean", "size"])
    multi = together.groupby("output")["value"].agg(["mean", "size"])
    joined = single.join(multi, lsuffix="_single", rsuffix="_multi", how="inner").reset_index()
    joined.columns = pd.Index(["output", "single", "n_single", "multi", "n_multi"])
    return joined[["output", "single", "multi", "n_single", "n_multi"]].sort_values("multi", ascending=False).reset_index(drop=True)
