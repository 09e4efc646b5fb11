"""ASSOCIATE: what of a cohort goes into the tests, and the tables that come out.

Axes: G genes, S people, R regulators.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regdecode.errors import InputError
from regdecode.expression.genotypes import nearest_markers
from regdecode.io.effects import outputs_of
from regdecode.io.gene_table import GeneTable
from regdecode.io.genotypes import Genotypes
from regdecode.io.notes import Notes
from regdecode.io.records import Expression, Predictions
from regdecode.stats.association import Association, add_latent, associate, effects, figures
from regdecode.stats.association_settings import AssociationSettings
from regdecode.stats.design import Design, build_design
from regdecode.stats.replication import Agreement, agreement

METRICS = ["system", "organism", "fold", "model", "member", "arm", "split", "output", "metric", "value", "low", "high", "n"]


@dataclass
class Cohort:
    """What a cohort brings: actual expression; predictions and regulator activities where a person model was trained."""

    actual: Expression
    predicted: Predictions | None = None
    activity: pd.DataFrame | None = None
    genes: GeneTable | None = None
    genotypes: Genotypes | None = None


@dataclass
class Findings:
    """Tables by name, statistics under permutation by kind, and the account."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    permuted: dict[str, Association] = field(default_factory=dict)
    notes: Notes = field(default_factory=lambda: Notes("associate"))


def run_association(cohort: Cohort, settings: AssociationSettings, label: dict[str, str], seed: int) -> Findings:
    """Test actual expression, and predictions and activities where there are any.

    Parameters
    ----------
    cohort, settings
        The data; what to test.
    label
        system, organism, fold and model of the rows of metrics.tsv.
    seed
        Of permutations and bootstrap.

    Raises
    ------
    InputError
        See `build_design`, `nearest_markers`.
    """
    found = Findings()
    actual = cohort.actual
    design = add_latent(cohort_design(cohort, settings, found.notes), actual.values, settings, seed, found.notes)
    found.notes.add("people", len(design.samples))
    for name, meaning in zip(design.names, design.meanings, strict=True):
        found.notes.add(f"tested: {name}", None, f"positive: {meaning}")
    found.tables["design"] = pd.DataFrame(design.matrix, columns=design.columns).assign(sample=design.samples)[["sample", *design.columns]]
    first = associate(actual.genes, actual.values, design, settings, seed)
    found.permuted["actual"] = first
    found.tables["actual"] = effects(first, "target", {"gene_name": _names(actual.genes, cohort.genes)})
    found.notes.add("genes tested on actual expression", len(actual.genes), "every expressed gene, whether or not the model knows it")
    rows = figures(first, label, "actual")
    if cohort.predicted is not None:
        rows += _predicted(cohort, cohort.predicted, design, first, settings, label, seed, found)
    if cohort.activity is not None:
        rows += _activity(cohort.activity, design, settings, label, seed, found)
    found.tables["metrics"] = pd.DataFrame(rows).reindex(columns=METRICS)
    return found


def cohort_design(cohort: Cohort, settings: AssociationSettings, notes: Notes) -> Design:
    """Design of a cohort on its sample sheet and the markers that the settings name."""
    actual = cohort.actual
    sheet = dict(actual.sheet)
    if settings.near:
        if cohort.genotypes is None or cohort.genes is None:
            raise InputError("genotypes.near needs genotypes, marker positions and genes", "associate", "give the three files")
        for marker in nearest_markers(cohort.genotypes, cohort.genes, settings.near, actual.outputs, settings.chromosomes):
            sheet[marker.column] = marker.values
            notes.add(f"marker nearest {marker.gene}", None, f"{marker.marker}, {marker.distance} bases from it: column {marker.column}")
    return build_design(sheet, actual.outputs, settings.design, settings.test, settings.contrasts)


def _names(genes: NDArray[np.str_], table: GeneTable | None) -> NDArray[np.str_]:
    """Names of genes; the id where the annotation has none."""
    known = {} if table is None else dict(zip(table.gene_id.tolist(), table.gene_name.tolist(), strict=True))
    return np.array([known.get(gene) or gene for gene in genes.tolist()], dtype=object)


def _people(names: NDArray[np.str_], design: Design, what: str, notes: Notes) -> tuple[NDArray[np.int64], Design]:
    """Columns of `names` that are people of the design, in its order, and the design of these people.

    Raises
    ------
    InputError
        None of the people is there, or those that are cannot estimate the design.
    """
    place = {str(name): i for i, name in enumerate(names)}
    rows = np.array([i for i, sample in enumerate(design.samples) if str(sample) in place], np.int64)
    if not len(rows):
        found, wanted = ", ".join(map(str, names[:3])), ", ".join(design.samples[:3])
        raise InputError(f"{what} have the columns {found} and so on, none of the people {wanted}", what, "give files of the same cohort")
    if len(rows) < len(design.samples):
        notes.add(f"people without {what}", len(design.samples) - len(rows), "left out of these tests", "dropped")
    part = design.select(rows)
    part.check()
    return np.array([place[str(sample)] for sample in part.samples]), part


def _predicted(
    cohort: Cohort,
    predicted: Predictions,
    design: Design,
    actual: Association,
    settings: AssociationSettings,
    label: dict[str, str],
    seed: int,
    found: Findings,
) -> list[dict[str, object]]:
    """Test predictions, and compare them with actual expression gene by gene."""
    columns, part = _people(predicted.outputs, design, "predictions", found.notes)
    result = associate(predicted.genes, predicted.values[:, columns].astype(np.float64), part, settings, seed)
    found.permuted["predicted"] = result
    extra = {"gene_name": _names(predicted.genes, cohort.genes), "split": predicted.split.astype(object)}
    found.tables["predicted"] = effects(result, "target", extra)
    place = {gene: i for i, gene in enumerate(actual.rows.tolist())}
    at = np.array([place.get(gene, -1) for gene in predicted.genes.tolist()])
    rows: list[dict[str, object]] = []
    table: list[dict[str, object]] = []
    for split in [*sorted(set(predicted.split.tolist())), "all"]:
        mask = (at >= 0) & ((predicted.split == split) | (split == "all"))
        for k, name in enumerate(result.names):
            null = result.permuted[k][mask] if result.permuted.shape[2] else None
            figure = agreement(actual.result.t[at[mask], k], result.result.t[mask, k], null, settings.top, seed)
            if figure is not None:
                table.append({"output": name, "split": split, **figure._asdict()})
                rows += concordance_metrics(figure, label | {"member": "predicted", "arm": "all", "split": split, "output": name})
        tested = predicted.split == split
        if tested.any():
            rows += figures(_part(result, tested), label, "predicted", split)
    found.tables["concordance"] = pd.DataFrame(table, columns=["output", "split", *Agreement._fields])
    found.notes.add(
        "genes tested on predicted expression", len(predicted.genes), "concordance.tsv tells held-out genes (test) from the rest"
    )
    return rows


def concordance_metrics(figure: Agreement, label: dict[str, str]) -> list[dict[str, object]]:
    """Rows of metrics.tsv of one agreement."""
    shared: dict[str, object] = label | {"n": figure.n}
    rows = [shared | {"metric": "t_spearman", "value": figure.rho, "low": figure.low, "high": figure.high}]
    if figure.n_permutations:
        rows.append(shared | {"metric": "t_spearman_null95", "value": figure.null_high})
        rows.append(shared | {"metric": "t_spearman_p", "value": figure.p_permutation})
    return rows


def _part(found: Association, mask: NDArray[np.bool_]) -> Association:
    result = found.result
    cut = type(result)(*(values[mask] for values in result))
    return replace(found, rows=found.rows[mask], result=cut, q=found.q[mask], permuted=found.permuted[:, mask])


def _activity(
    table: pd.DataFrame, design: Design, settings: AssociationSettings, label: dict[str, str], seed: int, found: Findings
) -> list[dict[str, object]]:
    """Test the mean contribution of each regulator to each person."""
    columns = outputs_of(table)
    at, part = _people(np.array(columns), design, "activities", found.notes)
    values = table[[columns[i] for i in at]].to_numpy(np.float64)
    varies = np.ptp(np.nan_to_num(values), axis=1) > 0
    if not varies.all():
        found.notes.add("regulators without a contribution", int((~varies).sum()), "the same activity in every person", "dropped")
    kept = table[varies]
    result = associate(kept["regulator"].to_numpy(str), values[varies], part, settings, seed)
    found.permuted["activity"] = result
    extra = {"class": kept["class"].to_numpy(object)} if "class" in kept else {}
    found.tables["activity"] = effects(result, "regulator", extra)
    found.notes.add("regulators tested", int(varies.sum()))
    return figures(result, label, "activity")
