"""Attribution of a whole model: its members' contributions, weighted as its predictions are, and proved to add up.

The contributions of every member are relative to one reference gene (median length, no site), so that the weighted sum explains
``f(x) - f(reference)`` of the ensemble itself. The residual is computed for every gene and output against the model's own predictions.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from regdecode.errors import InputError, ToleranceError
from regdecode.explain import summaries
from regdecode.explain.members import Found, explain_member, members_of
from regdecode.explain.reference import reference_tracks
from regdecode.genome.summaries import LENGTH
from regdecode.io.records import Attributions, Track
from regdecode.training.dataset import Dataset
from regdecode.training.model_folder import Model

log = logging.getLogger(__name__)
ABSENT = "without_site"
"""Name of the row that holds what trees give, through interactions, to all regulators without a site on the gene."""


@dataclass(frozen=True)
class Explained:
    """Contributions of a model.

    Parameters
    ----------
    genes, outputs
        (G,), (T,) names.
    gene, column
        (n,) gene and column of each row; columns are counted through all tracks.
    values
        (n, T) log2 units.
    columns
        Table of the columns: track, class, regulator, kind ("regulator", "length", "without_site").
    additivity
        Residual by member and output.
    """

    genes: NDArray[np.str_]
    outputs: NDArray[np.str_]
    gene: NDArray[np.int64]
    column: NDArray[np.int64]
    values: NDArray[np.float64]
    columns: pd.DataFrame
    additivity: pd.DataFrame

    def attributions(self, attrs: dict[str, str]) -> Attributions:
        """As the h5ad file holds them: all rows, so that those of a gene add up to f(x) - f(reference)."""
        track, regulator = (self.columns[name].to_numpy().astype(str)[self.column] for name in ("track", "regulator"))
        return Attributions(self.genes[self.gene], track, regulator, self.outputs, self.values.astype(np.float32), attrs)


def column_table(tracks: Sequence[Track]) -> pd.DataFrame:
    """List the columns of all tracks in their order: regulators, then the length of each track; at the end, regulators without a site."""
    parts = [
        pd.DataFrame(
            {
                "track": track.name,
                "class": track.cls,
                "regulator": [*track.regulators, LENGTH],
                "kind": ["regulator"] * len(track.regulators) + [LENGTH],
            }
        )
        for track in tracks
    ]
    return pd.concat(
        [*parts, pd.DataFrame({"track": [ABSENT], "class": [ABSENT], "regulator": [ABSENT], "kind": [ABSENT]})], ignore_index=True
    )


def explain_model(
    model: Model,
    data: Dataset,
    rows: NDArray[np.int64],
    engine: str = "regdecode",
    tolerance: float = 1e-4,
    device: torch.device | str = "cpu",
) -> Explained:
    """Explain a model for some genes.

    Parameters
    ----------
    model
        A loaded model: network, trees or ensemble.
    data
        All genes of the fold; the reference has the median length of its training genes.
    rows
        Genes to explain.
    engine
        "regdecode" or "shap" (networks only; trees are TreeSHAP in either case).
    tolerance
        Largest residual, as a part of the range of an output.
    device
        Where networks are explained.

    Raises
    ------
    ToleranceError
        When contributions do not add up.
    """
    aligned = model.align(data.tracks)
    genes, outputs = data.genes[rows], model.outputs
    tracks, reference = [track.select(genes) for track in aligned], reference_tracks(aligned, data.rows("train"))
    prediction = model.predict(tracks)
    total: Found | None = None
    tables = []
    for member in members_of(model):
        found = explain_member(member, tracks, reference, engine, torch.device(device))
        tables.append(_checked(found, genes, outputs, tolerance, member.name))
        total = _added(total, found, member.weights)
    if total is None:
        raise InputError("no member has a weight", "the ensemble", "select the model again")
    whole = total._replace(prediction=prediction, delta=prediction - model.predict(reference))
    tables.insert(0, _checked(whole, genes, outputs, tolerance, "model"))
    return Explained(genes, outputs, whole.gene, whole.column, whole.values, column_table(tracks), pd.concat(tables, ignore_index=True))


def _checked(found: Found, genes: NDArray[np.str_], outputs: NDArray[np.str_], tolerance: float, name: str) -> pd.DataFrame:
    """Additivity table of one member; raises when a residual is too large."""
    table = summaries.additivity(found.residual(), found.prediction, found.delta, genes, outputs, tolerance)
    bad = table[~table["passed"]]
    if len(bad):
        worst = bad.loc[bad["relative"].fillna(np.inf).idxmax()]
        raise ToleranceError(
            f"contributions of {name} do not add up: gene {worst['worst_gene']}, output {worst['output']}: residual "
            f"{worst['max_residual']:.3g} is {worst['relative']:.3g} of the output's range {worst['range']:.3g}, tolerance {tolerance:g} "
            f"({len(bad)} of {len(table)} outputs fail)\n"
            "  fix: the model holds a step that attribution does not follow exactly: report it, "
            "or raise --tolerance knowing that rankings may suffer"
        )
    log.info("%s: contributions add up within %.2g of each output's range", name, table["relative"].max())
    table.insert(0, "member", name)
    return table


def _added(total: Found | None, found: Found, weights: NDArray[np.float64]) -> Found:
    """Add a member's contributions, weighted, to those of the members before it."""
    if total is None:
        return found._replace(values=found.values * weights)
    width = int(max(total.column.max(initial=0), found.column.max(initial=0))) + 1
    old, new = total.gene * width + total.column, found.gene * width + found.column
    keys = np.union1d(old, new)
    values = np.zeros((len(keys), found.values.shape[1]))
    values[np.searchsorted(keys, old)] += total.values
    values[np.searchsorted(keys, new)] += found.values * weights
    return Found(keys // width, keys % width, values, found.prediction, found.delta)


def summary_tables(explained: Explained, is_level: NDArray[np.bool_], target: str, system: str = "decode") -> dict[str, pd.DataFrame]:
    """Make the tables that ATTRIBUTE publishes, by file name. A regulator of one class in several tracks is one regulator."""
    columns = explained.columns
    regulators = columns[columns["kind"] == "regulator"]
    grouped = regulators.groupby(["class", "regulator"], sort=True)
    names = grouped["track"].agg(",".join).rename("tracks").reset_index()
    feature = np.full(len(columns), -1)
    feature[regulators.index] = grouped.ngroup().to_numpy()
    kept = feature[explained.column] >= 0
    found = summaries.moments(
        explained.gene[kept], feature[explained.column[kept]], explained.values[kept], len(explained.genes), len(names)
    )
    outputs = explained.outputs
    return {
        "importance": summaries.importance(found, names, outputs, is_level),
        "regulator_by_output": summaries.matrix(found, names, outputs),
        "top_regulators": summaries.top_regulators(found, names, outputs),
        "class_contributions": summaries.class_contributions(found, names, outputs, is_level),
        "additivity": explained.additivity,
        "effects": summaries.effects(found, names["regulator"], outputs, system, target),
    }


def split_rows(data: Dataset, split: str, where: str) -> NDArray[np.int64]:
    """Rows of the genes of one split, or of all.

    Raises
    ------
    InputError
        When there are none.
    """
    rows = np.arange(len(data.genes)) if split == "all" else data.rows(split)
    if not len(rows):
        raise InputError(f"there is no {split} gene to explain", where, "name genes for this split, or explain another with --split")
    return rows
