"""The reference input: a gene of median length without a single site."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from regdecode.io.records import Track


def reference_tracks(tracks: Sequence[Track], rows: NDArray[np.int64]) -> tuple[Track, ...]:
    """Make the reference gene: every regulator 0, the mask of a gene of median length.

    Parameters
    ----------
    tracks
        Features of G genes.
    rows
        Genes whose median length is taken; genes without a bin in a track are left out there.

    Returns
    -------
    tuple of Track
        The tracks of one gene, named "reference", with whole bins.
    """
    made = []
    for track in tracks:
        lengths = track.bins_per_gene[rows]
        bins = int(np.median(lengths[lengths > 0])) if np.any(lengths > 0) else 0
        edges = np.arange(bins + 1, dtype=np.int64) * track.bin_size
        made.append(
            Track(
                track.name,
                track.cls,
                track.on,
                track.bin_size,
                track.min_genes,
                np.array(["reference"]),
                track.regulators,
                csr_matrix((bins, len(track.regulators)), dtype=np.float32),
                np.array([0, bins], np.int64),
                np.full(bins, track.bin_size, np.int32),
                edges[:-1],
                edges[1:],
            )
        )
    return tuple(made)
