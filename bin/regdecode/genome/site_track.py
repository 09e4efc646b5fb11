"""The track of a class of sites: chromosomes made to agree, bins counted, and every loss told."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from regdecode.errors import InputError
from regdecode.genome.binning import Placed, bin_sites
from regdecode.genome.chromosomes import Chromosome, known_names, reconcile
from regdecode.genome.regions import Regions, promoter_regions, rna_regions
from regdecode.genome.track_parts import keep_present, merge_regulators, some, take, tell_lost
from regdecode.genome.track_settings import TrackSettings
from regdecode.genome.windows import leader_rows
from regdecode.io.bed import Sites
from regdecode.io.bed12 import GeneModels
from regdecode.io.gene_table import GeneTable
from regdecode.io.notes import Notes
from regdecode.io.records import Track


def site_track(
    sites: Sites,
    genes: GeneTable,
    models: GeneModels | None,
    chromosomes: Sequence[Chromosome],
    settings: TrackSettings,
    notes: Notes,
    where: str,
    threads: int = 1,
) -> Track:
    """Count the bases that each regulator's sites cover in each bin.

    Parameters
    ----------
    sites
        N sites of one class.
    genes, models, chromosomes
        The annotation of the sites' genome build; models are needed for RNAs alone.
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
    names = merge_regulators(sites.regulators, sites.regulator, notes)
    lengths = {chromosome.name: chromosome.length for chromosome in chromosomes if chromosome.length is not None}
    chroms, chrom, elsewhere = _known_chromosomes(sites, chromosomes, notes, where)
    _warn_beyond_end(sites, chroms, chrom, lengths, notes)
    regions, gene_ids = _regions(genes, models, settings, lengths, notes)
    if regions.stranded and (sites.strand is None or not sites.strand.any()):
        notes.add("sites without a strand", len(sites), "counted on RNAs of both strands", "warning")
    placed = Placed(take(names.to, sites.regulator), chrom, sites.start, sites.end, sites.strand if regions.stranded else None)
    binned = bin_sites(placed, regions, chroms, len(names.names), threads)
    outside = len(sites) - elsewhere - binned.n_touching
    tell_lost(notes, f"sites on no {_place(settings)}", outside, "of their strand" if regions.stranded else "")
    if not binned.n_touching:
        raise InputError(
            f"none of the {len(sites)} sites touches a {_place(settings)} of the {len(gene_ids)} genes",
            where,
            "check that sites and annotation are of the same genome build, and widen the promoter if it is narrow",
        )
    counts, kept = keep_present(binned.counts, regions.offsets, names.names, settings, notes, where)
    return _track_of(regions, gene_ids, kept, counts, settings)


def _track_of(
    regions: Regions, gene_ids: NDArray[np.str_], regulators: NDArray[np.str_], counts: csr_matrix, settings: TrackSettings
) -> Track:
    """Counts (rows, R) joined to the bins of the regions that they were counted in."""
    return Track(
        settings.name,
        settings.cls,
        settings.on,
        settings.bin_size,
        settings.min_genes,
        gene_ids,
        regulators,
        counts,
        regions.offsets,
        regions.bases,
        regions.bin_start,
        regions.bin_end,
    )


def _known_chromosomes(
    sites: Sites, chromosomes: Sequence[Chromosome], notes: Notes, where: str
) -> tuple[NDArray[np.str_], NDArray[np.int32], int]:
    """Names of the annotation, with "" for unknown ones, (N,) index among them, and how many sites are on unknown ones."""
    found = reconcile(sites.chroms.tolist(), known_names(chromosomes))
    if not found.mapping:
        raise InputError(
            f"none of its chromosomes ({some(sites.chroms.tolist())}) is in the annotation ({some([c.name for c in chromosomes])})",
            where,
            "rename them, or list both names on one line of an alias file (reference: chromosomes: aliases)",
        )
    spelled = [f"{name} = {known}" for name, known in found.mapping.items() if name != known]
    if spelled:
        notes.add("chromosomes spelled differently in annotation and sites", len(spelled), some(spelled))
    chroms = np.array(["", *sorted(set(found.mapping.values()))])
    index = np.array([np.searchsorted(chroms, found.mapping.get(name, "")) for name in sites.chroms.tolist()], np.int32)
    lost = 0
    if found.unknown:
        lost = int(np.isin(sites.chrom, np.flatnonzero(index == 0)).sum())
        notes.add("sites on chromosomes that the annotation lacks", lost, some(found.unknown), "dropped")
    return chroms, take(index, sites.chrom), lost


def _warn_beyond_end(sites: Sites, chroms: NDArray[np.str_], chrom: NDArray[np.int32], lengths: dict[str, int], notes: Notes) -> None:
    limit = np.array([lengths.get(name, np.iinfo(np.int64).max) for name in chroms.tolist()], np.int64)
    n = int((sites.end > limit[chrom]).sum()) if lengths else 0
    if n:
        notes.add("sites beyond the end of their chromosome", n, "clipped; are sites and annotation of the same genome build?", "warning")


def _regions(
    genes: GeneTable, models: GeneModels | None, settings: TrackSettings, lengths: dict[str, int], notes: Notes
) -> tuple[Regions, NDArray[np.str_]]:
    if settings.on == "rna":
        if models is None:
            raise ValueError("counting on RNAs needs gene models")
        return rna_regions(models, settings.bin_size), models.gene_id
    leader = None
    if settings.on == "unit_promoter":
        leader = leader_rows(genes.gene_id, genes.unit_leader)
        notes.add("genes led by another gene of their transcription unit", int((leader != np.arange(len(genes))).sum()))
    regions = promoter_regions(genes, settings.upstream, settings.downstream, settings.bin_size, settings.anchor, lengths, leader)
    whole = np.add.reduceat(regions.bases, regions.offsets[:-1])
    clipped = int((whole < settings.upstream + settings.downstream).sum())
    if clipped:
        notes.add("promoters clipped at the end of their chromosome", clipped)
    return regions, genes.gene_id


def _place(settings: TrackSettings) -> str:
    return "RNA" if settings.on == "rna" else "promoter"
