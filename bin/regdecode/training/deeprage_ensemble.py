"""Prediction with an ensemble that select_deeprage.py wrote. Axes: G genes, S conditions, R regulators, L bases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from regdecode.errors import InputError
from regdecode.genome.codons import codon_table
from regdecode.genome.promoters import Promoters
from regdecode.genome.sequence_features import Recipe
from regdecode.models.deeprage_members import Request, SequenceMember, sum_sequence_members
from regdecode.training.deeprage_folder import DeepRageModel, load_deeprage
from regdecode.training.deeprage_learned import Learned, load_member, load_recipe
from regdecode.training.model_folder import read_model_config


@dataclass(frozen=True)
class DeepRageEnsemble:
    """Networks and learned members with their weights; `config` is its config.json."""

    config: dict[str, Any]
    networks: tuple[tuple[float, DeepRageModel], ...]
    learned: tuple[tuple[float, Learned], ...]
    recipe: Recipe | None

    @property
    def regulators(self) -> list[str]:
        """(R,) regulators, in the order of its inputs."""
        return list(self.config["regulators"])

    def predict(
        self,
        sequences: Promoters,
        regulators: NDArray[np.float32],
        conditions: Sequence[str] = (),
        coding: Mapping[str, bytes] | None = None,
    ) -> NDArray[np.float64]:
        """(G, S) log2 ratios of genes in conditions.

        Parameters
        ----------
        sequences
            Promoters with gene names; a gene that is itself a regulator does not read its own entry.
        regulators
            (S, R) log2 ratios of the ensemble's regulators, 0 where unknown.
        conditions
            (S,) names; those of the training are recognised. Empty: all are new.
        coding
            Coding sequences by gene, where the ensemble reads them.

        Raises
        ------
        InputError
            Regulators are not the ensemble's, promoters are shorter than its window, or coding sequences are missing.
        """
        inputs = np.asarray(regulators, np.float64)
        if inputs.shape[1] != len(self.regulators):
            raise InputError(
                f"there are {inputs.shape[1]} regulators; the ensemble reads {len(self.regulators)}", "", "give its own, in its order"
            )
        total = np.zeros((len(sequences.genes), len(inputs)))
        for weight, network in self.networks:
            if weight:
                total += weight * network.predict(sequences, inputs.astype(np.float32), conditions)
        used = [(weight, member) for weight, member in self.learned if weight]
        if used:
            request = self._request(sequences, inputs, list(conditions), coding)
            total += sum_sequence_members([(weight, member) for weight, member in used if isinstance(member, SequenceMember)], request)
            total += sum(weight * member.predict(request) for weight, member in used if not isinstance(member, SequenceMember))
        return total

    def _request(
        self, sequences: Promoters, inputs: NDArray[np.float64], conditions: list[str], coding: Mapping[str, bytes] | None
    ) -> Request:
        """Names turned into places."""
        genes = sequences.genes.tolist()
        own, row = _places(genes, self.regulators), _places(genes, self.config["genes"])
        place = _places(conditions, self.config["conditions"]) if conditions else np.full(len(inputs), -1)
        if self.recipe is None:
            return Request(np.zeros((len(genes), 0), np.float32), inputs, own, place, row)
        if sequences.codes.shape[1] < self.recipe.length:
            raise InputError(
                f"promoters of {sequences.codes.shape[1]} bases; the ensemble reads {self.recipe.length}",
                "",
                "give longer promoters",
            )
        if self.config["uses_coding"] and not coding:
            raise InputError("the ensemble reads codons", "", "give the genes' coding sequences")
        table = self.recipe.table(sequences.codes)
        if self.config["uses_coding"] and coding:
            table = table.with_codons(codon_table(sequences.genes.tolist(), coding))
        return Request(table.X, inputs, own, place, row)


def _places(names: Sequence[str], among: Sequence[str]) -> NDArray[np.int64]:
    """Place of each name, -1 where there is none."""
    place = {name: k for k, name in enumerate(among)}
    return np.array([place.get(name, -1) for name in names], dtype=np.int64)


def load_deeprage_ensemble(folder: str | Path, device: str | torch.device = "cpu") -> DeepRageEnsemble:
    """Load an ensemble.

    Raises
    ------
    InputError
        The folder holds none.
    """
    config = read_model_config(folder)
    if (config.get("system"), config["family"]) != ("deeprage", "ensemble"):
        raise InputError("holds no DeepRAGE ensemble", folder, "give the folder that select_deeprage.py wrote")
    networks = tuple((one["weight"], load_deeprage(Path(folder) / one["folder"], device)) for one in config["members"])
    recipe = Path(folder) / "learned"
    learned = tuple((one["weight"], load_member(Path(folder) / one["folder"])[1]) for one in config["learned"])
    return DeepRageEnsemble(config, networks, learned, load_recipe(recipe) if (recipe / "features.json").is_file() else None)
