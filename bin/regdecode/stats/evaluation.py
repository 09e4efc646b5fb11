"""The tables of EVALUATE, from predictions and targets in memory: metrics, per output, per gene, output matrix, comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from regdecode.stats.comparisons import benjamini_hochberg, correlation_p, diagonal_test, paired_bootstrap
from regdecode.stats.metrics import ALL, FOLD_CHANGE, LEVEL, Accuracy, Figure, evaluate_genes, evaluate_outputs
from regdecode.stats.ranks import cross_correlations, resample_counts

SINGLE = "single_task:"
METRIC_COLUMNS = ["system", "organism", "fold", "model", "member", "arm", "split", "output", "metric", "value", "low", "high", "n"]
N_RESAMPLES = {"test": 1000, "validation": 200}


@dataclass(frozen=True)
class Candidate:
    """Predictions of one model for every gene.

    Attributes
    ----------
    model, member, arm : str
        Such as "default", "ensemble", "all"; a baseline is its own model with member "single".
    outputs : ndarray of str (T,)
        What it predicts; one output for a single-task model.
    values : ndarray (G, T)
        Log2 units, genes in the order of `Truth`.
    baseline : bool
    seconds : float
        Training time, NaN where unknown.
    """

    model: str
    member: str
    arm: str
    outputs: np.ndarray
    values: np.ndarray
    baseline: bool = False
    seconds: float = float("nan")

    @property
    def is_ensemble(self) -> bool:
        """Whether this is a selected ensemble on all features."""
        return self.member == "ensemble" and self.arm == "all" and not self.baseline


@dataclass(frozen=True)
class Truth:
    """Targets of every gene: (G,) ids and splits, (T,) outputs, (G, T) values in log2 units with NaN where not measured."""

    genes: np.ndarray
    split: np.ndarray
    outputs: np.ndarray
    values: np.ndarray

    def columns(self, outputs: np.ndarray) -> np.ndarray:
        """Column number of each named output."""
        position = {str(name): t for t, name in enumerate(self.outputs)}
        return np.array([position[str(name)] for name in outputs], dtype=np.int64)


@dataclass
class Evaluation:
    """Accuracy of every candidate on test genes, and the rows of metrics.tsv.

    Attributes
    ----------
    truth : Truth
    accuracy : dict of tuple to Accuracy
        (model, member, arm) to its accuracy on test genes.
    candidates : dict of tuple to Candidate
    metrics : DataFrame
    """

    truth: Truth
    labels: dict[str, str]
    accuracy: dict[tuple[str, str, str], Accuracy] = field(default_factory=dict)
    candidates: dict[tuple[str, str, str], Candidate] = field(default_factory=dict)
    metrics: pd.DataFrame = field(default_factory=pd.DataFrame)

    def primary(self) -> Candidate:
        """Choose the ensemble the tables are about: that of the model `default`, else the first ensemble, else the first candidate."""
        ranked = sorted(self.candidates.values(), key=lambda c: (not c.is_ensemble, c.model != "default", c.baseline, c.model, c.member))
        return ranked[0]


def evaluate(truth: Truth, candidates: Sequence[Candidate], labels: dict[str, str], seed: int = 0, threads: int = 1) -> Evaluation:
    """Score every candidate on test and validation genes.

    Parameters
    ----------
    truth : Truth
    candidates : sequence of Candidate
    labels : dict of str to str
        Columns that are the same in every row: system, organism, fold.
    seed : int
        Of the bootstrap; all candidates are scored on the same resamples.
    threads : int

    Returns
    -------
    Evaluation
    """
    result = Evaluation(truth, labels)
    rows: list[dict[str, object]] = []
    for split, n_resamples in N_RESAMPLES.items():
        inside = truth.split == split
        if inside.sum() < 3:
            continue
        counts = resample_counts(int(inside.sum()), n_resamples, seed)
        for candidate in candidates:
            actual = truth.values[inside][:, truth.columns(candidate.outputs)]
            accuracy = evaluate_outputs(candidate.values[inside], actual, candidate.outputs, counts, threads)
            key = (candidate.model, candidate.member, candidate.arm)
            if split == "test":
                result.accuracy[key], result.candidates[key] = accuracy, candidate
            what = {"model": candidate.model, "member": candidate.member, "arm": candidate.arm, "split": split}
            rows += [{**labels, **what, **figure._asdict()} for figure in accuracy.figures if _belongs(figure.output, candidate)]
            if split == "test" and candidate.is_ensemble:
                rows += [{**labels, **what, **figure._asdict()} for figure in diagonal_figures(candidate, truth, seed)]
    result.metrics = pd.DataFrame(rows, columns=METRIC_COLUMNS)
    return result


def _belongs(output: str, candidate: Candidate) -> bool:
    """Leave out the mean over outputs of a single-task model."""
    return not (candidate.arm.startswith(SINGLE) and output in (FOLD_CHANGE, ALL))


def diagonal_figures(candidate: Candidate, truth: Truth, seed: int) -> list[Figure]:
    """Share of outputs whose own prediction fits them best, and its permutation p, as rows of metrics.tsv."""
    matrix, names = _matrix(candidate, truth)
    if len(names) < 2:
        return []
    test = diagonal_test(matrix, seed=seed)
    nothing = float("nan")
    return [
        Figure(FOLD_CHANGE, "diagonal_share", test.share, nothing, nothing, len(names)),
        Figure(FOLD_CHANGE, "diagonal_p", test.p, nothing, nothing, len(names)),
    ]


def _matrix(candidate: Candidate, truth: Truth) -> tuple[np.ndarray, np.ndarray]:
    """Spearman correlation of predicted with actual fold changes on test genes, and the outputs' names."""
    inside = truth.split == "test"
    fold = candidate.outputs != LEVEL
    names = candidate.outputs[fold]
    return cross_correlations(candidate.values[inside][:, fold], truth.values[inside][:, truth.columns(names)]), names


def matrix_table(candidate: Candidate, truth: Truth, seed: int = 0) -> pd.DataFrame:
    """output_matrix.tsv: predicted, actual, spearman, permutation_p (of the diagonal, the same in every row)."""
    matrix, names = _matrix(candidate, truth)
    p = diagonal_test(matrix, seed=seed).p if len(names) > 1 else float("nan")
    n = len(names)
    return pd.DataFrame({"predicted": np.repeat(names, n), "actual": np.tile(names, n), "spearman": matrix.ravel(), "permutation_p": p})


def gene_table(candidate: Candidate, truth: Truth) -> pd.DataFrame:
    """per_gene.tsv: gene_id, split, spearman and pearson over outputs with p and q (test genes), rmse, n, level_predicted, level_actual."""
    fold = candidate.outputs != LEVEL
    columns = truth.columns(candidate.outputs)
    each = evaluate_genes(candidate.values[:, fold], truth.values[:, columns[fold]])
    table = pd.DataFrame(
        {"gene_id": truth.genes, "split": truth.split, "spearman": each.spearman, "pearson": each.pearson, "rmse": each.rmse, "n": each.n}
    )
    table["p"] = correlation_p(each.spearman, each.n)
    table["q"] = np.nan
    for split in np.unique(truth.split):
        inside = truth.split == split
        table.loc[inside, "q"] = benjamini_hochberg(table.loc[inside, "p"].to_numpy())
    if (~fold).any():
        table["level_predicted"] = candidate.values[:, ~fold][:, 0]
        table["level_actual"] = truth.values[:, columns[~fold]][:, 0]
    return table


def output_table(result: Evaluation) -> pd.DataFrame:
    """per_output.tsv: one row an output, metric and model on test genes; ensembles and baselines."""
    shown = {(c.model, c.member, c.arm) for c in result.candidates.values() if c.baseline or c.is_ensemble}
    table = result.metrics
    keys = list(zip(table["model"], table["member"], table["arm"], strict=True))
    chosen = np.array([key in shown for key in keys], dtype=bool) & (table["split"] == "test").to_numpy()
    chosen &= ~table["output"].isin([FOLD_CHANGE, ALL]).to_numpy()
    return table.loc[chosen, ["model", "member", "arm", "output", "metric", "value", "low", "high", "n"]].reset_index(drop=True)


def comparison_table(result: Evaluation) -> pd.DataFrame:
    """comparisons.tsv: the primary ensemble minus every baseline and every other ensemble, paired bootstrap over test genes."""
    primary = result.primary()
    own = result.accuracy[(primary.model, primary.member, primary.arm)]
    rows = []
    for key, candidate in result.candidates.items():
        if candidate is primary or not (candidate.baseline or candidate.is_ensemble):
            continue
        other = result.accuracy[key]
        for output in (LEVEL, FOLD_CHANGE):
            if output not in own.resampled or output not in other.resampled:
                continue
            values = [_figure(accuracy, output) for accuracy in (own, other)]
            difference = paired_bootstrap(values[0].value, values[1].value, own.resampled[output], other.resampled[output])
            rows.append(
                {
                    "model": primary.model,
                    "member": primary.member,
                    "baseline": candidate.model,
                    "output": output,
                    "metric": "spearman",
                    "value": values[0].value,
                    "baseline_value": values[1].value,
                    **difference._asdict(),
                    "n": values[0].n,
                }
            )
    columns = ["model", "member", "baseline", "output", "metric", "value", "baseline_value", "difference", "low", "high", "p", "n"]
    return pd.DataFrame(rows, columns=columns)


def _figure(accuracy: Accuracy, output: str) -> Figure:
    return next(figure for figure in accuracy.figures if figure.output == output and figure.metric == "spearman")
