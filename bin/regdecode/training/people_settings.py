"""assets/decode/people.yml: how a tissue model is tuned to people, checked before anything is computed."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from regdecode.errors import Faults, InputError
from regdecode.training.fit import FitSettings
from regdecode.training.hparams import check_block, defaults_of

_CHOICES = {"head": ("ridge", "mean"), "weights": ("validation", "equal")}


@dataclass(frozen=True)
class PeopleSettings:
    """How a tissue model is tuned to people.

    Parameters
    ----------
    head
        How the new head starts: "ridge" of the hidden units, or "mean" of the tissues' head.
    weights
        Members of the ensemble weigh alike, or by one common factor that fits validation genes ("validation").
    scratch
        How many networks are trained on the people alone, for comparison.
    fit
        How the dense layers and the head are tuned.
    """

    head: str = "ridge"
    weights: str = "validation"
    scratch: int = 1
    fit: FitSettings = field(default_factory=FitSettings)

    def plain(self) -> dict[str, Any]:
        """Return plain values, for records and signatures."""
        return asdict(self)


def parse_people(content: Any, where: str) -> PeopleSettings:
    """Check the content of the file.

    Raises
    ------
    InputError
        With every fault at once.
    """
    if not isinstance(content, dict):
        raise InputError("is not a list of settings", where, "see assets/decode/people.yml")
    faults = Faults()
    known = ("model", *_CHOICES, "scratch", "fit")
    for name in content:
        if name not in known:
            faults.add(f"unknown setting '{name}'", where, f"one of {', '.join(known)}")
    for name, choices in _CHOICES.items():
        if content.get(name, choices[0]) not in choices:
            faults.add(f"{content[name]!r} is not known", f"{where}: {name}", f"one of {', '.join(choices)}")
    scratch = content.get("scratch", 1)
    if not isinstance(scratch, int) or isinstance(scratch, bool) or not 0 <= scratch <= 100:
        faults.add(f"{scratch!r} is not a whole number from 0 to 100", f"{where}: scratch", "such as 1")
    fit = check_block(content.get("fit"), defaults_of(FitSettings), f"{where}: fit", faults)
    faults.raise_if_any()
    return PeopleSettings(content.get("head", "ridge"), content.get("weights", "validation"), scratch, FitSettings(**fit))


def read_people(path: str | Path) -> PeopleSettings:
    """Read and check the settings of transfer (YAML)."""
    try:
        content = yaml.safe_load(Path(path).read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"is not YAML: {' '.join(str(error).split())}", path, "see assets/decode/people.yml") from error
    return parse_people(content, str(path))
