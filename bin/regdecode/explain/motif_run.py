"""MOTIFS of one network: its filters as motifs, what they match, what breaks without them, and whether that is what is known.

Axes: K filters, U units (filters, and clusters of several), G genes, S conditions, M motifs, F known regulators.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import InputError
from regdecode.explain.filter_knockout import KnockOuts, PairKnockOuts, knock_out_pairs, knock_out_units
from regdecode.explain.filters import FilterMotif, best_windows, cluster_motifs, filter_motifs
from regdecode.explain.motif_chance import matched_by_chance
from regdecode.explain.motif_match import FEW_TARGETS, Matches, match_motifs
from regdecode.explain.motif_settings import MotifSettings, Targets
from regdecode.explain.sequence_data import SequenceData
from regdecode.genome.motif_regulators import ScanSettings, regulators_of
from regdecode.io.meme import Motif
from regdecode.io.notes import Notes
from regdecode.models.deeprage_merge import Bilinear
from regdecode.stats.target_tests import degree_strata, permuted_counts, rank_rows, rank_sum_tests, top_tests
from regdecode.training.deeprage_folder import DeepRageModel

log = logging.getLogger(__name__)
DENSE_CONDITIONS = 12
DENSE_REGULATORS = 20


@dataclass(frozen=True)
class Database:
    """Known motifs (M,), the file each is of, and the regulator each stands for."""

    motifs: Sequence[Motif]
    files: Sequence[str]
    names: Sequence[str]


@dataclass(frozen=True)
class Unit:
    """A filter, or a cluster of several filters: its name, its filters, and the regulators that these match."""

    name: str
    kind: str
    filters: tuple[int, ...]
    matches: tuple[str, ...]


@dataclass(frozen=True)
class TargetTests:
    """Units against known targets, (U, F) each: rank-sum p and area, members among the top genes, expected, Fisher p."""

    p: NDArray[np.float64]
    area: NDArray[np.float64]
    found: NDArray[np.int64]
    expected: NDArray[np.float64]
    p_top: NDArray[np.float64]
    shuffled: NDArray[np.int64]
    within_degree: NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """Pairs of units and regulators: rows of `units`, columns of the model's regulators, and their effects."""

    units: list[int]
    regulators: list[int]
    effects: PairKnockOuts


@dataclass(frozen=True)
class MotifAnalysis:
    """All that MOTIFS found in one network.

    `clusters` (K,) are numbered from 1, 0 for a filter without a motif. `by_chance` (draws,): how many filters drawn at random match a
    known motif in the place of those that did not start from one.
    """

    label: str
    model: DeepRageModel
    background: NDArray[np.float64]
    motifs: list[FilterMotif]
    clusters: NDArray[np.int64]
    matches: Matches
    by_chance: NDArray[np.int64]
    units: list[Unit]
    conditions: NDArray[np.int64]
    knock_outs: KnockOuts
    tests: TargetTests | None
    pairs: Pairs


def named_database(motifs: Sequence[Motif], files: Sequence[str], naming: ScanSettings, notes: Notes) -> Database:
    """Motifs by the regulators they stand for, none where none are given; those that the settings leave out are dropped.

    Raises
    ------
    InputError
        Of those that are given none is left.
    """
    if not motifs:
        notes.add("known motifs", 0, "none are given: no filter has a name, all are listed as new")
        return Database((), (), ())
    kept = [(motif, file, name) for motif, file, name in zip(motifs, files, regulators_of(motifs, naming), strict=True) if name is not None]
    if not kept:
        raise InputError("explain.motif_keep leaves no motif", "deeprage settings", "correct the regular expression")
    if len(kept) < len(motifs):
        notes.add("motifs that explain.motif_keep leaves out", len(motifs) - len(kept), "", "dropped")
    notes.add("known motifs", len(kept), f"of {len({name for _, _, name in kept})} regulators, {len(set(files))} files")
    if len(kept) < FEW_TARGETS:
        notes.add("few known motifs", len(kept), f"p-values of matches are rough below {FEW_TARGETS} motifs", "warning")
    return Database([one for one, _, _ in kept], [file for _, file, _ in kept], [name for _, _, name in kept])


def spread(n: int, most: int) -> NDArray[np.int64]:
    """At most `most` of n rows, evenly spaced; all for 0."""
    return np.arange(n) if not most or most >= n else np.unique(np.linspace(0, n - 1, most).round().astype(np.int64))


def units_of(motifs: Sequence[FilterMotif], clusters: NDArray[np.int64], matches: Matches, database: Database, q: float) -> list[Unit]:
    """Every filter that answers somewhere, then every cluster of several."""
    best = matches.best()
    named = [database.names[m] if m >= 0 and matches.q[k, m] <= q else "" for k, m in enumerate(best.tolist())]
    alive = [k for k, motif in enumerate(motifs) if motif.n_sites]
    units = [Unit(f"f{k}", "filter", (k,), (named[k],) if named[k] else ()) for k in alive]
    for label in range(1, int(clusters.max(initial=0)) + 1):
        members = tuple(int(k) for k in np.flatnonzero(clusters == label))
        if len(members) > 1:
            units.append(Unit(f"c{label}", "cluster", members, tuple(dict.fromkeys(named[k] for k in members if named[k]))))
    return units


def analyse(
    label: str,
    model: DeepRageModel,
    data: SequenceData,
    database: Database,
    targets: Targets | None,
    settings: MotifSettings,
    seed: int = 0,
) -> MotifAnalysis:
    """Everything that MOTIFS says about one network."""
    codes, background = data.window(model), data.background(model)
    shape, starts = model.net.trunk.shape, model.config["starts"]
    best = best_windows(model.net.trunk, codes)
    motifs = filter_motifs(codes, best, shape.width, background, settings.sites)
    cores = [motif.core for motif in motifs]
    clusters = cluster_motifs(cores, background, settings.same)
    started, known = np.array(starts) == "motif", [motif.probabilities for motif in database.motifs]
    matches = match_motifs(cores, known, started)
    by_chance = matched_by_chance(codes, shape, starts, background, known, settings.sites, settings.q, seed)
    units = units_of(motifs, clusters, matches, database, settings.q)
    light = isinstance(model.net.merge, Bilinear)
    conditions = spread(len(data.conditions), settings.conditions or (0 if light else DENSE_CONDITIONS))
    log.info("%s: %d filters, knocking out %d filters and clusters", label, len(motifs), len(units))
    knock_outs = knock_out_units(model, data.pairs(model, None, conditions), [unit.filters for unit in units], _progress(label))
    tests = against_targets(knock_outs, targets, settings, seed) if targets is not None else None
    pairs = find_pairs(model, data, units, knock_outs, settings, light)
    return MotifAnalysis(label, model, background, motifs, clusters, matches, by_chance, units, conditions, knock_outs, tests, pairs)


def _progress(label: str) -> Callable[[int, int], None]:
    """Say how far the knock-outs are, about ten times."""
    told = [0.0]

    def tell(done: int, n: int) -> None:
        if done == n or done / n - told[0] >= 0.1:
            told[0] = done / n
            log.info("%s: knock-outs of %d of %d genes", label, done, n)

    return tell


def against_targets(knock_outs: KnockOuts, targets: Targets, settings: MotifSettings, seed: int) -> TargetTests:
    """Test every unit against every regulator's known targets, and tables with permuted genes."""
    ranks, ties = rank_rows(knock_outs.size)
    p, area = rank_sum_tests(ranks, ties, targets.member)
    found, expected, p_top = top_tests(knock_outs.size, targets.member, settings.top)
    strata = degree_strata(targets.member)
    shuffled, within = (
        permuted_counts(ranks, ties, targets.member, settings.q, settings.permutations, seed, kind) for kind in (None, strata)
    )
    return TargetTests(p, area, found, expected, p_top, shuffled, within)


def find_pairs(
    model: DeepRageModel, data: SequenceData, units: Sequence[Unit], knock_outs: KnockOuts, settings: MotifSettings, light: bool
) -> Pairs:
    """Knock units out together with regulators, on a sample of genes and conditions.

    The units with the largest effects; all regulators, or (where the join runs dense layers) those that vary most. Regulators that a unit's
    motif names are always among them.
    """
    order = np.argsort(-knock_outs.size.mean(1), kind="stable")[: settings.pair_units].tolist()
    names = {name.upper(): k for k, name in enumerate(data.regulator_names(model))}
    named = [names[match.upper()] for u in order for match in units[u].matches if match.upper() in names]
    inputs = data.pairs(model, np.zeros(1, dtype=int)).inputs
    most = settings.pair_regulators or (len(names) if light else DENSE_REGULATORS)
    varying = np.argsort(-inputs.std(0).cpu().numpy(), kind="stable")[:most].tolist()
    regulators = sorted(set(named) | set(varying))
    genes, conditions = spread(len(data.genes), settings.pair_genes), spread(len(data.conditions), settings.pair_conditions)
    sample = data.pairs(model, genes, conditions)
    effects = knock_out_pairs(model, sample, [units[u].filters for u in order], regulators)
    return Pairs(order, regulators, effects)
