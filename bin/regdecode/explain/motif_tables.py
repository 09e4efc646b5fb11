"""The folder that MOTIFS writes. Axes: K filters, U units, G genes, F known regulators."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regdecode.explain.filters import consensus
from regdecode.explain.motif_run import Database, MotifAnalysis
from regdecode.explain.motif_settings import MotifSettings, Targets
from regdecode.explain.sequence_data import SequenceData
from regdecode.io.atomic import atomic_path
from regdecode.io.meme import Motif
from regdecode.io.meme_writer import write_meme
from regdecode.io.notes import Notes
from regdecode.stats.multiple import false_discovery
from regdecode.stats.target_tests import confirmed
from regdecode.training.evaluation_files import write_table

PAIRS = 500
METRICS = "system organism fold model member arm split output metric value low high n".split()


def filter_table(found: MotifAnalysis, database: Database, conditions: np.ndarray, q: float) -> pd.DataFrame:
    """One row a filter: where it started, its motif, its best match, how much depends on it."""
    best = found.matches.best()
    unit_of = {unit.filters[0]: u for u, unit in enumerate(found.units) if unit.kind == "filter"}
    rows = []
    for k, (motif, name, origin) in enumerate(zip(found.motifs, found.model.filters, found.model.config["starts"], strict=True)):
        m, u = int(best[k]), unit_of.get(k)
        known = m >= 0
        matched = known and found.matches.q[k, m] <= q
        row: dict[str, Any] = {"model": found.label, "filter": f"f{k}", "start": "" if origin == "random" else name, "origin": origin}
        row |= {"cluster": f"c{found.clusters[k]}" if found.clusters[k] else "", "consensus": consensus(motif.core)}
        row |= {"ic": motif.bits[motif.first : motif.last].sum(), "n_sites": motif.n_sites, "active": motif.active}
        row["effect"] = found.knock_outs.size[u].mean() if u is not None else 0.0
        top = int(np.argmax(found.knock_outs.by_condition[u])) if u is not None else -1
        row["top_condition"] = conditions[found.conditions[top]] if u is not None else ""
        row |= {"matched": int(matched), "match": database.names[m] if known else "", "motif": database.motifs[m].motif_id if known else ""}
        for name, table in (("p", found.matches.p), ("q", found.matches.q), ("q_within", found.matches.q_within)):
            row[name] = table[k, m] if known else np.nan
        row |= {"strand": ("-" if found.matches.reverse[k, m] else "+") if known else "", "database": database.files[m] if known else ""}
        rows.append(row)
    return pd.DataFrame(rows)


def knock_out_table(found: MotifAnalysis, data: SequenceData, most: int) -> pd.DataFrame:
    """Genes of each unit, those that change most first."""
    parts = []
    for u, unit in enumerate(found.units):
        order = np.argsort(-found.knock_outs.size[u], kind="stable")[: most or None]
        head = {"model": found.label, "unit": unit.name, "kind": unit.kind, "filters": " ".join(f"f{k}" for k in unit.filters)}
        head["match"] = " ".join(unit.matches)
        genes = {"rank": np.arange(1, len(order) + 1), "gene": data.genes[order], "name": data.names[order]}
        parts.append(pd.DataFrame({**head, **genes, "size": found.knock_outs.size[u][order], "shift": found.knock_outs.shift[u][order]}))
    columns = "model unit kind filters match rank gene name size shift".split()
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def validation_table(found: MotifAnalysis, targets: Targets, top: int) -> pd.DataFrame:
    """One row a unit and known regulator; q over all rows."""
    tests = found.tests
    assert tests is not None
    u, f = np.indices(tests.p.shape).reshape(2, -1)
    units = [found.units[k] for k in u.tolist()]
    names = [targets.regulators[k] for k in f.tolist()]
    own = [int(name.upper() in {match.upper() for match in unit.matches}) for unit, name in zip(units, names, strict=True)]
    table = {
        "model": found.label,
        "unit": [unit.name for unit in units],
        "kind": [unit.kind for unit in units],
        "match": [" ".join(unit.matches) for unit in units],
        "regulator": names,
        "own": own,
        "n_targets": targets.member.sum(1)[f],
        "auc": tests.area[u, f],
        "p_rank_sum": tests.p[u, f],
        "q_rank_sum": false_discovery(tests.p)[u, f],
        "top": top,
        "found": tests.found[u, f],
        "expected": tests.expected[u, f],
        "p_fisher": tests.p_top[u, f],
        "q_fisher": false_discovery(tests.p_top)[u, f],
    }
    return pd.DataFrame(table).sort_values(["p_rank_sum", "unit", "regulator"], kind="stable", ignore_index=True)


def null_table(found: MotifAnalysis, q: float) -> pd.DataFrame:
    """Pairs and regulators that the rank-sum tests confirm at `q`, in the table as it is and in permuted ones."""
    tests = found.tests
    assert tests is not None
    rows = [["known", 0, *confirmed(tests.p, q)]]
    for name, counts in (("genes permuted", tests.shuffled), ("permuted among genes of like degree", tests.within_degree)):
        rows += [[name, draw + 1, *pair] for draw, pair in enumerate(counts.tolist())]
    table = pd.DataFrame(rows, columns=["table", "draw", "pairs", "regulators"])
    table.insert(0, "model", found.label)
    table.insert(3, "q", q)
    return table


def pair_table(found: MotifAnalysis, data: SequenceData) -> pd.DataFrame:
    """Pairs of units and regulators by how much needs both; those whose motif names the regulator are always listed."""
    pairs, names = found.pairs, data.regulator_names(found.model)
    u, r = np.indices(pairs.effects.both.shape).reshape(2, -1)
    units = [found.units[pairs.units[k]] for k in u.tolist()]
    columns = [pairs.regulators[k] for k in r.tolist()]
    table = pd.DataFrame(
        {
            "model": found.label,
            "unit": [unit.name for unit in units],
            "match": [" ".join(unit.matches) for unit in units],
            "regulator": [found.model.regulators[k] for k in columns],
            "name": [names[k] for k in columns],
            "own": [int(names[k].upper() in {one.upper() for one in unit.matches}) for unit, k in zip(units, columns, strict=True)],
            "interaction": pairs.effects.interaction[u, r],
            "both": pairs.effects.both[u, r],
            "unit_alone": pairs.effects.unit[u],
            "regulator_alone": pairs.effects.regulator[r],
        }
    )
    table = table.sort_values(["interaction", "unit", "regulator"], ascending=[False, True, True], kind="stable", ignore_index=True)
    table.insert(1, "rank", np.arange(1, len(table) + 1))
    return table[(table["rank"] <= PAIRS) | (table["own"] == 1)]


def metric_table(
    found: MotifAnalysis, table: pd.DataFrame, data: SequenceData, validation: pd.DataFrame | None, settings: MotifSettings, organism: str
) -> pd.DataFrame:
    """Headline figures; where there are known motifs, those of matches and of regulators' own filters too."""
    config, attrs = found.model.config, data.cells.attrs
    head = ["deeprage", organism, f"{attrs['regime']}.{attrs['fold']}", config["model"], config["member"], "all", "all", "motifs"]
    nan, n, named = float("nan"), len(table), found.matches.p.shape[1] > 0
    matched, fresh, chance = table[table["matched"] == 1], table["origin"] != "motif", found.by_chance
    rows: list[tuple[str, float, float, float, int]] = [("filters_alive", int((table["n_sites"] > 0).sum()), nan, nan, n)]
    if named:
        rows += [
            ("filters_matched", len(matched), nan, nan, n),
            ("filters_matched_within", int((table["q_within"] <= settings.q).sum()), nan, nan, n),
            ("filters_matched_from_scratch", int((table["matched"].eq(1) & fresh).sum()), nan, nan, int(fresh.sum())),
            ("filters_matched_by_chance", chance.mean(), float(chance.min()), float(chance.max()), int(fresh.sum())),
            ("regulators_matched", matched["match"].nunique(), nan, nan, n),
        ]
    rows += [
        ("filter_clusters", int(found.clusters.max(initial=0)), nan, nan, n),
        ("filters_de_novo", int(((table["matched"] == 0) & (table["n_sites"] > 0) & (table["consensus"] != "")).sum()), nan, nan, n),
    ]
    if found.tests is not None and validation is not None:
        tests = found.tests
        pairs, regulators = confirmed(tests.p, settings.q)
        size, count = tests.p.size, tests.p.shape[1]
        rows += [("target_pairs_confirmed", pairs, nan, nan, size), ("regulators_confirmed", regulators, nan, nan, count)]
        for name, counts in (("permuted", tests.shuffled), ("permuted_like_degree", tests.within_degree)):
            for column, (metric, total) in enumerate((("target_pairs_confirmed", size), ("regulators_confirmed", count))):
                drawn = counts[:, column]
                rows.append((f"{metric}_{name}", drawn.mean(), float(drawn.min()), float(drawn.max()), total))
    if validation is not None and named:
        own = validation["own"] == 1
        hits = validation[own & (validation["q_rank_sum"] <= settings.q)]
        rows.append(("own_regulators_confirmed", hits["regulator"].nunique(), nan, nan, validation[own]["regulator"].nunique()))
        units = validation["unit"].isin(validation[own]["unit"].unique())
        for metric, chosen in (("own_target_auc", own), ("other_target_auc", units & ~own)):
            rows.append((metric, validation[chosen]["auc"].mean() if chosen.any() else nan, nan, nan, int(chosen.sum())))
    return pd.DataFrame([[*head, *row] for row in rows], columns=METRICS)


def meme_motifs(found: MotifAnalysis, table: pd.DataFrame, prefix: str) -> list[Motif]:
    """Filters as motifs, their informative parts; the second name is the match where there is one."""
    named = np.where(table["matched"] == 1, table["match"], "").tolist()
    return [
        Motif(f"{prefix}f{k}", name, motif.core, motif.n_sites, 0)
        for k, (motif, name) in enumerate(zip(found.motifs, named, strict=True))
        if motif.last > motif.first
    ]


def write_motifs(
    out: str | Path,
    analyses: Sequence[MotifAnalysis],
    data: SequenceData,
    database: Database,
    targets: Targets | None,
    settings: MotifSettings,
    organism: str,
    notes: Notes,
) -> None:
    """Write every table, all or nothing."""
    tables: dict[str, list[pd.DataFrame]] = {}
    motifs: list[Motif] = []
    for found in analyses:
        filters = filter_table(found, database, data.conditions, settings.q)
        parts: dict[str, pd.DataFrame] = {"filters": filters, "knockout": knock_out_table(found, data, settings.genes)}
        alone = (filters["matched"] == 0) & (filters["n_sites"] > 0) & (filters["consensus"] != "")
        keep = ["model", "filter", "cluster", "consensus", "ic", "n_sites", "effect", "top_condition", "match", "q"]
        parts |= {"de_novo": filters[alone].sort_values("effect", ascending=False, kind="stable")[keep], "pairs": pair_table(found, data)}
        validation = None
        if targets is not None:
            validation = validation_table(found, targets, settings.top)
            parts |= {"validation": validation, "null": null_table(found, settings.q)}
        parts |= {"metrics": metric_table(found, filters, data, validation, settings, organism)}
        for name, table in parts.items():
            tables.setdefault(name, []).append(table)
        motifs += meme_motifs(found, filters, "" if len(analyses) == 1 else f"{found.label}.")
        _tell(found, filters, notes, len(data.conditions))
    with atomic_path(out) as folder:
        folder.mkdir()
        for name, several in tables.items():
            write_table(folder / f"{name}.tsv", pd.concat(several, ignore_index=True))
        if motifs:
            write_meme(folder / "filters.meme", motifs, analyses[0].background)
        notes.write(folder / "motifs.notes.json")


def _tell(found: MotifAnalysis, filters: pd.DataFrame, notes: Notes, n_conditions: int) -> None:
    """Say what a reader of the tables must know."""
    dead, blank = int((filters["n_sites"] == 0).sum()), int(((filters["n_sites"] > 0) & (filters["consensus"] == "")).sum())
    if dead:
        notes.add(f"{found.label}: filters that answer nowhere", dead, "they have no motif and no effect", "dropped")
    if blank:
        notes.add(f"{found.label}: filters without an informative position", blank, "they match nothing", "dropped")
    started = int((filters["origin"] == "motif").sum())
    if started:
        why = "that such a filter matches its motif says little; filters_matched_from_scratch counts the others alone"
        notes.add(f"{found.label}: filters that started from known motifs", started, why)
    if len(found.conditions) < n_conditions:
        notes.add(f"{found.label}: conditions of the knock-outs", len(found.conditions), f"of {n_conditions}, evenly spaced")
