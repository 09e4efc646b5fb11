"""Parts about the model itself: training, members of the ensemble, leakage."""

from pathlib import Path
from typing import Any

from regdecode.report import figures_training
from regdecode.report.accuracy import Row, of_kind
from regdecode.report.inputs import Fold
from regdecode.report.numbers import count, listed, plural
from regdecode.report.part import Part
from regdecode.report.tables import Column, Table, cell, from_frame


def training_part(fold: Fold, first: str, folder: Path, prefix: str) -> Part:
    """Draw the training curves of every model."""
    part = Part()
    part.pictures = figures_training.training_curves(fold.history, first, folder, prefix)
    if not part.pictures:
        part.lacks("Training curves", "no history.tsv with epoch, train_loss and validation_loss came with the members")
    trees = [member for member in members(fold.config) if member.get("family") == "trees"]
    if part.pictures and trees:
        part.lacks(
            "A curve of trees members", "boosted trees are grown without epochs; they stop where the loss on validation genes is lowest"
        )
    return part


def members(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Members of a selected model as flat dicts, with `weight_*` keys; empty where config.json tells none."""
    found = []
    weights = config.get("weights") or {}
    for i, member in enumerate(config.get("members") or []):
        entry = dict(member) if isinstance(member, dict) else {"member": str(member)}
        for kind in ("level", "fold_change"):
            given = weights.get(kind) if isinstance(weights, dict) else None
            if isinstance(given, list) and i < len(given):
                entry[f"weight_{kind}"] = given[i]
            elif isinstance(given, dict) and entry.get("member") in given:
                entry[f"weight_{kind}"] = given[entry["member"]]
        own = entry.get("weights")
        if isinstance(own, dict):
            entry |= {f"weight_{kind}": value for kind, value in own.items()}
        found.append(entry)
    return found


def members_part(fold: Fold, found: list[Row]) -> Part:
    """List the members of the ensemble with their weights and their own accuracy."""
    part = Part()
    entries = members(fold.config)
    if not entries:
        part.lacks("Members and weights", "config.json of the selected model names no members")
        return part
    alone = {row.member: row for row in of_kind(found, "member")}
    kinds = [kind for kind in ("fold_change", "level") if any(f"weight_{kind}" in entry for entry in entries)]
    outputs = [output for output in ("fold_change", "level") if any(output in row.scores for row in alone.values())]
    names = {"fold_change": "fold changes", "level": "level"}
    columns = [
        Column("member"),
        Column("family"),
        *[Column(f"weight, {names[kind]}", True) for kind in kinds],
        *[Column(f"test ρ alone, {names[output]}", True) for output in outputs],
    ]
    rows = []
    for i, entry in enumerate(entries):
        name = str(entry.get("member", entry.get("name", i + 1)))
        row = [cell(name), cell(str(entry.get("family", "network")))]
        for kind in kinds:
            weight = float(entry.get(f"weight_{kind}", 0.0))
            row.append(cell(weight, 3, bar=max(0.0, min(1.0, weight))))
        score = alone.get(name)
        row += [cell(score.scores[output].value if score and output in score.scores else None) for output in outputs]
        rows.append(row)
    silent = [
        str(entry.get("member")) for entry in entries if kinds and all(float(entry.get(f"weight_{kind}", 0.0)) < 1e-6 for kind in kinds)
    ]
    part.sentences.append(
        f"The prediction is a weighted mean of {plural(len(entries), 'member')}. Weights are chosen on validation "
        f"genes, separately for the level and the fold changes." + (f" Weight zero: {listed(silent)}." if silent else "")
    )
    part.tables.append(Table(f"members-{fold.name}", "Members of the ensemble", columns, rows))
    return part


def leakage_part(fold: Fold) -> Part:
    """Say what training genes could give away about test genes."""
    part = Part()
    table = fold.table("leakage")
    if table is None or not {"check", "a", "b", "n", "of"} <= set(table.columns):
        part.lacks("Leakage report", "SPLIT wrote no leakage.tsv for this fold")
        return part
    checks = table[table["check"] != "genes"]
    test = checks[(checks["a"] == "test") & (checks["b"] == "train")]
    hits = test[test["n"] > 0]
    counts = table[table["check"] == "genes"]
    held = [
        f"{count(row.n)} {row.a} ({row.detail})" if "detail" in table and row.detail else f"{count(row.n)} {row.a}"
        for row in counts.itertuples()
    ]
    part.sentences.append(f"Genes: {'; '.join(held)}.")
    if hits.empty:
        part.sentences.append("No test gene shares anything that was checked with a training gene.")
    else:
        said = [f"{row.check}: {count(row.n)} of {count(row.of)}" for row in hits.itertuples()]
        part.sentences.append(
            f"Test genes that share something with training genes: {'; '.join(said)}. Figures on such genes may "
            f"flatter every model, the baselines included."
        )
    shown = checks.assign(pair=checks["a"] + " → " + checks["b"])
    part.tables.append(
        from_frame(
            shown,
            f"leakage-{fold.name}",
            "Leakage checks",
            [
                ("check", "check", None),
                ("pair", "genes of → shared with", None),
                ("n", "genes", 0),
                ("of", "of", 0),
                ("detail", "examples", None),
            ],
        )
    )
    return part
