"""Small DeepRAGE networks with random weights, for tests of what explains them."""

import numpy as np
import torch

from regdecode.genome.promoters import Promoters
from regdecode.models.deeprage import DeepRageNet, DeepRageShape
from regdecode.training.deeprage_folder import DeepRageModel

KINDS = [
    {"merge": "bilinear", "strands": "both", "memory": True, "normalise": True},
    {"merge": "concatenate", "pool": "max", "dense": (9,), "task": "classes"},
    {"merge": "tensor", "pool": "global", "dense": (9,)},
    {"merge": "recurrent", "pool": "max", "dense": (9,)},
    {"merge": "bilinear", "pool": "attention", "heads": 2},
]
N_GENES, N_CONDITIONS, N_REGULATORS, LENGTH = 12, 5, 4, 40


def model_of(task: str = "regression", memory: bool = False, seed: int = 0, **shape) -> DeepRageModel:
    """A network whose weights, normalisations and memories are all random."""
    given = {"merge": "bilinear", "pool": "windows", "windows": (0, 12, LENGTH), "filters": 5, "width": 6, "length": LENGTH}
    given |= {"regulator_units": 7, "rank": 3, "hidden": 4, "dropout": 0.3, "pool_size": 6, "pool_stride": 6} | shape
    torch.manual_seed(seed)
    settings = DeepRageShape(**given)
    net = DeepRageNet(settings, N_REGULATORS, 1 if task == "regression" else 3, *((N_GENES, N_CONDITIONS) if memory else (0, 0)))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
        for name, buffer in net.named_buffers():
            if "running" in name:
                buffer.copy_(torch.rand_like(buffer) + 0.5)
    names = {"genes": [f"g{i}" for i in range(N_GENES)], "conditions": [f"c{k}" for k in range(N_CONDITIONS)]}
    config = {
        "system": "deeprage",
        "family": "network",
        "model": "default",
        "member": "r1",
        "task": task,
        "regime": "new_gene",
        "fold": "0",
    }
    config |= {"regulators": ["g3", "r1", "r2", "r3"], "filters": [f"filter_{k}" for k in range(settings.filters)]}
    config |= {"starts": ["random"] * settings.filters}
    config |= {"memory": names if memory else {"genes": [], "conditions": []}, "scalers": {"target": 1.7, "input": 0.8}}
    config |= {"class_values": [-1.1, 0.1, 1.3], "architecture": {"length": LENGTH}}
    return DeepRageModel(config, net.eval())


def kind_name(kind) -> str:
    return kind["merge"] + "-" + kind.get("pool", "")


def predict(model: DeepRageModel, codes, inputs, gene: int):
    """Log2 ratios of a gene in every condition, as a user gets them."""
    promoters = Promoters(np.array([f"g{i}" for i in range(len(codes))]), codes)
    return model.predict_all(promoters, inputs, [f"c{k}" for k in range(len(inputs))]).values[gene]


def cells_of(model: DeepRageModel, seed: int = 1):
    """Random promoters and regulators' values; gene g3 is itself a regulator."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (N_GENES, LENGTH)).astype(np.uint8)
    codes[2, 5:9] = 4
    inputs = rng.normal(size=(N_CONDITIONS, N_REGULATORS)).astype(np.float32)
    names = [f"g{i}" for i in range(N_GENES)]
    return codes, inputs, model.pair_data(codes, inputs, names, [f"c{k}" for k in range(N_CONDITIONS)])


def silenced(model: DeepRageModel, filters) -> DeepRageModel:
    """A copy with the filters' weights and biases at 0."""
    import copy

    net = copy.deepcopy(model.net)
    with torch.no_grad():
        net.trunk.conv.weight[list(filters)] = 0
        net.trunk.conv.bias[list(filters)] = 0
    return DeepRageModel(model.config, net.eval())
