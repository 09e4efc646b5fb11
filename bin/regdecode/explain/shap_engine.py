"""shap's own DeepExplainer on the same net: the check of somebody who does not trust ours.

It runs on the dense bins, one gene and one output at a time, and is slow. The net's own elementwise layers are registered with shap's
rule for non-linearities, its poolings as linear; shap would follow unknown layers by their plain gradient.
"""

import copy
import warnings
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from regdecode.errors import InputError
from regdecode.io.records import Track
from regdecode.models.decode import DecodeNet
from regdecode.training.encode import dense_inputs

_NONLINEAR = ("SignedLog1p",)
_LINEAR = ("WindowPool", "TailSums")


class _Spread(nn.Module):
    """A net that takes its tracks as separate arguments, as shap hands them over."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, *inputs: Tensor) -> Tensor:
        out: Tensor = self.net(list(inputs))
        return out


def shap_contributions(
    net: DecodeNet, tracks: Sequence[Track], reference: Sequence[Track], scales: Sequence[NDArray[np.float32]], row: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Explain one gene with shap.

    Parameters
    ----------
    net
        Network.
    tracks, reference
        Features of all genes and of the reference gene.
    scales
        (R,) divisors a track.
    row
        The gene.

    Returns
    -------
    contributions
        (columns of all tracks, T), summed over bins.
    prediction, delta
        (T,) f(x), f(x) - f(reference).
    """
    given = dense_inputs(tracks, scales, np.array([row]))
    base = dense_inputs(reference, scales, np.array([0]))
    bins = [max(x.shape[1], y.shape[1]) for x, y in zip(given, base, strict=True)]
    given, base = ([_padded(x, b) for x, b in zip(side, bins, strict=True)] for side in (given, base))
    spread = _Spread(copy.deepcopy(net).cpu().double().eval())
    values = explainer_values(spread, given, base)
    with torch.no_grad():
        prediction, at_reference = spread(*given)[0].numpy(), spread(*base)[0].numpy()
    return np.concatenate([part[0].sum(0) for part in values]), prediction, prediction - at_reference


def explainer_values(net: nn.Module, given: list[Tensor], base: list[Tensor]) -> list[NDArray[np.float64]]:
    """SHAP values (N, B, R + 1, T) a track, from shap's DeepExplainer."""
    try:
        import shap
        from shap.explainers._deep import deep_pytorch
    except ImportError as error:
        raise InputError(
            f"the engine shap is not installed ({error})", "--engine shap", "pip install shap, or use --engine regdecode"
        ) from None
    deep_pytorch.op_handler.update(dict.fromkeys(_NONLINEAR, deep_pytorch.nonlinear_1d))
    deep_pytorch.op_handler.update(dict.fromkeys(_LINEAR, deep_pytorch.linear_1d))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*non-full backward hook.*|.*requires_grad.*")
        values = shap.DeepExplainer(net, base).shap_values(given, check_additivity=False)
    with torch.no_grad():
        outputs = net(*given).shape[1]
    return [np.asarray(part, np.float64).reshape(*x.shape, outputs) for part, x in zip(values, given, strict=True)]


def _padded(x: Tensor, bins: int) -> Tensor:
    return nn.functional.pad(x, (0, 0, 0, bins - x.shape[1])).double()
