"""The comparators of DeepRAGE, each from the cells of one fold to predictions of every cell. Test cells are never read.

Each is fitted on training cells. Penalties or rounds are chosen on validation cells, or, of what reads promoters where no new gene is
validated, on training genes left out. Axes: G genes, S conditions.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from regdecode.errors import InputError
from regdecode.models.completion import column_means, complete_svd
from regdecode.models.deeprage_member_fits import (
    Choices,
    fit_completion_member,
    fit_regulator_member,
    fit_ridge_member,
    fit_trees_member,
    tree_blocks,
)
from regdecode.models.deeprage_members import request_of
from regdecode.models.deeprage_problem import CellProblem
from regdecode.models.geneclass import fit_stumps, readable_states, regulator_states

Predicted = tuple[np.ndarray, Choices | None]
Baseline = Callable[[CellProblem, Choices | None], Predicted]
STUMP_ROUNDS = (30, 100, 300)


def majority(problem: CellProblem, chosen: Choices | None = None) -> Predicted:
    """Give every cell the median of the most frequent class of the known cells."""
    known = problem.values[problem.known]
    classes = np.digitize(known, problem.edges)
    most = np.bincount(classes).argmax()
    return np.full(problem.values.shape, float(np.median(known[classes == most]))), None


def mean(problem: CellProblem, chosen: Choices | None = None) -> Predicted:
    """Mean of the gene where its condition is new, of the condition where the gene is new, of all where both are."""
    known = problem.known
    total = float(problem.values[known].mean())
    of_gene = np.where(problem.genes, column_means(problem.values.T, known.T), total)
    of_condition = np.where(problem.conditions, column_means(problem.values, known), total)
    return of_gene[:, None] + of_condition[None] - total, None


def svd(problem: CellProblem, chosen: Choices | None = None) -> Predicted:
    """Complete by soft-thresholded singular values."""
    return complete_svd(np.nan_to_num(problem.values), problem.known), None


def chained_ridge(problem: CellProblem, chosen: Choices | None = None) -> Predicted:
    """Regress each condition on the others, chained."""
    return fit_completion_member(problem, robust=False)[0].predict(request_of(problem)), None


def kmer_ridge(problem: CellProblem, chosen: Choices | None = None) -> Predicted:
    """Ridge on k-mer counts of the promoter."""
    member, choices = fit_ridge_member(problem, ("kmers",), chosen)
    return member.predict(request_of(problem)), choices


def motif_ridge(problem: CellProblem, chosen: Choices | None = None) -> Predicted:
    """Ridge on motif counts of the promoter."""
    member, choices = fit_ridge_member(problem, ("motifs", "sites"), chosen)
    return member.predict(request_of(problem)), choices


def sequence_ridge(problem: CellProblem, chosen: Choices | None = None) -> Predicted:
    """Ridge on k-mer and motif counts of the promoter together."""
    member, choices = fit_ridge_member(problem, ("kmers", "motifs", "sites"), chosen)
    return member.predict(request_of(problem)), choices


def xgboost(problem: CellProblem, chosen: Choices | None = None) -> Predicted:
    """Boosted trees of principal components on the promoter's motifs, or on its k-mers where none is given."""
    member, choices = fit_trees_member(problem, tree_blocks(problem), chosen)
    return member.predict(request_of(problem)), choices


def regulator_ridge(problem: CellProblem, chosen: Choices | None = None) -> Predicted:
    """Ridge of each gene on the regulators."""
    member, choices = fit_regulator_member(problem, chosen, robust=False)
    return member.predict(request_of(problem)), choices


def geneclass(problem: CellProblem, chosen: Choices | None = None) -> Predicted:
    """Boost stumps on pairs of a motif and a regulator's state; rounds chosen on watched cells."""
    hits, states = problem.table.hits, regulator_states(problem.inputs, float(np.abs(problem.edges).max()))
    readable = readable_states(problem.own, states.shape[1])
    values, watch = np.nan_to_num(problem.values), problem.watch
    rounds = chosen.rounds[0] if chosen is not None and chosen.rounds else max(STUMP_ROUNDS)
    model = fit_stumps(hits, states, readable, values, problem.known, rounds)
    if chosen is None and watch.any():
        errors = [((model.first(n).predict(hits, states, readable) - values)[watch] ** 2).sum() for n in STUMP_ROUNDS]
        rounds = STUMP_ROUNDS[int(np.argmin(errors))]
        model = model.first(rounds)
    return model.predict(hits, states, readable), Choices(rounds=(rounds,))


EVERYWHERE = ("new_gene", "new_condition", "random_pair", "new_gene_and_condition")
REGISTRY: dict[str, tuple[Baseline, tuple[str, ...]]] = {
    "majority": (majority, EVERYWHERE),
    "mean": (mean, EVERYWHERE),
    "svd": (svd, ("random_pair",)),
    "chained_ridge": (chained_ridge, ("random_pair",)),
    "kmer_ridge": (kmer_ridge, EVERYWHERE),
    "motif_ridge": (motif_ridge, EVERYWHERE),
    "sequence_ridge": (sequence_ridge, EVERYWHERE),
    "regulator_ridge": (regulator_ridge, ("new_condition", "new_gene_and_condition")),
    "geneclass": (geneclass, EVERYWHERE),
    "xgboost": (xgboost, EVERYWHERE),
}
NEED_MOTIFS = ("motif_ridge", "sequence_ridge", "geneclass")


def baselines_for(regime: str, has_motifs: bool, asked: tuple[str, ...] = ()) -> list[str]:
    """Names of the comparators that a regime can have, in order; of those asked for when any are.

    Raises
    ------
    InputError
        One that is asked for cannot be had: its regime or its motifs are missing.
    """
    possible = [name for name, (_, regimes) in REGISTRY.items() if regime in regimes and (has_motifs or name not in NEED_MOTIFS)]
    for name in asked:
        if name not in possible:
            why = "needs motifs: give --motifs" if regime in REGISTRY[name][1] else f"has nothing to learn from in the regime {regime}"
            raise InputError(f"the baseline {name} {why}", "--baseline", f"ask for {', '.join(possible)}")
    return [name for name in possible if not asked or name in asked]


def predict_baseline(name: str, problem: CellProblem) -> np.ndarray:
    """Predict every cell (G, S): watched cells by the fit on known cells alone, all others by a second fit on both.

    Thresholds between classes are tuned on watched cells, so these must not have been learnt.
    """
    baseline = REGISTRY[name][0]
    first, chosen = baseline(problem, None)
    second = problem.with_watched()
    if second is problem:
        return first
    return np.where(problem.watch, first, baseline(second, chosen)[0])
