"""What tracks of sites and of links share: names merged, regulators without a gene dropped, losses told."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from regdecode.errors import InputError
from regdecode.genome.track_settings import TrackSettings
from regdecode.io.notes import Notes
from regdecode.io.records import count_genes

SHOWN = 5


class MergedNames(NamedTuple):
    """Names where spellings that differ in case are one: (R,) sorted names, (R_old,) `to` of each old name, and the merged ones."""

    names: NDArray[np.str_]
    to: NDArray[np.int32]
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


def merge_regulators(regulators: NDArray[np.str_], regulator: NDArray[np.int32], notes: Notes) -> MergedNames:
    """Merge the names of a class and tell of it."""
    names = merge_names(regulators, np.bincount(regulator, minlength=len(regulators)))
    notes.add("regulators", len(names.names))
    if names.merged:
        notes.add("regulator names that differ in case only", len(names.merged), f"merged: {some(names.merged)}")
    return names


def keep_present(
    counts: csr_matrix, offsets: NDArray[np.int64], names: NDArray[np.str_], settings: TrackSettings, notes: Notes, where: str
) -> tuple[csr_matrix, NDArray[np.str_]]:
    """Drop regulators on no gene; refuse a class of which none is on enough genes."""
    on_genes = count_genes(counts, offsets)
    present = np.flatnonzero(on_genes > 0)
    if len(present) < len(names):
        absent = names[on_genes == 0].tolist()
        notes.add("regulators on no gene", len(absent), some(absent), "dropped")
        counts = counts[:, present]
    enough = int((on_genes >= settings.min_genes).sum())
    notes.add("regulators kept", len(present))
    if enough < len(present):
        notes.add(f"of them on fewer than {settings.min_genes} genes", len(present) - enough, "not used by models")
    if not enough:
        best = int(on_genes.argmax())
        raise InputError(
            f"none of the {len(names)} regulators of class {settings.cls} has a site or link on {settings.min_genes} genes; "
            f"the most has {names[best]} with {on_genes[best]}",
            where,
            "lower min_genes, leave the class out, or (peak files whose column 4 numbers peaks) set columns: { name: file }",
        )
    notes.add("genes with a regulator", int((np.diff(counts.indptr[offsets]) > 0).sum()))
    return counts, names[present]


def tell_lost(notes: Notes, what: str, n: int, why: str) -> None:
    """Note what was dropped, if anything was."""
    if n:
        notes.add(what, n, why, "dropped")


def take(index: NDArray[np.int32], codes: NDArray[np.int32]) -> NDArray[np.int32]:
    """index[codes], without the copy where nothing changes."""
    return codes if np.array_equal(index, np.arange(len(index))) else index[codes]


def some(names: list[str]) -> str:
    """Return the first few names and how many more there are."""
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
