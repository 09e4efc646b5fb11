"""Parts about gene pairs: is co-expression predicted, what drives it, do the drivers mediate it."""

from pathlib import Path

import pandas as pd

from regdecode.report import figures_people as figures
from regdecode.report.inputs_people import Cohort, People
from regdecode.report.numbers import count, listed, number, plural
from regdecode.report.part import Part
from regdecode.report.tables import from_frame

MOST_MAPS = 2
ARMS = {"all": "all sites", "shuffled_rna": "RNA sites shuffled", "shuffled_promoter": "promoter sites shuffled"}


def pairs_part(cohort: Cohort, folder: Path, prefix: str) -> Part:
    """Recovery of co-expressed pairs, site-disruption maps, drivers."""
    part = Part()
    pairs = cohort.table("knock_out/pairs", "pair", "predicted_rho", "actual_rho")
    _recovery(part, cohort)
    if pairs is None:
        why = "no pair of held-out genes is strongly predicted" if cohort.modelled else "there is no person model"
        part.lacks("Knock-outs of gene pairs", why)
        return part
    names = names_of(pairs)
    titles = {pair: " ~ ".join(names.get(gene, gene) for gene in pair.split("~")) for pair in pairs["pair"]}
    columns = [
        ("shown", "pair", None), ("source", "chosen by", None), ("people", "people", 0), ("predicted_rho", "predicted ρ", 3),
        ("actual_rho", "measured ρ", 3), ("regulators_a", "regulators a", 0), ("regulators_b", "regulators b", 0),
    ]  # fmt: skip
    part.tables.append(from_frame(pairs.assign(shown=pairs["pair"].map(titles)), f"pairs-{cohort.name}", "Gene pairs", columns))
    sites = cohort.table("knock_out/site_disruption", "pair", "gene", "track", "start", "effect", "p_bonferroni")
    if sites is None:
        part.lacks("Site-disruption map", "the genes have no regulator with a position")
    else:
        for k, pair in enumerate([pair for pair in pairs["pair"] if (sites["pair"] == pair).any()][:MOST_MAPS]):
            name = f"{prefix}people_{cohort.name}_sites_{k + 1}"
            part.pictures.append(figures.disruption(sites[sites["pair"] == pair], titles[pair], names, folder, name))
    _drivers(part, cohort, titles, names)
    return part


def _recovery(part: Part, cohort: Cohort) -> None:
    table = cohort.table("knock_out/recovery", "arm", "sign", "pairs", "share", "chance", "auroc")
    if table is None:
        part.lacks("Recovery of co-expression", "no pair of held-out genes is co-expressed beyond |ρ| 0.7, or there is no person model")
        return
    table = table.assign(arm=table["arm"].map(ARMS).fillna(table["arm"]))
    full = table[table["arm"] == ARMS["all"]]
    if len(full):
        said = [
            f"{number(100 * float(row.share), 0)} % of {plural(int(row.pairs), f'{row.sign} pair')} "
            f"(chance {number(100 * float(row.chance), 0)} %)"
            for row in full.itertuples()
            if row.pairs
        ]
        area = number(float(full["auroc"].iloc[0]), 2)
        part.sentences.append(f"Co-expressed pairs of held-out genes that the prediction finds again: {listed(said)}; AUROC {area}.")
    columns = [
        ("arm", "inputs", None), ("sign", "sign", None), ("pairs", "pairs", 0), ("recovered", "recovered", 0), ("share", "share", 3),
        ("low", "low", 3), ("high", "high", 3), ("chance", "by chance", 3), ("auroc", "AUROC", 3),
    ]  # fmt: skip
    part.tables.append(from_frame(table, f"recovery-{cohort.name}", "Co-expression found again", columns))


def _drivers(part: Part, cohort: Cohort, titles: dict[str, str], names: dict[str, str], most: int = 10) -> None:
    table = cohort.table("knock_out/drivers", "pair", "regulator", "target", "effect", "p_bonferroni")
    if table is None:
        part.lacks("Drivers of the pairs", "no regulator binds both genes' tracks")
        return
    sure = table[table["p_bonferroni"] < 0.05]
    found = sure.groupby("pair")["regulator"].nunique()
    part.sentences.append(
        f"Regulators whose removal changes the predicted correlation (Bonferroni 5 %): {count(found.sum())} "
        f"in {plural(len(found), 'pair')}."
    )
    strongest = table.assign(size=table["effect"].abs()).sort_values("size", ascending=False, kind="stable").groupby("pair", sort=False)
    shown = strongest.head(most)
    shown = shown.assign(pair=shown["pair"].map(titles).fillna(shown["pair"]), target=shown["target"].map(names).fillna(shown["target"]))
    columns = [
        ("pair", "pair", None), ("regulator", "regulator", None), ("class", "class", None), ("target", "at", None),
        ("effect", "change of ρ", 4), ("se", "se", 4), ("p_bonferroni", "p (Bonferroni)", 4),
    ]  # fmt: skip
    caption = (
        f"The {most} largest effects of each pair: what taking the regulator's sites away from that gene adds to the predicted ρ. "
        "Below zero: it holds the pair together."
    )
    part.tables.append(from_frame(shown, f"drivers-{cohort.name}", "Drivers of the pairs", columns, caption, searchable=True))


def mediation_part(people: People, folder: Path, prefix: str) -> Part:
    """Whether the drivers' own expression explains the pairs' co-expression, beside random sets."""
    part = Part()
    table = people.table("mediation/mediation", "pair", "cohort", "explained", "null_mean", "null_high", "p")
    tested = None if table is None else table.dropna(subset=["explained", "p"])
    if table is None or tested is None or tested.empty:
        why = "no pair was knocked out" if table is None else f"no pair could be tested: {listed(sorted(set(_reasons(table))))}"
        part.lacks("Mediation", why)
        return part
    passed = int((tested["p"] < 0.05).sum())
    part.sentences.append(
        f"The drivers' own expression explains more of the co-expression than random sets of the same size (p < 0.05) "
        f"for {count(passed)} of {plural(len(tested), 'pair and cohort', 'pairs and cohorts')}; "
        f"{number(0.05 * len(tested), 1)} would be chance."
    )
    names = people_names(people)
    label = [" ~ ".join(names.get(gene, gene) for gene in row.pair.split("~")) + f" · {row.cohort}" for row in tested.itertuples()]
    part.pictures.append(figures.mediation(tested.assign(label=label).head(30), folder, f"{prefix}people_mediation"))
    columns = [
        ("label", "pair and cohort", None), ("people", "people", 0), ("drivers", "drivers", None), ("explained", "explained", 3),
        ("null_mean", "random sets, mean", 3), ("null_high", "95 % below", 3), ("sets", "sets", 0), ("p", "p", 4),
    ]  # fmt: skip
    part.tables.append(from_frame(tested.assign(label=label), f"{prefix}mediation", "Mediation by the drivers", columns))
    left = len(table) - len(tested)
    if left:
        part.lacks(f"Mediation of {plural(left, 'pair and cohort', 'pairs and cohorts')}", listed(sorted(set(_reasons(table)))))
    return part


def _reasons(table: pd.DataFrame) -> list[str]:
    return [str(why) for why in table["why_not"] if str(why)] if "why_not" in table else ["no reason was given"]


def people_names(people: People) -> dict[str, str]:
    """Names of the genes of all pairs."""
    tables = [cohort.table("knock_out/pairs") for cohort in people.cohorts]
    return {gene: name for table in tables if table is not None for gene, name in names_of(table).items()}


def names_of(pairs: pd.DataFrame) -> dict[str, str]:
    """Gene id to name, from pairs.tsv."""
    known = [k for k in "ab" if {f"gene_{k}", f"name_{k}"} <= set(pairs.columns)]
    return {row[f"gene_{k}"]: row[f"name_{k}"] for _, row in pairs.iterrows() for k in known}
