"""Figures of what is left when sites are shuffled, and of one output alone against all together."""

from pathlib import Path

import numpy as np
import pandas as pd

from regdecode.report import style
from regdecode.report.accuracy import OUTPUT_LABELS
from regdecode.report.numbers import number, plural, shorten


def arms(table: pd.DataFrame, output: str, folder: Path, prefix: str) -> style.Picture | None:
    """Draw what is left when the sites of a region are shuffled: one dot a replicate, a bar for the mean."""
    part = table[table["output"] == output]
    if part.empty:
        return None
    labels = list(dict.fromkeys(part["label"]))
    figure, axes = style.new_figure(style.HALF, 0.9 + 0.36 * len(labels))
    with style.styled():
        for y, name in enumerate(reversed(labels)):
            values = part.loc[part["label"] == name, "value"].to_numpy(float)
            axes.barh(y, values.mean(), height=0.55, color="#cfe1f1" if name == labels[0] else "#e6e9ec", lw=0)
            axes.plot(
                values,
                y + np.linspace(-0.12, 0.12, len(values)) * (len(values) > 1),
                "o",
                ms=3.6,
                color=style.BLUE if name == labels[0] else style.SOFT,
            )
            axes.annotate(
                number(values.mean()),
                (max(values.max(), 0), y),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
                color=style.SOFT,
            )
        axes.set_yticks(range(len(labels)), list(reversed(labels)))
        axes.axvline(0, color=style.FAINT, lw=0.8)
        low, high = axes.get_xlim()
        axes.set_xlim(low, high + 0.1 * (high - low))
        axes.set_xlabel("Spearman ρ, predicted vs measured")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
    n = int(part.groupby("label").size().max())
    alt = "; ".join(f"{name} {number(part.loc[part['label'] == name, 'value'].mean())}" for name in labels)
    return style.finish(
        figure,
        folder,
        f"{prefix}arms_{output}",
        f"{OUTPUT_LABELS[output]}: what the sites carry",
        f"Retrained with the sites of a region shuffled between genes; dots are {plural(n, 'replicate')}, bars their mean.",
        alt,
    )


def single_tasks(table: pd.DataFrame, sentence: str, folder: Path, prefix: str) -> style.Picture:
    """Draw, for each output trained alone, its accuracy alone and together."""
    figure, axes = style.new_figure(style.HALF, 0.9 + 0.27 * len(table))
    with style.styled():
        y = np.arange(len(table))[::-1]
        axes.hlines(y, table["single"], table["multi"], color="#c9d1d8", lw=2)
        axes.plot(table["single"], y, "s", color=style.ORANGE, ms=4.5, label="alone")
        axes.plot(table["multi"], y, "o", color=style.BLUE, ms=5, label="together")
        axes.set_yticks(y, [shorten(name, 30) for name in table["output"]], fontsize=7.5)
        axes.set_xlabel("Spearman ρ")
        axes.set_ylim(-0.6, len(table) - 0.4)
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return style.finish(
        figure,
        folder,
        f"{prefix}single_task",
        "One output alone or all together",
        sentence,
        f"Accuracy of {len(table)} outputs trained alone and together. {sentence}",
    )
