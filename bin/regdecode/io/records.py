"""What the h5ad files hold: plain arrays, no file handles. Axes: G genes, B bins, R regulators, T outputs, S conditions."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

DENSE_CELLS = 16_000_000


@dataclass(frozen=True)
class Track:
    """Binned sites of one class of regulators in one kind of region.

    Parameters
    ----------
    name
        Unique name, such as "tf_promoter".
    cls
        Regulator class, such as "tf".
    on
        "promoter", "unit_promoter", "rna" or "gene" (links without positions: one bin a gene).
    bin_size
        Bin width in bases; 1 for links.
    min_genes
        A regulator on fewer training genes is not used.
    genes
        (G,) gene ids.
    regulators
        (R,) regulator names.
    counts
        (B_total, R) bases of each bin covered by any site of the regulator; the link's value where `on` is "gene".
    offsets
        (G + 1,) the bins of gene g are rows `offsets[g]:offsets[g + 1]`, 5' to 3'.
    bases
        (B_total,) bases that exist in each bin; 1 for links.
    starts, ends
        (B_total,) the bin in region coordinates, 0-based half-open, 5' to 3'.
    """

    name: str
    cls: str
    on: str
    bin_size: int
    min_genes: int
    genes: NDArray[np.str_]
    regulators: NDArray[np.str_]
    counts: csr_matrix
    offsets: NDArray[np.int64]
    bases: NDArray[np.int32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @property
    def bins_per_gene(self) -> NDArray[np.int64]:
        """(G,) number of bins of each gene."""
        return np.diff(self.offsets)

    def select(self, genes: NDArray[np.str_], regulators: NDArray[np.bool_] | None = None) -> "Track":
        """Restrict to `genes`, in their order (a gene the track lacks has no bins), and to a mask of regulators."""
        position = {gene: i for i, gene in enumerate(self.genes)}
        found = np.array([position.get(gene, -1) for gene in genes], dtype=np.int64)
        width = np.where(found >= 0, self.bins_per_gene[found], 0)
        offsets = np.concatenate([[0], np.cumsum(width)]).astype(np.int64)
        first = np.where(found >= 0, self.offsets[found], 0)
        rows = np.repeat(first - offsets[:-1], width) + np.arange(offsets[-1])
        counts = self.counts[rows]
        names = self.regulators
        if regulators is not None:
            counts, names = counts[:, np.flatnonzero(regulators)], names[regulators]
        return Track(
            self.name,
            self.cls,
            self.on,
            self.bin_size,
            self.min_genes,
            np.asarray(genes),
            names,
            csr_matrix(counts),
            offsets,
            self.bases[rows],
            self.starts[rows],
            self.ends[rows],
        )

    def genes_with_site(self) -> csr_matrix:
        """(G, R) 1 where a gene holds at least one base (or link) of a regulator."""
        return genes_with_entry(self.counts, self.offsets)


def genes_with_entry(counts: csr_matrix, offsets: NDArray[np.int64]) -> csr_matrix:
    """(G, R) 1 where any of the rows `offsets[g]:offsets[g + 1]` holds an entry."""
    empty = csr_matrix((0, counts.shape[1]), dtype=np.float32)
    return vstack([empty, *(csr_matrix(seen, dtype=np.float32) for seen in _entries_of_genes(counts, offsets))], format="csr")


def count_genes(counts: csr_matrix, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """(R,) number of genes of which any row holds an entry."""
    return sum((seen.sum(0) for seen in _entries_of_genes(counts, offsets)), np.zeros(counts.shape[1], np.int64))


def _entries_of_genes(counts: csr_matrix, offsets: NDArray[np.int64]) -> Iterator[NDArray[np.bool_]]:
    """Yield dense tables, genes x R, of some genes at a time: whether a gene's rows hold an entry."""
    n_regulators = counts.shape[1]
    step = max(1, DENSE_CELLS // max(n_regulators, 1))
    for first in range(0, len(offsets) - 1, step):
        bounds = counts.indptr[offsets[first : first + step + 1]]
        seen = np.zeros((len(bounds) - 1, n_regulators), bool)
        cells = np.repeat(np.arange(len(bounds) - 1) * n_regulators, np.diff(bounds))
        cells += counts.indices[bounds[0] : bounds[-1]]
        seen.ravel()[cells] = True
        yield seen


@dataclass(frozen=True)
class Expression:
    """Measured expression, normalised.

    Parameters
    ----------
    genes
        (G,) gene ids.
    outputs
        (T,) names of tissues, conditions or people.
    values
        (G, T) log2 expression, or log ratios; NaN where not measured.
    level
        (G,) median over the outputs, log2 units; None for log ratios, which have no level.
    kind
        "tpm", "counts", "log2" or "log_ratio": what the matrix held.
    sheet
        Columns of the sample sheet, each (T,), covariates included.
    settings
        How the values were made, for the record.
    """

    genes: NDArray[np.str_]
    outputs: NDArray[np.str_]
    values: NDArray[np.float64]
    level: NDArray[np.float64] | None
    kind: str
    sheet: dict[str, NDArray] = field(default_factory=dict)
    settings: dict = field(default_factory=dict)

    def target_names(self) -> NDArray[np.str_]:
        """(T,) outputs, then "level" where there is one."""
        return self.outputs if self.level is None else np.append(self.outputs, "level")

    def targets(self) -> NDArray[np.float64]:
        """(G, T [+ 1]) fold changes from the level, then the level; the log ratios themselves where there is no level."""
        if self.level is None:
            return self.values
        return np.column_stack([self.values - self.level[:, None], self.level])


@dataclass(frozen=True)
class Predictions:
    """Predictions of one model in log2 units: (G, T [+ 1]) fold changes, then the level.

    `attrs` names them: system, organism, fold, model, member, arm.
    """

    genes: NDArray[np.str_]
    split: NDArray[np.str_]
    outputs: NDArray[np.str_]
    values: NDArray[np.float32]
    attrs: dict[str, str]


@dataclass(frozen=True)
class Attributions:
    """Contributions of regulators to outputs, log2 units.

    One row a gene x regulator with a site (N rows): `gene`, `track`, `regulator` (N,), `values` (N, T [+ 1]).
    """

    gene: NDArray[np.str_]
    track: NDArray[np.str_]
    regulator: NDArray[np.str_]
    outputs: NDArray[np.str_]
    values: NDArray[np.float32]
    attrs: dict[str, str]


@dataclass(frozen=True)
class Cells:
    """Which cells of an expression matrix one fold of a test regime trains, tunes and tests on.

    `split` (G, S) int8: 0 train, 1 validation, 2 test, -1 not used (missing, or neither side's own). `attrs`: regime, fold, missing
    ("drop" or "zero": whether a missing cell counts as measured and 0). `unit` (G,): transcription unit of each gene, where they were held
    out whole; else None.
    """

    genes: NDArray[np.str_]
    conditions: NDArray[np.str_]
    split: NDArray[np.int8]
    attrs: dict[str, str]
    unit: NDArray[np.str_] | None = None


@dataclass(frozen=True)
class CellPredictions:
    """Predicted log2 ratios of genes in conditions.

    `values` (G, S) float32, NaN where nothing is predicted; `probabilities` (G, S) of each class by name, empty for regression; `attrs`:
    model, member, regime, fold, task.
    """

    genes: NDArray[np.str_]
    conditions: NDArray[np.str_]
    values: NDArray[np.float32]
    attrs: dict[str, str]
    probabilities: dict[str, NDArray[np.float32]] = field(default_factory=dict)
