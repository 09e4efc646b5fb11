"""A person model beside its cohort: the same genes and people, predictions of both branches and of each alone.

Axes: G genes, T people.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from regdecode.errors import InputError
from regdecode.io.h5ad import read_expression
from regdecode.io.records import Expression, Track
from regdecode.stats.rank_rows import standard_rank_rows
from regdecode.training.dataset import Dataset
from regdecode.training.encode import side
from regdecode.training.model_folder import Model, load_decode
from regdecode.training.people_data import load_people

FEWEST_PEOPLE = 4
ARMS = {"all": "", "rna_only": "promoter", "promoter_only": "rna"}
"""What a prediction reads, and the side of the gene that it is emptied of."""


@dataclass(frozen=True)
class Cohort:
    """A person model and its data.

    Parameters
    ----------
    model
        The first outputs are the people.
    data
        Genes of the splits that the cohort expresses; tracks in the model's order.
    expression
        The cohort's whole expression file.
    people
        (T,) names.
    actual
        (G, T) log2 values of the genes of `data`.
    """

    model: Model
    data: Dataset
    expression: Expression
    people: NDArray[np.str_]
    actual: NDArray[np.float64]


def load_cohort(folder: str | Path, features: Sequence[str | Path], expression: str | Path, splits: str | Path) -> Cohort:
    """Read a person model and what belongs to it.

    Raises
    ------
    InputError
        When the model has too few people, or its outputs are not samples of the expression: a tissue model, or another cohort's.
    """
    model = load_decode(folder)
    people = model.outputs[:-1] if model.config["has_level"] else model.outputs
    measured = read_expression(expression)
    absent = sorted(set(people.tolist()) - set(measured.outputs.tolist()))
    if absent:
        raise InputError(
            f"{len(absent)} of the model's {len(people)} outputs are no samples of {expression}: {', '.join(absent[:3])}",
            folder,
            "give the person model that FINETUNE_DECODE made from this cohort, not a tissue model or another cohort's",
        )
    if len(people) < FEWEST_PEOPLE:
        raise InputError(
            f"has {len(people)} people ({', '.join(people)}); co-expression needs at least {FEWEST_PEOPLE}",
            folder,
            "give a person model of more people",
        )
    data = load_people(features, expression, splits, model.config["tracks"])
    column = {name: t for t, name in enumerate(measured.outputs.tolist())}
    row = {gene: g for g, gene in enumerate(measured.genes.tolist())}
    actual = measured.values[np.ix_([row[gene] for gene in data.genes], [column[name] for name in people])]
    return Cohort(model, data, measured, people, actual)


def emptied(tracks: Sequence[Track], of: str) -> tuple[Track, ...]:
    """Take all sites of one side of every gene away, "promoter" or "rna"; lengths stay."""
    return tuple(
        replace(track, counts=csr_matrix(track.counts.shape, dtype=np.float32)) if side(track) == of else track for track in tracks
    )


def predicted_ranks(cohort: Cohort, rows: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """(G', T) standard ranks of the predictions of some genes, by arm; one arm where the model reads one side of genes alone."""
    genes = cohort.data.genes[rows]
    tracks = [track.select(genes) for track in cohort.data.tracks]
    sides = {side(track) for track in tracks}
    found = {}
    for arm, away in ARMS.items():
        if arm == "all" or len(sides) > 1:
            predicted = cohort.model.predict(emptied(tracks, away) if away else tracks)
            found[arm] = standard_rank_rows(predicted[:, : len(cohort.people)])
    return found
