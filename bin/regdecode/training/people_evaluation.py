"""EVALUATE_PEOPLE: how well a person model predicts held-out genes of every person, and what that accuracy is worth.

Axes: G genes, S people, T outputs (people, then the level where there is one).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from regdecode.errors import InputError
from regdecode.io.gene_table import GeneTable
from regdecode.io.h5ad import read_expression
from regdecode.stats.evaluation import METRIC_COLUMNS, Candidate, Truth, comparison_table, evaluate
from regdecode.stats.gene_drivers import bins_table, drivers_table
from regdecode.stats.metrics import FOLD_CHANGE, LEVEL, evaluate_outputs
from regdecode.stats.people import Unrelated, unrelated
from regdecode.stats.ranks import correlations, resample_counts
from regdecode.training.candidates import file_candidate
from regdecode.training.dataset import Dataset
from regdecode.training.model_folder import EnsembleModel, Model, load_decode, read_model_config
from regdecode.training.people_data import check_same_split, load_people
from regdecode.training.people_model import passes_filter
from regdecode.training.people_tables import (
    ablation_table,
    concordance_table,
    driver_names,
    gene_accuracy,
    person_table,
    positive_genes,
    variance_table,
)

NOTHING = float("nan")


@dataclass(frozen=True)
class PeopleInputs:
    """Files of EVALUATE_PEOPLE: model folders (the arm "all" and any others), and the data."""

    models: Sequence[str]
    features: Sequence[str]
    expression: str
    splits: str
    reference: str | None = None
    others: Sequence[tuple[str, str | None]] = ()


@dataclass(frozen=True)
class PeopleResult:
    """Everything that is written: tables by file name, and the predictions of the arm "all"."""

    data: Dataset
    primary: Candidate
    tables: dict[str, pd.DataFrame]


def load_candidates(inputs: PeopleInputs, cohort: str) -> tuple[Dataset, list[Candidate]]:
    """Read the data and the predictions of every model folder: ensembles, members of the arm "all", baselines.

    Raises
    ------
    InputError
        A folder is no person model of this cohort, or the arm "all" is missing.
    """
    data: Dataset | None = None
    candidates: list[Candidate] = []
    for folder in sorted(inputs.models, key=lambda path: str(read_model_config(path)["arm"]) != "all"):
        config = read_model_config(folder)
        if config.get("cohort") != cohort or config["family"] != "ensemble":
            held = f"cohort {config['cohort']}" if "cohort" in config else "tissues"
            raise InputError(
                f"is not a person model of cohort {cohort} but a model of {held}", folder, "give what finetune_decode.py wrote"
            )
        check_same_split(config, inputs.splits)
        own = load_people(inputs.features, inputs.expression, inputs.splits, config["tracks"], config["arm"])
        data = data or own
        model = load_decode(folder)
        if model.outputs.tolist() != own.outputs.tolist():
            raise InputError("predicts other people than the expression file holds", folder, "give the expression it was tuned to")
        candidates.append(_candidate(model, own))
        if config["arm"] == "all" and isinstance(model, EnsembleModel):
            candidates += [_candidate(member, own) for member in model.members]
            candidates += [file_candidate(path, own) for path in sorted((Path(folder) / "baselines").glob("*.predictions.h5ad"))]
    if data is None or not candidates or candidates[0].arm != "all":
        raise InputError("there is no person model of the arm all", ", ".join(inputs.models), "give its folder with --model")
    return data, candidates


def _candidate(model: Model, data: Dataset) -> Candidate:
    """Predictions of a model from the inputs of its arm."""
    config = model.config
    return Candidate(str(config["model"]), str(config["member"]), str(config["arm"]), model.outputs, model.predict(data.tracks))


def evaluate_people(
    inputs: PeopleInputs, genes: GeneTable, cohort: str, labels: dict[str, str], seed: int = 0, threads: int = 1
) -> PeopleResult:
    """Make every table of EVALUATE_PEOPLE.

    Parameters
    ----------
    labels
        system, organism and fold, as in metrics.tsv.
    """
    data, candidates = load_candidates(inputs, cohort)
    truth = Truth(data.genes, data.split, data.outputs, data.targets)
    evaluation = evaluate(truth, candidates, labels, seed, threads)
    primary = candidates[0]
    people = data.outputs != LEVEL if data.has_level else np.ones(len(data.outputs), bool)
    test, validation = data.rows("test"), data.rows("validation")
    kept = passes_filter(correlations(primary.values[validation][:, people], data.targets[validation][:, people]))
    control = unrelated(primary.values[test][:, people], data.targets[test][:, people], data.outputs[people].tolist())
    expression = read_expression(inputs.expression)
    per_gene = gene_accuracy(data, primary, people, genes)
    scored = per_gene[per_gene["split"] == "test"]
    drivers = {name: scored[name].to_numpy(np.float64) for name in driver_names(scored)}
    tables = {
        "per_person": person_table(data, evaluation, primary, people, kept, expression),
        "per_gene": per_gene,
        "drivers_of_accuracy": drivers_table(scored["pearson"].to_numpy(), drivers, seed=seed),
        "accuracy_bins": bins_table(scored["pearson"].to_numpy(), positive_genes(scored), drivers),
        "variance": variance_table(data, primary, people, expression, inputs.reference),
        "unrelated": control.table,
        "concordance": concordance_table(data, primary, people, expression, inputs.others, cohort),
        "ablation": ablation_table(candidates, data, people),
        "comparisons": comparison_table(evaluation),
    }
    extra = [
        *_filter_rows(data, candidates, people, kept, seed, threads),
        *_control_rows(control),
        *_gene_rows(scored),
        *_table_rows(tables),
    ]
    what = {**labels, "model": primary.model, "member": primary.member, "arm": primary.arm, "split": "test"}
    metrics = pd.concat([evaluation.metrics, pd.DataFrame([{**what, **row} for row in extra])], ignore_index=True)
    return PeopleResult(data, primary, {"metrics": metrics[METRIC_COLUMNS], **tables})


def _row(output: str, metric: str, value: float, n: int, low: float = NOTHING, high: float = NOTHING) -> dict[str, object]:
    return {"output": output, "metric": metric, "value": value, "low": low, "high": high, "n": n}


def _filter_rows(
    data: Dataset, candidates: Sequence[Candidate], people: np.ndarray, kept: np.ndarray, seed: int, threads: int
) -> list[dict[str, object]]:
    """Accuracy of the people whose validation correlation is the median or more, on test genes."""
    test = data.rows("test")
    counts = resample_counts(len(test), 1000, seed)
    columns = np.flatnonzero(people)[kept]
    one = candidates[0]
    found = evaluate_outputs(one.values[test][:, columns], data.targets[test][:, columns], data.outputs[columns], counts, threads)
    rows = [_row(f.output, f"{f.metric}_kept", f.value, f.n, f.low, f.high) for f in found.figures if f.output == FOLD_CHANGE]
    return [*rows, _row(FOLD_CHANGE, "people_kept", int(kept.sum()), len(kept))]


def _control_rows(control: Unrelated) -> list[dict[str, object]]:
    """Figures of the prediction of unrelated people."""
    table = control.table
    if not len(table):
        return []
    n = len(table)
    return [
        _row(FOLD_CHANGE, "spearman_unrelated", float(table["others_mean"].mean()), n),
        _row(FOLD_CHANGE, "own_minus_unrelated", float((table["own"] - table["others_mean"]).mean()), n),
        _row(FOLD_CHANGE, "unrelated_signed_rank_p", control.signed_rank_p, n),
        _row(FOLD_CHANGE, "unrelated_rank_sum_p", control.rank_sum_p, n),
    ]


def _gene_rows(scored: pd.DataFrame) -> list[dict[str, object]]:
    """Figures of the accuracy of test genes over people."""
    n = len(scored)
    return [
        _row(FOLD_CHANGE, "genes_positive", int(positive_genes(scored).sum()), n),
        _row(FOLD_CHANGE, "genes_positive_share", float(positive_genes(scored).mean()) if n else NOTHING, n),
        _row(FOLD_CHANGE, "gene_pearson_mean", float(scored["pearson"].mean()), n),
        _row(FOLD_CHANGE, "gene_pearson_above_0_share", float((scored["pearson"] > 0).mean()), n),
    ]


def _table_rows(tables: dict[str, pd.DataFrame]) -> list[dict[str, object]]:
    """Headline figures of the variance and concordance tables."""
    rows = [
        _row(FOLD_CHANGE, f"variance_ratio_{line['source']}", float(line["ratio_of_means"]), int(line["n_genes"]))
        for line in tables["variance"].to_dict("records")
    ]
    shared = tables["concordance"]
    for line in shared[shared["note"] == ""].to_dict("records"):
        name = f"same_person_auroc_{line['kind']}:{line['group_a']}:{line['group_b']}"
        rows.append(_row(FOLD_CHANGE, name, float(line["auroc"]), int(line["n_same"])))
    return rows
