"""KNOCK_OUT from files to a folder: pairs, recovery, both experiments, tables and notes."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from regdecode.explain.knockout import PairEffects, knock_out_pairs
from regdecode.explain.knockout_data import Cohort, load_cohort, predicted_ranks
from regdecode.explain.knockout_pairs import GeneNames, read_pairs, resolve_pairs, strongest_pairs
from regdecode.explain.knockout_tables import (
    SIGNIFICANT,
    Recovery,
    density_table,
    disruption_table,
    driver_table,
    metric_table,
    pair_name,
    pair_table,
    recovery_table,
)
from regdecode.io.atomic import atomic_path
from regdecode.io.gene_table import read_genes
from regdecode.io.h5ad import read_expression
from regdecode.io.notes import Notes
from regdecode.stats.coexpression import FOUND, TRUE, Screen, recover, screen_pairs
from regdecode.stats.rank_rows import standard_rank_rows

AUTO = "auto"


class KnockOutPlan(NamedTuple):
    """What to knock out.

    `pairs` is "auto" or a file; "auto" chooses `n_pairs` among genes that every expression file of `also` measures, so that other cohorts
    can test the same pairs. `draws` random inputs a gene and experiment.
    """

    pairs: str
    also: tuple[str, ...]
    n_pairs: int
    draws: int
    seed: int
    cohort: str
    organism: str
    fold: str


def run_knock_out(
    model: str | Path, features: Sequence[str], expression: str | Path, splits: str | Path, genes: str | Path, plan: KnockOutPlan, out: str
) -> None:
    """Knock out and write pairs, site_disruption, drivers, recovery, recovery_density, metrics and the notes, all or nothing."""
    table = read_genes(genes)
    written = [] if plan.pairs == AUTO else read_pairs(plan.pairs)
    cohort = load_cohort(model, features, expression, splits)
    names = GeneNames(table, cohort.expression.genes)
    listed = resolve_pairs(written, names, cohort.data, cohort.expression.genes) if written else []
    notes = Notes(f"knock_out {plan.cohort}")
    rows = cohort.data.rows("test")
    actual, predicted = standard_rank_rows(cohort.actual[rows]), predicted_ranks(cohort, rows)
    screen = screen_pairs(actual, predicted)
    scores = {arm: Recovery(*recover(screen, arm, len(rows), plan.seed)) for arm in predicted}
    if plan.pairs == AUTO:
        tested = cohort.data.genes[rows]
        shared = np.logical_and.reduce([np.isin(tested, read_expression(path).genes) for path in plan.also] or [np.full(len(rows), True)])
        listed = strongest_pairs(tested[shared], actual[shared], predicted["all"][shared], plan.n_pairs, cohort.data.tracks, notes)
    results = knock_out_pairs(cohort.model, cohort.data.tracks, listed, len(cohort.people), plan.draws, plan.seed)
    labels = {"system": "decode", "organism": plan.organism, "fold": plan.fold, "model": f"people.{plan.cohort}"}
    labels["member"] = "ensemble" if cohort.model.family == "ensemble" else str(cohort.model.config["member"])
    tables = {
        "pairs": pair_table(results, cohort, names, "auto" if plan.pairs == AUTO else "file"),
        "site_disruption": disruption_table(results),
        "drivers": driver_table(results, plan.cohort),
        "recovery": recovery_table(scores),
        "recovery_density": density_table(screen),
        "metrics": metric_table(scores, labels),
    }
    add_notes(notes, plan, cohort, screen, results, tables["drivers"])
    with atomic_path(out) as folder:
        folder.mkdir(parents=True)
        for name, one in tables.items():
            one.to_csv(folder / f"{name}.tsv", sep="\t", index=False, float_format="%.6g", na_rep="NA", lineterminator="\n")
        notes.write(folder / "knock_out.notes.json")


def add_notes(
    notes: Notes, plan: KnockOutPlan, cohort: Cohort, screen: Screen, results: Sequence[PairEffects], drivers: pd.DataFrame
) -> None:
    """Say what a reader of the tables must know."""
    notes.add("people", len(cohort.people), "outputs over which rho is taken; the level is left out")
    notes.add(
        "co-expressed pairs of test genes",
        len(screen.i),
        f"|rho| > {TRUE} in the data, {int((screen.actual < 0).sum())} of them negative; recovered where the predicted rho goes beyond "
        f"{FOUND} on the same side; intervals resample genes, since pairs that share a gene are not independent",
        "info" if len(screen.i) else "warning",
    )
    notes.add(
        "random inputs a gene and experiment",
        plan.draws,
        "each bin (or regulator) is taken away with p = 0.5 and rho with the intact other gene regressed on what is gone: an effect below "
        "0 means that the part holds the pair together. Bins without a site are no part, and links without a position stay when bins are "
        "emptied",
    )
    notes.add(
        "regulators tested",
        len(drivers),
        f"{int((drivers['p_bonferroni'] < SIGNIFICANT).sum())} beyond Bonferroni within their pair. A model has no noise: p says that rho "
        "depends on the regulator, however little; rank regulators by their effect",
    )
    bare = [pair_name(result.pair) for result in results if not all(len(one.parts) for one in result.bins)]
    if bare:
        notes.add("pairs with a gene without bins to empty", len(bare), f"its regulators are links alone: {', '.join(bare[:5])}", "warning")
