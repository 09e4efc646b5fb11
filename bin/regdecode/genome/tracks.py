"""Tracks from sites or links: names and chromosomes made to agree, bins counted, and every loss told."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from regdecode.errors import InputError
from regdecode.expression.identifiers import match_identifiers
from regdecode.genome.binning import Placed, bin_sites
from regdecode.genome.chromosomes import Chromosome, known_names, reconcile
from regdecode.genome.regions import Regions, promoter_regions, rna_regions
from regdecode.genome.track_settings import TrackSettings
from regdecode.io.bed import Sites
from regdecode.io.bed12 import GeneModels
from regdecode.io.gene_table import GeneTable
from regdecode.io.links import Links
from regdecode.io.notes import Notes
from regdecode.io.records import Track, genes_with_entry

SHOWN = 5


class MergedNames(NamedTuple):
    """Names without the spellings that differ in case only: (R,) sorted names, (R_old,) index of each old name, and the merged spellings."""

    names: NDArray[np.str_]
    index: NDArray[np.int32]
    merged: list[str]


def merge_names(names: NDArray[np.str_], weight: NDArray[np.int64]) -> MergedNames:
    """Merge names that differ only in case or in blanks around them; the spelling with most rows stays.

    Parameters
    ----------
    names
        (R_old,) distinct names.
    weight
        (R_old,) rows of each.
    """
    groups: dict[str, list[int]] = {}
    for i, name in enumerate(names.tolist()):
        groups.setdefault(name.strip().lower(), []).append(i)
    kept = {key: min(members, key=lambda i: (-weight[i], names[i])) for key, members in groups.items()}
    order = sorted(groups, key=lambda key: names[kept[key]].strip())
    index = np.zeros(len(names), np.int32)
    for new, key in enumerate(order):
        index[groups[key]] = new
    merged = ["/".join(names[i] for i in groups[key]) for key in order if len(groups[key]) > 1]
    return MergedNames(np.array([names[kept[key]].strip() for key in order], dtype=str), index, merged)


def site_track(sites: Sites, genes: GeneTable, models: GeneModels, chromosomes: Sequence[Chromosome], settings: TrackSettings, notes: Notes, where: str,
               threads: int = 1) -> Track:
    """Count the bases that each regulator's sites cover in each bin.

    Parameters
    ----------
    sites
        N sites of one class.
    genes, models, chromosomes
        The annotation that the sites' genome build belongs to.
    settings
        Where to count.
    notes
        Takes what was read, merged and lost.
    where
        The sites' file, for messages.
    threads
        CPU threads.

    Returns
    -------
    Track
        Regulators with at least one covered base, sorted by name.

    Raises
    ------
    InputError
        No chromosome name is known, no site touches a region, or no regulator touches `min_genes` genes.
    """
    if settings.on == "gene":
        raise InputError("on is 'gene', which is for links; sites have positions", where, "set on: promoter or on: rna")
    notes.add("sites", len(sites))
    names = _merge_regulators(sites.regulators, sites.regulator, notes)
    lengths = {chromosome.name: chromosome.length for chromosome in chromosomes if chromosome.length is not None}
    chroms, chrom, elsewhere = _known_chromosomes(sites, chromosomes, notes, where)
    _warn_beyond_end(sites, chroms, chrom, lengths, notes)
    regions, gene_ids = _regions(genes, models, settings, lengths, notes)
    if regions.stranded and (sites.strand is None or not sites.strand.any()):
        notes.add("sites without a strand", len(sites), "counted on RNAs of both strands", "warning")
    placed = Placed(_take(names.index, sites.regulator), chrom, sites.start, sites.end, sites.strand if regions.stranded else None)
    binned = bin_sites(placed, regions, chroms, len(names.names), threads)
    _tell_lost(notes, f"sites on no {_place(settings)}", len(sites) - elsewhere - binned.n_touching, "of their strand" if regions.stranded else "")
    if not binned.n_touching:
        raise InputError(f"none of the {len(sites)} sites touches a {_place(settings)} of the {len(gene_ids)} genes", where,
                         "check that sites and annotation are of the same genome build, and widen the promoter if it is narrow")
    counts, kept = _keep_present(binned.counts, regions.offsets, names.names, settings, notes, where)
    return Track(settings.name, settings.cls, settings.on, settings.bin_size, settings.min_genes, gene_ids, kept, counts, regions.offsets, regions.bases,
                 regions.bin_start, regions.bin_end)


def link_track(links: Links, genes: GeneTable, settings: TrackSettings, notes: Notes, where: str) -> Track:
    """Make a feature of one bin a gene: the value of each regulator's link.

    A gene that a regulator is linked to several times keeps its largest value (by size); a signed link has the sign of its effect, where + and - together, or an unknown effect,
    count as +.

    Parameters
    ----------
    links
        N links.
    genes
        (G,) genes; links name them by id, id without version, or unambiguous name.
    settings
        `signed` and `min_genes` matter.
    notes
        Takes what was read, merged and lost.
    where
        The links' file, for messages.

    Raises
    ------
    InputError
        No link names a gene of the annotation, or no regulator is linked to `min_genes` genes.
    """
    notes.add("links", len(links))
    names = _merge_regulators(links.regulators, links.regulator, notes)
    matched = match_identifiers(links.genes, genes.gene_id, genes.gene_name)
    row = matched.row[links.gene]
    known = row >= 0
    _tell_lost(notes, "links to genes that the annotation lacks", int((~known).sum()), f"{int((matched.row < 0).sum())} genes")
    if not known.any():
        raise InputError(f"none of its {len(links.genes)} genes ({', '.join(links.genes[:SHOWN])} ...) is among the {len(genes)} of the annotation "
                         f"({', '.join(genes.gene_id[:SHOWN])} ...)", where, "use the annotation's gene ids or names, or name the right column")
    for how in ("id without version", "part of an id", "name"):
        if n := int((matched.how == how).sum()):
            notes.add(f"genes matched by {how}", n)
    cell = row[known] * len(names.names) + names.index[links.regulator[known]]
    values = _signed_values(links, settings.signed)[known]
    zero = values == 0
    _tell_lost(notes, "links of value 0", int(zero.sum()), "no link")
    cells, values, repeated = _one_a_cell(cell[~zero], values[~zero])
    _tell_lost(notes, "repeated links", repeated, "largest value kept")
    shape = (len(genes), len(names.names))
    counts = csr_matrix((values.astype(np.float32), (cells // shape[1], cells % shape[1])), shape=shape)
    offsets = np.arange(len(genes) + 1, dtype=np.int64)
    counts, kept = _keep_present(counts, offsets, names.names, settings, notes, where)
    ones = np.ones(len(genes), np.int64)
    return Track(settings.name, settings.cls, "gene", 1, settings.min_genes, genes.gene_id, kept, counts, offsets, ones.astype(np.int32), ones - 1, ones)


def _merge_regulators(regulators: NDArray[np.str_], regulator: NDArray[np.int32], notes: Notes) -> MergedNames:
    names = merge_names(regulators, np.bincount(regulator, minlength=len(regulators)))
    notes.add("regulators", len(names.names))
    if names.merged:
        notes.add("regulator names that differ in case only", len(names.merged), f"merged: {_some(names.merged)}")
    return names


def _known_chromosomes(sites: Sites, chromosomes: Sequence[Chromosome], notes: Notes,
                       where: str) -> tuple[NDArray[np.str_], NDArray[np.int32], int]:
    """Names of the annotation, with "" for unknown ones, (N,) index among them, and how many sites are on unknown ones."""
    found = reconcile(sites.chroms.tolist(), known_names(chromosomes))
    if not found.mapping:
        raise InputError(f"none of its chromosomes ({_some(sites.chroms.tolist())}) is in the annotation ({_some([c.name for c in chromosomes])})", where,
                         "rename them, or list both names on one line of an alias file (reference: chromosomes: aliases)")
    spelled = [f"{name} = {known}" for name, known in found.mapping.items() if name != known]
    if spelled:
        notes.add("chromosomes spelled differently in annotation and sites", len(spelled), _some(spelled))
    chroms = np.array(["", *sorted(set(found.mapping.values()))])
    index = np.array([np.searchsorted(chroms, found.mapping.get(name, "")) for name in sites.chroms.tolist()], np.int32)
    lost = 0
    if found.unknown:
        lost = int(np.isin(sites.chrom, np.flatnonzero(index == 0)).sum())
        notes.add("sites on chromosomes that the annotation lacks", lost, _some(found.unknown), "dropped")
    return chroms, _take(index, sites.chrom), lost


def _warn_beyond_end(sites: Sites, chroms: NDArray[np.str_], chrom: NDArray[np.int32], lengths: dict[str, int], notes: Notes) -> None:
    limit = np.array([lengths.get(name, np.iinfo(np.int64).max) for name in chroms.tolist()], np.int64)
    n = int((sites.end > limit[chrom]).sum()) if lengths else 0
    if n:
        notes.add("sites beyond the end of their chromosome", n, "clipped; are sites and annotation of the same genome build?", "warning")


def _regions(genes: GeneTable, models: GeneModels, settings: TrackSettings, lengths: dict[str, int], notes: Notes) -> tuple[Regions, NDArray[np.str_]]:
    if settings.on == "rna":
        return rna_regions(models, settings.bin_size), models.gene_id
    leader = None
    if settings.on == "unit_promoter":
        row = {gene: i for i, gene in enumerate(genes.gene_id.tolist())}
        leader = np.array([row.get(name, i) for i, name in enumerate(genes.unit_leader.tolist())], np.int64)
        notes.add("genes led by another gene of their transcription unit", int((leader != np.arange(len(genes))).sum()))
    regions = promoter_regions(genes, settings.upstream, settings.downstream, settings.bin_size, settings.anchor, lengths, leader)
    whole = np.add.reduceat(regions.bases, regions.offsets[:-1])
    clipped = int((whole < settings.upstream + settings.downstream).sum())
    if clipped:
        notes.add("promoters clipped at the end of their chromosome", clipped)
    return regions, genes.gene_id


def _keep_present(counts: csr_matrix, offsets: NDArray[np.int64], names: NDArray[np.str_], settings: TrackSettings, notes: Notes,
                  where: str) -> tuple[csr_matrix, NDArray[np.str_]]:
    """Drop regulators on no gene; refuse a class of which none is on enough genes."""
    on_genes = np.asarray(genes_with_entry(counts, offsets).sum(0), np.int64).ravel()
    present = np.flatnonzero(on_genes > 0)
    if len(present) < len(names):
        absent = names[on_genes == 0].tolist()
        notes.add("regulators on no gene", len(absent), _some(absent), "dropped")
        counts = counts[:, present]
    enough = int((on_genes >= settings.min_genes).sum())
    notes.add("regulators kept", len(present))
    if enough < len(present):
        notes.add(f"of them on fewer than {settings.min_genes} genes", len(present) - enough, "not used by models")
    if not enough:
        best = int(on_genes.argmax())
        raise InputError(f"none of the {len(names)} regulators of class {settings.cls} has a site or link on {settings.min_genes} genes; the most has {names[best]} "
                         f"with {on_genes[best]}", where, "lower min_genes, leave the class out, or (peak files whose column 4 numbers peaks) set columns: { name: file }")
    notes.add("genes with a regulator", int((np.diff(counts.indptr[offsets]) > 0).sum()))
    return counts, names[present]


def _signed_values(links: Links, signed: bool) -> NDArray[np.float64]:
    if not signed or links.effect is None:
        return links.value
    return np.abs(links.value) * np.where(links.effect < 0, -1, 1)


def _one_a_cell(cell: NDArray[np.int64], values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """Keep the largest value of each cell, the positive one of two of a size; also count what fell away."""
    order = np.lexsort((-values, -np.abs(values), cell))
    cells, first = np.unique(cell[order], return_index=True)
    return cells, values[order][first], len(cell) - len(cells)


def _tell_lost(notes: Notes, what: str, n: int, why: str) -> None:
    if n:
        notes.add(what, n, why, "dropped")


def _take(index: NDArray[np.int32], codes: NDArray[np.int32]) -> NDArray[np.int32]:
    """index[codes], without the copy where nothing changes."""
    return codes if np.array_equal(index, np.arange(len(index))) else index[codes]


def _place(settings: TrackSettings) -> str:
    return "RNA" if settings.on == "rna" else "promoter"


def _some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
