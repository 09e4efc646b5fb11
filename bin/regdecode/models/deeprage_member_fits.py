"""How the learned members of DeepRAGE are fitted: on known cells; penalties and rounds chosen on watched ones, or by a first fit.

Axes: G genes, S conditions, F features, C components.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from regdecode.models.completion import fit_gaussian
from regdecode.models.completion_kernel import fit_gene_kernel
from regdecode.models.completion_trees import fit_completion_trees
from regdecode.models.condition_weights import ConditionModel, fit_conditions
from regdecode.models.deeprage_members import CompletionMember, RegulatorMember, SequenceMember
from regdecode.models.deeprage_problem import CellProblem, split_genes
from regdecode.models.regulator_trees import Known, LeftOut, fit_regulator_trees
from regdecode.models.sequence_ridge import PENALTIES, fit_sequence_ridge
from regdecode.models.trees import TreeSettings, TreesModel, fit_trees

TREES = TreeSettings(components=20, max_outputs=0, rounds=300, patience=20, eta=0.05, max_depth=5, min_child_weight=8.0, subsample=0.6,
                     colsample_bytree=0.1, max_bin=32, huber_slope=1.0)  # fmt: skip
SEEN_PENALTIES, SEEN_ROUNDS = (0.0005, 0.005, 0.05, 0.5, 5.0, 50.0), (30, 100, TREES.rounds)


@dataclass(frozen=True)
class Choices:
    """What a first fit chose on watched cells, for the second fit on all known cells: penalties or rounds."""

    penalties: np.ndarray | None = None
    condition_penalty: float | None = None
    rounds: tuple[int, ...] | None = None


def fit_condition_side(problem: CellProblem, chosen: Choices | None, robust: bool = True) -> ConditionModel:
    """Regulators' weights; the penalty is chosen on watched cells of new conditions, else as `chosen` before, else the default."""
    known = problem.conditions
    profiles = problem.robust.profiles if robust else np.nan_to_num(problem.profiles()[problem.genes])
    inputs = problem.robust.inputs if robust else problem.inputs[known]
    own = problem.own[problem.genes]
    new = problem.watch.any(axis=0) & ~known
    watched = np.where(problem.watch, problem.values, np.nan)[problem.genes][:, new]
    if chosen is not None and chosen.condition_penalty is not None:
        return fit_conditions(inputs, profiles, own, None, robust, default=chosen.condition_penalty)
    watch = (problem.inputs[new], watched) if np.isfinite(watched).any() else None
    return fit_conditions(inputs, profiles, own, watch, robust)


def columns_of(problem: CellProblem, blocks: tuple[str, ...]) -> tuple[np.ndarray, list[tuple[int, float]], np.ndarray]:
    """Columns of the blocks in X, (size, weight) of each, and which of the columns are codons; a block the table lacks is left out."""
    bounds = {name: problem.table.blocks[name] for name in blocks if name in problem.table.blocks}
    columns = np.concatenate([np.arange(a, b) for a, b in bounds.values()])
    first, last = bounds.get("codons", (0, 0))
    return columns, [(b - a, 1.0) for a, b in bounds.values()], np.flatnonzero((columns >= first) & (columns < last))


def tree_blocks(problem: CellProblem) -> tuple[str, ...]:
    """What trees read: motifs where there are any, else k-mers, which are many and slow."""
    return ("motifs", "sites") if problem.table.hits.shape[1] else ("kmers",)


def fit_ridge_member(problem: CellProblem, blocks: tuple[str, ...], chosen: Choices | None = None) -> tuple[SequenceMember, Choices]:
    """Ridge of profiles on blocks of features. Penalties are chosen on new genes, or on watched cells of the same genes: there a promoter
    also tells which gene it is, and the least penalties may be the best.
    """
    columns, sizes, smooth = columns_of(problem, blocks)
    X, profiles = problem.table.X[:, columns], problem.profiles()
    conditions = fit_condition_side(problem, chosen)
    penalties: np.ndarray | None = chosen.penalties if chosen else None
    if penalties is None:
        fit, choose, watched = split_genes(problem)
        seen = problem.known_genes_watched()
        offered = SEEN_PENALTIES if seen else PENALTIES
        found = fit_sequence_ridge(X[fit], profiles[fit], sizes, (X[choose], watched), offered, smooth=smooth, sparse=seen)
        penalties = found.penalty
        if np.array_equal(fit, np.flatnonzero(problem.genes)):
            return SequenceMember(columns, found, conditions), Choices(penalties, conditions.penalty)
    rows = problem.genes
    model = fit_sequence_ridge(X[rows], profiles[rows], sizes, None, penalties, len(penalties), smooth)
    return SequenceMember(columns, model, conditions), Choices(penalties, conditions.penalty)


def fit_trees_member(problem: CellProblem, blocks: tuple[str, ...], chosen: Choices | None = None) -> tuple[SequenceMember, Choices]:
    """Boosted trees of the profiles' components on blocks of features; as many rounds as new genes, or watched cells of the same, want."""
    columns, _, _ = columns_of(problem, blocks)
    X, profiles = problem.table.X[:, columns], problem.profiles()
    conditions = fit_condition_side(problem, chosen)
    if chosen and chosen.rounds:
        rows = problem.genes
        model = grow(X[rows], profiles[rows], chosen.rounds, problem)
        return SequenceMember(columns, model, conditions), chosen
    if problem.known_genes_watched():
        rows = problem.genes
        grown = grow(X[rows], profiles[rows], (TREES.rounds,), problem)
        model = min((grown.first(rounds) for rounds in SEEN_ROUNDS), key=lambda model: problem.watched_error(model.predict(X)))
        return SequenceMember(columns, model, conditions), Choices(None, conditions.penalty, rounds_of(model))
    fit, choose, watched = split_genes(problem)
    model = fit_trees(X[fit], profiles[fit], X[choose], watched, TREES, seed=problem.seed, threads=problem.threads)
    return SequenceMember(columns, model, conditions), Choices(None, conditions.penalty, rounds_of(model))


def rounds_of(model: TreesModel) -> tuple[int, ...]:
    """Rounds of each booster."""
    return tuple(booster.num_boosted_rounds() for booster in model.boosters)


def grow(X: np.ndarray, profiles: np.ndarray, rounds: tuple[int, ...], problem: CellProblem) -> TreesModel:
    """Boosters of known lengths, one a component, on all known genes; components that watched conditions add are as long as the last."""
    components = min(TREES.components, profiles.shape[1])
    rounds += rounds[-1:] * (components - len(rounds))
    nothing = np.full((1, profiles.shape[1]), np.nan)
    return fit_trees(X, profiles, X[:1], nothing, TREES, seed=problem.seed, threads=problem.threads, rounds=rounds)


def fit_regulator_member(
    problem: CellProblem, chosen: Choices | None = None, robust: bool = True, trees: bool = False
) -> tuple[RegulatorMember, Choices]:
    """Ridge on the regulators, robust or ordinary; trees on what the robust one leaves of left-out series, their rounds chosen on watched
    conditions.
    """
    conditions = fit_condition_side(problem, chosen, robust)
    values = problem.profiles()[problem.genes]
    profiles = (problem.robust.profiles if robust else np.nan_to_num(values)).astype(np.float32)
    if not trees or (chosen and not chosen.rounds):  # the first fit had no series to leave out: its weight is of a member without trees
        return RegulatorMember(profiles, conditions), Choices(None, conditions.penalty)
    rows = problem.own[problem.genes] < 0
    series = np.arange(len(problem.inputs)).astype(str) if problem.series is None else problem.series
    left_out = LeftOut(values[rows], problem.inputs[problem.conditions], series[problem.conditions], problem.robust.gaussian)
    rounds, watch = chosen.rounds[0] if chosen and chosen.rounds else None, None
    new = problem.watch.any(axis=0) & ~problem.conditions
    if rounds is None and new.any():
        known = Known(profiles[rows].astype(np.float64), conditions.inputs)
        watch = known, problem.inputs[new], np.where(problem.watch, problem.values, np.nan)[problem.genes][rows][:, new]
    model = fit_regulator_trees(left_out, conditions, watch, rounds, problem.seed, problem.threads)
    found = (model.boosters[0].num_boosted_rounds(),) if model else None
    return RegulatorMember(profiles, conditions, model), Choices(None, conditions.penalty, found)


def fit_completion_member(
    problem: CellProblem, chosen: Choices | None = None, robust: bool = True, trees: bool = False
) -> tuple[CompletionMember, Choices]:
    """Normal distribution over conditions, fitted robustly or to the cells as they are; trees on what the robust one leaves, their rounds
    chosen on watched cells.
    """
    profiles = problem.profiles()[problem.genes]
    if robust:
        gaussian, kept = problem.robust.gaussian, problem.robust.bent.astype(np.float32)
    else:
        gaussian, kept = fit_gaussian(np.nan_to_num(profiles), np.isfinite(profiles)), profiles.astype(np.float32)
    if not trees:
        return CompletionMember(gaussian, kept), Choices()
    watched = problem.watched_profiles()[problem.genes]
    rounds = chosen.rounds[0] if chosen is not None and chosen.rounds else None
    watch = (gaussian, kept, watched) if rounds is None and np.isfinite(watched).any() else None
    model = fit_completion_trees(profiles, watch, rounds, problem.seed, problem.threads)
    return CompletionMember(gaussian, kept, model), Choices(rounds=(model.boosters[0].num_boosted_rounds(),))


def fit_kernel_member(problem: CellProblem, chosen: Choices | None = None) -> tuple[CompletionMember, Choices]:
    """Normal distribution over conditions, and a kernel between genes on what it leaves; nothing is chosen on watched cells."""
    gaussian, bent = problem.robust.gaussian, problem.robust.bent
    kernel = fit_gene_kernel(gaussian, bent, problem.seed)
    return CompletionMember(gaussian, bent.astype(np.float32), kernel), chosen or Choices()
