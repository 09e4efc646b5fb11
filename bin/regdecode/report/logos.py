"""Sequence logos: motifs, and contributions of the bases of a promoter, as letters drawn from outlines.

Axes: W or L positions; letters A C G T.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from numpy.typing import NDArray

from regdecode.report import style

COLOURS = {"A": "#1b7a3d", "C": "#0b5fa5", "G": "#c98a00", "T": "#b3261e", "N": "#9aa5b1"}
_ROW = 0.62
_A_ROW = 4
_VISIBLE = 0.02


@lru_cache(maxsize=8)
def _letter(letter: str) -> Path:
    """Outline of a letter, scaled to the unit square."""
    path = TextPath((0, 0), letter, size=1, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    vertices = np.asarray(path.vertices)
    low, high = vertices.min(0), vertices.max(0)
    return Path((vertices - low) / (high - low), path.codes)


def _place(letter: str, x: float, base: float, height: float, width: float = 0.92) -> Path:
    """A letter at position x from `base` up (upside down for a negative height)."""
    unit = _letter(letter)
    return Path(np.asarray(unit.vertices) * (width, height) + (x - width / 2, base), unit.codes)


def draw_letters(axes: Axes, letters: Sequence[str], positions: NDArray[np.floating], bases: NDArray[np.floating], heights: Any) -> None:
    """Draw letters, each from its base over its height; one collection a letter, and none that could not be seen: the SVG stays small."""
    least = _VISIBLE * float(np.abs(heights).max(initial=0))
    for letter in dict.fromkeys(letters):
        chosen = [
            _place(letter, float(x), float(low), float(high))
            for one, x, low, high in zip(letters, positions, bases, heights, strict=True)
            if one == letter and abs(high) > least
        ]
        if chosen:
            axes.add_collection(PathCollection(chosen, facecolors=COLOURS[letter], edgecolors="none", linewidths=0))


def letter_heights(probabilities: NDArray[np.float64], background: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Heights (W, 4): each position's information (bits against the background) shared out by its letters."""
    against = np.full(4, 0.25) if background is None else background
    bits = (probabilities * np.log2(np.maximum(probabilities, 1e-12) / against)).sum(1)
    return probabilities * np.maximum(bits, 0)[:, None]


def draw_motif(axes: Axes, probabilities: NDArray[np.float64], background: NDArray[np.float64] | None = None) -> None:
    """Draw a motif's logo, the most frequent letter on top, on axes of 0 to 2 bits."""
    heights = letter_heights(probabilities, background)
    order = np.argsort(heights, axis=1, kind="stable")
    stacked = np.take_along_axis(heights, order, 1)
    bases = np.cumsum(stacked, axis=1) - stacked
    x = np.repeat(np.arange(1, len(heights) + 1), 4).astype(float)
    draw_letters(axes, [str(one) for one in np.array(list("ACGT"))[order.ravel()]], x, bases.ravel(), stacked.ravel())
    axes.set_xlim(0.4, len(heights) + 0.6)
    axes.set_ylim(0, max(2.0, float(heights.sum(1).max(initial=0))))


def draw_contributions(axes: Axes, sequence: str, contributions: NDArray[np.float64], first: int) -> None:
    """Draw the letters of a sequence, as high as what each contributes (downwards where it lowers); `first` is that of the first base."""
    x = np.arange(first, first + len(sequence)).astype(float)
    draw_letters(axes, list(sequence), x, np.zeros(len(x)), contributions)
    reach = float(np.abs(contributions).max(initial=0)) or 1.0
    axes.axhline(0, color=style.FAINT, lw=0.6)
    axes.set_xlim(first - 0.7, first + len(sequence) - 0.3)
    axes.set_ylim(min(0.0, 1.08 * float(contributions.min(initial=0))) - 0.02 * reach, max(0.0, 1.08 * float(contributions.max(initial=0))))


def best_part(contributions: NDArray[np.float64], width: int) -> int:
    """First base of the stretch of `width` bases that contributes most, either way."""
    if len(contributions) <= width:
        return 0
    total = np.cumsum(np.concatenate([[0.0], np.abs(contributions)]))
    return int(np.argmax(total[width:] - total[:-width]))


def motif_gallery(entries: Sequence[tuple[str, NDArray[np.float64]]]) -> Figure:
    """Draw logos of one size in rows of four, each under its title.

    Parameters
    ----------
    entries
        Title and probabilities (W, 4) of each motif.
    """
    rows = max(1, -(-len(entries) // _A_ROW))
    figure, axes = style.new_figure(style.FULL, rows * (_ROW + 0.34) + 0.1, nrows=rows, ncols=_A_ROW, squeeze=False)
    with style.styled():
        for k, axis in enumerate(axes.ravel()):
            axis.set_axis_off()
            if k < len(entries):
                title, probabilities = entries[k]
                draw_motif(axis, probabilities)
                axis.set_title(title, fontsize=7.5, fontweight="normal", pad=2)
    return figure


def promoter_figure(
    entries: Sequence[tuple[str, str, NDArray[np.float64], int]], width: int = 90, substitutions: Sequence[NDArray[np.float64]] = ()
) -> Figure:
    """Draw the most telling stretch of some promoters: letters by contribution, and below each the effects of substitutions.

    Parameters
    ----------
    entries
        Title, sequence, contributions (L,), position of the first base (such as -600 for 600 bases before the anchor).
    width
        Bases shown.
    substitutions
        (L, 4) effects of each letter at each base, one an entry; empty for none.
    """
    panels = 2 if len(substitutions) else 1
    heights = [1.0, 0.55][:panels] * len(entries)
    figure, axes = style.new_figure(
        style.FULL, 0.3 + 1.25 * sum(heights), nrows=len(heights), squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    with style.styled():
        for k, (title, sequence, contributions, first) in enumerate(entries):
            start = best_part(contributions, width)
            part = slice(start, start + width)
            axis = axes[panels * k, 0]
            draw_contributions(axis, sequence[part], contributions[part], first + start)
            axis.set_title(title, fontsize=8.5)
            axis.set_ylabel("log2")
            if panels == 2:
                below, effects = axes[panels * k + 1, 0], substitutions[k][part].T
                reach = float(np.abs(effects).max(initial=0)) or 1.0
                at = first + start
                extent = (at - 0.5, at + effects.shape[1] - 0.5, 3.5, -0.5)
                below.imshow(effects, cmap=style.DIVERGING, vmin=-reach, vmax=reach, aspect="auto", extent=extent, interpolation="none")
                below.set_yticks(range(4), list("ACGT"))
                below.set_xlim(axis.get_xlim())
                axis.set_xticklabels([])
        axes[-1, 0].set_xlabel("position before the gene")
    return figure
