"""MEDIATE from files to a folder: drivers that all cohorts agree on, and how much of a pair's co-expression they explain.

Axes: S people, P regulators of the pool.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regdecode.errors import InputError
from regdecode.explain.knockout import random_source
from regdecode.explain.knockout_pairs import GeneNames
from regdecode.explain.knockout_sites import regulator_parts
from regdecode.explain.knockout_tables import SIGNIFICANT
from regdecode.io.atomic import atomic_path
from regdecode.io.gene_table import read_genes
from regdecode.io.h5ad import read_expression, read_features
from regdecode.io.notes import Notes
from regdecode.io.records import Expression, Track
from regdecode.stats.mediation import mediate

FEWEST_LEFT = 8
_MISSING = 0.2
_NEEDED = ("pair", "regulator", "target", "output", "effect", "statistic", "p_bonferroni")
CONSISTENT = ["pair", "regulator", "gene", "targets", "cohorts", "tested_by", "consistent", "same_sign", "effect", "statistic",
              "p_bonferroni", "used"]  # fmt: skip
MEDIATION = ["pair", "gene_a", "gene_b", "cohort", "people", "drivers", "n_drivers", "pool", "r", "r2_full", "r2_res", "explained",
             "null_mean", "null_high", "sets", "p", "why_not"]  # fmt: skip
NULL = ["pair", "cohort", "set", "explained"]


@dataclass(frozen=True)
class MediationPlan:
    """`sets` random sets a pair; at most `top` drivers a pair; `seed` of the sets."""

    sets: int
    top: int
    seed: int


class Result(NamedTuple):
    """One row of mediation.tsv, and the null behind it."""

    row: dict[str, object]
    null: NDArray[np.float64]


def read_drivers(folders: Sequence[str | Path]) -> pd.DataFrame:
    """drivers.tsv of every cohort, one below the other.

    Raises
    ------
    InputError
        When a folder is not KNOCK_OUT's, or a cohort comes twice.
    """
    tables: list[pd.DataFrame] = []
    seen: dict[str, str | Path] = {}
    for folder in folders:
        path = Path(folder) / "drivers.tsv"
        if not path.is_file():
            raise InputError("holds no drivers.tsv", folder, "give the folder that knock_out.py wrote")
        table = pd.read_csv(path, sep="\t", dtype={"pair": str, "regulator": str, "target": str, "output": str}, keep_default_na=False,
                            na_values={name: ["NA"] for name in ("effect", "se", "statistic", "p", "q", "p_bonferroni")})  # fmt: skip
        missing = [name for name in _NEEDED if name not in table]
        if missing:
            raise InputError(f"has no column {', '.join(missing)}", path, "give the folder that knock_out.py wrote")
        for cohort in table["output"].unique():
            if cohort in seen:
                raise InputError(f"cohort {cohort} is already in {seen[cohort]}", path, "give one folder a cohort")
            seen[str(cohort)] = folder
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def consistent_drivers(drivers: pd.DataFrame, names: GeneNames) -> pd.DataFrame:
    """Regulators of each pair, and whether every cohort that tests the pair finds them; strongest first.

    A regulator counts for a cohort where its removal from either gene is beyond Bonferroni there. `effect` and `statistic` are means over
    cohorts of the stronger gene's, `same_sign` says whether all cohorts agree on the sign of that gene's effect.
    """
    rows = []
    for pair, of_pair in drivers.groupby("pair", sort=False):
        tested = of_pair["output"].nunique()
        for regulator, mine in of_pair.groupby("regulator"):
            found = mine[mine["p_bonferroni"] < SIGNIFICANT]
            strongest = mine.loc[mine.groupby("output")["statistic"].apply(lambda t: t.abs().idxmax())]
            signs = mine.groupby("target")["effect"].agg(lambda e: len(set(np.sign(e))) == 1)
            row: dict[str, object] = {"pair": pair, "regulator": regulator, "gene": names.find(str(regulator)) or ""}
            row |= {"targets": ",".join(sorted(mine["target"].unique())), "cohorts": found["output"].nunique(), "tested_by": tested}
            row |= {"consistent": "yes" if found["output"].nunique() == tested else "no", "same_sign": "yes" if signs.all() else "no"}
            row |= {"effect": strongest["effect"].mean(), "statistic": strongest["statistic"].abs().mean()}
            rows.append(row | {"p_bonferroni": mine.groupby("output")["p_bonferroni"].min().max()})
    table = pd.DataFrame(rows, columns=CONSISTENT[:-1])
    order = {pair: k for k, pair in enumerate(drivers["pair"].unique())}
    rank = np.lexsort([table["regulator"], -table["statistic"], table["pair"].map(order)])
    return table.iloc[rank].reset_index(drop=True)


def use_drivers(table: pd.DataFrame, top: int) -> pd.DataFrame:
    """Mark the drivers that mediation takes: consistent, with a gene that is none of the pair's, at most `top` a pair, a gene once."""
    used = np.full(len(table), "no", object)
    for pair, rows in table.groupby("pair", sort=False).groups.items():
        taken = set(str(pair).split("~"))
        count = 0
        for i in rows:
            gene = str(table.at[i, "gene"])
            if table.at[i, "consistent"] == "yes" and gene and gene not in taken and count < top:
                taken.add(gene)
                used[i], count = "yes", count + 1
    return table.assign(used=used)


def bound_genes(tracks: Sequence[Track], pair: tuple[str, str], names: GeneNames) -> list[str]:
    """Ids of the genes whose products bind either gene of a pair, without the pair itself."""
    regulators = {name for gene in pair for name in regulator_parts(tracks, gene).table["regulator"]}
    found = {names.find(name) for name in regulators} - {None, *pair}
    return sorted(str(gene) for gene in found)


def mediate_pair(
    pair: tuple[str, str], drivers: Sequence[str], bound: Sequence[str], expression: Expression, cohort: str, plan: MediationPlan
) -> Result:
    """Mediation of one pair in one cohort."""
    place = {gene: g for g, gene in enumerate(expression.genes.tolist())}
    both = expression.values[[place[gene] for gene in pair]].T
    people = np.isfinite(both).all(1)
    both = both[people]
    pool = [gene for gene in sorted({*bound, *drivers}) if gene in place]
    values = expression.values[[place[gene] for gene in pool]].T[people] if pool else np.zeros((len(both), 0))
    missing = ~np.isfinite(values)
    varies = np.nan_to_num(values.max(0, initial=-np.inf, where=~missing) - values.min(0, initial=np.inf, where=~missing), posinf=0) > 0
    good = (missing.mean(0) <= _MISSING) & varies if len(both) else np.zeros(len(pool), bool)
    pool = [gene for gene, keep in zip(pool, good, strict=True) if keep]
    values, missing = values[:, good], missing[:, good]
    values = np.where(missing, np.nanmean(values, 0) if values.size else 0.0, values)
    chosen = [gene for gene in drivers if gene in pool]
    row: dict[str, object] = {"pair": "~".join(pair), "gene_a": pair[0], "gene_b": pair[1], "cohort": cohort, "people": len(both)}
    row |= {"drivers": ",".join(chosen), "n_drivers": len(chosen), "pool": len(pool), "sets": 0, "why_not": ""}
    if not chosen:
        why = "no consistent driver has expression here"
    elif len(both) - len(chosen) - 1 < FEWEST_LEFT:
        why = f"{len(both)} people are too few for {len(chosen)} drivers"
    elif (np.ptp(both, axis=0) == 0).any():
        why = "a gene of the pair does not vary"
    else:
        columns = np.array([pool.index(gene) for gene in chosen])
        found = mediate(both, values, columns, plan.sets, random_source(plan.seed, "mediate", *pair, cohort))
        row |= {"r": found.r, "r2_full": found.r2_full, "r2_res": found.r2_res, "explained": found.explained, "p": found.p}
        row |= {"null_mean": float(found.null.mean()), "null_high": float(np.quantile(found.null, 0.95)), "sets": plan.sets}
        return Result(row, found.null)
    return Result(row | {"why_not": why}, np.zeros(0))


def run_mediation(
    folders: Sequence[str], expressions: Sequence[str], features: Sequence[str], genes: str | Path, plan: MediationPlan, out: str | Path
) -> None:
    """Write mediation, null, consistent and the notes, all or nothing.

    Raises
    ------
    InputError
        When folders and expressions do not match in number, or a gene of a pair is in no feature table.
    """
    if len(folders) != len(expressions):
        raise InputError(
            f"{len(folders)} --knock-out and {len(expressions)} --expression",
            "mediate.py",
            "give one expression a folder, in the same order",
        )
    drivers = read_drivers(folders)
    measured = [read_expression(path) for path in expressions]
    names = GeneNames(read_genes(genes), sorted({gene for one in measured for gene in one.genes.tolist()}))
    tracks = [read_features(path) for path in features]
    table = use_drivers(consistent_drivers(drivers, names), plan.top)
    pairs = [pair_of(str(text)) for text in drivers["pair"].unique()]
    absent = sorted({gene for pair in pairs for gene in pair} - {gene for track in tracks for gene in track.genes.tolist()})
    if absent:
        raise InputError(f"{len(absent)} genes of the pairs are in no features: {', '.join(absent[:3])}", "--features",
                         "give the features that knock_out.py read")  # fmt: skip
    results = []
    cohorts = [cohort_of(folder) for folder in folders]
    for pair in pairs:
        of_pair = table[(table["pair"] == "~".join(pair)) & (table["used"] == "yes")]
        bound = bound_genes(tracks, pair, names)
        for cohort, expression in zip(cohorts, measured, strict=True):
            if set(pair) <= set(expression.genes.tolist()):
                results.append(mediate_pair(pair, of_pair["gene"].tolist(), bound, expression, cohort, plan))
    nulls = [pd.DataFrame({"pair": r.row["pair"], "cohort": r.row["cohort"], "set": np.arange(1, len(r.null) + 1), "explained": r.null})
             for r in results]  # fmt: skip
    tables = {
        "mediation": pd.DataFrame([result.row for result in results], columns=MEDIATION),
        "null": pd.concat(nulls, ignore_index=True) if nulls else pd.DataFrame(columns=NULL),
        "consistent": table,
    }
    with atomic_path(out) as folder:
        folder.mkdir(parents=True)
        for name, one in tables.items():
            one.to_csv(folder / f"{name}.tsv", sep="\t", index=False, float_format="%.6g", na_rep="NA", lineterminator="\n")
        notes_of(tables, plan, cohorts).write(folder / "mediate.notes.json")


def cohort_of(folder: str | Path) -> str:
    """Id of the cohort whose folder this is, from its drivers; the folder's name where it holds none."""
    table = pd.read_csv(Path(folder) / "drivers.tsv", sep="\t", usecols=["output"], dtype=str, keep_default_na=False)
    return str(table["output"].iloc[0]) if len(table) else Path(folder).name


def pair_of(text: str) -> tuple[str, str]:
    """Two gene ids from a pair's name."""
    a, _, b = text.partition("~")
    return a, b


def notes_of(tables: dict[str, pd.DataFrame], plan: MediationPlan, cohorts: Sequence[str]) -> Notes:
    """Say what a reader of the tables must know."""
    notes = Notes("mediate")
    table, mediation = tables["consistent"], tables["mediation"]
    notes.add("cohorts", len(cohorts), ", ".join(cohorts))
    consistent = table[table["consistent"] == "yes"]
    notes.add("consistent drivers", len(consistent), "beyond Bonferroni in every cohort that knocks the pair out, all pairs together")
    why = f"the strongest by t, at most {plan.top} a pair: a regression on more than a few regulators explains anything"
    notes.add("drivers taken", int((table["used"] == "yes").sum()), why)
    without = sorted(table.loc[table["gene"] == "", "regulator"].unique())
    if without:
        notes.add(
            "regulators without a gene of their name", len(without), f"no expression to regress on: {', '.join(without[:5])}", "dropped"
        )
    untested = mediation[mediation["why_not"] != ""]
    if len(untested):
        notes.add("pairs and cohorts not tested", len(untested), "; ".join(sorted(untested["why_not"].unique())), "warning")
    notes.add(
        "random sets a pair",
        plan.sets,
        "as many genes of regulators with a site on either gene, the drivers among them: exact under chance",
    )
    return notes
