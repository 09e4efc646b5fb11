"""Which regulator a motif stands for: names from motif sets made one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regdecode.errors import Faults, InputError
from regdecode.io.meme import Motif

NAMELESS = frozenset({"", "NA", "na", "None", "-", "."})


@dataclass(frozen=True)
class ScanSettings:
    """What the organism file says of a class of scanned sites; see `scan_settings`."""

    regulator_class: str = "motif"
    p_value: float = 1e-4
    name: re.Pattern[str] | None = None
    rename: Mapping[str, str] | None = None
    keep: re.Pattern[str] | None = None
    by_motif: bool = False
    uniform: bool = False
    pseudocount: float = 0.1


def scan_settings(config: Mapping[str, Any], where: str) -> ScanSettings:
    """Check the settings of SCAN_MOTIFS; keys of other steps are ignored.

    Parameters
    ----------
    config
        class; p_value; motif_name (regular expression, its first group is the regulator); motif_rename (name -> name); motif_keep
        (regular expression
        on `id alternate`); motif_by (regulator or motif); background (promoters or uniform); pseudocount (sites).
    where
        Name of the file the settings come from.

    Raises
    ------
    InputError
        A value is of the wrong kind or out of range; all at once.
    """
    faults = Faults()
    p_value, pseudocount = config.get("p_value", 1e-4), config.get("pseudocount", 0.1)
    if not isinstance(p_value, int | float) or isinstance(p_value, bool) or not 0 < p_value < 1:
        faults.add(f"p_value is {p_value!r}", where, "give a number between 0 and 1, such as 1e-4")
    if not isinstance(pseudocount, int | float) or isinstance(pseudocount, bool) or pseudocount <= 0:
        faults.add(f"pseudocount is {pseudocount!r}", where, "give a number above 0, such as 0.1")
    for key, allowed in (("motif_by", ("regulator", "motif")), ("background", ("promoters", "uniform"))):
        if config.get(key, allowed[0]) not in allowed:
            faults.add(f"{key} is {config[key]!r}", where, f"use {' or '.join(allowed)}")
    patterns: dict[str, re.Pattern[str] | None] = {}
    for key, groups in (("motif_name", 1), ("motif_keep", 0)):
        with faults.collect():
            patterns[key] = _pattern(config.get(key), key, groups, where)
    faults.raise_if_any()
    return ScanSettings(
        str(config.get("class", "motif")),
        float(p_value),
        patterns["motif_name"],
        config.get("motif_rename") or {},
        patterns["motif_keep"],
        config.get("motif_by") == "motif",
        config.get("background") == "uniform",
        float(pseudocount),
    )


def _pattern(text: Any, key: str, groups: int, where: str) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        pattern = re.compile(text)
    except (re.error, TypeError) as error:
        raise InputError(f"{key} is {text!r} ({error})", where, "give a regular expression") from error
    if pattern.groups < groups:
        raise InputError(f"{key} {text!r} has no group", where, "put the regulator's part of the name in parentheses")
    return pattern


def shown_name(motif: Motif, settings: ScanSettings) -> str:
    """Return the regulator of one motif: its alternate name, or its id where there is none; then the pattern's group; then the rename."""
    name = motif.motif_id if motif.alternate in NAMELESS else motif.alternate
    if settings.by_motif:
        return name if name == motif.motif_id else f"{name}_{motif.motif_id}"
    match = settings.name.search(name) if settings.name else None
    name = next((group for group in match.groups() if group), name) if match else name
    return (settings.rename or {}).get(name, name)


def regulators_of(motifs: Sequence[Motif], settings: ScanSettings) -> list[str | None]:
    """Return the regulator of each motif, None for motifs that `keep` leaves out.

    Names that differ in case alone are one regulator, in the spelling that comes first.
    """
    spelling: dict[str, str] = {}
    regulators: list[str | None] = []
    for motif in motifs:
        if settings.keep and not settings.keep.search(f"{motif.motif_id} {motif.alternate}".strip()):
            regulators.append(None)
        else:
            name = shown_name(motif, settings)
            regulators.append(spelling.setdefault(name.lower(), name))
    return regulators
