"""Known motifs as the first filters of a sequence model. Axes: K filters, W bases, N samples."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regdecode.genome.scan import letter_frequencies, log_odds
from regdecode.io.meme import Motif

TAIL = 0.005
LEAST_SITES = 10.0


class Filters(NamedTuple):
    """Filters that answer a motif: `names` (K,), `weights` (K, 4, W), `bias` (K,)."""

    names: list[str]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]


def best_window(scores: NDArray[np.float64], probabilities: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Rows (W, 4) of a longer motif that hold the most information; the motif itself where it is not longer."""
    extra = len(scores) - width
    if extra <= 0:
        return scores
    information = np.concatenate([[0.0], np.cumsum((probabilities * scores).sum(1))])
    start = int(np.argmax(information[width:] - information[:-width]))
    return scores[start : start + width]


def motif_filters(motifs: Sequence[Motif], width: int, codes: NDArray[np.uint8], seed: int = 0, tail: float = TAIL) -> Filters:
    """Log-odds of each motif in a window of `width` bases, scaled and shifted.

    A filter's output is the log-odds score in standard deviations over places of the given promoters, such that the strongest `tail` of
    places are above 0: a ReLU then passes good sites and little else.

    Parameters
    ----------
    motifs
        One filter each; a shorter one is centred, a longer one gives its most informative part.
    width
        W.
    codes
        (G, L) promoters, A C G T = 0 1 2 3 and 4 unknown.
    seed
        Of the places the scale is taken from.
    """
    background = letter_frequencies(codes.ravel())
    weights = np.zeros((len(motifs), 4, width), dtype=np.float32)
    for k, motif in enumerate(motifs):
        sites = max(motif.sites, LEAST_SITES)
        scores = log_odds(motif.probabilities, sites, background, pseudocount=1.0) / 100
        scores = best_window(scores, motif.probabilities, width)
        left = (width - len(scores)) // 2
        weights[k, :, left : left + len(scores)] = scores.T
    sampled = _score_places(weights, codes, width, seed)
    spread = np.maximum(sampled.std(axis=1), 1e-6)
    threshold = np.quantile(sampled, 1 - tail, axis=1)
    names = [motif.alternate or motif.motif_id for motif in motifs]
    return Filters(names, (weights / spread[:, None, None]).astype(np.float32), (-threshold / spread).astype(np.float32))


def _score_places(weights: NDArray[np.float32], codes: NDArray[np.uint8], width: int, seed: int, n: int = 20_000) -> NDArray[np.float32]:
    """Scores (K, n) of places drawn at random from the promoters."""
    rng = np.random.default_rng(seed)
    gene, start = rng.integers(0, len(codes), n), rng.integers(0, codes.shape[1] - width + 1, n)
    places = codes[gene[:, None], start[:, None] + np.arange(width)]
    letters = np.eye(5, 4, dtype=np.float32)[places]
    return weights.transpose(0, 2, 1).reshape(len(weights), -1) @ letters.reshape(n, -1).T
