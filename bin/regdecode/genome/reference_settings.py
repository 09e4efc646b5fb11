"""Settings of REFERENCE, checked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regdecode.errors import Faults, InputError

KINDS = ("gtf", "gff3", "table")
ALLOWED = {
    "kind",
    "columns",
    "zero_based",
    "separator",
    "chromosome",
    "gene_id",
    "biotypes",
    "strip_version",
    "unit_gap",
    "chromosomes",
    "windows",
    "file",
}


@dataclass(frozen=True)
class PromoterSettings:
    """Window of a gene's promoter: bases before and from the anchor on; `by_unit`: of its transcription unit's first gene."""

    upstream: int
    downstream: int
    anchor: str
    by_unit: bool = False


@dataclass(frozen=True)
class ReferenceSettings:
    """What the organism file says of the annotation; see `reference_settings`."""

    kind: str
    columns: Mapping[str, str]
    zero_based: bool = False
    separator: str | None = None
    chromosome: str | None = None
    gene_id: str | None = None
    biotypes: tuple[str, ...] = ()
    strip_version: bool | None = None
    from_description: str | None = None
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    largest_gap: int | None = None
    promoter: PromoterSettings | None = None
    sequence: PromoterSettings | None = None


def reference_settings(config: Mapping[str, Any], where: str) -> ReferenceSettings:
    """Check the settings of REFERENCE.

    Parameters
    ----------
    config
        kind (gtf, gff3, table); of a table: columns, zero_based, separator, chromosome; gene_id (attribute), biotypes, strip_version
        ("auto", true, false), unit_gap (bases); chromosomes {from_description, only, exclude}; windows {decode {promoter [upstream,
        downstream], anchor}, sequence {length, anchor, downstream, unit (gene, operon)}}.
    where
        Name of the file the settings come from.

    Raises
    ------
    InputError
        An unknown key or a value of the wrong kind; all at once.
    """
    faults = Faults()
    for key in sorted(set(config) - ALLOWED):
        faults.add(f"unknown setting {key!r}", where, f"use one of {', '.join(sorted(ALLOWED))}")
    names = config.get("chromosomes") or {}
    for key in sorted(set(names) - {"from_description", "only", "exclude", "aliases"}):
        faults.add(f"unknown setting 'chromosomes.{key}'", where, "use from_description, aliases, only or exclude")
    if config.get("kind") not in KINDS:
        faults.add(f"kind is {config.get('kind')!r}", where, f"use one of {', '.join(KINDS)}")
    strip = config.get("strip_version", "auto")
    if strip not in ("auto", True, False):
        faults.add(f"strip_version is {strip!r}", where, "use auto, true or false")
    with faults.collect():
        _check_pattern(names.get("from_description"), where)
    windows = config.get("windows") or {}
    promoter = sequence = None
    with faults.collect():
        promoter = _promoter_settings(windows.get("decode"), where)
    with faults.collect():
        sequence = _sequence_settings(windows.get("sequence"), where)
    faults.raise_if_any()
    return ReferenceSettings(
        kind=config["kind"],
        columns=config.get("columns") or {},
        zero_based=bool(config.get("zero_based", False)),
        separator=config.get("separator"),
        chromosome=config.get("chromosome"),
        gene_id=config.get("gene_id"),
        biotypes=tuple(config.get("biotypes") or ()),
        strip_version=None if strip == "auto" else strip,
        from_description=names.get("from_description"),
        only=tuple(map(str, names.get("only") or ())),
        exclude=tuple(map(str, names.get("exclude") or ())),
        largest_gap=config.get("unit_gap"),
        promoter=promoter,
        sequence=sequence,
    )


def _check_pattern(pattern: Any, where: str) -> None:
    try:
        good = pattern is None or re.compile(pattern).groups >= 1
    except (re.error, TypeError) as error:
        raise InputError(f"from_description is {pattern!r} ({error})", where, "give a regular expression with one group") from error
    if not good:
        raise InputError(f"from_description {pattern!r} has no group", where, "put the chromosome's name in parentheses")


def _promoter_settings(decode: Mapping[str, Any] | None, where: str) -> PromoterSettings | None:
    if not decode or "promoter" not in decode:
        return None
    window, anchor = decode["promoter"], decode.get("anchor", "tss")
    whole = isinstance(window, Sequence) and len(window) == 2 and all(isinstance(bases, int) and bases >= 0 for bases in window)
    if not whole or sum(window) == 0:
        raise InputError(f"windows.decode.promoter is {window!r}", where, "give [bases upstream, bases downstream] of the anchor")
    if anchor not in ("tss", "start_codon"):
        raise InputError(f"windows.decode.anchor is {anchor!r}", where, "use tss or start_codon")
    return PromoterSettings(window[0], window[1], anchor)


def _sequence_settings(sequence: Mapping[str, Any] | None, where: str) -> PromoterSettings | None:
    """`length` bases in all, `downstream` of them from the anchor on."""
    if not sequence or "length" not in sequence:
        return None
    length, downstream, anchor = sequence["length"], sequence.get("downstream", 0), sequence.get("anchor", "tss")
    if not all(isinstance(bases, int) and not isinstance(bases, bool) for bases in (length, downstream)) or not 0 <= downstream <= length:
        raise InputError(
            f"windows.sequence has length {length!r} and downstream {downstream!r}", where, "give whole bases, downstream at most length"
        )
    if length == 0:
        raise InputError("windows.sequence.length is 0", where, "give the bases of a promoter, such as 1000")
    if anchor not in ("tss", "start_codon"):
        raise InputError(f"windows.sequence.anchor is {anchor!r}", where, "use tss or start_codon")
    unit = sequence.get("unit", "gene")
    if unit not in ("gene", "operon"):
        raise InputError(f"windows.sequence.unit is {unit!r}", where, "use gene or operon")
    return PromoterSettings(length - downstream, downstream, anchor, unit == "operon")
