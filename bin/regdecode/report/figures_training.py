"""Training curves."""

from pathlib import Path

import numpy as np
import pandas as pd

from regdecode.report import style
from regdecode.report.numbers import listed, plural


def training_curves(histories: dict[str, pd.DataFrame], first: str, folder: Path, prefix: str) -> list[style.Picture]:
    """Draw one figure a model: the losses of all its members by epoch; members without epochs (trees) are left out.

    Parameters
    ----------
    histories
        By "model.member"; columns epoch, train_loss, validation_loss.
    first
        Model whose figure comes first.
    folder, prefix
        Where files go, and what their names start with.
    """
    models: dict[str, list[pd.DataFrame]] = {}
    for name, table in sorted(histories.items()):
        if {"epoch", "train_loss", "validation_loss"} <= set(table.columns) and len(table) > 1:
            models.setdefault(name.partition(".")[0], []).append(table)
    return [
        _curves(model, models[model], folder, f"{prefix}training_{model}")
        for model in sorted(models, key=lambda model: (model != first, model))
    ]


def _curves(model: str, members: list[pd.DataFrame], folder: Path, name: str) -> style.Picture:
    figure, axes = style.new_figure(style.HALF, 2.8)
    epochs: list[int] = []
    with style.styled():
        for table in members:
            valid = table["validation_loss"].to_numpy(float)
            axes.plot(table["epoch"], table["train_loss"], color=style.FAINT, lw=0.9, label="training" if table is members[0] else None)
            axes.plot(table["epoch"], valid, color=style.BLUE, lw=1.3, label="validation" if table is members[0] else None)
            if np.isfinite(valid).any():
                at = int(np.nanargmin(valid))
                axes.plot(
                    table["epoch"].iloc[at],
                    valid[at],
                    "o",
                    ms=4.5,
                    color="white",
                    mec=style.ORANGE,
                    mew=1.4,
                    label=None if epochs else "lowest validation loss",
                )
                epochs.append(int(table["epoch"].iloc[at]))
        axes.set_xlabel("epoch")
        axes.set_ylabel("mean squared error (scaled units)")
        axes.grid(axis="y")
        finite = np.concatenate([table[["train_loss", "validation_loss"]].to_numpy(float).ravel() for table in members])
        finite = finite[np.isfinite(finite)]
        if len(finite):
            low, high = float(finite.min()), float(np.quantile(finite, 0.98))
            margin = 0.06 * (high - low) + 1e-9
            axes.set_ylim(low - margin, high + margin)
        axes.legend(loc="upper right")
    best = listed([str(epoch) for epoch in sorted(epochs)], 12)
    caption = (
        f"Losses of {plural(len(members), 'member')}; lowest on validation genes at epoch {best}. The scale ends at the 98th percentile."
    )
    return style.finish(
        figure,
        folder,
        name,
        f"Training of {model}",
        caption,
        f"Training and validation loss of {len(members)} members of {model} by epoch; lowest validation loss at epoch {best}.",
    )
