"""Figures of sequence models: accuracy beside baselines, confusion, motifs, knock-outs against permuted tables."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from regdecode.report import style
from regdecode.report.logos import motif_gallery, promoter_figure
from regdecode.report.numbers import count, number, plural, shorten

PANELS = (("pearson", "Pearson r"), ("accuracy", "accuracy"), ("balanced_accuracy", "balanced accuracy"))


def accuracy(table: pd.DataFrame, title: str, folder: Path, name: str) -> style.Picture:
    """Draw r, accuracy beside the majority's, and balanced accuracy of every model on the test cells of one fold.

    Parameters
    ----------
    table
        label, own (bool), n, and of each metric of `PANELS` and "majority" the columns <metric>, <metric>_low, <metric>_high.
    """
    shown = table.sort_values("pearson", na_position="first").reset_index(drop=True)
    figure, axes = style.new_figure(style.FULL, 1.0 + 0.25 * len(shown), ncols=3, sharey=True)
    y = np.arange(len(shown))
    colours = [style.BLUE if own else style.INK for own in shown["own"]]
    with style.styled():
        for axis, (metric, label) in zip(axes, PANELS, strict=True):
            axis.hlines(y, shown[f"{metric}_low"], shown[f"{metric}_high"], color=colours, lw=1.6)
            axis.scatter(shown[metric], y, color=colours, s=22, zorder=3)
            axis.set_xlabel(label)
            axis.grid(axis="x")
            axis.tick_params(axis="y", length=0)
        majority = float(shown["majority"].max())
        axes[1].axvline(majority, color=style.ORANGE, lw=1.3)
        axes[0].set_yticks(y, [shorten(text, 40) for text in shown["label"]], fontsize=7.5)
        axes[0].set_ylim(-0.6, len(shown) - 0.4)
        line = Line2D([], [], color=style.ORANGE, lw=1.3, label=f"always the majority class: {number(majority)}")
        figure.legend(handles=[line], loc="outside upper right")
    caption = (
        f"{count(shown['n'].max())} test cells. Lines: 95 % intervals, what was held out drawn again with replacement: genes (for random "
        "pairs too) or whole transcription units, series, or both sides at once where both are new. "
        "Accuracy says something only above the majority's line; balanced accuracy is the mean recall of the classes."
    )
    alt = f"{title}: " + "; ".join(f"{row.label} r {number(row.pearson, 2)}" for row in shown.itertuples())
    return style.finish(figure, folder, name, title, caption, alt, "full")


def confusions(tables: Sequence[tuple[str, pd.DataFrame]], title: str, folder: Path, name: str) -> style.Picture:
    """Draw confusion matrices in percent of the test cells: (heading, rows actual x columns predicted)."""
    figure, axes = style.new_figure(min(style.FULL, 2.9 * len(tables) + 0.4), 2.7, ncols=len(tables), squeeze=False)
    with style.styled():
        for axis, (heading, table) in zip(axes[0], tables, strict=True):
            values = table.to_numpy(dtype=float)
            axis.imshow(values, cmap="Blues", vmin=0, vmax=max(100 / len(values), float(values.max())))
            for i, j in np.ndindex(values.shape):
                dark = values[i, j] > 0.6 * max(100 / len(values), float(values.max()))
                axis.text(j, i, f"{values[i, j]:.1f}", ha="center", va="center", fontsize=8, color="white" if dark else style.INK)
            axis.set_xticks(range(len(table.columns)), table.columns)
            axis.set_yticks(range(len(table.index)), table.index)
            axis.set_xlabel("predicted")
            axis.set_ylabel("measured")
            axis.set_title(shorten(heading, 34), fontsize=8.5)
            axis.spines[:].set_visible(False)
            axis.tick_params(length=0)
    caption = "Percent of all test cells; the diagonal is right."
    alt = f"{title}: " + "; ".join(f"{heading} {number(float(np.trace(table.to_numpy())), 1)} % right" for heading, table in tables)
    return style.finish(figure, folder, name, title, caption, alt, "full" if len(tables) > 1 else "half")


def observed(table: pd.DataFrame, column: str, title: str, folder: Path, name: str) -> style.Picture:
    """Draw predicted against measured log2 ratios as a density: columns observed and `column`."""
    x, y = table[column].to_numpy(float), table["observed"].to_numpy(float)
    keep = np.isfinite(x) & np.isfinite(y)
    x, y = x[keep], y[keep]
    reach = float(np.quantile(np.abs(y), 0.998)) if len(y) else 1.0
    wide = max(float(np.quantile(np.abs(x), 0.998)) if len(x) else 1.0, 1e-6)
    figure, axes = style.new_figure(style.HALF, 3.4)
    with style.styled():
        counts, xs, ys = np.histogram2d(x, y, bins=70, range=[[-wide, wide], [-reach, reach]])
        axes.pcolormesh(xs, ys, np.log10(1 + counts.T), cmap="Blues", rasterized=True)
        axes.axline((0, 0), slope=1, color=style.ORANGE, lw=1)
        axes.set_xlabel("predicted log2 ratio")
        axes.set_ylabel("measured log2 ratio")
    r = float(np.corrcoef(x, y)[0, 1]) if len(x) > 2 and x.std() > 0 and y.std() > 0 else float("nan")
    caption = (
        f"{count(len(x))} test cells, darker where more lie (logarithm). The line: predicted = measured. r = {number(r)} of those drawn."
    )
    return style.finish(figure, folder, name, title, caption, f"{title}: r {number(r, 2)}")


def training(history: dict[str, pd.DataFrame], title: str, folder: Path, name: str) -> style.Picture:
    """Draw validation losses over all stages: tables of stage, epoch, train_loss, validation_loss."""
    figure, axes = style.new_figure(style.HALF, 2.8)
    with style.styled():
        for k, (label, table) in enumerate(sorted(history.items())):
            colour = style.CLASS_COLOURS[k % len(style.CLASS_COLOURS)]
            x = np.arange(1, len(table) + 1)
            axes.plot(x, table["validation_loss"], color=colour, lw=1.3, label=shorten(label, 34))
            axes.plot(x, table["train_loss"], color=colour, lw=0.8, ls=":")
        axes.set_xlabel("epoch, over all stages")
        axes.set_ylabel("loss")
        axes.grid(axis="y")
        figure.legend(loc="outside upper left", ncols=2)
    caption = f"{plural(len(history), 'network')}. Solid: validation cells; dotted: training cells (with dropout)."
    if any(table["validation_loss"].isna().any() for table in history.values()):
        caption += " A stage that no validation cell can judge has no solid line."
    return style.finish(figure, folder, name, title, caption, f"{title}: loss by epoch")


def gallery(entries: Sequence[tuple[str, np.ndarray]], title: str, said: str, folder: Path, name: str) -> style.Picture:
    """Draw logos, each under its heading: (heading, probabilities (W, 4))."""
    caption = f"{plural(len(entries), 'filter')}. {said} Height: bits."
    alt = f"{title}: " + "; ".join(heading for heading, _ in entries)
    return style.finish(motif_gallery(entries), folder, name, title, caption, alt, "full")


def promoters(
    entries: Sequence[tuple[str, str, np.ndarray, int]], substitutions: Sequence[np.ndarray], folder: Path, name: str
) -> style.Picture:
    """Draw the most telling stretch of some promoters; see `logos.promoter_figure`."""
    title = "Which bases make a prediction"
    caption = (
        "Letters: what each base contributes to the predicted log2 ratio, against background letters and regulators at 0. Below: the "
        "change by each substitution, red up, blue down. The 90 bases that contribute most; −1 is the last base of the window."
    )
    alt = f"{title}: " + "; ".join(heading for heading, _, _, _ in entries)
    return style.finish(promoter_figure(entries, substitutions=substitutions), folder, name, title, caption, alt, "full")


def permuted(known: dict[str, int], drawn: dict[str, dict[str, np.ndarray]], title: str, folder: Path, name: str) -> style.Picture:
    """Draw how many pairs and regulators the tests confirm in the table as it is, beside permuted ones.

    Parameters
    ----------
    known
        "pairs", "regulators" of the table as it is.
    drawn
        The same of each kind of permuted table, one figure a draw.
    """
    figure, axes = style.new_figure(style.FULL, 0.9 + 0.4 * (1 + len(drawn)), ncols=2, sharey=True)
    labels = ["known targets", *drawn]
    with style.styled():
        for axis, (what, heading) in zip(
            axes, (("regulators", "regulators confirmed"), ("pairs", "filter-regulator pairs confirmed")), strict=True
        ):
            axis.plot([known[what]], [0], "o", color=style.BLUE, ms=7)
            for k, values in enumerate(drawn.values(), start=1):
                axis.plot(values[what], np.full(len(values[what]), k), "|", color=style.ORANGE, ms=11, mew=1.1)
            axis.set_xlabel(heading)
            axis.set_xlim(left=-0.02 * max(known[what], 1))
            axis.grid(axis="x")
            axis.tick_params(axis="y", length=0)
        axes[0].set_yticks(range(len(labels)), labels)
        axes[0].set_ylim(len(labels) - 0.5, -0.5)
    draws = max((len(values["pairs"]) for values in drawn.values()), default=0)
    caption = (
        f"Without a filter, do a regulator's known targets change more than other genes? Rank-sum tests, q over all pairs. "
        f"Dot: the table as it is; strokes: {plural(draws, 'permuted table')} of each kind."
    )
    means = "; ".join(f"{kind} {number(float(np.mean(values['regulators'])), 1)}" for kind, values in drawn.items())
    alt = f"{title}: {known['regulators']} regulators; {means}"
    return style.finish(figure, folder, name, title, caption, alt, "full")
