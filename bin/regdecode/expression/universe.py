"""Which genes a model can learn from: measured, annotated, and with a site of every regulator class that is required."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from regdecode.errors import InputError
from regdecode.io.gene_table import GeneTable
from regdecode.io.notes import Notes
from regdecode.io.records import Track


def has_site(track: Track) -> np.ndarray:
    """Mask (G,) of the track's genes with at least one base or link of any regulator."""
    return np.asarray(track.genes_with_site().sum(axis=1)).ravel() > 0


def gene_universe(genes: GeneTable, measured: np.ndarray, tracks: Sequence[Track], required: Sequence[str], notes: Notes) -> np.ndarray:
    """Rows of the annotation whose genes can be split.

    Parameters
    ----------
    genes : GeneTable
    measured : ndarray of str
        Genes with expression.
    tracks : sequence of Track
    required : sequence of str
        Regulator classes (or names of tracks) of which a gene must have at least one site.
    notes : Notes
        Says how many genes each demand drops.

    Returns
    -------
    ndarray of int (G,)

    Raises
    ------
    InputError
        A required class has no track, or no gene is left.
    """
    keep = np.isin(genes.gene_id, measured)
    notes.add("genes measured and annotated", int(keep.sum()))
    for wanted in required:
        chosen = [track for track in tracks if wanted in (track.cls, track.name)]
        if not chosen:
            raise InputError(
                f"regulator class {wanted} is required but has no features; there are {', '.join(sorted({track.cls for track in tracks}))}",
                "splits.genes",
                "name a class of the organism file",
            )
        hit = np.unique(np.concatenate([track.genes[has_site(track)] for track in chosen]))
        here = np.isin(genes.gene_id, hit)
        notes.add(f"genes without any {wanted} site", int(np.sum(keep & ~here)), "the class is required", "dropped")
        keep &= here
    covered = np.unique(np.concatenate([track.genes for track in tracks])) if tracks else genes.gene_id
    outside = keep & ~np.isin(genes.gene_id, covered)
    if outside.any():
        notes.add("genes in no feature table", int(outside.sum()), "they have no region on any build", "dropped")
    keep &= ~outside
    if not keep.any():
        raise InputError(
            "no gene is measured, annotated and has sites of every required class",
            "splits.genes",
            "check that expression, annotation and features use the same gene ids",
        )
    return np.flatnonzero(keep)
