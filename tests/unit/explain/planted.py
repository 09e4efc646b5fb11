"""A small simulated fold with planted regulators, and models trained on it."""

from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from regdecode.io.h5ad import write_expression, write_features
from regdecode.io.records import Expression, Track
from regdecode.io.splits import write_splits
from regdecode.models.trees import TreeSettings
from regdecode.training.dataset import Dataset, load_dataset
from regdecode.training.ensemble import select_models
from regdecode.training.fit import FitSettings
from regdecode.training.hparams import HyperParameters, TreesOptions
from regdecode.training.member import MemberPlan, train_member

GENES = 300
OUTPUTS = np.array(["liver", "brain", "blood", "skin"])
PLANTED = {"liver": "TF1", "brain": "RBP2", "blood": "mir3"}
"""The one regulator that drives each output; TF1 up, RBP2 down, mir3 up. RBP1 drives the level. Nothing drives skin."""


def make_track(name: str, cls: str, on: str, regulators: list[str], widths: np.ndarray, bin_size: int, rng: np.random.Generator) -> Track:
    """A track with a third of genes bound by each regulator."""
    offsets = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
    counts = np.zeros((offsets[-1], len(regulators)), np.float32)
    for g in range(len(widths)):
        for r in np.flatnonzero(rng.random(len(regulators)) < 0.33):
            counts[offsets[g] + rng.integers(widths[g]), r] = rng.integers(10, 60) if on != "gene" else rng.choice([-1, 1, 2])
    bins = np.arange(offsets[-1]) - np.repeat(offsets[:-1], widths)
    return Track(
        name,
        cls,
        on,
        bin_size,
        5,
        np.array([f"g{i:03d}" for i in range(len(widths))]),
        np.array(regulators),
        csr_matrix(counts),
        offsets,
        np.full(offsets[-1], bin_size, np.int32),
        bins * bin_size,
        (bins + 1) * bin_size,
    )


def write_inputs(folder: Path, seed: int = 0) -> dict[str, list[str] | str]:
    """Write features, expression and splits; return their paths as the options of a script name them."""
    rng = np.random.default_rng(seed)
    tracks = [
        make_track("tf_promoter", "tf", "promoter", [f"TF{i}" for i in range(1, 7)], np.full(GENES, 12), 100, rng),
        make_track("rbp_rna", "rbp", "rna", [f"RBP{i}" for i in range(1, 6)], rng.integers(3, 30, GENES), 100, rng),
        make_track("mirna_rna", "mirna", "gene", [f"mir{i}" for i in range(1, 5)], np.ones(GENES, np.int64), 1, rng),
    ]
    sums = {
        str(r): np.array([t.counts[t.offsets[g] : t.offsets[g + 1], j].sum() for g in range(GENES)])
        for t in tracks
        for j, r in enumerate(t.regulators)
    }
    level = 4 + 1.5 * (sums["RBP1"] > 0) + 0.1 * rng.normal(size=GENES)
    change = 0.15 * rng.normal(size=(GENES, 4))
    change[:, 0] += 2 * (sums["TF1"] > 0)
    change[:, 1] -= 2 * (sums["RBP2"] > 0)
    change[:, 2] += sums["mir3"]
    names = np.array([f"g{i:03d}" for i in range(GENES)])
    expression = Expression(names, OUTPUTS, level[:, None] + change, level, "log2")
    features = []
    for track in tracks:
        features.append(str(folder / f"{track.name}.features.h5ad"))
        write_features(features[-1], track)
    write_expression(folder / "expression.h5ad", expression)
    write_splits(folder / "f1.splits.tsv", names, np.array(["train"] * 200 + ["validation"] * 50 + ["test"] * 50))
    return {"features": features, "expression": str(folder / "expression.h5ad"), "splits": str(folder / "f1.splits.tsv")}


def hparams(kind: str = "profile") -> HyperParameters:
    """Small networks and trees that learn the planted effects in a second."""
    network = (
        {"width": 24, "blocks": 1, "dropout": 0.1, "rna_windows": [500]}
        if kind == "profile"
        else {"rna_units": 16, "promoter_units": 16, "dense_units": 16}
    )
    return HyperParameters(
        "default",
        "none" if kind == "profile" else "max",
        kind,
        network,
        FitSettings(epochs=40, batch_size=32, learning_rate=5e-3),
        TreesOptions(3, TreeSettings(rounds=60, eta=0.2, colsample_bytree=1.0, components=3, max_outputs=2)),
    )


def train(folder: Path, data: Dataset, family: str, replicate: int, kind: str = "profile") -> Path:
    """Train one member into `folder` / family + replicate."""
    out = folder / f"{kind}-{family}{replicate}"
    train_member(data, hparams(kind), MemberPlan(family, "all", replicate, 0, "f1", {}), out, "cpu", 1)
    return out


def make_models(folder: Path) -> dict[str, str]:
    """Inputs, a network, trees, the published network, and an ensemble of two networks and trees, all written under `folder`."""
    inputs = write_inputs(folder)
    data = load_dataset(list(inputs["features"]), str(inputs["expression"]), str(inputs["splits"]))
    members = [train(folder, data, "network", 1), train(folder, data, "network", 2), train(folder, data, "trees", 1)]
    published = train(folder, data, "network", 1, "decode2020")
    select_models(members, data, folder / "ensemble")
    return {"network": str(members[0]), "trees": str(members[2]), "published": str(published), "ensemble": str(folder / "ensemble")}
