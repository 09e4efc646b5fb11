"""Logos: heights are information shared out by letters; figures come out as SVG."""

import numpy as np
import pytest

from regdecode.report import style
from regdecode.report.logos import COLOURS, best_part, draw_contributions, draw_motif, letter_heights, motif_gallery, promoter_figure

MOTIF = np.array([[1.0, 0, 0, 0], [0.5, 0, 0.5, 0], [0.25, 0.25, 0.25, 0.25]])


def tops(axes):
    """(x, height) of every letter drawn, by colour."""
    found = {}
    for collection in axes.collections:
        colour = tuple(np.round(collection.get_facecolor()[0], 3))
        found[colour] = [
            (path.vertices[:, 0].mean(), path.vertices[:, 1].min(), path.vertices[:, 1].max()) for path in collection.get_paths()
        ]
    return found


def test_heights_are_bits() -> None:
    np.testing.assert_allclose(letter_heights(MOTIF).sum(1), [2, 1, 0], atol=1e-9)
    np.testing.assert_allclose(letter_heights(MOTIF)[1], [0.5, 0, 0.5, 0], atol=1e-9)


def test_letters_stand_where_they_belong() -> None:
    _, axes = style.new_figure(2, 1)
    draw_motif(axes, MOTIF)
    drawn = tops(axes)
    assert len(drawn) == 2
    spans = sorted((low, high) for letters in drawn.values() for x, low, high in letters if 1.5 < x < 2.5)
    np.testing.assert_allclose(spans, [(0, 0.5), (0.5, 1.0)], atol=1e-6)
    _, axes = style.new_figure(2, 1)
    draw_contributions(axes, "AC", np.array([0.4, -0.3]), -2)
    spans = sorted((low, high) for letters in tops(axes).values() for _, low, high in letters)
    np.testing.assert_allclose(spans, [(-0.3, 0), (0, 0.4)], atol=1e-6)
    assert axes.get_xlim()[0] < -2 < -1 < axes.get_xlim()[1]


def test_the_most_telling_stretch() -> None:
    values = np.zeros(50)
    values[30:33] = [-1, 2, 1]
    assert 30 - 7 <= best_part(values, 10) <= 30
    assert best_part(values[:5], 10) == 0


def test_logos_of_a_gallery_have_one_size() -> None:
    one, many = (motif_gallery([("f0", MOTIF)] * n).axes[0].get_subplotspec().get_gridspec() for n in (1, 9))
    assert (one.ncols, one.nrows, many.ncols, many.nrows) == (4, 1, 4, 3)


@pytest.mark.parametrize("n", [1, 5])
def test_figures_become_pictures(tmp_path, n) -> None:
    picture = style.finish(motif_gallery([(f"f{k} & <x>", MOTIF) for k in range(n)]), tmp_path, "g", "t", "c", "a")
    assert picture.svg.startswith("<svg")
    assert COLOURS["A"] in picture.svg
    assert (tmp_path / "g.png").stat().st_size > 0
    rng = np.random.default_rng(0)
    entries = [("GENE in c", "ACGT" * 40, rng.normal(size=160), -160)]
    figure = promoter_figure(entries, 60, [rng.normal(size=(160, 4))])
    assert "<svg" in style.finish(figure, tmp_path, "p", "t", "c", "a").svg
