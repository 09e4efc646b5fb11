"""Hyper-parameter files of DeepRAGE: network and fit, checked before anything is computed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from regdecode.errors import Faults, InputError
from regdecode.models.deeprage import MERGES, DeepRageShape
from regdecode.models.deeprage_trunk import POOLS, STRANDS

_RANGES: dict[str, tuple[float, float]] = {
    "length": (0, 10**6),
    "filters": (0, 65_536),
    "width": (1, 1000),
    "words": (0, 8),
    "pool_size": (1, 10**6),
    "pool_stride": (1, 10**6),
    "windows": (0, 10**6),
    "heads": (1, 1000),
    "regulator_units": (1, 65_536),
    "regulator_dropout": (0, 0.95),
    "dense": (1, 65_536),
    "rank": (1, 65_536),
    "hidden": (1, 65_536),
    "dropout": (0, 0.95),
    "learning_rate": (1e-8, 10),
    "trunk_rate": (0, 1),
    "momentum": (0, 0.999),
    "weight_decay": (0, 10),
    "batch_genes": (2, 10**6),
    "batch_conditions": (0, 10**6),
    "frozen_epochs": (0, 10**5),
    "trunk_epochs": (0, 10**5),
    "epochs": (0, 10**5),
    "patience": (0, 10**5),
    "halve_after": (1, 10**5),
    "clip": (0, 1e6),
    "shift": (0, 10**4),
    "huber_delta": (0, 1e4),
    "members": (1, 1000),
}
_CHOICES = {
    "merge": MERGES,
    "pool": POOLS,
    "strands": STRANDS,
    "memory": ("auto", "none"),
    "optimiser": ("adam", "sgd"),
    "schedule": ("cosine", "constant", "halve"),
}


@dataclass(frozen=True)
class DeepRageFit:
    """How a network is fitted, in up to three stages.

    `frozen_epochs`: the gene side alone learns many conditions at once, its filters as they start (their activations are computed once);
    `trunk_epochs`: filters too; `epochs`: the merge with the regulators, with the trunk as it is by then (`freeze_trunk`) or learning on.
    `trunk_rate` is the trunk's learning rate as a part of the others'. `schedule`: "halve" the rate when the validation loss has not
    improved for `halve_after` epochs (as published), "cosine", or "constant". `batch_conditions` 0 takes all. `shift` moves each training
    promoter by up to so many bases. `clip` bounds the gradient's norm; 0 for none. `huber_delta`: where the error turns linear, in standard
    deviations.
    """

    optimiser: str = "adam"
    learning_rate: float = 1e-3
    trunk_rate: float = 1.0
    momentum: float = 0.9
    weight_decay: float = 0.0
    batch_genes: int = 64
    batch_conditions: int = 0
    frozen_epochs: int = 0
    trunk_epochs: int = 0
    epochs: int = 30
    freeze_trunk: bool = False
    schedule: str = "cosine"
    halve_after: int = 5
    patience: int = 10
    clip: float = 0.0
    shift: int = 0
    huber_delta: float = 0.0


@dataclass(frozen=True)
class DeepRageParameters:
    """One hyper-parameter file, checked: `model` names it, `task` is "regression" or "classes", `members` how many replicates to train."""

    model: str
    task: str = "regression"
    members: int = 3
    network: DeepRageShape = field(default_factory=DeepRageShape)
    fit: DeepRageFit = field(default_factory=DeepRageFit)

    def plain(self) -> dict[str, Any]:
        """Return what decides a training, as plain values."""
        return {name: value for name, value in asdict(self).items() if name != "members"}


def _check(value: Any, default: Any, name: str, where: str, faults: Faults) -> Any:
    """Value of the default's type and inside its range; the default where it is not."""
    if isinstance(default, tuple):
        if isinstance(value, list):
            return tuple(_check(item, 1, name, f"{where}[{k}]", faults) for k, item in enumerate(value))
        faults.add(f"{value!r} is not a list", where, "give a list of whole numbers")
    elif isinstance(default, bool):
        if isinstance(value, bool):
            return value
        faults.add(f"{value!r} is neither true nor false", where, f"such as {str(default).lower()}")
    elif isinstance(default, str):
        if value in _CHOICES[name]:
            return value
        faults.add(f"{value!r} is not known", where, f"one of {', '.join(_CHOICES[name])}")
    elif isinstance(value, bool) or not isinstance(value, int if isinstance(default, int) else int | float):
        hint = "; YAML reads 1e-3 as text, write 1.0e-3" if isinstance(value, str) else ""
        faults.add(f"{value!r} is not a {'whole ' if isinstance(default, int) else ''}number", where, f"such as {default}{hint}")
    elif not _RANGES[name][0] <= value <= _RANGES[name][1]:
        faults.add(f"{value} is not between {_RANGES[name][0]:g} and {_RANGES[name][1]:g}", where, f"such as {default}")
    else:
        return value if isinstance(default, int) else float(value)
    return default


def _block(block: Any, kind: type, where: str, faults: Faults) -> Any:
    """Dataclass `kind` of a block of settings; every fault is noted."""
    defaults = {item.name: item.default for item in fields(kind)}
    if not isinstance(block or {}, Mapping):
        faults.add(f"{block!r} is not a block of settings", where, f"name: value lines of {', '.join(defaults)}")
        return kind()
    found = {}
    for name, value in (block or {}).items():
        if name in defaults:
            found[name] = _check(value, defaults[name], str(name), f"{where}.{name}", faults)
        else:
            faults.add(f"unknown setting '{name}'", where, f"one of {', '.join(defaults)}")
    return kind(**found)


def parse_deeprage_hparams(content: Any, where: str) -> DeepRageParameters:
    """Check the content of a hyper-parameter file.

    Raises
    ------
    InputError
        With every fault at once.
    """
    if not isinstance(content, dict):
        raise InputError("is not a list of settings", where, "see assets/deeprage/default.yml")
    faults = Faults()
    for name in content:
        if name not in ("model", "task", "members", "network", "fit"):
            faults.add(f"unknown setting '{name}'", where, "one of model, task, members, network, fit")
    model, task = content.get("model"), content.get("task", "regression")
    if not isinstance(model, str) or not model:
        faults.add(f"model is {model!r}", where, "name the model, such as model: default")
    if task not in ("regression", "classes"):
        faults.add(f"task is {task!r}", where, "regression or classes")
    members = _check(content.get("members", 3), 3, "members", f"{where}: members", faults)
    network = _block(content.get("network"), DeepRageShape, f"{where}: network", faults)
    fit = _block(content.get("fit"), DeepRageFit, f"{where}: fit", faults)
    if network.filters < 1 and not network.motifs:
        faults.add("network.filters is 0 and no motif starts one", where, "give filters, or motifs: true")
    faults.raise_if_any()
    return DeepRageParameters(str(model), task, members, network, fit)


def read_deeprage_hparams(path: str | Path) -> DeepRageParameters:
    """Read and check a hyper-parameter file (YAML)."""
    try:
        content = yaml.safe_load(Path(path).read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"is not YAML: {' '.join(str(error).split())}", path, "see assets/deeprage/default.yml") from error
    return parse_deeprage_hparams(content, str(path))
