"""Where a DeepRAGE network's filters begin: known motifs, words that tell of expression, chance. Axes: G genes, S conditions, K filters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from regdecode.genome.motif_filters import Filters, motif_filters
from regdecode.genome.telling_words import telling_words, word_filters
from regdecode.io.meme import Motif
from regdecode.models.deeprage import DeepRageNet
from regdecode.models.deeprage_trunk import SequenceTrunk
from regdecode.training.deeprage_stage import all_features


def start_filters(
    net: DeepRageNet, motifs: Sequence[Motif], codes: NDArray[np.uint8], profiles: NDArray[np.float64]
) -> tuple[list[str], list[str]]:
    """Let the first filters be known motifs and the next ones words; the rest stay random.

    Parameters
    ----------
    net
        On the CPU, as it was made; `shape.words` tells how long the words are, 0 for none.
    motifs
        One filter each; may be empty.
    codes
        (G, L) promoters of the training genes.
    profiles
        (G, S) their training cells; NaN elsewhere.

    Returns
    -------
    names, starts : list of str (K,)
        The motif or word that each filter starts from, filter_<k> for none; "motif", "word" or "random".
    """
    shape, width = net.shape, net.shape.width
    found = [motif_filters(motifs, width, codes)] if motifs else []
    if found:
        put_filters(net.trunk, found[0], 0)
    if shape.words and shape.filters > len(motifs):
        n, known = shape.filters - len(motifs), _known(net, codes, len(motifs))
        words = telling_words(codes, profiles, n, shape.words, shape.strands == "both", known).words
        if words:
            found.append(word_filters(words, width, codes))
            put_filters(net.trunk, found[-1], len(motifs))
    names = [name for filters in found for name in filters.names]
    n_words = len(names) - len(motifs)
    rest = range(len(names), shape.filters)
    return [*names, *(f"filter_{k}" for k in rest)], ["motif"] * len(motifs) + ["word"] * n_words + ["random"] * len(rest)


def _known(net: DeepRageNet, codes: NDArray[np.uint8], n: int) -> NDArray[np.float32] | None:
    """Mean activations (G, n) of the first filters; None without any."""
    if not n:
        return None
    means: NDArray[np.float32] = all_features(net, torch.from_numpy(codes))[:, :n].mean(2).numpy()
    return means


def put_filters(trunk: SequenceTrunk, filters: Filters, first: int) -> None:
    """Write filters into a trunk from number `first` on."""
    conv = trunk.conv
    assert conv.bias is not None
    with torch.no_grad():
        conv.weight[first : first + len(filters.names)] = torch.from_numpy(filters.weights)
        conv.bias[first : first + len(filters.names)] = torch.from_numpy(filters.bias)
