"""Settings of MOTIFS and the table of known targets. Axes: F regulators of the table, G genes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import Faults, InputError
from regdecode.expression.identifiers import match_identifiers
from regdecode.genome.motif_regulators import ScanSettings, scan_settings
from regdecode.io.links import read_links
from regdecode.io.notes import Notes
from regdecode.io.text import numbered_lines

_NAMING = ("motif_name", "motif_rename", "motif_keep")


@dataclass(frozen=True)
class MotifSettings:
    """The `explain` part of the deeprage block.

    Parameters
    ----------
    sites
        Sequences whose best windows make a filter's motif.
    q
        False discovery rate below which a filter matches, and a test counts.
    same
        Mean similarity above which filters are one cluster.
    conditions
        Conditions of the knock-outs, spread evenly; 0: all (twelve where the join runs dense layers a cell).
    top
        Genes of Fisher's test.
    genes
        Genes of a unit in knockout.tsv; 0: all.
    min_targets
        Regulators with fewer known targets are not tested.
    permutations
        Draws of the permuted tables.
    pair_genes, pair_conditions, pair_units, pair_regulators
        How many of each the pairs are computed with; `pair_regulators` 0: all.
    """

    sites: int = 100
    q: float = 0.1
    same: float = 0.75
    conditions: int = 0
    top: int = 100
    genes: int = 100
    min_targets: int = 5
    permutations: int = 20
    pair_genes: int = 200
    pair_conditions: int = 24
    pair_units: int = 30
    pair_regulators: int = 0


class Targets(NamedTuple):
    """Known targets: regulators (F,), whether a gene is a target (F, G), ids of the regulators that are genes (F,), "" for none."""

    regulators: list[str]
    member: NDArray[np.bool_]
    ids: list[str]


def motif_settings(config: Mapping[str, Any], where: str) -> tuple[MotifSettings, ScanSettings]:
    """Settings, and how motifs are named (motif_name, motif_rename, motif_keep as in the settings of scanned sites).

    Raises
    ------
    InputError
        Every unknown key and wrong value at once.
    """
    block = config.get("explain") or {}
    if not isinstance(block, Mapping):
        raise InputError(f"explain is {block!r}", where, "give a block of settings")
    faults, known = Faults(), {item.name: item.default for item in fields(MotifSettings)}
    for key, value in block.items():
        if key in _NAMING:
            continue
        if key not in known:
            faults.add(f"unknown setting explain.{key}", where, f"use one of {', '.join([*known, *_NAMING])}")
        elif isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            faults.add(f"explain.{key} is {value!r}", where, f"give a number from 0, such as {known[key]}")
        elif isinstance(known[key], int) and not isinstance(value, int):
            faults.add(f"explain.{key} is {value!r}", where, f"give a whole number, such as {known[key]}")
        elif isinstance(known[key], float) and not 0 < value <= 1:
            faults.add(f"explain.{key} is {value!r}", where, "give a number above 0, at most 1")
        elif key in ("sites", "top", "permutations", "pair_genes", "pair_conditions") and value < 1:
            faults.add(f"explain.{key} is 0", where, "give at least 1")
    naming = ScanSettings()
    with faults.collect():
        naming = scan_settings({key: block[key] for key in _NAMING if key in block}, f"{where}: explain")
    faults.raise_if_any()
    return MotifSettings(**{key: value for key, value in block.items() if key in known}), naming


def read_targets(
    path: str | Path, config: Mapping[str, Any], genes: NDArray[np.str_], names: NDArray[np.str_], least: int, notes: Notes
) -> Targets:
    """Read a table of regulators and their target genes.

    Parameters
    ----------
    path
        Table with a header; without one where the columns are given as numbers.
    config
        `known_targets` of the deeprage block: tf, target (column names, or numbers from 1 for a file without header), separator.
    genes, names
        (G,) ids and names.
    least
        Fewest targets a regulator is tested with.

    Raises
    ------
    InputError
        The table cannot be read, names none of the genes, or has no regulator with enough targets.
    """
    links = config.get("known_targets") or {}
    links = links if isinstance(links, Mapping) else {}
    rows = _rows(path, links)
    found = sorted({gene for _, gene in rows})
    matched = dict(zip(found, match_identifiers(np.array(found, dtype=str), genes, names).row.tolist(), strict=True))
    inside = [(tf, matched[gene]) for tf, gene in rows if matched[gene] >= 0]
    if not inside:
        told = f"none of the {len(found)} target genes ({', '.join(found[:3])}) is a gene of the model ({', '.join(genes[:3])})"
        raise InputError(told, path, "name targets by gene ids or names of the annotation")
    if len(inside) < len(rows):
        notes.add("links to genes that the model does not have", len(rows) - len(inside), f"of {len(rows)}", "dropped")
    raw = sorted({tf for tf, _ in inside})
    at = match_identifiers(np.array(raw, dtype=str), genes, names).row.tolist()
    upper = {name.upper(): row for row, name in reversed(list(enumerate(names.tolist())))}
    at = [row if row >= 0 else upper.get(tf.upper(), -1) for tf, row in zip(raw, at, strict=True)]
    shown = [names[row] if row >= 0 else tf for tf, row in zip(raw, at, strict=True)]
    ids = {name: (str(genes[row]) if row >= 0 else "") for name, row in zip(shown, at, strict=True)}
    label = dict(zip(raw, shown, strict=True))
    regulators = sorted(set(shown))
    row_of = {tf: k for k, tf in enumerate(regulators)}
    member = np.zeros((len(regulators), len(genes)), dtype=bool)
    for tf, gene in inside:
        member[row_of[label[tf]], gene] = True
    kept = np.flatnonzero((member.sum(1) >= least) & ~member.all(1))
    if not len(kept):
        raise InputError(f"no regulator has {least} targets among the genes", path, "lower explain.min_targets, or give another table")
    if len(kept) < len(regulators):
        notes.add(f"regulators with fewer than {least} targets", len(regulators) - len(kept), "not tested", "dropped")
    notes.add("regulators with known targets", len(kept), f"{int(member[kept].sum())} links")
    return Targets([regulators[k] for k in kept], member[kept], [ids[regulators[k]] for k in kept])


def _rows(path: str | Path, links: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(regulator, gene) of every row."""
    columns = {key: links[key] for key in ("tf", "target") if key in links}
    if not any(isinstance(value, int) for value in columns.values()):
        named = {role: str(columns[key]) for role, key in (("regulator", "tf"), ("gene", "target")) if key in columns}
        table = read_links(path, named)
        return [(str(table.regulators[r]), str(table.genes[g])) for r, g in zip(table.regulator.tolist(), table.gene.tolist(), strict=True)]
    first, second = (int(columns.get(key, default)) - 1 for key, default in (("tf", 1), ("target", 2)))
    separator, faults, rows = links.get("separator"), Faults(), []
    for number, line in numbered_lines(path):
        if line.strip() and not line.startswith("#"):
            parts = [part.strip().strip('"') for part in (line.split(separator) if separator else line.split())]
            if len(parts) <= max(first, second):
                faults.add(
                    f"{len(parts)} columns, {max(first, second) + 1} are needed", f"{path}:{number}", "correct known_targets.separator"
                )
            else:
                rows.append((parts[first], parts[second]))
    faults.raise_if_any()
    if not rows:
        raise InputError("the file holds no link", path, "give a table of regulators and their targets")
    return rows
