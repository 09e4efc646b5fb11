"""Promoters with a planted motif whose effect is the value of one regulator, and a network that learns it in seconds."""

import numpy as np
import torch

from regdecode.expression.compendium import Compendium
from regdecode.genome.promoters import Promoters
from regdecode.io.records import Cells
from regdecode.models.deeprage import DeepRageShape
from regdecode.training.deeprage_data import CellData
from regdecode.training.deeprage_folder import load_deeprage
from regdecode.training.deeprage_hparams import DeepRageFit, DeepRageParameters
from regdecode.training.deeprage_member import DeepRagePlan, train_deeprage
from regdecode.training.deeprage_stage import PairData

SITE = np.array([0, 1, 2, 3, 3, 1, 0, 2])
NET = DeepRageShape(filters=12, width=8, pool_size=8, pool_stride=8, regulator_units=16, rank=8, dropout=0.1, normalise=True)
FIT = DeepRageFit(epochs=30, batch_genes=16, learning_rate=5e-3, clip=1.0)


def planted(n_genes: int = 240, n_conditions: int = 16, noise: float = 0.1, seed: int = 0) -> tuple[CellData, np.ndarray]:
    """log ratio = (promoter holds the site) x (value of regulator 3) + noise; new genes held out. The interaction itself, noise-free."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n_genes, 60)).astype(np.uint8)
    has = rng.random(n_genes) < 0.5
    codes[:, 20:28] = np.where(has[:, None], SITE, codes[:, 20:28])
    inputs = rng.normal(size=(n_conditions, 10)).astype(np.float32)
    effect = (has - 0.5)[:, None] * inputs[None, :, 3]
    genes = np.array([f"g{i}" for i in range(n_genes)])
    own = np.full(n_genes, -1)
    own[5] = 3
    names = np.array([f"r{i}" for i in range(10)])
    names[3] = "g5"
    part = np.where(np.arange(n_genes) % 5 == 0, 2, np.where(np.arange(n_genes) % 5 == 1, 1, 0)).astype(np.int8)
    cells = Cells(genes, np.array([f"c{i}" for i in range(n_conditions)]), np.repeat(part[:, None], n_conditions, 1),
                  {"regime": "new_gene", "fold": "0", "missing": "drop"})  # fmt: skip
    values = effect + rng.normal(size=effect.shape) * noise
    return CellData(Compendium(genes, cells.conditions, names, values, inputs, own), codes, cells, np.array([-0.3, 0.3])), effect


def r_on_test(folder, data: CellData, truth: np.ndarray) -> float:
    model = load_deeprage(folder)
    predicted = model.predict(Promoters(data.cells.genes, data.codes), data.compendium.inputs, data.cells.conditions.tolist())
    part = data.part(2)
    return float(np.corrcoef(predicted[part], truth[part])[0, 1])


def train(data, out, network=NET, fit=FIT, task="regression", motifs=(), **more) -> None:
    train_deeprage(data, list(motifs), DeepRageParameters("x", task, 1, network, fit), DeepRagePlan(1, 0, {}), out, "cpu", **more)


def pair_data_of(data: CellData) -> PairData:
    g, s = data.values.shape
    return PairData(
        torch.tensor(data.codes), torch.tensor(data.compendium.inputs), torch.tensor(data.compendium.own),
        torch.tensor(np.nan_to_num(data.values), dtype=torch.float32), None, torch.tensor(data.part(0)), torch.tensor(data.part(1)),
        torch.full((g,), -1), torch.full((s,), -1),
    )  # fmt: skip
