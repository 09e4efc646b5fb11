"""Parts about accuracy: models side by side, outputs, genes, ablation."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from regdecode.report import figures_ablation
from regdecode.report import figures_accuracy as figures
from regdecode.report.accuracy import ARMS, FOLD_CHANGE, LEVEL, OUTPUT_LABELS, Row, arms, best, of_kind, outputs_of, single_tasks
from regdecode.report.figures_regulators import cluster_order
from regdecode.report.inputs import Fold, Inputs
from regdecode.report.numbers import interval, number, p_value, plural
from regdecode.report.part import Part
from regdecode.report.tables import Cell, Column, Table, cell, from_frame


def accuracy_part(inputs: Inputs, fold: Fold, found: list[Row], folder: Path, prefix: str) -> Part:
    """Show every model beside every baseline, then where the ensemble does well and badly."""
    part = Part()
    if not of_kind(found, "ensemble"):
        part.lacks("Accuracy", "metrics.tsv holds no test figure of the selected ensemble")
        return part
    for output in outputs_of(found):
        picture = figures.models(found, output, folder, prefix)
        part.pictures += [picture] if picture else []
    if LEVEL not in outputs_of(found):
        part.lacks("Level", "the expression matrix holds log ratios, which have no level")
    part.tables.append(models_table(fold, found))
    _scatter(part, fold, found, folder, prefix)
    _genes(part, fold, folder, prefix)
    _outputs(part, inputs, fold, found, folder, prefix)
    _matrix(part, fold, folder, prefix)
    return part


def models_table(fold: Fold, found: list[Row]) -> Table:
    """Every model and baseline with both figures, and the paired difference to the ensemble where it was tested."""
    outputs = outputs_of(found)
    columns = [Column("model"), Column("kind")]
    for output in outputs:
        columns += [
            Column(f"{OUTPUT_LABELS[output].lower()} ρ", True),
            Column("95 % interval"),
            Column("ensemble minus it", True, "paired bootstrap over genes"),
        ]
    kinds = {"ensemble": "selected", "network": "network", "baseline": "baseline", "control": "control"}
    comparisons = fold.table("comparisons")
    rows = []
    for row in found:
        if row.kind == "member":
            continue
        line = [cell(row.label, style="strong" if row.kind == "ensemble" else ""), cell(kinds[row.kind])]
        for output in outputs:
            score = row.scores.get(output)
            line += [
                cell(score.value if score else None),
                cell(interval(score.low, score.high) if score else "–"),
                _difference(comparisons, row, output),
            ]
        rows.append(line)
    return Table(
        f"models-{fold.name}",
        "Every model and baseline",
        columns,
        rows,
        "ρ: Spearman correlation of predicted and measured values on held-out genes; for fold changes the mean over "
        "outputs. Differences with 95 % intervals of a paired bootstrap over genes.",
    )


def _difference(comparisons: pd.DataFrame | None, row: Row, output: str) -> Cell:
    if (
        row.kind == "ensemble"
        or row.arm not in ("", "all")
        or comparisons is None
        or not {"baseline", "output", "difference", "low", "high"} <= set(comparisons)
    ):
        return cell(None)
    match = comparisons[(comparisons["baseline"] == row.model) & (comparisons["output"] == output)]
    if "metric" in match:
        match = match[match["metric"] == "spearman"]
    if match.empty:
        return cell(None)
    first = match.iloc[0]
    shown = cell(float(first["difference"]))
    return Cell(f"{shown.text} ({interval(float(first['low']), float(first['high']))})", shown.key)


def _scatter(part: Part, fold: Fold, found: list[Row], folder: Path, prefix: str) -> None:
    genes = fold.table("per_gene")
    if LEVEL not in outputs_of(found):
        return
    if genes is None or not {"level_predicted", "level_actual"} <= set(genes.columns):
        part.lacks("Level scatter", "per_gene.tsv holds no predicted and measured level")
        return
    genes = genes[genes["split"] == "test"] if "split" in genes else genes
    genes = genes.dropna(subset=["level_predicted", "level_actual"])
    if len(genes) < 3:
        part.lacks("Level scatter", "fewer than three held-out genes")
        return
    rho = of_kind(found, "ensemble")[0].scores[LEVEL].value
    part.pictures.append(
        figures.scatter(genes["level_predicted"].to_numpy(float), genes["level_actual"].to_numpy(float), rho, folder, prefix)
    )


def _outputs(part: Part, inputs: Inputs, fold: Fold, found: list[Row], folder: Path, prefix: str) -> None:
    """Accuracy of each output from metrics.tsv, beside the best baseline."""
    metrics = inputs.metrics
    table = metrics[
        (metrics["fold"] == fold.name)
        & (metrics["split"] == "test")
        & (metrics["metric"] == "spearman")
        & ~metrics["output"].isin([LEVEL, FOLD_CHANGE, "all"])
    ]
    own = table[(table["model"] == inputs.primary) & (table["member"] == "ensemble") & table["arm"].isin(["all", ""])]
    if own.empty:
        part.lacks("Accuracy of each output", "metrics.tsv holds no figure of single outputs")
        return
    rival = best(of_kind(found, "baseline"), FOLD_CHANGE)
    other = table[(table["model"] == rival.model) & (table["member"] == rival.member)] if rival else None
    name = rival.label if rival else ""
    part.pictures.append(
        figures.per_output(
            own[["output", "value", "low", "high"]],
            None if other is None or other.empty else other[["output", "value"]].drop_duplicates("output"),
            name,
            folder,
            prefix,
        )
    )
    shown = own[["output", "value", "low", "high", "n"]].copy()
    shown["interval"] = [interval(low, high) for low, high in zip(shown["low"], shown["high"], strict=True)]
    if other is not None and len(other):
        shown["baseline"] = other.drop_duplicates("output").set_index("output")["value"].reindex(shown["output"]).to_numpy()
        shown["gain"] = shown["value"] - shown["baseline"]
    pearson = metrics[
        (metrics["fold"] == fold.name)
        & (metrics["split"] == "test")
        & (metrics["metric"] == "pearson")
        & (metrics["model"] == inputs.primary)
        & (metrics["member"] == "ensemble")
    ]
    shown["pearson"] = (
        pearson.drop_duplicates("output").set_index("output")["value"].reindex(shown["output"]).to_numpy() if len(pearson) else np.nan
    )
    columns = [
        ("output", "output", None),
        ("value", "ρ", 3),
        ("interval", "95 % interval", None),
        ("pearson", "Pearson r", 3),
        ("baseline", f"ρ, {name}", 3),
        ("gain", "gain", 3),
        ("n", "genes", 0),
    ]
    part.tables.append(
        from_frame(shown.sort_values("value", ascending=False), f"outputs-{fold.name}", "Accuracy of each output", columns, searchable=True)
    )


def square(table: pd.DataFrame) -> pd.DataFrame | None:
    """Bring output_matrix.tsv, wide or long (predicted, actual, value), into a square table in one order; None where it is neither."""
    if {"predicted", "actual"} <= set(table.columns):
        value = next((name for name in ("spearman", "value", "correlation") if name in table.columns), None)
        if value is None:
            return None
        wide = table.pivot_table(index="predicted", columns="actual", values=value, sort=False)
    else:
        wide = table.set_index(table.columns[0])
    names = [name for name in wide.index.astype(str) if name in set(wide.columns.astype(str)) and name != LEVEL]
    wide.index, wide.columns = wide.index.astype(str), wide.columns.astype(str)
    return wide.loc[names, names].astype(float) if len(names) > 1 else None


def _matrix(part: Part, fold: Fold, folder: Path, prefix: str) -> None:
    table = fold.table("output_matrix")
    matrix = square(table) if table is not None else None
    if table is None or matrix is None:
        part.lacks("Predicted by measured outputs", "EVALUATE wrote no output matrix, or there is one output only")
        return
    values = np.nan_to_num(matrix.to_numpy(float))
    hits = int(np.sum(values.argmax(1) == np.arange(len(values))))
    sentence = f"The measured output a prediction fits best is its own for {hits} of {len(values)}; by chance it would be 1."
    p = _matrix_p(fold)
    sentence = sentence[:-1] + f" ({p_value(p)}, permutation of outputs)." if p is not None else sentence
    part.pictures.append(
        figures.output_matrix(values, list(matrix.index), cluster_order((values + values.T) / 2), sentence, folder, prefix)
    )


def _matrix_p(fold: Fold) -> float | None:
    """Permutation p of the diagonal, from whichever table holds it."""
    for name in ("output_matrix", "comparisons"):
        table = fold.table(name)
        if table is None:
            continue
        if name == "output_matrix" and "permutation_p" in table:
            return float(table["permutation_p"].iloc[0])
        column = next((c for c in ("test", "comparison", "kind") if c in table.columns), None)
        if column is not None:
            found = table[table[column].astype(str).str.contains("diagonal")]
            if len(found) and "p" in found:
                return float(found["p"].iloc[0])
    return None


def _genes(part: Part, fold: Fold, folder: Path, prefix: str) -> None:
    genes = fold.table("per_gene")
    if genes is None or "spearman" not in genes:
        part.lacks("Accuracy of each gene", "EVALUATE wrote no per_gene.tsv with a spearman column")
        return
    genes = genes[genes["split"] == "test"] if "split" in genes else genes
    values = genes["spearman"].dropna().to_numpy(float)
    if len(values) < 3:
        part.lacks("Accuracy of each gene", "fewer than three genes have enough outputs")
        return
    part.pictures.append(figures.gene_histogram(values, folder, prefix))


def ablation_part(inputs: Inputs, fold: Fold, folder: Path, prefix: str) -> Part:
    """Show what shuffling the sites of each region costs, and one output alone against all together."""
    part = Part()
    table = arms(inputs.metrics, fold.name, inputs.primary)
    if table.empty:
        part.lacks("Ablation arms", "the run trained no arm with shuffled sites (--ablation)")
    for output in [name for name in (LEVEL, FOLD_CHANGE) if name in set(table["output"])]:
        picture = figures_ablation.arms(table, output, folder, prefix)
        part.pictures += [picture] if picture else []
    if len(table):
        part.sentences.append(_arms_sentence(table))
    tests = tests_table(fold)
    part.tables += [tests] if tests else []
    tasks = single_tasks(inputs.metrics, fold.name, inputs.primary)
    if len(tasks) < 2:
        part.lacks("One output alone against all together", "the run trained no output alone (--single_task_outputs)")
    else:
        better = int((tasks["multi"] > tasks["single"]).sum())
        p = stats.binomtest(better, int((tasks["multi"] != tasks["single"]).sum()) or 1).pvalue
        sentence = (
            f"Trained together, {better} of {plural(len(tasks), 'output')} are predicted better than trained alone "
            f"(sign test {p_value(float(p))}); "
            f"mean gain {number(float((tasks['multi'] - tasks['single']).mean()))}. Means of "
            f"{int(tasks['n_single'].min())} replicates alone and {int(tasks['n_multi'].min())} together."
        )
        part.pictures.append(figures_ablation.single_tasks(tasks, sentence, folder, prefix))
    return part


def tests_table(fold: Fold) -> Table | None:
    """ablation.tsv: arms against each other over outputs, one output alone against all together."""
    table = fold.table("ablation")
    if table is None or not {"test", "arm_a", "arm_b", "mean_a", "mean_b", "p"} <= set(table.columns):
        return None
    names = ARMS | {"single_task": "One output alone"}
    shown = table.assign(
        arm_a=table["arm_a"].map(lambda arm: names.get(arm, arm)),
        arm_b=table["arm_b"].map(lambda arm: names.get(arm, arm)),
        test=table["test"].map({"paired_t": "paired t over outputs", "sign": "sign test over outputs"}).fillna(table["test"]),
    )
    columns = [
        ("model", "model", None),
        ("arm_a", "a", None),
        ("arm_b", "b", None),
        ("mean_a", "mean ρ of a", 3),
        ("mean_b", "mean ρ of b", 3),
        ("difference", "a − b", 3),
        ("p", "p", 4),
        ("test", "test", None),
        ("n_outputs", "outputs", 0),
        ("seconds_a", "seconds a", 0),
        ("seconds_b", "seconds b", 0),
    ]
    return from_frame(
        shown,
        f"ablation-{fold.name}",
        "Tests between arms",
        columns,
        "ρ: mean over outputs and replicates. Seconds: mean training time of a replicate; alone, all outputs together.",
    )


def _arms_sentence(table: pd.DataFrame) -> str:
    output = FOLD_CHANGE if FOLD_CHANGE in set(table["output"]) else LEVEL
    means = table[table["output"] == output].groupby("arm")["value"].mean()
    full = float(means.get("all", np.nan))
    kept = [
        f"{text} leaves {number(float(means[arm]))}"
        for arm, text in (
            ("shuffled_rna", "shuffling RNA sites"),
            ("shuffled_promoter", "shuffling promoter sites"),
            ("shuffled_all", "shuffling both"),
        )
        if arm in means
    ]
    return f"{OUTPUT_LABELS[output]}: of ρ = {number(full)} with all sites, {', '.join(kept)} (single members, means of replicates)."
