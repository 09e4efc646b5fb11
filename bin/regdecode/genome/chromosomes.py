"""Chromosome names: making FASTA, annotation, BED and settings agree on one spelling."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

ROMAN = re.compile(r"x{0,3}(ix|iv|v?i{0,3})")
PREFIX = re.compile(r"^(?:chromosome|chrom|chr)[ _.:-]?(?=.)", re.IGNORECASE)
ACCESSION = re.compile(r"^([a-z]{1,4}_?\d{5,})\.\d+$")
MITOCHONDRION = frozenset({"m", "mt", "mito", "mtdna", "mitochondrion", "mitochondrial", "mitochondria"})
CHLOROPLAST = frozenset({"pt", "cp", "chloroplast", "plastid"})
DESCRIBED = re.compile(r"\bchromosome[ =:]+(?:[\w.-]+:)?([0-9]{1,3}[A-Za-z]?|[IVX]+|[WXYZ]|MT?|Mito)\b", re.IGNORECASE)


class Chromosome(NamedTuple):
    """One chromosome: its name in the annotation, its bases (None where unknown), its other names."""

    name: str
    length: int | None
    aliases: tuple[str, ...]


class Reconciliation(NamedTuple):
    """Result of `reconcile`: `mapping` from each understood name to the known one, and the names nobody knows, sorted."""

    mapping: dict[str, str]
    unknown: list[str]


def name_key(name: str) -> str:
    """Return the form in which two spellings of one chromosome are equal.

    `chr1`, `Chr01` and `1` share a key; so do `chrM`, `MT` and `Mito`; `NC_001133.9`, `ref|NC_001133|`. Roman numerals are left to
    `reconcile`.
    """
    parts = [part for part in name.strip().split("|") if part]
    if len(parts) > 1 and "ref" in parts[:-1]:
        parts = parts[parts.index("ref") + 1 :]
    key = PREFIX.sub("", parts[-1] if parts else name).lower()
    if key in MITOCHONDRION:
        return "mt"
    if key in CHLOROPLAST:
        return "pt"
    key = ACCESSION.sub(r"\1", key)
    return key.lstrip("0") or "0" if key.isdigit() else key


def roman_value(key: str) -> int | None:
    """Return the value of a lower-case Roman numeral up to 39, None for anything else."""
    if not key or not ROMAN.fullmatch(key):
        return None
    worth = [{"i": 1, "v": 5, "x": 10}[letter] for letter in key]
    return sum(-value if any(later > value for later in worth[i + 1 : i + 2]) else value for i, value in enumerate(worth))


def numbered_in_roman(names: Iterable[str]) -> bool:
    """Tell whether a set of names is numbered in Roman: a lone I, V or X proves nothing, II or IV does."""
    return any(len(key) > 1 and roman_value(key) for key in map(name_key, names))


def reconcile(names: Iterable[str], known: Mapping[str, Sequence[str]]) -> Reconciliation:
    """Look names up among known chromosomes: as written, then by alias, then by the key of `name_key`, then across Roman and Arabic
    numerals.

    Parameters
    ----------
    names
        Names as another file spells them.
    known
        Name -> its aliases (`known_names` makes it from chromosomes.tsv).

    Returns
    -------
    Reconciliation
        A name whose key two known chromosomes share stays unknown, since guessing would be silent.
    """
    names = sorted(set(names))
    exact = {alias: name for name, aliases in known.items() for alias in aliases} | {name: name for name in known}
    keys: dict[str, set[str]] = {}
    for spelling, name in exact.items():
        keys.setdefault(name_key(spelling), set()).add(name)
    asked = {name: name_key(name) for name in names}
    if numbered_in_roman(known):
        for key in [key for key in keys if roman_value(key)]:
            keys.setdefault(str(roman_value(key)), set()).update(keys[key])
    elif numbered_in_roman(names):
        asked = {name: key if key in keys else str(roman_value(key) or key) for name, key in asked.items()}
    mapping = {}
    for name in names:
        found = {exact[name]} if name in exact else keys.get(asked[name], set())
        if len(found) == 1:
            mapping[name] = next(iter(found))
    return Reconciliation(mapping, [name for name in names if name not in mapping])


def known_names(chromosomes: Iterable[Chromosome]) -> dict[str, tuple[str, ...]]:
    """Return what `reconcile` looks names up in."""
    return {chromosome.name: chromosome.aliases for chromosome in chromosomes}


def names_in_description(description: str, pattern: str | None = None) -> list[str]:
    """Return the chromosome names that a FASTA description line tells.

    Parameters
    ----------
    description
        The header after the first blank.
    pattern
        Regular expression whose first group is the name; tried before the usual forms ("chromosome 1,", "[chromosome=I]", "mitochondrion").
    """
    found = [match.group(1) for match in [re.search(pattern, description)] if match] if pattern else []
    if not found:
        found = [match.group(1) for match in [DESCRIBED.search(description)] if match]
    if not found and re.search(r"\bmitochondri(on|al)\b", description, re.IGNORECASE):
        found = ["MT"]
    return found


def spellings(name: str, roman: bool = False) -> list[str]:
    """Return the usual other spellings of a chromosome name: with and without `chr`, the mitochondrion's, without an accession's version.

    Parameters
    ----------
    name
        Any spelling.
    roman
        Whether the chromosomes are numbered in Roman, so that the Arabic number is a spelling too.
    """
    key, bare = name_key(name), PREFIX.sub("", name)
    value = roman_value(key) if roman else None
    if key == "mt":
        forms = ["chrM", "chrMT", "M", "MT", "Mito", "chrMito"]
    elif "|" in name or re.match(r"^[a-z]{1,4}_?\d{5,}", key):
        inner = [part for part in name.split("|") if part]
        forms = [inner[-1], re.sub(r"\.\d+$", "", inner[-1])]
    else:
        forms = [bare, f"chr{bare}", *([str(value), f"chr{value}"] if value else [])]
    return [form for form in dict.fromkeys(forms) if form != name]
