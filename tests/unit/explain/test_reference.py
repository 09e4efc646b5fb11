"""The reference gene: median length, no site."""

import numpy as np
from scipy.sparse import csr_matrix

from regdecode.explain.reference import reference_tracks
from regdecode.io.records import Track


def test_reference_has_the_median_number_of_bins_and_no_site() -> None:
    offsets = np.array([0, 2, 2, 7, 10, 20], np.int64)
    counts = csr_matrix(np.ones((20, 3), np.float32))
    track = Track(
        "rbp_rna",
        "rbp",
        "rna",
        100,
        5,
        np.array(list("abcde")),
        np.array(["R1", "R2", "R3"]),
        counts,
        offsets,
        np.full(20, 37, np.int32),
        np.zeros(20, np.int64),
        np.ones(20, np.int64),
    )
    (made,) = reference_tracks([track], np.array([0, 1, 2, 3]))  # lengths 2, (0 left out), 5, 3
    assert made.bins_per_gene.tolist() == [3] and made.bases.tolist() == [100] * 3
    assert made.counts.shape == (3, 3) and made.counts.nnz == 0 and made.ends.tolist() == [100, 200, 300]
    assert made.regulators.tolist() == ["R1", "R2", "R3"] and len(made.genes) == 1
