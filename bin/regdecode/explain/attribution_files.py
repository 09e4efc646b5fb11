"""The folder that ATTRIBUTE writes."""

from pathlib import Path
from typing import Any

import numpy as np

from regdecode.explain.attribution import ABSENT, Explained, summary_tables
from regdecode.genome.summaries import LENGTH
from regdecode.io.atomic import atomic_path
from regdecode.io.h5ad import write_attributions
from regdecode.io.notes import Notes


def write_attribution(out: str | Path, explained: Explained, config: dict[str, Any], split: str, engine: str) -> None:
    """Write attributions.h5ad, the summary tables and the notes, all or nothing.

    Parameters
    ----------
    out
        Folder.
    explained
        Contributions and their proof.
    config
        config.json of the model.
    split, engine
        Which genes, and who computed.
    """
    is_level = np.zeros(len(explained.outputs), bool)
    is_level[-1] = bool(config.get("has_level", explained.outputs[-1] == "level"))
    attrs = {key: str(config.get(key, "")) for key in ("system", "model", "member", "arm", "fold")} | {"split": split, "engine": engine}
    with atomic_path(out) as folder:
        folder.mkdir(parents=True)
        write_attributions(folder / "attributions.h5ad", explained.attributions(attrs))
        for name, table in summary_tables(explained, is_level, f"{split} genes").items():
            table.to_csv(folder / f"{name}.tsv", sep="\t", index=False, float_format="%.6g", lineterminator="\n")
        notes_of(explained, split, engine).write(folder / "attribute.notes.json")


def notes_of(explained: Explained, split: str, engine: str) -> Notes:
    """Say what a reader of the tables must know."""
    notes = Notes("attribute")
    kinds = explained.columns["kind"].to_numpy()[explained.column]
    notes.add(f"{split} genes explained", len(explained.genes))
    notes.add(
        "contributions of a regulator with a site to a gene", int((kinds == "regulator").sum()), f"each to {len(explained.outputs)} outputs"
    )
    whole = explained.additivity[explained.additivity["member"] == "model"]
    notes.add(
        "largest residual, as a part of the output's range",
        float(f"{whole['relative'].max():.3g}"),
        "sum of contributions against f(x) - f(reference), every gene and output, the length included",
    )
    notes.add("reference", None, "a gene of the median length of the training genes without any site")
    members = [name for name in explained.additivity["member"].unique() if name != "model"]
    networks = [name for name in members if not name.startswith("trees")]
    if networks:
        notes.add("networks explained", len(networks), "DeepLIFT, rescale rule" if engine == "regdecode" else "shap DeepExplainer")
    if len(networks) < len(members):
        notes.add(
            "trees members explained",
            len(members) - len(networks),
            "exact TreeSHAP, whose own reference is the trees' expected value; given here less the TreeSHAP of the reference gene, so that "
            f"all members share one reference. What interactions give to regulators without a site is one row a gene, '{ABSENT}'",
        )
    notes.add(
        f"rows '{LENGTH}'", int((kinds == LENGTH).sum()), "contributions of the region's length: part of the sums, not of the rankings"
    )
    notes.add(
        "p in effects.tsv",
        None,
        "one-sample t over genes: whether a regulator pushes an output one way in most genes; not how sure the model is",
    )
    return notes
