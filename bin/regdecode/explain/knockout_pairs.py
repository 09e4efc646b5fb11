"""Which pairs of genes are knocked out: a user's list, or the strongest predicted pairs of the test genes.

Axes: G genes, T people, n pairs.
"""

import csv
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import Faults, InputError
from regdecode.explain.knockout_sites import is_structure
from regdecode.io.gene_table import GeneTable
from regdecode.io.notes import Notes
from regdecode.io.records import Track
from regdecode.io.text import numbered_lines
from regdecode.stats.coexpression import TRUE, choose_pairs, screen_pairs
from regdecode.training.dataset import Dataset

_COLUMNS = ("gene_a", "gene_b")
_THRESHOLDS = (TRUE, 0.5, 0.3)


class Written(NamedTuple):
    """A pair as a user wrote it, and where."""

    a: str
    b: str
    where: str


def read_pairs(path: str | Path) -> list[Written]:
    """Read a table of pairs, separated by tabs or commas, with the columns gene_a and gene_b.

    Raises
    ------
    InputError
        On a missing column, a row without two genes, or no pair.
    """
    found: list[Written] = []
    faults = Faults()
    order: list[int] = []
    separator = "\t"
    for number, line in numbered_lines(path):
        if number == 1:
            separator = "\t" if "\t" in line else ","
        fields = [field.strip() for field in next(csv.reader([line], delimiter=separator))]
        if number == 1:
            missing = [name for name in _COLUMNS if name not in fields]
            if missing:
                raise InputError(
                    f"has no column {', '.join(missing)}; its columns are {', '.join(fields)}", path, "name them gene_a, gene_b"
                )
            order = [fields.index(name) for name in _COLUMNS]
        elif not any(fields):
            continue
        elif len(fields) <= max(order) or not all(fields[i] for i in order):
            faults.add("does not name two genes", f"{path}:{number}", "give gene_a and gene_b")
        else:
            found.append(Written(fields[order[0]], fields[order[1]], f"{path}:{number}"))
    faults.raise_if_any()
    if not found:
        raise InputError("holds no pair", path, "one pair a row: gene_a, gene_b")
    return found


class GeneNames:
    """Finds genes by id or name, exactly or whatever the case.

    Parameters
    ----------
    table
        genes.tsv.
    preferred
        Ids taken first where a name stands for several genes.
    """

    def __init__(self, table: GeneTable, preferred: Sequence[str] | NDArray[np.str_] = ()) -> None:
        first = set(map(str, preferred))
        self.name_of = dict(zip(table.gene_id.tolist(), table.gene_name.tolist(), strict=True))
        self.exact: dict[str, str] = {}
        self.any_case: dict[str, str] = {}
        for wanted in (True, False):
            ids = [gene for gene in table.gene_id.tolist() if (gene in first) == wanted]
            for gene in ids:
                self.exact.setdefault(gene, gene)
            for gene in ids:
                self.exact.setdefault(self.name_of[gene], gene)
        self.exact.update({gene: gene for gene in table.gene_id.tolist()})
        for text, gene in self.exact.items():
            self.any_case.setdefault(text.lower(), gene)

    def find(self, text: str) -> str | None:
        """Gene id; None if there is none."""
        return self.exact.get(text) or self.any_case.get(text.lower())

    def near(self, text: str) -> str:
        """Ids and names like a text, for a message."""
        close = difflib.get_close_matches(text.lower(), self.any_case, 3, 0.6)
        names = [
            next((shown for shown in (self.name_of[self.any_case[one]], self.any_case[one]) if shown.lower() == one), one) for one in close
        ]
        return f"did you mean {', '.join(names)}?" if names else "use ids or names of genes.tsv"

    def label(self, gene: str) -> str:
        """Name to show."""
        return self.name_of.get(gene) or gene


def resolve_pairs(written: Sequence[Written], names: GeneNames, data: Dataset, measured: NDArray[np.str_]) -> list[tuple[str, str]]:
    """Gene ids of the pairs, each pair once.

    Parameters
    ----------
    written
        As the user wrote them.
    names
        Of all annotated genes.
    data
        What the model can predict: its genes and their sites.
    measured
        (M,) genes of the cohort's expression.

    Raises
    ------
    InputError
        Names every gene that is unknown, not expressed, not among the genes of the split, or without a site.
    """
    faults = Faults()
    known, expressed, bound = set(data.genes.tolist()), set(measured.tolist()), genes_with_sites(data.tracks)
    pairs: dict[tuple[str, str], None] = {}
    for a, b, where in written:
        found = []
        for text in (a, b):
            gene = names.find(text)
            if gene is None:
                faults.add(f"gene '{text}' is not in the annotation", where, names.near(text))
            elif gene not in expressed:
                faults.add(
                    f"gene '{text}' is not in the cohort's expression", where, "choose an expressed gene, or loosen the cohort's filter"
                )
            elif gene not in known:
                faults.add(
                    f"gene '{text}' is not among the genes of the splits", where, "choose a gene that the tissue model has seen or tested"
                )
            elif gene not in bound:
                faults.add(
                    f"gene '{text}' has no site of any regulator of the model", where, "choose a gene with sites: nothing to knock out"
                )
            else:
                found.append(gene)
        if len(found) == 2 and found[0] == found[1]:
            faults.add(f"'{a}' and '{b}' are the same gene", where, "give two genes")
        elif len(found) == 2 and (found[1], found[0]) not in pairs:
            pairs[found[0], found[1]] = None
    faults.raise_if_any()
    return list(pairs)


def genes_with_sites(tracks: Sequence[Track]) -> set[str]:
    """Ids of the genes that any regulator binds."""
    bound: set[str] = set()
    for track in tracks:
        if is_structure(track):
            continue
        gene = np.repeat(np.arange(len(track.genes)), track.bins_per_gene)
        rows = np.flatnonzero(np.diff(track.counts.indptr) > 0)
        bound |= set(track.genes[np.unique(gene[rows])].tolist())
    return bound


def strongest_pairs(
    genes: NDArray[np.str_],
    actual: NDArray[np.float64],
    predicted: NDArray[np.float64],
    n: int,
    tracks: Sequence[Track],
    notes: Notes,
) -> list[tuple[str, str]]:
    """The strongest predicted pairs that are co-expressed in the data too.

    All pairs are looked at. Those with an absolute rho above 0.7 in the data and the same sign in the prediction come in the order of their
    predicted rho, each gene in one pair only; 0.5, then 0.3 take the place of 0.7 while there are fewer than `n`.

    Parameters
    ----------
    genes
        (G,) ids.
    actual, predicted
        (G, T) standard ranks.
    n
        Number of pairs.
    tracks
        Genes without a site in any of them are left out: there is nothing to knock out.
    notes
        Told what was chosen and how.
    """
    bound = np.isin(genes, sorted(genes_with_sites(tracks)))
    genes, actual, predicted = genes[bound], actual[bound], predicted[bound]
    chosen = np.zeros(0, np.int64)
    for threshold in _THRESHOLDS:
        screen = screen_pairs(actual, {"all": predicted}, threshold)
        chosen = choose_pairs(screen.i, screen.j, screen.actual, screen.predicted["all"], n)
        if len(chosen) == n:
            break
    notes.add("pairs of test genes screened", len(genes) * (len(genes) - 1) // 2)
    notes.add(
        "pairs chosen",
        len(chosen),
        f"strongest predicted rho among pairs with |rho| > {threshold} in the data and the same sign in both; a gene in one pair only",
        "info" if threshold == TRUE and len(chosen) == n else "warning",
    )
    return [(str(genes[screen.i[k]]), str(genes[screen.j[k]])) for k in chosen]
