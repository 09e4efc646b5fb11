"""Parts about sequence models: each test regime beside its baselines, what was split, what the networks are."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t

from regdecode.report import figures_deeprage as figures
from regdecode.report.inputs_deeprage import CellFold, DeepRage
from regdecode.report.numbers import count, interval, listed, number, plural
from regdecode.report.part import Part
from regdecode.report.tables import from_frame
from regdecode.report.verdict import UNKNOWN, WORDS, Standing, standing_of

REGIME_TITLES = {
    "new_gene": "Genes never seen",
    "new_condition": "Conditions never seen",
    "random_pair": "Random pairs of gene and condition",
    "new_gene_and_condition": "Genes and conditions never seen",
}
BASELINES = {
    "majority": "Majority class",
    "mean": "Means of gene and condition",
    "svd": "Completion by singular values",
    "chained_ridge": "Completion by chained ridge",
    "kmer_ridge": "Ridge on k-mers",
    "motif_ridge": "Ridge on known motifs",
    "sequence_ridge": "Ridge on k-mers and known motifs",
    "regulator_ridge": "Ridge on regulators",
    "geneclass": "Boosted motif-regulator stumps",
    "xgboost": "Boosted trees",
}
METRICS = ("pearson", "accuracy", "majority", "balanced_accuracy", "kappa", "mse", "pearson_within_condition", "pearson_within_gene")
ENSEMBLE = "Ensemble"
WORST = 15


def label_of(model: str, member: str) -> str:
    """Name of a model as a reader knows it."""
    if member == "ensemble":
        return "Ensemble, promoters alone" if model == "promoter" else ENSEMBLE
    return BASELINES.get(model, model) if member == "single" else f"{model}, network {member.removeprefix('r')}"


def compared(fold: CellFold) -> pd.DataFrame:
    """One row a model, on the fold's test cells: label, own, n, every metric with its interval; the ensemble, then best r first."""
    metrics = fold.table("metrics", "model", "member", "split", "metric", "value", "low", "high", "n")
    if metrics is None:
        return pd.DataFrame()
    rows = []
    for (model, member), found in metrics[metrics["split"] == "test"].groupby(["model", "member"], sort=False):
        by_name = found.drop_duplicates("metric").set_index("metric")
        row = {"label": label_of(str(model), str(member)), "model": model, "member": member, "own": member != "single"}
        for name in METRICS:
            known = by_name.loc[name] if name in by_name.index else {"value": np.nan, "low": np.nan, "high": np.nan}
            row |= {name: known["value"], f"{name}_low": known["low"], f"{name}_high": known["high"]}
        rows.append(row | {"n": int(by_name["n"].max())})
    table = pd.DataFrame(rows)
    return table.assign(lead=table["label"] == ENSEMBLE).sort_values(["lead", "pearson"], ascending=False, kind="stable", ignore_index=True)


def verdict_of(fold: CellFold) -> str:
    """One sentence: the ensemble against the best baseline, and its accuracy against the majority's."""
    table = compared(fold)
    title = REGIME_TITLES.get(fold.regime, fold.regime)
    if table.empty or table["label"].iloc[0] != ENSEMBLE:
        return f"{title} ({fold.name}): no ensemble was evaluated."
    lead = table.iloc[0]
    told = (
        f"{title} ({fold.name}): r = {number(lead['pearson'])} ({interval(lead['pearson_low'], lead['pearson_high'])}) on "
        f"{count(lead['n'])} test cells, accuracy {number(lead['accuracy'])} beside the majority's {number(lead['majority'])}"
        f" (balanced {number(lead['balanced_accuracy'])}, κ {number(lead['kappa'])})"
    )
    best = _best_baseline(table)
    if best is None:
        return f"{told}; no baseline was run."
    against = f"{WORDS[standing(fold)]}{_paired(fold, best)} the best baseline, {best['label'][0].lower()}{best['label'][1:]}"
    return f"{told}, {against}, r = {number(best['pearson'])}."


def standing(fold: CellFold) -> Standing:
    """Where the ensemble stands beside the best baseline."""
    table = compared(fold)
    best = None if table.empty or table["label"].iloc[0] != ENSEMBLE else _best_baseline(table)
    pair = None if best is None else _pair(fold, best)
    return UNKNOWN if pair is None else standing_of(*pair)


def _best_baseline(table: pd.DataFrame) -> pd.Series | None:
    others = table[~table["own"]].dropna(subset=["pearson"])
    return None if others.empty else others.sort_values("pearson", ascending=False).iloc[0]


def _pair(fold: CellFold, best: pd.Series) -> tuple[float, float] | None:
    """Interval of the paired difference to a baseline; None where one unit alone was held out, which tells none."""
    table = fold.table("comparisons", "against", "difference", "low", "high")
    pair = None if table is None else table[table["against"] == best["model"]].dropna(subset=["low", "high"])
    return None if pair is None or pair.empty else (float(pair["low"].iloc[0]), float(pair["high"].iloc[0]))


def _paired(fold: CellFold, best: pd.Series) -> str:
    pair = _pair(fold, best)
    return "" if pair is None else f" (paired {interval(*pair)})"


def regime_part(fold: CellFold, folder: Path, prefix: str) -> Part:
    """Accuracy of one fold: every model beside the baselines, confusion, best and worst genes and conditions."""
    part = Part()
    table = compared(fold)
    if table.empty:
        part.lacks("Accuracy", "EVALUATE_DEEPRAGE left no metrics.tsv")
        return part
    part.sentences.append(verdict_of(fold))
    title = REGIME_TITLES.get(fold.regime, fold.regime)
    part.pictures.append(figures.accuracy(table, f"{title}: every model", folder, f"{prefix}accuracy"))
    columns: list[tuple[str, str, int | None]] = [
        ("label", "model", None), ("pearson", "r", 3), ("pearson_low", "low", 3), ("pearson_high", "high", 3),
        ("accuracy", "accuracy", 3), ("majority", "majority", 3), ("balanced_accuracy", "balanced", 3), ("kappa", "κ", 3),
        ("mse", "mean squared error", 3), ("pearson_within_condition", "r within a condition", 3),
        ("pearson_within_gene", "r within a gene", 3), ("n", "cells", 0),
    ]  # fmt: skip
    caption = "Accuracy is to be read beside the majority's: what a guess of the most frequent class would get right."
    part.tables.append(from_frame(table, f"models-{fold.name}", "Every model on the same test cells", columns, caption))
    _confusion(part, fold, folder, prefix)
    lead = f"{table['model'].iloc[0]}.{table['member'].iloc[0]}"
    drawn = fold.table("observed", "observed", lead)
    if drawn is None:
        part.lacks("Predicted against measured", "EVALUATE_DEEPRAGE left no observed.tsv")
    else:
        part.pictures.append(figures.observed(drawn, lead, "Predicted against measured", folder, f"{prefix}observed"))
    _extremes(part, fold, table.iloc[0])
    return part


def _confusion(part: Part, fold: CellFold, folder: Path, prefix: str) -> None:
    found = fold.table("confusion", "model", "member", "actual", "predicted", "percent")
    if found is None:
        part.lacks("The confusion matrix", "EVALUATE_DEEPRAGE left no confusion.tsv")
        return
    drawn: list[tuple[str, pd.DataFrame]] = []
    for (model, member), rows in found.groupby(["model", "member"], sort=False):
        order = list(dict.fromkeys(rows["actual"]))
        matrix = rows.pivot(index="actual", columns="predicted", values="percent").loc[order, order]
        label = label_of(str(model), str(member))
        published = model != found["model"].iloc[0] and member not in ("single", "ensemble")
        if label == ENSEMBLE or (published and len(drawn) == 1):
            drawn.append((label, matrix))
    if drawn:
        part.pictures.append(figures.confusions(drawn, "Which class is taken for which", folder, f"{prefix}confusion"))


def _extremes(part: Part, fold: CellFold, lead: pd.Series) -> None:
    """Best and worst genes and conditions of the leading model."""
    for name, what, called in (("per_gene", "gene", "gene_name"), ("per_condition", "condition", "condition")):
        table = fold.table(name, "model", "member", what, called, "n", "pearson", "accuracy", "majority")
        if table is None:
            part.lacks(f"Best and worst {what}s", f"EVALUATE_DEEPRAGE left no {name}.tsv")
            continue
        own = table[(table["model"] == lead["model"]) & (table["member"] == lead["member"])].dropna(subset=["pearson"])
        own = own.sort_values("pearson", ascending=False, kind="stable")
        shown = own if len(own) <= 2 * WORST else pd.concat([own.head(WORST), own.tail(WORST)])
        if own.empty:
            part.lacks(f"Best and worst {what}s", f"no {what} has test cells enough for a correlation")
            continue
        part.sentences.append(
            f"Within a {what} the median r is {number(float(own['pearson'].median()))}, over {plural(len(own), what)}: best "
            f"{listed(own[called].head(3).tolist())}, worst {listed(own[called].tail(3).tolist()[::-1])}."
        )
        columns: list[tuple[str, str, int | None]] = [
            (called, what, None), ("gene", "id", None), ("series", "series", None), ("n", "cells", 0), ("pearson", "r", 3),
            ("mse", "mean squared error", 3), ("accuracy", "accuracy", 3), ("majority", "majority", 3),
        ]  # fmt: skip
        title = f"Best and worst {what}s"
        caption = f"The {WORST} best and the {WORST} worst; all are in {name}.tsv." if len(shown) < len(own) else ""
        part.tables.append(from_frame(shown, f"{name}-{fold.name}", title, columns, caption, searchable=True))


def over_folds(deeprage: DeepRage) -> pd.DataFrame:
    """Mean figures over the folds of a regime that has several, r and accuracy with their 95 % interval.

    The interval is Student's, of the folds' own figures: folds are what differs, not the genes in them.
    """
    rows = [compared(fold).assign(regime=fold.regime) for fold in deeprage.folds]
    every = pd.concat([table for table in rows if len(table)], ignore_index=True) if any(len(table) for table in rows) else pd.DataFrame()
    if every.empty:
        return every
    grouped = every.groupby(["regime", "label"], sort=False)
    table = grouped.agg(
        folds=("pearson", "count"), r=("pearson", "mean"), accuracy=("accuracy", "mean"), majority=("majority", "mean"),
        balanced=("balanced_accuracy", "mean"), kappa=("kappa", "mean"),
    )  # fmt: skip
    for name, column in (("r", "pearson"), ("accuracy", "accuracy")):
        half = t.ppf(0.975, table["folds"] - 1) * grouped[column].std() / np.sqrt(table["folds"])
        table[f"{name}_low"], table[f"{name}_high"] = table[name] - half, table[name] + half
    return table[table["folds"] > 1].reset_index()


def split_part(deeprage: DeepRage) -> Part:
    """What was held out, and what training cells could tell of it."""
    part = Part()
    table = deeprage.leakage
    if table is None or table.empty:
        part.lacks("The leakage report of cells", "SPLIT_CELLS left no leakage.tsv")
        return part
    tested = {fold.name for fold in deeprage.folds}
    shown = table[table["fold"].isin(tested)] if tested else table
    columns: list[tuple[str, str, int | None]] = [
        ("fold", "fold", None), ("check", "check", None), ("a", "of", None), ("b", "in", None), ("n", "n", 0), ("of", "out of", 0),
        ("detail", "detail", None),
    ]  # fmt: skip
    part.tables.append(from_frame(shown, "leakage-cells", "Cells held out, and what training cells share with them", columns))
    return part


def networks_part(deeprage: DeepRage, folder: Path, prefix: str) -> Part:
    """What is in each ensemble, and how the networks learnt."""
    part = Part()
    rows = []
    for name, config in deeprage.configs.items():
        for member in [*(config.get("members") or []), *(config.get("learned") or [])]:
            label = f"network {str(member['member']).removeprefix('r')}" if "member" in member else str(member.get("name", ""))
            rows.append({"model": name, "member": label, "weight": member.get("weight"), "pearson": member.get("pearson")})
    if rows:
        columns: list[tuple[str, str, int | None]] = [
            ("model", "ensemble", None), ("member", "member", None), ("weight", "weight", 3), ("pearson", "r on validation cells", 3),
        ]  # fmt: skip
        part.tables.append(from_frame(pd.DataFrame(rows), "deeprage-members", "What stands in the ensembles", columns))
    knowing = [name for name, config in deeprage.configs.items() if config.get("uses_completion")]
    if knowing:
        part.sentences.append(
            f"In {listed(knowing)} the ensemble also carries what it has seen of the same gene in other conditions, which random pairs "
            "leave in training, and so do networks that keep a memory of genes. The row of promoters alone reads no other condition, "
            "but there a promoter itself tells which gene it is."
        )
    coded = [name for name, config in deeprage.configs.items() if config.get("uses_coding")]
    if coded:
        part.sentences.append(
            f"Members of {listed(coded)} also read the gene's codons; the row of promoters alone leaves these members out."
        )
    first = deeprage.folds[0].name if deeprage.folds else ""
    curves = {
        name: table
        for name, table in deeprage.history.items()
        if name.startswith(first) and {"train_loss", "validation_loss"} <= set(table)
    }
    if curves:
        part.pictures.append(figures.training(curves, "How the networks learnt", folder, f"{prefix}training"))
    else:
        part.lacks("Training curves", "the networks left no history.tsv")
    return part
