"""Every single substitution of a promoter: computed one by one, but only the positions that it touches are convolved again.

Axes: L bases, S conditions.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from regdecode.explain.network_tail import in_log2
from regdecode.training.deeprage_folder import DeepRageModel
from regdecode.training.deeprage_stage import PairData

_POSITIONS = 16


@torch.no_grad()
def saturate(model: DeepRageModel, data: PairData, gene: int, conditions: NDArray[np.integer]) -> NDArray[np.float64]:
    """Effects (L, 4, S) of every single substitution on a gene in some conditions, f(changed) - f(as it is), in log2 units.

    The letter that stands there has 0; so has every letter at an unknown base.
    """
    net, trunk = model.net, model.net.trunk
    codes = data.codes[gene]
    width, n_steps, length = trunk.shape.width, trunk.shape.steps, len(codes)
    letters = trunk.one_hot(codes[None])
    base = trunk.activations(letters)
    columns = torch.tensor(np.asarray(conditions), dtype=torch.long, device=codes.device)
    inputs, memory = data.inputs[columns], data.conditions[columns]

    def predict(activations: Tensor) -> Tensor:
        n = len(activations)
        own, genes = data.own[gene].expand(n), data.genes[gene].expand(n)
        return in_log2(model, net.from_features(trunk.pool(activations), inputs, own, genes, memory)).double()

    whole = predict(base)
    effects = torch.zeros(length, 4, len(columns), dtype=torch.float64, device=codes.device)
    known = torch.nonzero(codes < 4)[:, 0]
    for block in known.split(_POSITIONS):
        changed = base.repeat(3 * len(block), 1, 1)
        at, to = block.repeat_interleave(3), torch.empty(3 * len(block), dtype=torch.long, device=codes.device)
        for k, position in enumerate(block.tolist()):
            others = torch.tensor([letter for letter in range(4) if letter != int(codes[position])], device=codes.device)
            to[3 * k : 3 * k + 3] = others
            first, last = max(0, position - width + 1), min(n_steps - 1, position)
            local = letters[:, :, first : last + width].repeat(3, 1, 1)
            local[:, :, position - first] = torch.eye(4, device=codes.device, dtype=local.dtype)[others]
            changed[3 * k : 3 * k + 3, :, first : last + 1] = trunk.activations(local)
        effects[at, to] = predict(changed) - whole
    return effects.cpu().numpy()
