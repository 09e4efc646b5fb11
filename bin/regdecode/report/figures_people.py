"""Figures of people: agreement beside its null, accuracy, own against unrelated, volcano, site disruption, mediation."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from regdecode.report import style
from regdecode.report.figures_regulators import class_colours
from regdecode.report.numbers import count, listed, number, plural, shorten


def agreement(table: pd.DataFrame, title: str, said: str, folder: Path, name: str) -> style.Picture:
    """Draw rank correlations with intervals, the null's 95th percentile as a stroke.

    Parameters
    ----------
    table
        label, rho, low, high, null_high (NaN without permutations), n.
    """
    shown = table.iloc[::-1]
    figure, axes = style.new_figure(style.HALF, 1.0 + 0.27 * len(shown))
    with style.styled():
        y = np.arange(len(shown))
        axes.hlines(y, shown["low"], shown["high"], color=style.BLUE, lw=1.6)
        axes.plot(shown["rho"], y, "o", color=style.BLUE, ms=5)
        axes.plot(shown["null_high"], y, "|", color=style.ORANGE, ms=11, mew=1.6)
        axes.set_yticks(y, [shorten(text, 44) for text in shown["label"]], fontsize=7.5)
        axes.axvline(0, color=style.FAINT, lw=0.8)
        axes.set_ylim(-0.6, len(shown) - 0.4)
        axes.set_xlabel("Spearman ρ of t-statistics")
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        marks = [
            Line2D([], [], marker="o", color=style.BLUE, ms=5, lw=1.6, label="ρ, 95 % interval over genes"),
            Line2D([], [], marker="|", ls="", color=style.ORANGE, ms=11, mew=1.6, label="95 % of permutations lie below"),
        ]
        figure.legend(handles=marks, loc="outside upper left", ncols=1)
    least, most = int(table["n"].min()), int(table["n"].max())
    spread = count(most) if least == most else f"{count(least)} to {count(most)}"
    caption = f"n = {spread} genes or regulators a row. {said} A missing stroke: no permutations were made."
    alt = f"{title}: " + "; ".join(f"{row.label} {number(row.rho, 2)}" for row in table.itertuples())
    return style.finish(figure, folder, name, title, caption, alt)


def accuracy(table: pd.DataFrame, output: str, folder: Path, name: str) -> style.Picture:
    """Draw what the person model and its comparators reach on held-out genes: label, value, low, high, n, own (bool)."""
    shown = table.sort_values("value").reset_index(drop=True)
    figure, axes = style.new_figure(style.HALF, 0.9 + 0.27 * len(shown))
    with style.styled():
        colours = [style.BLUE if own else style.INK for own in shown["own"]]
        axes.hlines(shown.index, shown["low"], shown["high"], color=colours, lw=1.6)
        axes.scatter(shown["value"], shown.index, color=colours, s=26, zorder=3)
        for y, row in shown.iterrows():
            axes.annotate(
                number(row["value"]),
                (np.nanmax([row["high"], row["value"]]), y),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
            )
        axes.set_yticks(shown.index, shown["label"])
        axes.axvline(0, color=style.FAINT, lw=0.8)
        low, high = axes.get_xlim()
        axes.set_xlim(low, high + 0.14 * (high - low))
        axes.set_ylim(-0.6, len(shown) - 0.4)
        axes.set_xlabel("Spearman ρ, predicted vs measured")
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
    caption = f"n = {count(shown['n'].max())} held-out genes. Lines: 95 % bootstrap intervals over genes."
    alt = f"{output}: " + "; ".join(f"{row.label} {number(row.value)}" for row in shown[::-1].itertuples())
    return style.finish(figure, folder, name, output, caption, alt)


def unrelated(table: pd.DataFrame, said: str, folder: Path, name: str) -> style.Picture:
    """Draw, for each person, the fit of their prediction to themselves against its mean fit to the others: own, others_mean."""
    figure, axes = style.new_figure(style.HALF, 3.4)
    with style.styled():
        low = float(min(table["own"].min(), table["others_mean"].min()))
        high = float(max(table["own"].max(), table["others_mean"].max()))
        axes.plot([low, high], [low, high], color=style.FAINT, lw=0.8, ls=(0, (4, 3)))
        axes.scatter(table["others_mean"], table["own"], s=14, color=style.BLUE, alpha=0.7, lw=0)
        axes.set_xlabel("ρ with everybody else, mean")
        axes.set_ylabel("ρ with the person themselves")
        axes.grid()
    above = int((table["own"] > table["others_mean"]).sum())
    caption = f"One point a person, n = {count(len(table))}; {count(above)} above the line of equality. {said}"
    alt = f"Fit of a person's prediction to themselves against others: {above} of {len(table)} above equality."
    return style.finish(figure, folder, name, "Is a prediction of its own person?", caption, alt)


def volcano(table: pd.DataFrame, term: str, what: str, folder: Path, name: str, most: int = 10) -> style.Picture:
    """Draw effects against p of one term: name, effect, p, q; the strongest are named."""
    floor = max(float(table.loc[table["p"] > 0, "p"].min()) if (table["p"] > 0).any() else 1e-300, 1e-300)
    height = -np.log10(np.maximum(table["p"].to_numpy(float), floor))
    found = (table["q"] < 0.05).to_numpy()
    effect = table["effect"].to_numpy(float)
    figure, axes = style.new_figure(style.HALF, 3.5)
    with style.styled():
        axes.scatter(effect[~found], height[~found], s=5, color=style.FAINT, alpha=0.5, lw=0, rasterized=True)
        colours = np.where(effect[found] > 0, style.ORANGE, style.BLUE)
        axes.scatter(effect[found], height[found], s=9, color=colours, alpha=0.85, lw=0, rasterized=True)
        top = np.argsort(-height, kind="stable")[:most]
        for i in top[found[top]]:
            side = 4 if effect[i] <= np.median(effect) else -4
            axes.annotate(
                shorten(str(table["name"].iloc[i]), 14),
                (effect[i], height[i]),
                xytext=(side, 1),
                textcoords="offset points",
                ha="left" if side > 0 else "right",
                fontsize=6.5,
            )
        axes.axvline(0, color=style.FAINT, lw=0.8)
        axes.set_xlabel("effect (log2 units; numbers: a unit of the covariate)")
        axes.set_ylabel("−log10 p")
        axes.grid(axis="y")
    up, down = int((found & (effect > 0)).sum()), int((found & (effect < 0)).sum())
    caption = (
        f"n = {count(len(table))} {what}. At 5 % false discoveries {count(up)} rise (orange) and {count(down)} fall (blue); "
        f"moderated t. Named: the strongest."
    )
    leaders = listed([str(text) for text in table.sort_values("p")["name"].head(6)])
    return style.finish(figure, folder, name, f"{term}: {what}", caption, f"Volcano plot of {term}; the strongest are {leaders}.")


def disruption(table: pd.DataFrame, pair: str, names: dict[str, str], folder: Path, name: str) -> style.Picture:
    """Draw what emptying each bin of a pair adds to their predicted correlation: gene, track, start, end, effect, p_bonferroni."""
    genes = list(dict.fromkeys(table["gene"]))
    colours = class_colours(sorted(table["track"].unique()))
    figure, grid = style.new_figure(style.FULL, 0.9 + 1.55 * len(genes), nrows=len(genes), squeeze=False)
    with style.styled():
        limit = 1.1 * max(float(table["effect"].abs().max()), 1e-9)
        for axes, gene in zip(grid[:, 0], genes, strict=True):
            mine = table[table["gene"] == gene].reset_index(drop=True)
            sure = (mine["p_bonferroni"] < 0.05).to_numpy()
            colour = np.array([colours[track] for track in mine["track"]])
            axes.vlines(mine.index, 0, mine["effect"], color=colour, lw=1.4, alpha=0.6)
            axes.scatter(mine.index[sure], mine["effect"][sure], color=colour[sure], s=14, zorder=3)
            axes.axhline(0, color=style.FAINT, lw=0.8)
            axes.set_ylim(-limit, limit)
            axes.set_title(names.get(gene, gene))
            axes.set_xticks(_ticks(mine), [f"{mine['track'][i]} {mine['start'][i]}" for i in _ticks(mine)], fontsize=6.5)
            axes.grid(axis="y")
        grid[-1, 0].set_xlabel("bins, 5′ to 3′; labels: track and first base of the bin")
        figure.supylabel("change of ρ when the bin is emptied", fontsize=8)
        marks = [Line2D([], [], color=colour, lw=2, label=track) for track, colour in colours.items()]
        figure.legend(handles=marks, loc="outside upper left", ncols=4)
    sure = int((table["p_bonferroni"] < 0.05).sum())
    caption = (
        f"n = {plural(len(table), 'bin')} with a site in either gene; points: {count(sure)} beyond Bonferroni 5 %. "
        "Below zero: the bin holds the pair together."
    )
    return style.finish(figure, folder, name, f"Site disruption: {pair}", caption, f"Site-disruption map of {pair}; {caption}", "full")


def _ticks(table: pd.DataFrame, most: int = 8) -> list[int]:
    step = max(1, len(table) // most)
    return list(range(0, len(table), step))


def mediation(table: pd.DataFrame, folder: Path, name: str) -> style.Picture:
    """Draw the share of a pair's covariance that its drivers explain, over random sets: label, explained, null_mean, null_high."""
    shown = table.iloc[::-1]
    figure, axes = style.new_figure(style.HALF, 1.0 + 0.26 * len(shown))
    with style.styled():
        y = np.arange(len(shown))
        axes.hlines(y, shown["null_mean"], shown["null_high"], color=style.FAINT, lw=6, alpha=0.7)
        axes.plot(shown["explained"], y, "o", color=style.BLUE, ms=5)
        axes.set_yticks(y, [shorten(text, 36) for text in shown["label"]], fontsize=7.5)
        axes.set_ylim(-0.6, len(shown) - 0.4)
        axes.set_xlabel("share of the co-expression that the drivers explain")
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
    caption = (
        f"n = {plural(len(table), 'pair and cohort', 'pairs and cohorts')}. Grey: random sets of as many regulators of the pair, "
        f"from their mean to their 95th percentile."
    )
    alt = f"Mediation of {len(table)} pairs and cohorts beside the null."
    return style.finish(figure, folder, name, "Mediation by the drivers", caption, alt)
