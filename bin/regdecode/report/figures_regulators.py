"""Figures of regulators: importance, classes, clustered heatmap."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering

from regdecode.report import style
from regdecode.report.numbers import count, listed, shorten

MOST_NAMED = 60


def class_colours(classes: list[str]) -> dict[str, str]:
    """Give each class of regulators its colour, the same in every figure."""
    return {name: style.CLASS_COLOURS[i % len(style.CLASS_COLOURS)] for i, name in enumerate(sorted(classes))}


def cluster_order(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Order rows by average linkage of 1 - correlation, neighbours alike; rows that do not vary come last.

    Parameters
    ----------
    values
        (N, M); NaN counts as 0.
    """
    clean = np.nan_to_num(values)
    varying = np.flatnonzero(clean.std(1) > 1e-12)
    still = np.setdiff1d(np.arange(len(clean)), varying)
    if len(varying) < 3:
        return np.concatenate([varying, still]).astype(np.int64)
    rows = clean[varying] - clean[varying].mean(1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    tree = linkage(rows, "average")
    if len(varying) <= 400:
        tree = optimal_leaf_ordering(tree, rows)
    return np.concatenate([varying[leaves_list(tree)], still]).astype(np.int64)


def importance(table: pd.DataFrame, folder: Path, prefix: str, top: int = 25) -> style.Picture:
    """Draw the most important regulators, coloured by class.

    Parameters
    ----------
    table
        regulator, class, importance (log2 units), largest first.
    """
    shown = table.head(top).iloc[::-1]
    colours = class_colours(table["class"].unique().tolist())
    figure, axes = style.new_figure(style.HALF, 0.75 + 0.175 * len(shown))
    with style.styled():
        y = np.arange(len(shown))
        axes.hlines(y, 0, shown["importance"], color=[colours[name] for name in shown["class"]], lw=1.4, alpha=0.5)
        axes.scatter(shown["importance"], y, color=[colours[name] for name in shown["class"]], s=24, zorder=3)
        axes.set_yticks(y, [shorten(name, 22) for name in shown["regulator"]], fontsize=7.5)
        axes.set_ylim(-0.7, len(shown) - 0.3)
        axes.set_xlim(0, None)
        axes.set_xlabel("importance: mean |contribution| over outputs (log2 units)")
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        marks = [Line2D([], [], marker="o", ls="", color=colour, ms=5, label=name) for name, colour in colours.items()]
        axes.legend(handles=marks, loc="lower right", title="class", title_fontsize=8)
    caption = (
        f"The {len(shown)} most important of {count(len(table))} regulators: the mean over fold-change outputs "
        f"of the absolute mean contribution to held-out genes."
    )
    alt = f"Most important regulators: {listed([str(name) for name in table['regulator'].head(8)], 8)}."
    return style.finish(figure, folder, f"{prefix}importance", "Most important regulators", caption, alt)


def class_importance(table: pd.DataFrame, sentence: str, folder: Path, prefix: str) -> style.Picture:
    """Draw the importance of every regulator by class, with the median and the share of the whole."""
    classes = sorted(table["class"].unique())
    colours = class_colours(classes)
    total = table["importance"].sum()
    rng = np.random.default_rng(0)
    figure, axes = style.new_figure(style.HALF, 1.0 + 0.55 * len(classes))
    with style.styled():
        floor = table.loc[table["importance"] > 0, "importance"].quantile(0.02) if (table["importance"] > 0).any() else 1e-6
        for y, name in enumerate(reversed(classes)):
            values = np.maximum(table.loc[table["class"] == name, "importance"].to_numpy(float), floor)
            axes.scatter(values, y + rng.uniform(-0.22, 0.22, len(values)), s=8, color=colours[name], alpha=0.45, lw=0, rasterized=True)
            axes.plot([np.median(values)] * 2, [y - 0.32, y + 0.32], color=style.INK, lw=1.8)
        shares = {name: table.loc[table["class"] == name, "importance"].sum() / total if total > 0 else 0.0 for name in classes}
        names = [f"{name} ({(table['class'] == name).sum()})\n{100 * shares[name]:.0f} % of the whole" for name in reversed(classes)]
        axes.set_yticks(range(len(classes)), names)
        axes.set_xscale("log")
        axes.set_ylim(-0.6, len(classes) - 0.4)
        axes.set_xlabel("importance of a regulator (log2 units, log scale)")
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
    return style.finish(
        figure,
        folder,
        f"{prefix}classes",
        "Classes of regulators",
        f"One point a regulator, n = {count(len(table))}; strokes are medians. {sentence}",
        f"Importance of regulators by class. {sentence}",
    )


def heatmap(matrix: pd.DataFrame, classes: list[str], folder: Path, prefix: str) -> style.Picture:
    """Draw mean contributions, regulators (rows) by outputs (columns), both clustered.

    Parameters
    ----------
    matrix
        Index regulator, columns outputs, log2 units.
    classes
        Class of each row.
    """
    values = matrix.to_numpy(float)
    rows, columns = cluster_order(values), cluster_order(values.T)
    shown = values[np.ix_(rows, columns)]
    limit = max(float(np.nanquantile(np.abs(shown), 0.99)), 1e-9)
    colours = class_colours(sorted(set(classes)))
    named = len(columns) <= MOST_NAMED
    figure, (side, axes) = style.new_figure(style.FULL, 1.3 + 0.155 * len(rows) + (0.9 if named else 0), ncols=2, width_ratios=[0.011, 1])
    with style.styled():
        side.imshow(np.array([[_rgb(colours[classes[i]])] for i in rows]), aspect="auto", interpolation="nearest")
        side.set_xticks([])
        side.set_yticks(range(len(rows)), [shorten(str(matrix.index[i]), 18) for i in rows], fontsize=7)
        image = axes.imshow(shown, cmap=style.DIVERGING, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
        axes.set_yticks([])
        if named:
            axes.set_xticks(
                range(len(columns)),
                [shorten(str(matrix.columns[i]), 26) for i in columns],
                rotation=60,
                ha="right",
                rotation_mode="anchor",
                fontsize=7,
            )
        else:
            axes.set_xticks([])
            axes.set_xlabel(f"{len(columns)} outputs, clustered; the table of top regulators names them")
        for part in (side, axes):
            part.tick_params(length=0)
            part.spines[:].set_visible(False)
        bar = figure.colorbar(image, ax=axes, shrink=0.4, pad=0.01, aspect=24, anchor=(0, 1))
        bar.outline.set_visible(False)
        bar.set_label("mean contribution (log2 units)")
        marks = [Line2D([], [], marker="s", ls="", color=colour, ms=6, label=name) for name, colour in colours.items()]
        figure.legend(handles=marks, loc="outside upper left", ncols=6, fontsize=8)
    caption = (
        f"The {len(rows)} most important regulators and {len(columns)} outputs, both ordered by average linkage. "
        f"Blue lowers, orange raises expression in that output "
        f"relative to a gene without sites. Colours end at the 99th percentile ({limit:.2g})."
    )
    return style.finish(
        figure,
        folder,
        f"{prefix}heatmap",
        "Regulators by outputs",
        caption,
        f"Clustered heatmap of mean contributions of {len(rows)} regulators to {len(columns)} outputs.",
        "full",
    )


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
