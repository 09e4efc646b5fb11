"""Tomtom finds a planted match on either strand; random motifs match nothing, with p-values that are not too small."""

import numpy as np
import pytest

from regdecode.explain.motif_match import match_motifs
from regdecode.io.meme import Motif, read_meme
from regdecode.io.meme_writer import write_meme


def random_motifs(rng, n: int, sharp: float = 0.25) -> list[np.ndarray]:
    return [rng.dirichlet(np.full(4, sharp), int(rng.integers(7, 13))) for _ in range(n)]


def test_a_planted_match_is_found_and_random_motifs_are_not() -> None:
    rng = np.random.default_rng(0)
    targets = random_motifs(rng, 120)
    noise = 0.9 * targets[17] + 0.1 * rng.dirichlet(np.ones(4), len(targets[17]))
    queries = [noise, np.ascontiguousarray(noise[::-1, ::-1]), np.zeros((0, 4)), *random_motifs(rng, 60)]
    found = match_motifs(queries, targets)
    assert found.best()[:3].tolist() == [17, 17, -1]
    assert found.q[:2, 17].max() < 1e-3
    assert found.reverse[0, 17] != found.reverse[1, 17]
    assert np.isnan(found.p[2]).all()
    assert (found.q[3:].min(1) <= 0.1).sum() <= 3
    p = found.p[3:].ravel()
    assert 0.5 < np.mean(p <= 0.1) / 0.1 < 1.5
    assert np.mean(p <= 0.01) / 0.01 < 2
    np.testing.assert_array_less(found.q_within[0] - 1e-12, found.q[0])


def test_no_query_has_a_position() -> None:
    found = match_motifs([np.zeros((0, 4))], random_motifs(np.random.default_rng(0), 30))
    assert found.best().tolist() == [-1]
    assert np.isnan(found.q).all()


def test_motifs_written_are_read_again(tmp_path) -> None:
    motifs = [Motif("f0", "ABF1", random_motifs(np.random.default_rng(1), 1)[0], 100, 0), Motif("f3", "", np.full((5, 4), 0.25), 7, 0)]
    write_meme(tmp_path / "f.meme", motifs, np.array([0.3, 0.2, 0.2, 0.3]))
    again = read_meme(tmp_path / "f.meme")
    assert [(one.motif_id, one.alternate, one.sites) for one in again] == [("f0", "ABF1", 100), ("f3", "", 7)]
    for one, other in zip(motifs, again, strict=True):
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-5)
    assert pytest.approx(1) == again[0].probabilities[0].sum()
