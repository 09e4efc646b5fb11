"""Learned members of DeepRAGE beside the networks, each two-sided: a gene's profile over the known conditions (its own, or told by its
promoter), carried to new conditions by weights that the regulators tell.

Axes: G genes, S conditions (K known ones), R regulators, F features, C components.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regdecode.models.completion import Gaussian
from regdecode.models.completion_kernel import GeneKernel, complete_by_kernel
from regdecode.models.completion_trees import complete_by_trees
from regdecode.models.condition_weights import ConditionModel
from regdecode.models.deeprage_problem import CellProblem
from regdecode.models.regulator_trees import Known, correct_by_trees
from regdecode.models.sequence_ridge import SequenceRidge
from regdecode.models.trees import TreesModel


@dataclass(frozen=True)
class Request:
    """What is to be predicted.

    Attributes
    ----------
    X : ndarray, float32 (G, F)
        Features of the promoters.
    inputs : ndarray (S, R)
    own : ndarray of int (G,)
        The regulator that is the gene, -1 for none.
    place : ndarray of int (S,)
        Column of each condition among the known ones, -1 for a new one.
    row : ndarray of int (G,)
        Row of each gene among the known ones, -1 for a new one.
    """

    X: np.ndarray
    inputs: np.ndarray
    own: np.ndarray
    place: np.ndarray
    row: np.ndarray


def request_of(problem: CellProblem) -> Request:
    """Every cell of a problem."""
    place, row = np.full(len(problem.inputs), -1), np.full(len(problem.own), -1)
    place[problem.conditions] = np.arange(problem.conditions.sum())
    row[problem.genes] = np.arange(problem.genes.sum())
    return Request(problem.table.X, problem.inputs, problem.own, place, row)


def carry(profiles: np.ndarray, conditions: ConditionModel, request: Request) -> np.ndarray:
    """Predictions (G, S) from profiles (G, K): known conditions as they are, new ones by weights."""
    predicted = np.empty((len(profiles), len(request.place)))
    seen = request.place >= 0
    predicted[:, seen] = profiles[:, request.place[seen]]
    if not seen.all():
        predicted[:, ~seen] = conditions.predict(profiles, request.inputs[~seen], request.own)
    return predicted


@dataclass(frozen=True)
class SequenceMember:
    """Profiles told by promoters.

    Attributes
    ----------
    columns : ndarray of int
        Columns of X that it reads.
    model : SequenceRidge or TreesModel
    conditions : ConditionModel
    """

    columns: np.ndarray
    model: SequenceRidge | TreesModel
    conditions: ConditionModel

    def profiles(self, request: Request) -> np.ndarray:
        """(G, K) log2 ratios in the known conditions."""
        return self.model.predict(request.X[:, self.columns])

    def predict(self, request: Request) -> np.ndarray:
        """(G, S) log2 ratios."""
        return carry(self.profiles(request), self.conditions, request)


def sum_sequence_members(weighted: Sequence[tuple[float, SequenceMember]], request: Request) -> np.ndarray:
    """Weighted sum (G, S) of members' predictions. Conditions carry linearly: members that read them alike are summed before, so that the
    weights of new conditions, one set a regulator, are solved for once.
    """
    sums: list[tuple[ConditionModel, np.ndarray]] = []
    for weight, member in weighted:
        profiles = weight * member.profiles(request)
        alike = next((total for conditions, total in sums if conditions.equals(member.conditions)), None)
        if alike is None:
            sums.append((member.conditions, profiles))
        else:
            alike += profiles
    return np.sum([carry(total, conditions, request) for conditions, total in sums], axis=0)


@dataclass(frozen=True)
class RegulatorMember:
    """Profiles as measured.

    Attributes
    ----------
    profiles : ndarray, float32 (known genes, K)
        0 where not measured.
    conditions : ConditionModel
    trees : TreesModel or None
        See `regulator_trees`.
    """

    profiles: np.ndarray
    conditions: ConditionModel
    trees: TreesModel | None = None

    def predict(self, request: Request) -> np.ndarray:
        """(G, S) log2 ratios; a new gene gets the mean profile."""
        profiles = np.tile(self.profiles.mean(axis=0, dtype=np.float64), (len(request.row), 1))
        genes, new = request.row >= 0, request.place < 0
        profiles[genes] = self.profiles[request.row[genes]]
        predicted = carry(profiles, self.conditions, request)
        if self.trees and new.any():
            rows = genes & (request.own < 0)
            known = Known(profiles[rows], self.conditions.inputs)
            predicted[np.ix_(rows, new)] = correct_by_trees(known, self.conditions, request.inputs[new], self.trees)
        return predicted


@dataclass(frozen=True)
class CompletionMember:
    """The gene's own other cells, through one normal distribution over conditions, and what that leaves.

    Attributes
    ----------
    gaussian : Gaussian
        Over the known conditions.
    profiles : ndarray, float32 (known genes, K)
        NaN where not known.
    rest : TreesModel, GeneKernel or None
        Tells what the distribution leaves: see `completion_trees` and `completion_kernel`.
    """

    gaussian: Gaussian
    profiles: np.ndarray
    rest: TreesModel | GeneKernel | None = None

    def predict(self, request: Request) -> np.ndarray:
        """(G, S) log2 ratios; NaN in a new condition. A known cell is predicted from the gene's others."""
        predicted = np.full((len(request.row), len(request.place)), np.nan)
        seen, rows = request.place >= 0, request.row >= 0
        filled = np.tile(self.gaussian.mean, (len(request.row), 1))
        filled[rows] = self._complete()[request.row[rows]]
        predicted[:, seen] = filled[:, request.place[seen]]
        return predicted

    def _complete(self) -> np.ndarray:
        profiles = self.profiles.astype(np.float64)
        if isinstance(self.rest, TreesModel):
            return complete_by_trees(self.gaussian, profiles, self.rest)
        if isinstance(self.rest, GeneKernel):
            return complete_by_kernel(self.gaussian, profiles, self.rest)
        return self.gaussian.complete(np.nan_to_num(profiles), np.isfinite(profiles))[0]


Member = SequenceMember | RegulatorMember | CompletionMember
