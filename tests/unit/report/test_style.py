"""Figures become small, distinct, readable SVG."""

import html
import re

import numpy as np
import pytest

from regdecode.report import style
from regdecode.report.figures_regulators import cluster_order


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", [style.INK, style.SOFT, style.BLUE, style.ORANGE])
def test_text_colours_have_contrast(colour):
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5


def picture(folder, name):
    figure, axes = style.new_figure(style.HALF, 2)
    with style.styled():
        axes.plot([0, 1], [0.123456, 1])
        axes.annotate("ρ = 0.123456", (0.5, 0.5))
    return style.finish(figure, folder, name, "t", "c", 'an "alt" <text>')


def test_ids_do_not_collide_and_files_are_written(tmp_path):
    pictures = [picture(tmp_path, name) for name in ("a.one", "two")]
    ids = [set(re.findall(r'\bid="([^"]+)"', p.svg)) for p in pictures]
    assert not ids[0] & ids[1]
    for p in pictures:
        used = set(re.findall(r"url\(#([^)]+)\)", p.svg)) | set(re.findall(r'href="#([^"]+)"', p.svg))
        assert used <= set(re.findall(r'\bid="([^"]+)"', p.svg))
        assert 'aria-label="an &quot;alt&quot; &lt;text&gt;"' in p.svg
        assert "ρ = 0.123456" in html.unescape(p.svg)
        assert not re.search(r'd="[^"]*\d\.\d{3}', p.svg)
    assert {path.name for path in tmp_path.iterdir()} == {"a.one.svg", "a.one.png", "two.svg", "two.png"}


def test_same_figure_same_bytes(tmp_path):
    assert picture(tmp_path / "x", "n").svg == picture(tmp_path / "y", "n").svg
    assert (tmp_path / "x/n.png").read_bytes() == (tmp_path / "y/n.png").read_bytes()


def test_clusters_stay_together():
    rng = np.random.default_rng(0)
    patterns = rng.standard_normal((2, 30))
    group = np.array([0, 1] * 6)
    rows = patterns[group] + 0.1 * rng.standard_normal((12, 30))
    rows[4] = 0
    order = cluster_order(rows)
    assert sorted(order) == list(range(12))
    assert order[-1] == 4
    assert np.sum(np.diff(group[order[:-1]]) != 0) == 1
