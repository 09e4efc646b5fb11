"""A small cohort with a planted driver of co-expression, and models of its people: trained, or with random weights."""

from pathlib import Path

import numpy as np
import torch
from scipy.sparse import csr_matrix
from tests.unit.explain.planted import make_track

from regdecode.io.gene_table import GeneTable, write_genes
from regdecode.io.h5ad import write_expression, write_features
from regdecode.io.records import Expression, Track
from regdecode.io.splits import write_splits
from regdecode.models.decode import build_network
from regdecode.models.trees import TreeSettings, fit_trees
from regdecode.training.dataset import Dataset
from regdecode.training.encode import regulator_scales, track_shapes
from regdecode.training.fit import FitSettings
from regdecode.training.hparams import HyperParameters
from regdecode.training.member import MemberPlan, train_member
from regdecode.training.model_folder import EnsembleModel, NetworkModel, TreesFolder, describe_tracks

GENES, PEOPLE = 260, 30
DRIVERS = {"TF1": 1.0, "TF2": -1.0}
"""Planted: one activity a person moves genes bound by TF1 up and genes bound by TF2 down. Other regulators do nothing."""
PAIR = ("g200", "g201")
"""Test genes bound by TF1 and by nothing else that acts; `UNLIKE` is bound by TF2."""
UNLIKE = "g202"
BARE = "g203"
"""A test gene without any site; its expression follows nobody's."""


def make_tracks(seed: int = 0) -> list[Track]:
    """Three classes; the sites of the planted genes are set by hand."""
    rng = np.random.default_rng(seed)
    tracks = [
        make_track("mirna_rna", "mirna", "gene", [f"mir{i}" for i in range(1, 4)], np.ones(GENES, np.int64), 1, rng),
        make_track("rbp_rna", "rbp", "rna", [f"RBP{i}" for i in range(1, 6)], rng.integers(6, 20, GENES), 100, rng),
        make_track("tf_promoter", "tf", "promoter", [f"TF{i}" for i in range(1, 9)], np.full(GENES, 12), 100, rng),
    ]
    changed = []
    for track in tracks:
        counts = track.counts.toarray()
        if track.on != "gene":  # a second site of every other regulator, in another bin
            for first, last in zip(track.offsets[:-1], track.offsets[1:]):
                counts[first:last, ::2] += counts[first:last, ::2][rng.permutation(last - first)]
        for gene in (*PAIR, UNLIKE, BARE):
            rows = slice(track.offsets[int(gene[1:])], track.offsets[int(gene[1:]) + 1])
            if gene == BARE:
                counts[rows] = 0
            elif track.name == "tf_promoter":
                counts[rows, :2] = 0
                counts[rows.start + 5, 1 if gene == UNLIKE else 0] = 40
                counts[rows.start + 2, 4] = 30
        changed.append(Track(**{**vars(track), "counts": csr_matrix(counts)}))
    return changed


def activity() -> np.ndarray:
    """(T,) what moves the genes from person to person."""
    return np.linspace(-1.5, 1.5, PEOPLE)[np.random.default_rng(5).permutation(PEOPLE)]


def make_people(tracks: list[Track], seed: int = 0) -> Expression:
    """Log2 expression of the cohort."""
    rng = np.random.default_rng(seed + 1)
    tf = next(track for track in tracks if track.name == "tf_promoter")
    bound = np.add.reduceat(tf.counts.toarray(), tf.offsets[:-1], axis=0) > 0
    change = sum(sign * bound[:, int(name[2:]) - 1].astype(float)[:, None] for name, sign in DRIVERS.items()) * activity()
    values = 5 + rng.normal(0, 1, GENES)[:, None] + change + rng.normal(0, 0.15, (GENES, PEOPLE))
    return Expression(tf.genes, np.array([f"p{i:02d}" for i in range(PEOPLE)]), values, np.median(values, 1), "log2")


def gene_table(names: dict[str, str] | None = None) -> GeneTable:
    """Genes g000 .. named gene0 .., but those of `names`."""
    ids = [f"g{i:03d}" for i in range(GENES)]
    shown = [(names or {}).get(gene, f"Gene{i}") for i, gene in enumerate(ids)]
    n = np.arange(GENES)
    text, ones = np.array(ids), np.ones(GENES, np.int64)
    return GeneTable(text, np.array(shown), np.full(GENES, "1"), n * 100, n * 100 + 50, np.full(GENES, "+"), n * 100, n * 100, ones * 50,
                     ones, text, text)  # fmt: skip


def splits() -> np.ndarray:
    return np.array(["train"] * 160 + ["validation"] * 40 + ["test"] * 60)


def write_cohort(folder: Path) -> None:
    """Features, expression, splits, genes.tsv and a trained person model in `folder` / model."""
    tracks = make_tracks()
    expression = make_people(tracks)
    for track in tracks:
        write_features(folder / f"{track.name}.features.h5ad", track)
    write_expression(folder / "cohort.expression.h5ad", expression)
    write_splits(folder / "f1.splits.tsv", expression.genes, splits())
    write_genes(gene_table({"g010": "TF1", "g011": "TF2", "g012": "RBP1", "g013": "TF5"}), folder / "genes.tsv")
    train_people(folder / "model", tracks, expression)


def train_people(out: Path, tracks: list[Track], expression: Expression) -> None:
    """A small network, good enough to know TF1 and TF2."""
    data = Dataset(expression.genes, splits(), tuple(tracks), expression.target_names(), expression.targets(), expression.level is not None)
    network = {"width": 32, "blocks": 1, "dropout": 0.0, "input_dropout": 0.0, "rna_windows": [500]}
    settings = HyperParameters("people", "none", "profile", network, FitSettings(epochs=25, batch_size=32, learning_rate=5e-3), None)
    train_member(data, settings, MemberPlan("network", "all", 1, 0, "f1", {}), out, "cpu", 1)


def random_network(tracks: list[Track], kind: str, seed: int = 0, outputs: int = 9) -> NetworkModel:
    """Untrained, but with running statistics and scales unlike 0 and 1, so that nothing cancels."""
    torch.manual_seed(seed)
    settings = (
        {"width": 16, "blocks": 2, "rna_windows": [300, 500]}
        if kind == "profile"
        else {"rna_units": 9, "promoter_units": 8, "dense_units": 12}
    )
    net = build_network(kind, settings, track_shapes(tracks), outputs)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 2)
    if kind == "profile":
        net.feature_scale.uniform_(0.2, 1)
    scales = tuple(regulator_scales(tracks, np.ones(GENES, bool), "max" if kind == "decode2020" else "none"))
    names = [f"p{i}" for i in range(outputs)]
    config = {"family": "network", "member": f"r{seed}", "outputs": names, "has_level": False, "tracks": describe_tracks(tracks, scales)}
    return NetworkModel(config, net.eval(), scales, np.linspace(0.5, 2, outputs))


def small_trees(tracks: list[Track], outputs: int = 9) -> TreesFolder:
    """Trees fitted to noise that follows the features."""
    config = {"family": "trees", "member": "t1", "outputs": [f"p{i}" for i in range(outputs)], "has_level": False,
              "tracks": describe_tracks(tracks, None), "architecture": {"windows": 3}}  # fmt: skip
    X = TreesFolder(config, None).design(tracks).X
    rng = np.random.default_rng(3)
    Y = X @ rng.normal(0, 0.2, (X.shape[1], outputs)) + rng.normal(0, 0.1, (GENES, outputs))
    settings = TreeSettings(rounds=20, eta=0.3, components=3, max_outputs=2, colsample_bytree=1.0)
    return TreesFolder(config, fit_trees(X[:200], Y[:200], X[200:], Y[200:], settings))


def mixed_ensemble(tracks: list[Track], outputs: int = 9) -> EnsembleModel:
    """Both networks and trees with unequal weights, and a member without weight."""
    members = (
        random_network(tracks, "profile", 1),
        random_network(tracks, "decode2020", 2),
        small_trees(tracks),
        random_network(tracks, "profile", 3),
    )
    weights = np.array([[0.5], [0.2], [0.3], [0.0]]) * np.linspace(0.5, 1.5, outputs)
    config = {**members[0].config, "family": "ensemble"}
    return EnsembleModel(config, members, weights, np.linspace(-1, 1, outputs))
