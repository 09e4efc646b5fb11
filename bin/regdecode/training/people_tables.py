"""The tables of EVALUATE_PEOPLE: people, genes, variances, the same person twice, arms.

Axes: G genes, S people, T outputs (people, then the level where there is one).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from regdecode.errors import InputError
from regdecode.io.gene_table import GeneTable
from regdecode.io.h5ad import read_expression, read_predictions
from regdecode.io.records import Expression
from regdecode.stats.comparisons import benjamini_hochberg, correlation_p, paired_t
from regdecode.stats.evaluation import Candidate, Evaluation
from regdecode.stats.gene_drivers import site_counts
from regdecode.stats.metrics import evaluate_genes
from regdecode.stats.people import VARIANCE_COLUMNS, Sampled, same_person, variance_row
from regdecode.stats.ranks import correlations
from regdecode.training.dataset import Dataset
from regdecode.training.encode import side

log = logging.getLogger(__name__)
NOTHING = float("nan")
ABLATION_COLUMNS = [
    "model", "test", "arm_a", "arm_b", "n_outputs", "mean_a", "mean_b", "difference", "statistic", "p", "share_of_all",
]  # fmt: skip


def positive_genes(scored: pd.DataFrame) -> np.ndarray:
    """(G,) genes predicted over people: r above 0 at BH 5 %."""
    return ((scored["pearson"] > 0) & (scored["q"] < 0.05)).to_numpy()


def person_table(
    data: Dataset, evaluation: Evaluation, primary: Candidate, people: np.ndarray, kept: np.ndarray, expression: Expression
) -> pd.DataFrame:
    """per_person.tsv: output, spearman with interval, pearson, n, validation_spearman, kept, then the columns of the sample sheet."""
    metrics = evaluation.metrics
    own = metrics[(metrics["model"] == primary.model) & (metrics["member"] == primary.member) & (metrics["arm"] == primary.arm)]
    names = data.outputs[people]

    def column(split: str, metric: str) -> pd.DataFrame:
        part = own[(own["split"] == split) & (own["metric"] == metric)].drop_duplicates("output", keep="last")
        return part.set_index("output").reindex(names)

    rho = column("test", "spearman")
    table = pd.DataFrame(
        {"output": names, "spearman": rho["value"].to_numpy(), "low": rho["low"].to_numpy(), "high": rho["high"].to_numpy()}
    )
    table["pearson"] = column("test", "pearson")["value"].to_numpy()
    table["n"] = rho["n"].to_numpy()
    table["validation_spearman"] = column("validation", "spearman")["value"].to_numpy()
    table["kept"] = np.where(kept, "true", "false")
    place = {name: i for i, name in enumerate(expression.outputs.tolist())}
    rows = [place[name] for name in names.tolist()]
    for name, values in expression.sheet.items():
        table[name if name not in table else f"sheet_{name}"] = np.asarray(values)[rows]
    return table


def gene_accuracy(data: Dataset, primary: Candidate, people: np.ndarray, genes: GeneTable) -> pd.DataFrame:
    """per_gene.tsv: gene_id, gene_name, split, pearson and spearman over people, p and q of Pearson's r (BH within a split), drivers."""
    each = evaluate_genes(primary.values[:, people], data.targets[:, people])
    place = {gene: i for i, gene in enumerate(genes.gene_id.tolist())}
    missing = [gene for gene in data.genes.tolist() if gene not in place]
    if missing:
        raise InputError(f"lacks {len(missing)} genes of the splits, first {missing[0]}", "--genes", "give the genes.tsv of this organism")
    rows = np.array([place[gene] for gene in data.genes.tolist()], dtype=np.int64)
    table = pd.DataFrame({"gene_id": data.genes, "gene_name": genes.gene_name[rows], "split": data.split})
    table["pearson"], table["spearman"], table["n"] = each.pearson, each.spearman, each.n
    table["p"] = correlation_p(each.pearson, each.n)
    table["q"] = NOTHING
    for split in np.unique(data.split):
        inside = data.split == split
        table.loc[inside, "q"] = benjamini_hochberg(table.loc[inside, "p"].to_numpy())
    table["rmse"] = each.rmse
    if data.has_level:
        table["level_predicted"], table["level_actual"] = primary.values[:, -1], data.targets[:, -1]
    for name, counts in site_counts(list(data.tracks), [side(track) for track in data.tracks]).items():
        table[name] = counts.astype(np.int64)
    table["log2_length"] = np.log2(np.maximum(genes.length[rows], 1))
    table["fold_change_sd"] = np.nanstd(np.where(np.isfinite(data.targets[:, people]), data.targets[:, people], np.nan), axis=1)
    return table


def driver_names(table: pd.DataFrame) -> list[str]:
    """Columns of per_gene.tsv that may explain accuracy."""
    return [name for name in ("rna_sites", "promoter_sites", "log2_length", "level_actual", "fold_change_sd") if name in table]


def variance_table(data: Dataset, primary: Candidate, people: np.ndarray, expression: Expression, reference: str | None) -> pd.DataFrame:
    """variance.tsv: variance over people against variance over tissues, actual of all shared genes, and predicted on test genes."""
    if reference is None:
        return pd.DataFrame(columns=VARIANCE_COLUMNS)
    tissues = read_expression(reference)
    place = {gene: i for i, gene in enumerate(tissues.genes.tolist())}

    def against(genes: np.ndarray, values: np.ndarray, source: str) -> dict[str, object]:
        inside = np.array([gene in place for gene in genes.tolist()], dtype=bool)
        rows = np.array([place[gene] for gene in genes[inside].tolist()], dtype=np.int64)
        return variance_row(source, values[inside], tissues.values[rows])

    test = data.rows("test")
    return pd.DataFrame(
        [
            against(expression.genes, expression.values, "actual"),
            against(data.genes[test], data.targets[test][:, people], "actual_test"),
            against(data.genes[test], primary.values[test][:, people], "predicted_test"),
        ],
        columns=VARIANCE_COLUMNS,
    )


def _sampled(expression: Expression, genes: np.ndarray, values: np.ndarray, cohort: str) -> Sampled | None:
    """Samples with their person and tissue; None without a column of people."""
    if "person" not in expression.sheet:
        return None
    person = np.asarray(expression.sheet["person"]).astype(str)
    tissue = np.asarray(expression.sheet["tissue"]).astype(str) if "tissue" in expression.sheet else np.full(len(person), "")
    group = np.array([f"{cohort}/{name}" if name else cohort for name in tissue])
    return Sampled(np.asarray(genes), values, group, person)


def concordance_table(
    data: Dataset,
    primary: Candidate,
    people: np.ndarray,
    expression: Expression,
    others: Sequence[tuple[str, str | None]],
    cohort: str,
) -> pd.DataFrame:
    """concordance.tsv: is a person like themselves in another tissue or cohort, in actual and in predicted fold changes."""
    actual = [_sampled(expression, expression.genes, expression.values, cohort)]
    test = data.rows("test")
    predicted = [_sampled(expression, data.genes[test], primary.values[test][:, people], cohort)]
    for number, (path, forecast) in enumerate(others):
        other = read_expression(path)
        name = Path(path).name.split(".")[0] or f"other{number}"
        actual.append(_sampled(other, other.genes, other.values, name))
        if forecast is not None:
            found = read_predictions(forecast)
            held = found.split == "test"
            chosen = [found.outputs.tolist().index(output) for output in other.outputs.tolist()]
            predicted.append(_sampled(other, found.genes[held], found.values[held][:, chosen].astype(np.float64), name))
    rows: list[dict[str, object]] = []
    for kind, parts in (("actual", actual), ("predicted", predicted)):
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            log.warning("%s: a sample sheet has no column person, so it takes no part in the concordance", kind)
        rows += same_person(kind, known)
    return pd.DataFrame(rows)


def ablation_table(candidates: Sequence[Candidate], data: Dataset, people: np.ndarray) -> pd.DataFrame:
    """ablation.tsv: paired t over people between the arms' Spearman correlations on test genes; `share_of_all` is mean_b / mean_a.

    `model` without arms but "all": no row.
    """
    test = data.rows("test")
    arms = {}
    for one in candidates:
        if one.member == "ensemble" and not one.baseline:
            arms[one.arm] = correlations(one.values[test][:, people], data.targets[test][:, people])
    names = sorted(arms, key=lambda arm: (arm != "all", arm))
    rows = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            test_of = paired_t(arms[a], arms[b])
            share = test_of.mean_b / test_of.mean_a if test_of.mean_a != 0 else NOTHING
            row = [
                candidates[0].model, "paired_t", a, b, test_of.n, test_of.mean_a, test_of.mean_b, test_of.mean_a - test_of.mean_b,
                test_of.statistic, test_of.p, share,
            ]  # fmt: skip
            rows.append(dict(zip(ABLATION_COLUMNS, row, strict=True)))
    return pd.DataFrame(rows, columns=ABLATION_COLUMNS)
