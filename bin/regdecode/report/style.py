"""How every figure looks, and how it becomes a small inline SVG plus an SVG and a PNG file."""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

INK, SOFT, FAINT, RULE = "#1d2733", "#5b6773", "#9aa5b1", "#d9dee3"
BLUE, ORANGE, SKY = "#0b5fa5", "#c8500a", "#3f8fc6"
CLASS_COLOURS = ("#117a65", "#882255", "#b58a00", "#4b5866", "#6a55b5", "#b5567a")
"""Of classes of regulators; none of them is in the diverging map."""
DIVERGING = LinearSegmentedColormap.from_list("regdecode", ["#0b4f8a", "#5a9bd0", "#c4ddee", "#fafafa", "#f6cdb0", "#dd7f3f", "#a23e05"])
HALF, FULL = 4.2, 9.2
"""Widths in inches of a figure that takes half a row and a whole row."""

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "regdecode",
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.7,
    "text.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "axes.axisbelow": True,
    "grid.color": "#e8ebee",
    "grid.linewidth": 0.7,
    "savefig.facecolor": "white",
    "figure.facecolor": "white",
    "axes.unicode_minus": True,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "savefig.dpi": 200,
}
_WEB_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


@dataclass(frozen=True)
class Picture:
    """A figure of the page.

    Parameters
    ----------
    name
        File name without ending, unique within the report.
    title, caption, alt
        Shown above, below, and read aloud. The caption says n.
    svg
        Minified SVG for the page; empty in a page that has none.
    width
        "half" or "full".
    """

    name: str
    title: str
    caption: str
    alt: str
    svg: str
    width: str = "half"


def new_figure(width: float, height: float, **subplots: Any) -> tuple[Figure, Any]:
    """Make a figure with axes in the report's style, without pyplot's global state."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height))
        axes = figure.subplots(**subplots)
    return figure, axes


def styled() -> Any:
    """Return the context that drawing on a figure needs."""
    return mpl.rc_context(_STYLE)


def finish(figure: Figure, folder: Path, name: str, title: str, caption: str, alt: str, width: str = "half") -> Picture:
    """Write `<name>.svg` and `<name>.png` to `folder` and return the picture for the page."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, dpi=160)
        figure.set_layout_engine("none")
        figure.savefig(folder / f"{name}.png", dpi=200, metadata={"Software": None})
    svg = minify(buffer.getvalue(), name, alt)
    (folder / f"{name}.svg").write_text(svg + "\n")
    return Picture(name, title, caption, alt, svg, width)


def minify(svg: str, prefix: str, alt: str) -> str:
    """Shrink matplotlib's SVG and make it safe to put beside others in one page.

    Prologue, metadata and comments go; ids get a prefix; coordinates keep two decimals; text takes the reader's own sans-serif font; a
    label carries the alternative text.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.S)
    mark = re.sub(r"[^A-Za-z0-9_-]", "_", prefix)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{mark}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{mark}-\1)", svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{mark}-\1"', svg)
    svg = re.sub(r"<[^>]+>", lambda tag: re.sub(r"(-?\d+\.\d\d)\d+", r"\1", tag[0]), svg)
    svg = re.sub(r"font-family: [^;\"]*(; )?", "", svg)
    svg = re.sub(r' transform="rotate\(-?0 [^)]*\)"', "", svg)
    svg = re.sub(r"\s*\n\s*", " ", svg)
    svg = re.sub(r"> <", "><", svg)
    label = alt.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return re.sub(r"<svg ", f'<svg role="img" aria-label="{label}" style="font-family: {_WEB_FONT}" ', svg, count=1)
