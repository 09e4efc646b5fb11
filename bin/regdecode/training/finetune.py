"""Transfer: a tissue network tuned to people, its first stage frozen.

The frozen stage is linear and reads nothing but the gene, so its output is computed once for all genes and stays resident; what is trained
is a small network on it. Axes: G genes, E units of the frozen stage, H hidden units, T outputs.
"""

import hashlib
import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from regdecode.errors import RegdecodeError
from regdecode.expression.scale import TargetScale, fit_scale
from regdecode.models.decode import DecodeNet
from regdecode.models.ridge import fit_ridge
from regdecode.training.checkpoint import CheckpointPlace, Progress
from regdecode.training.dataset import Dataset
from regdecode.training.encode import encode_tracks
from regdecode.training.fit import FitData, fit, make_fit_data, masked_error, predict
from regdecode.training.member import output_weights
from regdecode.training.model_folder import NetworkModel
from regdecode.training.people_settings import PeopleSettings

log = logging.getLogger(__name__)


class FrozenWeightsError(RegdecodeError):
    """The weights that transfer must not touch have changed."""

    exit_code = 3


class DenseStage(DecodeNet):
    """What transfer trains: the layers after the first stage, which they share with the network they belong to.

    `predict_encoded` reads the stage's output [N, E] in the place of pooled features.
    """

    def __init__(self, whole: DecodeNet) -> None:
        super().__init__(whole.tracks, whole.n_outputs)
        frozen = set(whole.stage_modules())
        for name, module in whole.named_children():
            if name not in frozen and any(True for _ in module.parameters()):
                self.add_module(name, module)
        for name in ("activation", "dropout"):
            if hasattr(whole, name):
                self.add_module(name, getattr(whole, name))
        object.__setattr__(self, "whole", whole)  # not a submodule: its frozen weights are no parameters of this one

    def hidden(self, features: Tensor) -> Tensor:
        """Activations [N, H] from the stage's output [N, E]."""
        whole: DecodeNet = self.__dict__["whole"]
        return whole.dense_layers(features)


def frozen_state(net: DecodeNet) -> dict[str, Tensor]:
    """Copy what transfer must leave as it is: weights of the first stage and buffers of the scaling before it."""
    dense = set(DenseStage(net).state_dict())
    return {key: value.detach().clone() for key, value in net.state_dict().items() if key not in dense}


def state_digest(state: dict[str, Tensor]) -> str:
    """sha256 of tensors by name."""
    digest = hashlib.sha256()
    for key in sorted(state):
        digest.update(key.encode())
        digest.update(state[key].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Tuned:
    """A tuned network and how it was reached: `progress` of the fit, loss of the head it started from, digest of what stayed frozen."""

    net: DecodeNet
    scale: TargetScale
    progress: Progress
    start_loss: float
    frozen_digest: str
    predicted: NDArray[np.float64]


@torch.no_grad()
def staged_features(model: NetworkModel, data: Dataset) -> Tensor:
    """Output of the frozen stage for all genes, float32 [G, E]."""
    net = model.net.eval()
    return torch.cat([net.stage(part) for part in encode_tracks(net, data.tracks, model.scales).split(4096)])


def tune(
    model: NetworkModel, data: Dataset, settings: PeopleSettings, seed: int, device: torch.device, place: CheckpointPlace | None = None
) -> Tuned:
    """Tune a tissue network to people.

    Parameters
    ----------
    model
        The tissue network; its net is changed in place and becomes the person network.
    data
        Tracks aligned to the model, targets of the people.
    seed
        Same seed, data and threads: same weights, on a CPU.
    """
    net = model.net
    before = frozen_state(net)
    staged = staged_features(model, data)
    train = data.rows("train")
    scale = fit_scale(data.targets[train], data.has_level)
    divisors = scale.divisors(len(data.outputs))
    scaled = data.targets / divisors
    with torch.no_grad():
        hidden = net.dense_layers(staged).double().numpy()
    net.head = new_head(net.head, hidden[train], scaled[train], data.has_level, settings.head, seed)
    net.n_outputs = len(data.outputs)
    for name in net.stage_modules():
        getattr(net, name).requires_grad_(False)
    part = DenseStage(net).to(device)
    fit_data = make_fit_data(staged, scaled, output_weights(data, settings.fit.level_share), data.split, device)
    start = {key: value.detach().clone() for key, value in part.state_dict().items()}
    start_loss = _validation_loss(part, fit_data, settings)
    progress = fit(part, fit_data, settings.fit, seed, place)
    if progress.best_loss >= start_loss:
        log.info("no epoch was better than the head it started from (validation loss %.4f)", start_loss)
        part.load_state_dict(start)
        progress.best_epoch, progress.best_loss = 0, start_loss
    predicted = predict(part, fit_data.features).cpu().double().numpy() * divisors
    net.cpu().eval()
    after = frozen_state(net)
    if any(not torch.equal(before[key], after[key]) for key in before):
        raise FrozenWeightsError("the first stage's weights changed while the dense layers were tuned", "transfer", "report it")
    return Tuned(net, scale, progress, start_loss, state_digest(after), predicted)


def _validation_loss(part: DecodeNet, data: FitData, settings: PeopleSettings) -> float:
    rows = data.validation
    return float(masked_error(predict(part, data.features[rows]), data.targets[rows], data.weights[rows], settings.fit.huber_delta))


def new_head(old: nn.Linear, hidden: NDArray[np.float64], scaled: NDArray[np.float64], has_level: bool, how: str, seed: int) -> nn.Linear:
    """Make a head [H -> T] to start from.

    Parameters
    ----------
    old
        The tissue head; "mean" starts every person from the mean of its rows (fold changes), the level from its last.
    hidden
        (N, H) hidden units of training genes.
    scaled
        (N, T) scaled targets of the same genes.
    how
        "ridge": ridge of the targets on the hidden units, penalties by cross-validation, one for all fold changes and one for the level.
    """
    n_outputs = scaled.shape[1]
    if how == "ridge":
        pools = np.zeros(n_outputs, dtype=int)
        pools[-1] = int(has_level)
        ridge = fit_ridge(hidden, scaled, pools, seed=seed)
        weight = (ridge.coefficients / ridge.scale[:, None]).T
        bias = ridge.intercept - weight @ ridge.mean
    else:
        rows = old.weight.detach().double().numpy()
        weight = np.tile(rows.mean(0), (n_outputs, 1))
        if has_level:
            weight[-1] = rows[-1]
        bias = np.nan_to_num(np.nanmean(scaled, 0)) - weight @ hidden.mean(0)
    head = nn.utils.skip_init(nn.Linear, hidden.shape[1], n_outputs)
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
        head.bias.copy_(torch.from_numpy(bias))
    return head


def transfer_record(model: NetworkModel, tuned: Tuned) -> dict[str, Any]:
    """What config.json says of where a person network comes from."""
    config = model.config
    return {
        "model": config["model"],
        "member": config["member"],
        "outputs": len(config["outputs"]),
        "frozen": tuned.net.stage_modules(),
        "frozen_sha256": tuned.frozen_digest,
        "start_loss": tuned.start_loss,
    }
