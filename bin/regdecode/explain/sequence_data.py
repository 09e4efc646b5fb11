"""What explaining a DeepRAGE network reads: its folders, promoters, and the regulators' values of each condition.

Axes: G genes, S conditions, R regulators, L bases.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import Faults, InputError
from regdecode.expression.cell_space import names_of
from regdecode.expression.compendium import log_ratios, target_ratios
from regdecode.genome.promoters import stack_promoters
from regdecode.genome.scan import letter_frequencies
from regdecode.io.fasta import read_fasta
from regdecode.io.gene_table import read_genes
from regdecode.io.h5ad import read_cells, read_expression
from regdecode.io.records import Cells
from regdecode.training.deeprage_folder import DeepRageModel, load_deeprage
from regdecode.training.deeprage_stage import PairData


@dataclass(frozen=True)
class SequenceData:
    """Genes and conditions of one fold.

    Parameters
    ----------
    cells
        Genes (G,), conditions (S,) and which cells train, tune and test.
    names
        (G,) display names.
    codes
        (G, L) promoters.
    values
        (G, S) log2 ratios of the genes as they were trained on, NaN where not measured.
    ratios
        (all measured genes, S) log2 ratios as regulators are read, NaN where not measured.
    measured, measured_names
        Ids and display names of the rows of `ratios`.
    where
        The expression file, for messages.
    """

    cells: Cells
    names: NDArray[np.str_]
    codes: NDArray[np.uint8]
    values: NDArray[np.float64]
    ratios: NDArray[np.float64]
    measured: NDArray[np.str_]
    measured_names: NDArray[np.str_]
    where: str

    @property
    def genes(self) -> NDArray[np.str_]:
        """(G,) ids."""
        return self.cells.genes

    @property
    def conditions(self) -> NDArray[np.str_]:
        """(S,) names."""
        return self.cells.conditions

    def window(self, model: DeepRageModel) -> NDArray[np.uint8]:
        """(G, L) the bases that a model reads."""
        if self.codes.shape[1] < model.length:
            told = f"promoters of {self.codes.shape[1]} bases; the model reads {model.length}"
            raise InputError(told, "", "give the sequences that it was trained on")
        return np.ascontiguousarray(self.codes[:, self.codes.shape[1] - model.length :])

    def background(self, model: DeepRageModel) -> NDArray[np.float64]:
        """(4,) letter frequencies of what a model reads."""
        return letter_frequencies(self.window(model).ravel())

    def regulator_names(self, model: DeepRageModel) -> list[str]:
        """(R,) display names of a model's regulators."""
        known = dict(zip(self.measured.tolist(), self.measured_names.tolist(), strict=True))
        return [known.get(gene, gene) for gene in model.regulators]

    def pairs(
        self, model: DeepRageModel, genes: NDArray[np.integer] | None = None, conditions: NDArray[np.integer] | None = None
    ) -> PairData:
        """Tensors of genes and conditions (rows; all of them by default) as a model reads them.

        Raises
        ------
        InputError
            A regulator of the model is not measured.
        """
        row_of = {gene: row for row, gene in enumerate(self.measured.tolist())}
        lost = [gene for gene in model.regulators if gene not in row_of]
        if lost:
            told = f"{len(lost)} of the model's {len(model.regulators)} regulators are absent: {', '.join(lost[:8])}"
            raise InputError(told, self.where, "give the expression that the model was trained on")
        g = np.arange(len(self.genes)) if genes is None else np.asarray(genes)
        s = np.arange(len(self.conditions)) if conditions is None else np.asarray(conditions)
        inputs = np.nan_to_num(self.ratios[[row_of[gene] for gene in model.regulators]][:, s]).T.astype(np.float32)
        return model.pair_data(self.window(model)[g], inputs, self.genes[g].tolist(), self.conditions[s].tolist())


def read_sequence_data(expression: str | Path, sequences: str | Path, genes: str | Path, cells: str | Path) -> SequenceData:
    """Read and join.

    Raises
    ------
    InputError
        The files are not of one split: conditions differ, or genes lack a sequence or expression.
    """
    found, fold = read_expression(expression), read_cells(cells)
    if found.outputs.tolist() != fold.conditions.tolist():
        told = f"has the conditions {', '.join(found.outputs[:3])}, the cells {', '.join(fold.conditions[:3])}"
        raise InputError(told, expression, "split the cells of this expression again")
    promoters = stack_promoters(read_fasta(sequences), str(sequences))
    row_of = {gene: row for row, gene in enumerate(promoters.genes.tolist())}
    for held, where in ((row_of, sequences), (dict.fromkeys(found.genes.tolist()), expression)):
        lost = [gene for gene in fold.genes.tolist() if gene not in held]
        if lost:
            raise InputError(f"lacks {len(lost)} genes of the cells, such as {', '.join(lost[:3])}", where, "split the cells again")
    table = read_genes(genes)
    place = {gene: row for row, gene in enumerate(found.genes.tolist())}
    values = target_ratios(found, np.array([place[gene] for gene in fold.genes.tolist()]), fold.split)
    codes = promoters.codes[[row_of[gene] for gene in fold.genes.tolist()]]
    names = names_of(found.genes, table)
    return SequenceData(fold, names_of(fold.genes, table), codes, values, log_ratios(found), found.genes, names, str(expression))


def load_networks(folders: Sequence[str | Path], device: str = "cpu") -> list[tuple[str, DeepRageModel]]:
    """Networks by name ("model.member"): of folders of train_deeprage.py, or of the networks within an ensemble's folder.

    Raises
    ------
    InputError
        A folder holds no network with filters, or a name comes twice.
    """
    found: list[tuple[str, DeepRageModel]] = []
    for folder in folders:
        inside = [path for path in _candidates(Path(folder)) if _is_network(path)]
        if not inside:
            raise InputError("holds no network with sequence filters", folder, "give a folder that train_deeprage.py wrote")
        for path in inside:
            model = load_deeprage(path, device)
            if not model.filters or model.net.trunk.conv.out_channels != len(model.filters):
                raise InputError("holds no sequence filters", path, "train a network with filters (network.filters or network.motifs)")
            found.append((f"{model.config['model']}.{model.config['member']}", model))
    names = [name for name, _ in found]
    if len(set(names)) < len(names):
        raise InputError(f"the models {', '.join(names)} have one name twice", "--model", "give every replicate once")
    return found


def check_fold(data: SequenceData, networks: Sequence[tuple[str, DeepRageModel]], fold: str | None) -> None:
    """Refuse networks of another fold than the cells.

    Raises
    ------
    InputError
        A network, or `fold` ("<fold>" or "<regime>.<fold>"), is of another split.
    """
    own = f"{data.cells.attrs['regime']}.{data.cells.attrs['fold']}"
    faults = Faults()
    if fold is not None and fold not in (own, data.cells.attrs["fold"]):
        faults.add(f"the cells are of fold {own}, not {fold}", "--fold", "give the cells of that fold")
    for label, model in networks:
        told = f"{model.config['regime']}.{model.config['fold']}"
        if told != own:
            faults.add(f"was trained on fold {told}, the cells are of {own}", label, "give the cells that it was trained on")
    faults.raise_if_any()


def _candidates(folder: Path) -> list[Path]:
    return [
        folder,
        *sorted(path.parent for path in folder.glob("*/config.json")),
        *sorted(p.parent for p in folder.glob("*/*/config.json")),
    ]


def _is_network(folder: Path) -> bool:
    path = folder / "config.json"
    if not path.is_file():
        return False
    try:
        config = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise InputError(f"is not JSON: {error}", path, "write the model anew") from error
    return isinstance(config, dict) and (config.get("system"), config.get("family")) == ("deeprage", "network")
