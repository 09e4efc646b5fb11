"""Hyper-parameter files: one model's network, fit and trees, checked before anything is computed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from regdecode.errors import Faults, InputError
from regdecode.models.decode import KINDS
from regdecode.models.trees import TreeSettings
from regdecode.training.fit import FitSettings

# what a number may be: least and most value, both allowed
_RANGES: dict[str, tuple[float, float]] = {
    "epochs": (1, 100_000),
    "batch_size": (2, 1_000_000),
    "learning_rate": (1e-8, 10),
    "weight_decay": (0, 10),
    "patience": (0, 100_000),
    "level_share": (0, 0.99),
    "huber_delta": (0, 1e4),
    "width": (1, 65_536),
    "blocks": (0, 100),
    "input_dropout": (0, 0.95),
    "dropout": (0, 0.95),
    "promoter_window": (0, 10**7),
    "rna_windows": (1, 10**7),
    "rna_units": (1, 65_536),
    "rna_kernel": (1, 64),
    "rna_layers": (1, 64),
    "promoter_units": (1, 65_536),
    "promoter_kernel": (1, 64),
    "promoter_layers": (1, 64),
    "dense_units": (1, 65_536),
    "dense_layers": (0, 64),
    "components": (1, 10_000),
    "max_outputs": (0, 100_000),
    "rounds": (1, 100_000),
    "eta": (1e-6, 1),
    "max_depth": (1, 30),
    "min_child_weight": (0, 1e6),
    "subsample": (1e-3, 1),
    "colsample_bytree": (1e-3, 1),
    "reg_lambda": (0, 1e9),
    "max_bin": (2, 65_536),
    "huber_slope": (0, 1e4),
    "windows": (1, 1000),
    "network": (0, 1000),
    "trees": (0, 1000),
}
_CHOICES = {"schedule": ("constant", "cosine")}


@dataclass(frozen=True)
class TreesOptions:
    """The trees members: equal parts of a promoter in their feature table, and how boosters are grown."""

    windows: int = 3
    settings: TreeSettings = field(default_factory=TreeSettings)


@dataclass(frozen=True)
class HyperParameters:
    """One hyper-parameter file, checked.

    Parameters
    ----------
    model
        Name of the model, as in metrics.tsv.
    scale
        Divisor of the features: "max" over training genes and bins, or "none".
    kind, network
        Name of the network and its settings.
    fit
        How it is fitted.
    trees
        Trees members; None where the model has none.
    members
        How many members of each family the workflow trains; training itself makes no use of it.
    """

    model: str
    scale: str
    kind: str
    network: dict[str, Any]
    fit: FitSettings
    trees: TreesOptions | None
    members: dict[str, int] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return what decides a member's training, as plain values, for records and signatures."""
        return {name: value for name, value in asdict(self).items() if name != "members"}


def _check_value(value: Any, default: Any, name: str, where: str, faults: Faults) -> Any:
    """Return a value of the default's type and inside its range; the default where it is not."""
    if isinstance(default, tuple):
        if not isinstance(value, list):
            faults.add(f"{value!r} is not a list", where, "give a list of numbers, [] for none")
            return default
        return tuple(_check_value(item, 1, name, f"{where}[{k}]", faults) for k, item in enumerate(value))
    if isinstance(default, str):
        if value not in _CHOICES[name]:
            faults.add(f"{value!r} is not known", where, f"one of {', '.join(_CHOICES[name])}")
            return default
        return value
    whole = isinstance(default, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        hint = "; YAML reads 1e-3 as text, write 1.0e-3" if isinstance(value, str) else ""
        faults.add(f"{value!r} is not a {'whole ' if whole else ''}number", where, f"such as {default}{hint}")
        return default
    low, high = _RANGES[name]
    if not low <= value <= high:
        faults.add(f"{value} is not between {low:g} and {high:g}", where, f"such as {default}")
        return default
    return value if whole else float(value)


def check_block(block: Any, defaults: Mapping[str, Any], where: str, faults: Faults) -> dict[str, Any]:
    """Known names with good values; every fault is noted."""
    if block is None:
        return {}
    if not isinstance(block, dict):
        faults.add(f"{block!r} is not a block of settings", where, f"name: value lines of {', '.join(defaults)}")
        return {}
    checked = {}
    for name, value in block.items():
        if name not in defaults:
            faults.add(f"unknown setting '{name}'", where, f"one of {', '.join(defaults)}")
        else:
            checked[name] = _check_value(value, defaults[name], str(name), f"{where}.{name}", faults)
    return checked


def defaults_of(settings: type) -> dict[str, Any]:
    """Defaults of a dataclass of settings, by name."""
    return {f.name: f.default for f in fields(settings)}


def in_turn(block: Any, defaults: Mapping[str, Any], replicate: int) -> Any:
    """Settings of one replicate: of a list given for a single value, the replicates (from 1) take the entries in turn."""
    if not isinstance(block, dict):
        return block
    turns = {
        name: value[(replicate - 1) % len(value)]
        for name, value in block.items()
        if isinstance(value, list) and value and not isinstance(defaults.get(name), tuple)
    }
    return {**block, **turns}


def parse_hparams(content: Any, where: str, replicate: int = 1) -> HyperParameters:
    """Check the content of a hyper-parameter file, as it is for one replicate.

    Raises
    ------
    InputError
        With every fault at once.
    """
    if not isinstance(content, dict):
        raise InputError("is not a list of settings", where, "see assets/decode/default.yml")
    faults = Faults()
    known = ("model", "members", "scale", "network", "fit", "trees")
    for name in content:
        if name not in known:
            faults.add(f"unknown setting '{name}'", where, f"one of {', '.join(known)}")
    model = content.get("model")
    if not isinstance(model, str) or not model:
        faults.add(f"model is {model!r}", where, "name the model, such as model: default")
    scale = content.get("scale", "none")
    if scale not in ("none", "max"):
        faults.add(f"scale is {scale!r}", where, "one of none, max")
    network = content.get("network")
    kind = network.get("kind") if isinstance(network, dict) else None
    settings: dict[str, Any] = {}
    if not isinstance(network, dict) or kind not in KINDS:
        faults.add(f"network.kind is {kind!r}", where, f"one of {', '.join(KINDS)}")
    else:
        defaults = defaults_of(KINDS[kind][1])
        block = {name: value for name, value in network.items() if name != "kind"}
        settings = check_block(in_turn(block, defaults, replicate), defaults, f"{where}: network", faults)
    fit = check_block(content.get("fit"), defaults_of(FitSettings), f"{where}: fit", faults)
    trees = None
    if content.get("trees") is not None:
        defaults = {"windows": TreesOptions.windows, **defaults_of(TreeSettings)}
        block = check_block(in_turn(content["trees"], defaults, replicate), defaults, f"{where}: trees", faults)
        trees = TreesOptions(block.pop("windows", TreesOptions.windows), TreeSettings(**block))
    members = check_block(content.get("members"), {"network": 4, "trees": 1}, f"{where}: members", faults)
    faults.raise_if_any()
    return HyperParameters(str(model), str(scale), str(kind), settings, FitSettings(**fit), trees, members)


def read_hparams(path: str | Path, replicate: int = 1) -> HyperParameters:
    """Read and check a hyper-parameter file (YAML), as it is for one replicate."""
    try:
        content = yaml.safe_load(Path(path).read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"is not YAML: {' '.join(str(error).split())}", path, "see assets/decode/default.yml") from error
    return parse_hparams(content, str(path), replicate)
