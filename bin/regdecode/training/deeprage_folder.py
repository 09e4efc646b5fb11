"""Model folders of DeepRAGE: config.json and model.safetensors, all that prediction and the explaining steps need.

Axes: G genes, S conditions, R regulators, L bases, T outputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from regdecode.errors import InputError
from regdecode.genome.promoters import Promoters
from regdecode.models.deeprage import DeepRageNet, shape_from
from regdecode.training.deeprage_stage import PairData, predict_pairs
from regdecode.training.model_folder import read_model_config, write_json


class PairPredictions(NamedTuple):
    """`values` (G, S) log2 ratios; `probabilities` (G, S, classes), None for regression."""

    values: NDArray[np.float32]
    probabilities: NDArray[np.float32] | None


@dataclass(frozen=True)
class DeepRageModel:
    """A trained network.

    `config` is its config.json. Outputs are in units of `config["scalers"]["target"]` (regression), or logits of the classes, whose mean
    values are `config["class_values"]`.
    """

    config: dict[str, Any]
    net: DeepRageNet

    @property
    def regulators(self) -> list[str]:
        """(R,) regulators, in the order of its inputs."""
        return list(self.config["regulators"])

    @property
    def length(self) -> int:
        """Bases of the window, L."""
        return int(self.config["architecture"]["length"])

    @property
    def filters(self) -> list[str]:
        """(K,) names of the filters: the motif a filter started from, or filter_<k>."""
        return list(self.config["filters"])

    def pair_data(self, codes: NDArray[np.uint8], inputs: NDArray[np.float32], genes: Sequence[str], conditions: Sequence[str]) -> PairData:
        """Tensors of promoters (G, L) and regulators' log2 ratios (S, R), on the network's device; targets and masks are empty.

        `genes` and `conditions` name the rows: a gene that is a regulator has its own entry masked, and names seen in training find
        their memory; empty lists for none.
        """
        if codes.shape[1] < self.length:
            raise InputError(f"promoters of {codes.shape[1]} bases; the model reads {self.length}", "", "give longer promoters")
        if inputs.shape[1] != len(self.regulators):
            raise InputError(
                f"there are {inputs.shape[1]} regulators; the model reads {len(self.regulators)}", "", "give the model's own, in its order"
            )
        device = self.net.trunk.conv.weight.device
        column_of = {name: k for k, name in enumerate(self.regulators)}
        own = np.array([column_of.get(name, -1) for name in genes] if len(genes) else [-1] * len(codes), dtype=np.int64)
        rows = [self._rows(genes, "genes", len(codes)), self._rows(conditions, "conditions", len(inputs))]
        nothing = torch.zeros(0, device=device)
        scaled = torch.tensor(inputs / self.config["scalers"]["input"], dtype=torch.float32, device=device)
        return PairData(
            torch.tensor(codes[:, codes.shape[1] - self.length :], device=device),
            scaled,
            torch.tensor(own, device=device),
            nothing,
            None,
            nothing,
            nothing,
            *(torch.tensor(found, device=device) for found in rows),
        )

    def _rows(self, names: Sequence[str], which: str, n: int) -> NDArray[np.int64]:
        """Rows of a memory by name, -1 where unknown."""
        row_of = {name: k for k, name in enumerate(self.config["memory"][which])}
        return np.array([row_of.get(name, -1) for name in names] if len(names) else [-1] * n, dtype=np.int64)

    def predict_all(
        self, sequences: Promoters | NDArray[np.uint8], regulators: NDArray[np.float32], conditions: Sequence[str] = ()
    ) -> PairPredictions:
        """Log2 ratios, and the classes' probabilities where the model has classes; see `predict`."""
        names, codes = (sequences.genes.tolist(), sequences.codes) if isinstance(sequences, Promoters) else ([], sequences)
        outputs = predict_pairs(self.net, self.pair_data(codes, np.asarray(regulators, np.float32), names, list(conditions)))
        return self.from_outputs(outputs)

    def from_outputs(self, outputs: torch.Tensor) -> PairPredictions:
        """Predictions from the network's outputs [G, S, T]."""
        if self.config["task"] == "regression":
            return PairPredictions((outputs[..., 0] * self.config["scalers"]["target"]).cpu().numpy(), None)
        shares = torch.softmax(outputs, 2).cpu().numpy()
        return PairPredictions(shares @ np.array(self.config["class_values"], np.float32), shares)

    def predict(
        self, sequences: Promoters | NDArray[np.uint8], regulators: NDArray[np.float32], conditions: Sequence[str] = ()
    ) -> NDArray[np.float32]:
        """(G, S) log2 ratios of genes in conditions.

        Parameters
        ----------
        sequences
            Promoters with gene names (a gene that is itself a regulator has its own entry masked), or codes (G, L) alone.
        regulators
            (S, R) log2 ratios of the model's regulators, 0 where unknown.
        conditions
            (S,) names, for models that remember the conditions of their training; empty for none.
        """
        return self.predict_all(sequences, regulators, conditions).values


def save_deeprage(folder: Path, net: DeepRageNet, config: dict[str, Any]) -> None:
    """Write weights and config.json into an existing folder."""
    save_file({key: value.detach().cpu().contiguous() for key, value in net.state_dict().items()}, folder / "model.safetensors")
    write_json(folder / "config.json", config)


def load_deeprage(folder: str | Path, device: str | torch.device = "cpu") -> DeepRageModel:
    """Load a network that train_deeprage.py wrote.

    Raises
    ------
    InputError
        The folder holds no DeepRAGE network.
    """
    config = read_model_config(folder)
    if (config.get("system"), config["family"]) != ("deeprage", "network"):
        raise InputError("holds no DeepRAGE network", folder, "give the folder that train_deeprage.py wrote")
    shape = shape_from(config["architecture"])
    memory = config["memory"]
    n_outputs = 1 if config["task"] == "regression" else len(config["class_values"])
    net = DeepRageNet(shape, len(config["regulators"]), n_outputs, len(memory["genes"]), len(memory["conditions"]))
    net.load_state_dict(load_file(Path(folder) / "model.safetensors"))
    return DeepRageModel(config, net.eval().to(device))
