"""A cohort on the mini-organism as the scripts read it: features, tissues, people, splits, a trained tissue model. Made in memory."""

from pathlib import Path

import numpy as np
from click.testing import CliRunner
from scipy.sparse import csr_matrix
from tests.cli.test_train_decode import script
from tests.data.make_cohort import choose_genes, log_expression, make_people, planted_acts
from tests.data.make_mini import EFFECTS, TISSUES

from regdecode.io.gene_table import GeneTable, write_genes
from regdecode.io.h5ad import write_expression, write_features
from regdecode.io.records import Expression, Track
from regdecode.io.splits import write_splits

HPARAMS = """\
model: default
network: {kind: profile, width: 48, input_dropout: 0.1, dropout: 0.1}
fit: {epochs: 25, batch_size: 64, level_share: 0.1, huber_delta: 0.5, patience: 25}
trees: {windows: 1, rounds: 10}
"""
PEOPLE = "model: people\nscratch: 1\nfit: {epochs: 8, batch_size: 64, learning_rate: 1.0e-3, level_share: 0.1, huber_delta: 0.5}\n"


def link_track(name: str, acts: dict[str, np.ndarray], chosen: list[str], genes: np.ndarray) -> Track:
    """What acts on a gene, as links without positions."""
    n = len(genes)
    values = csr_matrix(np.column_stack([acts[key] > 0 for key in chosen]).astype(np.float32))
    zero, one = np.zeros(n, np.int64), np.ones(n, np.int64)
    return Track(name, name.split("_")[0], "gene", 1, 2, genes, np.array(chosen), values, np.arange(n + 1), one.astype(np.int32), zero, one)


def gene_table(genes: list[dict]) -> GeneTable:
    """genes.tsv of the mini-organism, as far as people need it."""
    ids = np.array([gene["id"] for gene in genes])
    start = np.array([gene["exons"][0][0] for gene in genes])
    end = np.array([gene["exons"][-1][1] for gene in genes])
    length = np.array([sum(b - a for a, b in gene["exons"]) for gene in genes])
    chrom = np.array([str(gene["chrom"]) for gene in genes])
    exons = np.array([len(gene["exons"]) for gene in genes])
    strand = np.array([gene["strand"] for gene in genes])
    return GeneTable(ids, np.char.lower(ids), chrom, start, end, strand, start, np.full(len(ids), -1), length, exons, ids, ids)


def write_case(folder: Path, people: int = 16, noise: float = 1.0, seed: int = 0, per_chromosome: int = 80) -> list[str]:
    """Write every input of the people scripts into `folder`; return the options that name features and splits."""
    genes, acts = planted_acts(per_chromosome, 0)
    chosen = choose_genes(genes, acts)
    ids = np.array([gene["id"] for gene in genes])
    rng = np.random.default_rng(seed)
    for name, prefixes in (("tf_promoter", ("TF", "MOTIF")), ("rbp_rna", ("RBP",)), ("mirna_rna", ("mir",))):
        write_features(folder / f"{name}.h5ad", link_track(name, acts, [key for key in acts if key.startswith(prefixes)], ids))
    tissues = np.full((len(ids), len(TISSUES)), 5.0)
    for name, (effect, where) in EFFECTS.items():
        tissues[:, range(len(TISSUES)) if where == "level" else [TISSUES.index(where)]] += effect * (acts[name] > 0)[:, None]
    tissues += rng.normal(0, 0.1, tissues.shape)
    write_expression(folder / "tissues.h5ad", Expression(ids, np.array(TISSUES), tissues, np.median(tissues, 1), "tpm"))
    sheet = make_people(people, rng, "p")
    logs = log_expression({key: (value > 0) * 1.0 for key, value in acts.items()}, chosen, sheet, False, noise, rng)
    lacking = np.arange(len(ids)) % 20 != 7  # a cohort expresses fewer genes than the tissues
    columns = {key: value for key, value in sheet.items() if key != "sample"}
    write_expression(
        folder / "cohort_a.expression.h5ad",
        Expression(ids[lacking], sheet["sample"], logs[lacking], np.median(logs[lacking], 1), "tpm", columns),
    )
    chromosome = np.array([gene["chrom"] for gene in genes])
    write_splits(folder / "chr5.splits.tsv", ids, np.where(chromosome == 5, "test", np.where(chromosome == 4, "validation", "train")))
    write_genes(gene_table(genes), folder / "genes.tsv")
    (folder / "h.yml").write_text(HPARAMS)
    (folder / "people.yml").write_text(PEOPLE)
    features = [word for name in ("tf_promoter", "rbp_rna", "mirna_rna") for word in ("--features", str(folder / f"{name}.h5ad"))]
    return [*features, "--splits", str(folder / "chr5.splits.tsv")]


def run(name: str, *arguments: str):
    return CliRunner().invoke(script(name), list(map(str, arguments)))


def train_tissues(folder: Path, data: list[str]) -> None:
    """Two networks and trees of the tissues, their ensemble, and an arm of shuffled promoters."""
    tissues = ["--expression", str(folder / "tissues.h5ad")]
    plans = {"r1": ["--replicate", "1"], "r2": ["--replicate", "2"], "t1": ["--family", "trees"], "sp": ["--arm", "shuffled_promoter"]}
    for name, more in plans.items():
        made = run("train_decode", *data, *tissues, "--hparams", folder / "h.yml", "--device", "cpu", "--out", folder / name, *more)
        assert made.exit_code == 0, made.output
    models = [word for name in ("r1", "r2", "t1") for word in ("--model", str(folder / name))]
    chosen = run("select_models", *models, *data, *tissues, "--out", folder / "tissue_model")
    assert chosen.exit_code == 0, chosen.output


def finetune(folder: Path, data: list[str], model: str, out: str, *more: str):
    return run(
        "finetune_decode", "--model", folder / model, *data, "--expression", folder / "cohort_a.expression.h5ad",
        "--hparams", folder / "people.yml", "--cohort", "cohort_a", "--device", "cpu", "--out", folder / out, *more,
    )  # fmt: skip
