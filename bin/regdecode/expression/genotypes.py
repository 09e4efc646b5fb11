"""Genotypes as covariates: the marker nearest a named gene becomes a column of the sample sheet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import Faults, InputError
from regdecode.genome.chromosomes import reconcile
from regdecode.io.gene_table import GeneTable
from regdecode.io.genotypes import Genotypes


class NearMarker(NamedTuple):
    """The marker chosen for a gene, its distance in bases from the gene's span, and its genotypes (S,)."""

    gene: str
    column: str
    marker: str
    distance: int
    values: NDArray[np.float64]


def match_chromosomes(markers: Sequence[str], genes: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Name of the annotation for each chromosome name of the markers: as given, else by `reconcile` ("chr", Roman numbers)."""
    wanted = dict.fromkeys(map(str, markers))
    known = dict.fromkeys(dict.fromkeys(map(str, genes)), ())
    return reconcile([name for name in wanted if name not in given], known).mapping | {
        name: given[name] for name in wanted if name in given
    }


def nearest_markers(
    markers: Genotypes, genes: GeneTable, near: Sequence[str], samples: NDArray[np.str_], chromosomes: Mapping[str, str] | None = None
) -> list[NearMarker]:
    """Find the marker nearest each named gene that is known in every sample and varies.

    Parameters
    ----------
    markers, genes
        Genotypes; the annotation.
    near
        Gene names or ids.
    samples
        (S,) samples in the order of the result.
    chromosomes
        Chromosome name of the markers to that of the annotation, where they cannot be told apart by themselves.

    Raises
    ------
    InputError
        Samples without genotype (named), a gene that is not annotated, a chromosome without a marker.
    """
    faults = Faults()
    place = {name: i for i, name in enumerate(markers.samples.tolist())}
    absent = [str(name) for name in samples if str(name) not in place]
    if absent:
        shown = ", ".join(absent[:8]) + (f" and {len(absent) - 8} more" if len(absent) > 8 else "")
        raise InputError(f"{len(absent)} samples have no genotypes: {shown}", "genotypes", "name the columns as in the expression matrix")
    values = markers.values[:, [place[str(name)] for name in samples]]
    usable = np.isfinite(values).all(1) & (np.ptp(np.nan_to_num(values), axis=1) > 0)
    names = match_chromosomes(markers.chrom.tolist(), genes.chrom.tolist(), chromosomes or {})
    chrom = np.array([names.get(str(name), "") for name in markers.chrom])
    found: list[NearMarker] = []
    for gene in near:
        rows = np.flatnonzero((genes.gene_name == gene) | (genes.gene_id == gene))
        if not len(rows):
            faults.add(f"gene {gene} is not in the annotation", "genotypes.near", "give a gene name or id of the annotation")
            continue
        g = rows[0]
        here = np.flatnonzero(usable & (chrom == genes.chrom[g]))
        if not len(here):
            what = f"no marker that varies is on {genes.chrom[g]}, where {gene} is; markers are on {', '.join(sorted(set(markers.chrom)))}"
            faults.add(what, "genotypes", "say genotypes.chromosomes: {name of the markers: name of the annotation}")
            continue
        at = markers.position[here] - 1
        distance = np.maximum(np.maximum(genes.start[g] - at, at - (genes.end[g] - 1)), 0)
        best = here[int(np.argmin(distance))]
        column = "marker_" + re.sub(r"\W", "_", gene)
        found.append(NearMarker(gene, column, str(markers.ids[best]), int(distance.min()), values[best]))
    faults.raise_if_any()
    return found
