"""Figures of accuracy: models side by side, level scatter, outputs, output matrix, genes."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regdecode.report import style
from regdecode.report.accuracy import OUTPUT_LABELS, Row
from regdecode.report.numbers import count, number, shorten

KIND_COLOURS = {"ensemble": style.BLUE, "network": style.SKY, "baseline": style.INK, "control": style.FAINT}


def models(found: list[Row], output: str, folder: Path, prefix: str) -> style.Picture | None:
    """Draw one headline figure of every model as a dot with its interval, members of the ensemble as small dots."""
    shown = [row for row in found if row.kind != "member" and output in row.scores]
    if not shown:
        return None
    shown.sort(key=lambda row: row.scores[output].value)
    members = [row.scores[output].value for row in found if row.kind == "member" and output in row.scores]
    figure, axes = style.new_figure(style.HALF, 0.9 + 0.27 * len(shown))
    with style.styled():
        for y, row in enumerate(shown):
            score, colour = row.scores[output], KIND_COLOURS[row.kind]
            if row.kind == "ensemble":
                axes.axhspan(y - 0.45, y + 0.45, color="#e7f0f8", lw=0)
                axes.plot(members, np.full(len(members), y - 0.24), "|", color=style.SKY, ms=5, mew=1)
            axes.plot([score.low, score.high], [y, y], color=colour, lw=1.6, solid_capstyle="round")
            axes.plot(score.value, y, "o" if row.kind != "control" else "s", color=colour, ms=6 if row.kind == "ensemble" else 5)
            axes.annotate(
                number(score.value),
                (max(score.high, score.value), y),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
                color=colour if row.kind != "control" else style.SOFT,
            )
        axes.set_yticks(range(len(shown)), [row.label for row in shown])
        for tick, row in zip(axes.get_yticklabels(), shown, strict=True):
            tick.set_color(style.BLUE if row.kind == "ensemble" else style.SOFT)
            tick.set_fontweight("bold" if row.kind == "ensemble" else "normal")
        axes.axvline(0, color=style.FAINT, lw=0.8)
        axes.set_xlabel("Spearman ρ, predicted vs measured")
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        low, high = axes.get_xlim()
        axes.set_xlim(low, high + 0.1 * (high - low))
        axes.set_ylim(-0.6, len(shown) - 0.4)
    n = max(row.scores[output].n for row in shown)
    small = f" Small strokes: the {len(members)} members alone." if members else ""
    caption = f"n = {count(n)} held-out genes. Lines: 95 % bootstrap intervals over genes.{small} Squares: controls."
    alt = f"{OUTPUT_LABELS[output]}, Spearman correlation of each model: " + "; ".join(
        f"{row.label} {number(row.scores[output].value)}" for row in reversed(shown)
    )
    title = OUTPUT_LABELS[output] + ("" if output == "level" else ", mean over outputs")
    return style.finish(figure, folder, f"{prefix}accuracy_{output}", title, caption, alt)


def scatter(predicted: NDArray[np.float64], actual: NDArray[np.float64], rho: float, folder: Path, prefix: str) -> style.Picture:
    """Draw predicted against measured level, points coloured by how crowded they are."""
    figure, axes = style.new_figure(style.HALF, 3.7)
    order, density = _crowding(predicted, actual)
    with style.styled():
        low = float(min(predicted.min(), actual.min()))
        high = float(max(predicted.max(), actual.max()))
        axes.plot([low, high], [low, high], color=style.FAINT, lw=0.8, ls=(0, (4, 3)))
        axes.scatter(predicted[order], actual[order], c=density[order], s=7, lw=0, cmap="cividis", alpha=0.85, rasterized=True)
        axes.set_xlabel("predicted level (log2 expression)")
        axes.set_ylabel("measured level (log2 expression)")
        axes.grid()
    caption = (
        f"One point a held-out gene, n = {count(len(predicted))}; ρ = {number(rho)}. Brighter where points "
        f"crowd; the broken line is equality."
    )
    return style.finish(
        figure,
        folder,
        f"{prefix}level_scatter",
        "Level: predicted and measured",
        caption,
        f"Scatter of predicted and measured expression level of {len(predicted)} genes, Spearman correlation {number(rho)}.",
    )


def _crowding(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Count points around each point on a 40 x 40 grid, and an order that draws crowded ones last."""
    counts, xe, ye = np.histogram2d(x, y, bins=40)
    i = np.clip(np.searchsorted(xe, x, side="right") - 1, 0, 39)
    j = np.clip(np.searchsorted(ye, y, side="right") - 1, 0, 39)
    density = np.sqrt(counts[i, j])
    return np.argsort(density, kind="stable"), density


def per_output(table: pd.DataFrame, baseline: pd.DataFrame | None, baseline_label: str, folder: Path, prefix: str) -> style.Picture:
    """Draw the accuracy of each output, best first, with intervals; names where there is room.

    Parameters
    ----------
    table, baseline
        output, value, low, high of the ensemble, and output, value of the best baseline.
    """
    table = table.sort_values("value", ascending=False).reset_index(drop=True)
    named = len(table) <= 60
    height = 0.7 + 0.155 * len(table) if named else 3.3
    figure, axes = style.new_figure(style.HALF, max(height, 2.2))
    position = np.arange(len(table))
    other = None if baseline is None else baseline.set_index("output")["value"].reindex(table["output"]).to_numpy(float)
    with style.styled():
        if named:
            axes.hlines(position, table["low"], table["high"], color="#bcd5ea", lw=2.6)
            if other is not None:
                axes.plot(other, position, "|", color=style.INK, ms=6, mew=1.2, label=baseline_label)
            axes.plot(table["value"], position, "o", color=style.BLUE, ms=3.6, label="regdecode ensemble")
            axes.set_yticks(position, [shorten(name, 34) for name in table["output"]], fontsize=7)
            axes.set_ylim(len(table) - 0.4, -0.6)
            axes.set_xlabel("Spearman ρ")
            axes.axvline(0, color=style.FAINT, lw=0.8)
            axes.grid(axis="x")
        else:
            axes.fill_between(position, table["low"], table["high"], color="#d3e4f2", lw=0, label="95 % interval")
            if other is not None:
                axes.plot(position, other, ".", color=style.INK, ms=2.6, label=baseline_label)
            axes.plot(position, table["value"], color=style.BLUE, lw=1.6, label="regdecode ensemble")
            axes.set_xlabel("outputs, best first")
            axes.set_ylabel("Spearman ρ")
            axes.axhline(0, color=style.FAINT, lw=0.8)
            axes.grid(axis="y")
        if named:
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, columnspacing=1.2, handlelength=1.4)
        else:
            axes.legend(loc="upper right", handlelength=1.4)
    first, last = table.iloc[0], table.iloc[-1]
    above = (
        ""
        if other is None
        else f" The ensemble is above {baseline_label} for {int(np.sum(table['value'].to_numpy() > other))} of {len(table)}."
    )
    caption = (
        f"n = {len(table)} outputs. Best: {first['output']} ({number(first['value'])}); hardest: "
        f"{last['output']} ({number(last['value'])}).{above}"
    )
    return style.finish(
        figure,
        folder,
        f"{prefix}per_output",
        "Accuracy of each output",
        caption,
        f"Spearman correlation of each of {len(table)} outputs, from {number(first['value'])} for {first['output']} "
        f"down to {number(last['value'])} for {last['output']}.",
    )


def output_matrix(
    matrix: NDArray[np.float64], names: list[str], order: NDArray[np.int64], sentence: str, folder: Path, prefix: str
) -> style.Picture:
    """Draw the correlation of every predicted output (rows) with every measured one (columns), both in one clustered order."""
    shown = matrix[np.ix_(order, order)]
    limit = max(float(np.nanquantile(np.abs(shown), 0.995)), 0.05)
    figure, axes = style.new_figure(style.HALF, 4.1)
    with style.styled():
        image = axes.imshow(shown, cmap=style.DIVERGING, vmin=-limit, vmax=limit, interpolation="nearest", aspect="equal")
        axes.set_xlabel("measured output")
        axes.set_ylabel("predicted output")
        if len(names) <= 40:
            labels = [shorten(names[i], 22) for i in order]
            axes.set_xticks(range(len(names)), labels, rotation=90, fontsize=6)
            axes.set_yticks(range(len(names)), labels, fontsize=6)
        else:
            axes.set_xticks([])
            axes.set_yticks([])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02, aspect=22)
        bar.outline.set_visible(False)
        bar.set_label("Spearman ρ")
    caption = f"n = {len(names)} outputs; rows and columns in the same clustered order. {sentence}"
    return style.finish(
        figure,
        folder,
        f"{prefix}output_matrix",
        "Does a prediction fit its own output best?",
        caption,
        f"Heatmap of the correlation of {len(names)} predicted outputs with {len(names)} measured outputs. {sentence}",
    )


def gene_histogram(values: NDArray[np.float64], folder: Path, prefix: str) -> style.Picture:
    """Draw how well the pattern over outputs is predicted, gene by gene."""
    figure, axes = style.new_figure(style.HALF, 2.9)
    median, positive = float(np.median(values)), float(np.mean(values > 0))
    with style.styled():
        edges = np.linspace(-1, 1, 41)
        counts, _ = np.histogram(values, edges)
        axes.bar(
            edges[:-1],
            counts,
            width=0.05,
            align="edge",
            color=np.where(edges[:-1] >= -1e-9, style.BLUE, "#b9c4ce"),
            edgecolor="white",
            lw=0.4,
        )
        axes.axvline(median, color=style.ORANGE, lw=1.3)
        axes.annotate(
            f"median {number(median, 2)}",
            (median, 1),
            xycoords=("data", "axes fraction"),
            xytext=(5, -2),
            textcoords="offset points",
            color=style.ORANGE,
            fontsize=8,
            va="top",
        )
        axes.set_xlabel("Spearman ρ over outputs, one gene")
        axes.set_ylabel("genes")
        axes.grid(axis="y")
    caption = (
        f"n = {count(len(values))} held-out genes, fold changes over outputs. {100 * positive:.0f} % of genes "
        f"are predicted in the right direction (ρ > 0)."
    )
    return style.finish(
        figure,
        folder,
        f"{prefix}per_gene",
        "Accuracy of each gene",
        caption,
        f"Histogram of per-gene correlations over outputs, median {number(median, 2)}, {100 * positive:.0f} % above zero.",
    )
