"""A small data set with planted, position-dependent effects."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from regdecode.io.records import Track
from regdecode.training.dataset import Dataset


def make_track(rng: np.random.Generator, name: str, cls: str, on: str, widths: np.ndarray, n_regulators: int, bin_size: int = 100) -> Track:
    offsets = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
    n = int(offsets[-1])
    counts = csr_matrix(
        np.where(rng.random((n, n_regulators)) < 0.15, rng.integers(1, bin_size + 1, (n, n_regulators)), 0).astype(np.float32)
    )
    bases = np.full(n, bin_size, np.int32)
    bases[offsets[1:][widths > 0] - 1] = rng.integers(1, bin_size + 1, int((widths > 0).sum()))
    starts = (np.arange(n) - np.repeat(offsets[:-1], widths)) * bin_size
    genes = np.array([f"g{i}" for i in range(len(widths))])
    return Track(
        name,
        cls,
        on,
        bin_size,
        1,
        genes,
        np.array([f"{cls}{i}" for i in range(n_regulators)]),
        counts,
        offsets,
        bases,
        starts,
        starts + bases,
    )


@pytest.fixture(scope="session")
def make_data() -> Callable[..., Dataset]:
    def make(
        n_genes: int = 120, n_outputs: int = 3, has_level: bool = True, which: str = "prl", seed: int = 0, noise: float = 0.1
    ) -> Dataset:
        rng = np.random.default_rng(seed)
        tracks = {
            "p": make_track(rng, "tf_promoter", "tf", "promoter", np.full(n_genes, 12), 6),
            "r": make_track(rng, "rbp_rna", "rbp", "rna", rng.integers(1, 25, n_genes), 4),
            "l": make_track(rng, "mirna_rna", "mirna", "gene", np.ones(n_genes, np.int64), 5, bin_size=1),
        }
        chosen = tuple(tracks[k] for k in "lrp" if k in which)
        sums = np.concatenate(
            [np.log1p(np.stack([t.counts[t.offsets[g] : t.offsets[g + 1]].toarray().sum(0) for g in range(n_genes)])) for t in chosen], 1
        )
        targets = sums @ rng.normal(0, 1, (sums.shape[1], n_outputs + has_level)) / 3 + rng.normal(
            0, noise, (n_genes, n_outputs + has_level)
        )
        names = np.array([f"t{i}" for i in range(n_outputs)] + ["level"] * has_level)
        split = np.array(["train", "train", "train", "validation", "test"])[np.arange(n_genes) % 5]
        return Dataset(chosen[0].genes, split, chosen, names, targets, has_level)

    return make
