"""A model's data: tracks and targets of the same genes, with their split."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import InputError
from regdecode.io.h5ad import read_expression, read_features
from regdecode.io.records import Track
from regdecode.io.splits import read_splits


@dataclass(frozen=True)
class Dataset:
    """Everything a model of one fold learns from.

    Parameters
    ----------
    genes
        (G,) gene ids, in the order of the splits file.
    split
        (G,) "train", "validation" or "test".
    tracks
        Features, each restricted to `genes` and to the regulators on enough training genes.
    outputs
        (T [+ 1],) output names; "level" last where there is one.
    targets
        (G, T [+ 1]) log2 fold changes, then the log2 level; NaN where not measured.
    has_level
        Whether the last output is the level.
    """

    genes: NDArray[np.str_]
    split: NDArray[np.str_]
    tracks: tuple[Track, ...]
    outputs: NDArray[np.str_]
    targets: NDArray[np.float64]
    has_level: bool

    def rows(self, split: str) -> NDArray[np.int64]:
        """Row numbers of the genes of one split."""
        return np.flatnonzero(self.split == split)


def keep_frequent(track: Track, train: NDArray[np.bool_]) -> Track:
    """Drop regulators with a site on fewer than `track.min_genes` training genes: test genes have no say."""
    on_genes = np.asarray(track.genes_with_site()[np.flatnonzero(train)].sum(0)).ravel()
    kept = on_genes >= max(track.min_genes, 1)
    return track.select(track.genes, kept)


def load_dataset(features: list[str | Path], expression: str | Path, splits: str | Path) -> Dataset:
    """Read and align features, expression and splits.

    Raises
    ------
    InputError
        When a split gene has no expression, or no regulator is left.
    """
    genes, split = read_splits(splits)
    measured = read_expression(expression)
    position = {gene: i for i, gene in enumerate(measured.genes)}
    missing = [gene for gene in genes if gene not in position]
    if missing:
        raise InputError(
            f"{len(missing)} genes have no row in {expression}: {', '.join(missing[:5])}",
            splits,
            "make the splits from this expression file",
        )
    rows = np.array([position[gene] for gene in genes])
    tracks = tuple(keep_frequent(read_features(path).select(genes), split == "train") for path in sorted(map(str, features)))
    tracks = tuple(sorted((track for track in tracks if len(track.regulators)), key=lambda track: track.name))
    if not tracks:
        raise InputError(
            "no regulator has a site on enough training genes",
            ", ".join(map(str, features)),
            "lower min_genes in the organism file, or check the sites",
        )
    return Dataset(genes, split, tracks, measured.target_names(), measured.targets()[rows], measured.level is not None)
