"""Tomtom finds a planted match on either strand; random motifs match nothing, with p-values that are not too small."""

import numpy as np
import pytest

from regdecode.explain.motif_match import match_motifs
from regdecode.explain.tomtom import tomtom
from regdecode.io.meme import Motif, read_meme
from regdecode.io.meme_writer import write_meme


def random_motifs(rng, n: int, sharp: float = 0.25) -> list[np.ndarray]:
    return [rng.dirichlet(np.full(4, sharp), int(rng.integers(7, 13))) for _ in range(n)]


def test_a_planted_match_is_found_and_random_motifs_are_not() -> None:
    rng = np.random.default_rng(0)
    targets = random_motifs(rng, 120)
    noise = 0.9 * targets[17] + 0.1 * rng.dirichlet(np.ones(4), len(targets[17]))
    queries = [noise, np.ascontiguousarray(noise[::-1, ::-1]), np.zeros((0, 4)), *random_motifs(rng, 60)]
    found = match_motifs(queries, targets, np.zeros(len(queries), bool))
    assert found.best()[:3].tolist() == [17, 17, -1]
    assert found.q[:2, 17].max() < 1e-3
    assert found.reverse[0, 17] != found.reverse[1, 17]
    assert np.isnan(found.p[2]).all()
    assert (found.q[3:].min(1) <= 0.1).sum() <= 3
    p = found.p[3:].ravel()
    assert 0.5 < np.mean(p <= 0.1) / 0.1 < 1.5
    assert np.mean(p <= 0.01) / 0.01 < 2
    np.testing.assert_array_less(found.q_within[0] - 1e-12, found.q[0])


def test_filters_that_started_from_motifs_do_not_help_the_others() -> None:
    rng = np.random.default_rng(2)
    targets = random_motifs(rng, 120)
    others = random_motifs(rng, 60)
    started = np.repeat([True, False], [120, 60])
    found, alone = match_motifs([*targets, *others], targets, started), match_motifs(others, targets, np.zeros(60, bool))
    np.testing.assert_array_equal(found.q[120:], alone.q)
    together = match_motifs([*targets, *others], targets, np.ones(180, bool))
    assert (found.q[:120].min(1) < 1e-3).all()
    assert (together.q[120:].min(1) < alone.q.min(1)).all()  # what one family for all would grant


@pytest.mark.slow
def test_p_values_are_memelites() -> None:
    """The package memelite (which compiles for a minute) gives the same p, but for its binned medians and columns."""
    from memelite import tomtom as compare

    rng = np.random.default_rng(3)
    targets = random_motifs(rng, 60)
    queries = [0.8 * targets[k] + 0.05 for k in range(6)] + [np.ascontiguousarray(targets[7][2:-1])] + random_motifs(rng, 15)
    p, reverse = tomtom(queries, targets)
    other = compare(
        [np.ascontiguousarray(q.T) for q in queries], [np.ascontiguousarray(t.T) for t in targets], n_jobs=1, n_target_bins=None
    )
    far = np.abs(np.log10(np.maximum(p, 1e-12)) - np.log10(np.maximum(other[0], 1e-12)))
    assert np.median(far) < 0.05
    assert np.quantile(far, 0.95) < 0.3
    sure = other[0] < 1e-3
    assert (reverse[sure] == (other[4][sure] == 1)).mean() > 0.95


def test_a_score_s_chance_is_counted() -> None:
    """One column against one column: p of the best of both strands and all offsets, by hand."""
    query = np.array([[1.0, 0, 0, 0]])
    targets = [np.array([[1.0, 0, 0, 0]]), np.array([[0, 1.0, 0, 0]]), np.array([[0.4, 0.2, 0.2, 0.2]])]
    p, reverse = tomtom([query], targets)
    assert p[0, 0] == pytest.approx(1 - (1 - 1 / 6) ** 2)
    assert not reverse[0, 0]
    assert p[0, 2] == pytest.approx(1 - (1 - 2 / 6) ** 2)


def test_no_query_has_a_position() -> None:
    found = match_motifs([np.zeros((0, 4))], random_motifs(np.random.default_rng(0), 30), np.ones(1, bool))
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
