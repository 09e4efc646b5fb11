"""The track of a class of links without positions: one bin a gene."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from regdecode.errors import InputError
from regdecode.expression.identifiers import match_identifiers
from regdecode.genome.track_parts import keep_present, merge_regulators, some, tell_lost
from regdecode.genome.track_settings import TrackSettings
from regdecode.io.gene_table import GeneTable
from regdecode.io.links import Links
from regdecode.io.notes import Notes
from regdecode.io.records import Track


def link_track(links: Links, genes: GeneTable, settings: TrackSettings, notes: Notes, where: str) -> Track:
    """Make a feature of one bin a gene: the value of each regulator's link.

    A gene that a regulator is linked to several times keeps its largest value (by size). A signed link has the sign of its effect; + and -
    together, or an unknown effect, count as +.

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
    names = merge_regulators(links.regulators, links.regulator, notes)
    row = _gene_rows(links, genes, notes, where)
    known = row >= 0
    cell = row[known] * len(names.names) + names.to[links.regulator[known]]
    values = _signed_values(links, settings.signed)[known]
    zero = values == 0
    tell_lost(notes, "links of value 0", int(zero.sum()), "no link")
    cells, values, repeated = _one_a_cell(cell[~zero], values[~zero])
    tell_lost(notes, "repeated links", repeated, "largest value kept")
    shape = (len(genes), len(names.names))
    counts = csr_matrix((values.astype(np.float32), (cells // shape[1], cells % shape[1])), shape=shape)
    offsets = np.arange(len(genes) + 1, dtype=np.int64)
    counts, kept = keep_present(counts, offsets, names.names, settings, notes, where)
    ones = np.ones(len(genes), np.int64)
    return Track(
        settings.name,
        settings.cls,
        "gene",
        1,
        settings.min_genes,
        genes.gene_id,
        kept,
        counts,
        offsets,
        ones.astype(np.int32),
        ones - 1,
        ones,
    )


def _gene_rows(links: Links, genes: GeneTable, notes: Notes, where: str) -> NDArray[np.int64]:
    """(N,) row of each link's gene in the annotation, -1 where it is not there; at least one is."""
    matched = match_identifiers(links.genes, genes.gene_id, genes.gene_name)
    row = matched.row[links.gene]
    known = row >= 0
    tell_lost(notes, "links to genes that the annotation lacks", int((~known).sum()), f"{int((matched.row < 0).sum())} genes")
    if not known.any():
        raise InputError(
            f"none of its {len(links.genes)} genes ({some(links.genes.tolist())}) is among the {len(genes)} of the annotation "
            f"({some(genes.gene_id.tolist())})",
            where,
            "use the annotation's gene ids or names, or name the right column",
        )
    for how in ("id without version", "part of an id", "name"):
        if n := int((matched.how == how).sum()):
            notes.add(f"genes matched by {how}", n)
    return row


def _signed_values(links: Links, signed: bool) -> NDArray[np.float64]:
    if not signed or links.effect is None:
        return links.value
    return np.abs(links.value) * np.where(links.effect < 0, -1, 1)


def _one_a_cell(cell: NDArray[np.int64], values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """Keep the largest value of each cell, the positive one of two of a size; also count what fell away."""
    order = np.lexsort((-values, -np.abs(values), cell))
    cells, first = np.unique(cell[order], return_index=True)
    return cells, values[order][first], len(cell) - len(cells)
