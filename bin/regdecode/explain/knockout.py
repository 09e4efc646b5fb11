"""What in two genes makes a model predict that they vary together over people: their bins, and their regulators.

Each part of a gene (a bin, a regulator) is taken away with probability 1/2 in thousands of random inputs; Spearman's rho of the prediction
with that of the intact other gene is regressed on what was taken away. Axes: N draws, K parts, T people.
"""

import logging
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regdecode.explain.knockout_members import Knocked
from regdecode.explain.knockout_sites import Parts, bin_parts, regulator_parts
from regdecode.io.records import Track
from regdecode.stats.binary_effects import BinaryFit, draw_switches, fit_switches
from regdecode.stats.rank_rows import spearman_to
from regdecode.training.model_folder import Model

log = logging.getLogger(__name__)


class Tested(NamedTuple):
    """Parts of one gene, and what the absence of each adds to rho."""

    parts: Parts
    fit: BinaryFit


@dataclass(frozen=True)
class PairEffects:
    """Both genes of a pair.

    Parameters
    ----------
    pair
        Two gene ids.
    rho
        Predicted rho with nothing taken away.
    bins, regulators
        By gene, in the order of `pair`.
    """

    pair: tuple[str, str]
    rho: float
    bins: tuple[Tested, Tested]
    regulators: tuple[Tested, Tested]


def random_source(seed: int, *what: str) -> np.random.Generator:
    """Random numbers of one experiment, whatever else is done before it."""
    return np.random.default_rng([seed, *(zlib.crc32(part.encode()) for part in what)])


def draw_rho(knocked: Knocked, parts: Parts, other: NDArray[np.float64], n: int, draws: int, rng: np.random.Generator) -> BinaryFit:
    """Take parts away at random and regress rho on it.

    Parameters
    ----------
    parts
        What of the gene.
    other
        (T,) prediction of the intact other gene for people.
    n
        T; the model's first outputs are the people.
    draws
        N.
    """
    gone = draw_switches(draws, len(parts), rng)
    rho = spearman_to(knocked.predict(parts, gone)[:, :n], other)
    return fit_switches(gone, rho, f"gene {parts.gene}")


def knock_out_pairs(
    model: Model, tracks: Sequence[Track], pairs: Sequence[tuple[str, str]], n_people: int, draws: int, seed: int
) -> list[PairEffects]:
    """Disrupt bins and knock out regulators in both genes of every pair.

    Parameters
    ----------
    model
        Person model; its first `n_people` outputs are the people.
    tracks
        Features in the model's order.
    pairs
        Gene ids.
    draws
        N random inputs a gene, once for its bins and once for its regulators.
    seed
        Same seed, same draws for a pair, whatever the other pairs are.
    """
    knocked = Knocked(model)
    results = []
    begun = said = time.monotonic()
    for number, (a, b) in enumerate(pairs, 1):
        of_bins, of_regulators = ([make(tracks, gene) for gene in (a, b)] for make in (bin_parts, regulator_parts))
        intact = [knocked.intact(parts)[:n_people] for parts in of_regulators]
        tested = []
        for kind, both in (("bins", of_bins), ("regulators", of_regulators)):
            fits = [
                draw_rho(knocked, parts, intact[1 - k], n_people, draws, random_source(seed, kind, a, b, parts.gene))
                for k, parts in enumerate(both)
            ]
            tested.append((Tested(both[0], fits[0]), Tested(both[1], fits[1])))
        rho = float(spearman_to(intact[0][None], intact[1])[0])
        results.append(PairEffects((a, b), rho, tested[0], tested[1]))
        now = time.monotonic()
        if now - said > 10 or number == len(pairs):
            said, rate = now, number / max(now - begun, 1e-9)
            log.info("%d of %d pairs knocked out, %.1f s a pair, %.0f s to go", number, len(pairs), 1 / rate, (len(pairs) - number) / rate)
    return results
