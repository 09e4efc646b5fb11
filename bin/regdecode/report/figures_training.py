"""Training curves."""

from pathlib import Path

import numpy as np
import pandas as pd

from regdecode.report import style
from regdecode.report.numbers import listed, plural


def training_curves(histories: dict[str, pd.DataFrame], folder: Path, prefix: str) -> list[style.Picture]:
    """Draw one figure a model: the losses of all its members by epoch.

    Parameters
    ----------
    histories
        By "model.member"; columns epoch (or round), train_loss, validation_loss.
    folder, prefix
        Where files go, and what their names start with.
    """
    by_model: dict[str, dict[str, pd.DataFrame]] = {}
    for name, table in sorted(histories.items()):
        model, _, member = name.partition(".")
        if {"train_loss", "validation_loss"} <= set(table.columns) and len(table):
            by_model.setdefault(model, {})[member or "1"] = table
    pictures = []
    for model, members in by_model.items():
        families: dict[str, dict[str, pd.DataFrame]] = {}
        for member, table in members.items():
            families.setdefault("rounds" if "round" in table.columns else "epochs", {})[member] = table
        for unit, part in sorted(families.items()):
            pictures.append(_curves(model, unit, part, folder, f"{prefix}training_{model}" + ("_trees" if unit == "rounds" else "")))
    return pictures


def _curves(model: str, unit: str, members: dict[str, pd.DataFrame], folder: Path, name: str) -> style.Picture:
    figure, axes = style.new_figure(style.HALF, 2.9)
    epochs = []
    with style.styled():
        for member, table in members.items():
            step = table["round"] if unit == "rounds" else table["epoch"] if "epoch" in table else pd.Series(np.arange(1, len(table) + 1))
            valid = table["validation_loss"].to_numpy(float)
            axes.plot(step, table["train_loss"], color=style.FAINT, lw=0.9, label="training" if not epochs else None)
            axes.plot(step, valid, color=style.BLUE, lw=1.3, label="validation" if not epochs else None)
            if np.isfinite(valid).any():
                at = int(np.nanargmin(valid))
                axes.plot(step.iloc[at], valid[at], "o", ms=4.5, color="white", mec=style.ORANGE, mew=1.4, label="kept (lowest validation loss)" if not epochs else None)
                epochs.append(int(step.iloc[at]))
        axes.set_xlabel(unit[:-1])
        axes.set_ylabel("mean squared error (scaled units)")
        axes.grid(axis="y")
        finite = np.concatenate([table[["train_loss", "validation_loss"]].to_numpy(float).ravel() for table in members.values()])
        finite = finite[np.isfinite(finite)]
        if len(finite):
            top = np.quantile(finite, 0.98)
            axes.set_ylim(finite.min() - 0.05 * (top - finite.min() + 1e-9), top + 0.08 * (top - finite.min() + 1e-9))
        axes.legend(loc="upper right")
    kept = listed([str(e) for e in sorted(epochs)], 12)
    caption = f"Losses of {plural(len(members), 'member')} of {model} by {unit[:-1]}. The weights kept are those of {unit[:-1]} {kept}. Spikes above the 98th percentile are cut off."
    return style.finish(figure, folder, name, f"Training of {model}" + (" (trees)" if unit == "rounds" else ""), caption,
                        f"Training and validation loss of {len(members)} members of {model} over {unit}; lowest validation loss at {kept}.")
