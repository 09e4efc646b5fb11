"""Settings of one track, as the organism file gives them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from regdecode.errors import Faults

REGIONS = ("promoter", "unit_promoter", "rna", "gene")
ANCHORS = ("tss", "start_codon")


@dataclass(frozen=True)
class TrackSettings:
    """What to count, and where.

    Parameters
    ----------
    name, cls
        Unique name of the track, regulator class.
    on
        "promoter", "unit_promoter", "rna" or "gene".
    upstream, downstream
        Bases of a promoter before the anchor, and from it on.
    anchor
        "tss" or "start_codon".
    bin_size
        Bases a bin.
    min_genes
        A regulator needs sites on as many genes.
    signed
        Links carry their effect as their sign.
    columns
        Names of the columns of a link table; `name: file` names the sites of a BED file like the file.
    """

    name: str
    cls: str
    on: str
    upstream: int = 0
    downstream: int = 0
    anchor: str = "tss"
    bin_size: int = 1
    min_genes: int = 1
    signed: bool = False
    columns: dict[str, str] = field(default_factory=dict)


def parse_settings(config: Mapping[str, Any], where: str) -> TrackSettings:
    """Check the settings of a track and fill in defaults.

    Parameters
    ----------
    config
        Keys name, class, on, promoter [upstream, downstream], bin, anchor, min_genes, signed, columns; others are ignored.
    where
        The file they come from, for messages.

    Raises
    ------
    InputError
        Some settings are missing or out of range; all are told at once.
    """
    faults = Faults()
    on = config.get("on", "gene")
    for key in ("name", "class"):
        if not isinstance(config.get(key), str) or not config[key]:
            faults.add(f"'{key}' is missing", where, f"give the track its {key}")
    if on not in REGIONS:
        faults.add(f"on is '{on}', not one of {', '.join(REGIONS)}", where, "correct 'on'")
    promoter = config.get("promoter") or [0, 0]
    if "promoter" in str(on):
        if not (isinstance(promoter, list) and len(promoter) == 2 and all(_is_count(value) for value in promoter) and sum(promoter) > 0):
            faults.add(f"promoter is {promoter!r}, not [bases upstream, bases downstream]", where, "correct windows.decode.promoter")
        if config.get("anchor", "tss") not in ANCHORS:
            faults.add(f"anchor is '{config['anchor']}', not one of {', '.join(ANCHORS)}", where, "correct windows.decode.anchor")
    for key, default in (("bin", 1), ("min_genes", 1)):
        if not _is_count(config.get(key, default)) or config.get(key, default) < 1:
            faults.add(f"{key} is {config[key]!r}, not a whole number from 1", where, f"correct '{key}'")
    if not isinstance(config.get("signed", False), bool):
        faults.add(f"signed is {config['signed']!r}, not true or false", where, "correct 'signed'")
    columns = config.get("columns") or {}
    if not isinstance(columns, dict):
        faults.add(f"columns is {columns!r}, not a mapping", where, "correct 'columns'")
    faults.raise_if_any()
    return TrackSettings(
        config["name"],
        config["class"],
        on,
        promoter[0],
        promoter[1],
        config.get("anchor", "tss"),
        config.get("bin", 1),
        config.get("min_genes", 1),
        config.get("signed", False),
        {key: str(value) for key, value in columns.items()},
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
