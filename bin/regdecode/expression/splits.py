"""Which genes train, validate and test: by chromosome, genomic block, folds file, list or chance. Pure functions on arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from regdecode.errors import Faults, InputError
from regdecode.io.gene_table import GeneTable

TRAIN, VALIDATION, TEST = "train", "validation", "test"
WAYS = ("chromosome", "block", "folds", "random", "list")
_KEYS = ("by", "test", "validation", "size", "modulo", "file", "columns", "whole_units", "required", "name")
_NEXT = "next"
_WHERE = "splits.genes"


def check_config(config: Mapping[str, Any]) -> None:
    """Refuse unknown keys, an unknown way, and ways that lack what they need, all at once.

    Raises
    ------
    InputError
    """
    faults = Faults()
    for key in sorted(set(config) - set(_KEYS)):
        faults.add(f"unknown key {key}", _WHERE, f"use one of {', '.join(_KEYS)}")
    way = config.get("by")
    if way not in WAYS:
        faults.add(f"by is {way!r}", _WHERE, f"use one of {', '.join(WAYS)}")
    for key in ("test", "validation"):
        if way not in (None, "list") and config.get(key) in (None, [], ""):
            faults.add(f"{key} is not named", _WHERE, f"name the {key} set: it is never chosen silently")
    if way in ("folds", "list") and not config.get("file"):
        faults.add(f"by: {way} needs a file", _WHERE, "give file: a table with gene_id and " + ("fold" if way == "folds" else "split"))
    size = config.get("size", 100_000)
    if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
        faults.add(f"size is {size!r}", _WHERE, "give the block size in bases")
    faults.raise_if_any()


def test_sets(test: Any) -> list[list[str]]:
    """Test sets to hold out in turn: ``[a, b]`` is one set of two members, ``[[a], [b, c]]`` two sets."""
    members = test if isinstance(test, list) else [test]
    if members and all(isinstance(member, list) for member in members):
        return [[str(name) for name in member] for member in members]
    if any(isinstance(member, list) for member in members):
        raise InputError(f"test mixes names and lists: {test}", _WHERE, "give one list of names, or a list of lists")
    return [[str(member) for member in members]]


def fold_name(members: Sequence[str]) -> str:
    """Members joined with ``+``, as the fold's name."""
    return "+".join(members)


def block_labels(genes: GeneTable, rows: np.ndarray, size: int, modulo: int = 10) -> np.ndarray:
    """Tell the ending of the number of the genomic block in which each gene starts, as text: ``(start // size) % modulo``."""
    return ((genes.start[rows] // size) % modulo).astype(str)


def split_by_labels(labels: np.ndarray, test: Sequence[str], validation: Any, units: np.ndarray, seed: int, what: str) -> np.ndarray:
    """Split genes by a label each carries (chromosome, block ending, fold).

    Parameters
    ----------
    labels : ndarray of str (G,)
    test : sequence of str
        Labels held out.
    validation : list, str, int or float
        Labels that validate; "next": the label after the last test label, in sorted order and around the end; a share below 1: that
        share of the remaining genes, drawn by transcription unit.
    units : ndarray of str (G,)
        Transcription unit of each gene.
    seed : int
    what : str
        Kind of label, for messages.

    Returns
    -------
    ndarray of str (G,)

    Raises
    ------
    InputError
        A label does not occur, or is in both sets, or a set is empty.
    """
    test = _spelled(test, labels, what, TEST)
    split = np.full(len(labels), TRAIN, dtype="<U10")
    split[np.isin(labels, test)] = TEST
    if isinstance(validation, float):
        split[draw_units(units, split == TRAIN, validation, seed)] = VALIDATION
    else:
        named = _after(labels, test) if validation == _NEXT else _spelled(_listed(validation), labels, what, VALIDATION)
        both = sorted(set(named) & set(test))
        if both:
            raise InputError(
                f"{what} {', '.join(both)} is in test and in validation",
                _WHERE,
                "name a validation set of its own, a share such as 0.1, or next",
            )
        split[np.isin(labels, named)] = VALIDATION
    return split


def _listed(value: Any) -> list[str]:
    return [str(member) for member in (value if isinstance(value, list) else [value])]


def _spelled(names: Sequence[str], labels: np.ndarray, what: str, role: str) -> list[str]:
    """Names as the labels spell them (chr1 or 1); a name that does not occur is an error."""
    known = set(labels.tolist())
    faults, found = Faults(), []
    for name in names:
        forms = [form for form in (name, f"chr{name}", name.removeprefix("chr")) if form in known]
        if forms:
            found.append(forms[0])
        else:
            faults.add(
                f"{role} {what} {name} holds no gene; there are {', '.join(sorted(known)[:30])}", _WHERE, f"name a {what} that holds genes"
            )
    faults.raise_if_any()
    return found


def _after(labels: np.ndarray, test: Sequence[str]) -> list[str]:
    """Find the label that follows the last of the test set, in sorted order."""
    known = sorted(set(labels.tolist()), key=lambda name: (len(name), name) if name.isdigit() else (0, name))
    at = max(known.index(name) for name in test)
    rest = [name for name in known[at + 1 :] + known[: at + 1] if name not in set(test)]
    return rest[:1]


def draw_units(units: np.ndarray, pool: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Mask of about `share` of the pooled genes, whole transcription units at a time.

    Parameters
    ----------
    units : ndarray of str (G,)
    pool : ndarray of bool (G,)
        Genes to draw from.
    share : float
    seed : int
    """
    if not 0 < share < 1:
        raise InputError(f"a share of {share:g} of the genes", _WHERE, "give a share between 0 and 1")
    names, sizes = np.unique(units[pool], return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    reached = np.cumsum(sizes[order])
    chosen = names[order[: int(np.searchsorted(reached, share * pool.sum())) + 1]]
    return pool & np.isin(units, chosen)


def keep_units_whole(split: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Move every gene of a transcription unit to the strictest split any of its genes is in (test, then validation)."""
    rank = np.select([split == TEST, split == VALIDATION], [2, 1], 0)
    _, inverse = np.unique(units, return_inverse=True)
    top = np.zeros(inverse.max() + 1, dtype=int)
    np.maximum.at(top, inverse, rank)
    return np.array([TRAIN, VALIDATION, TEST], dtype="<U10")[top[inverse]]


def split_genes(
    genes: GeneTable, rows: np.ndarray, config: Mapping[str, Any], mapping: Mapping[str, str] | None, seed: int
) -> dict[str, np.ndarray]:
    """Every fold of a split.

    Parameters
    ----------
    genes : GeneTable
    rows : ndarray of int (G,)
        Rows of the genes to split.
    config : mapping
        The `splits.genes` block of the organism file.
    mapping : mapping of str to str or None
        gene_id to fold, or to split, for `by: folds` and `by: list`.
    seed : int

    Returns
    -------
    dict of str to ndarray of str (G,)
        Fold name to the split of each gene; a gene that a folds file or list leaves out is "".

    Raises
    ------
    InputError
    """
    check_config(config)
    way, units = config["by"], genes.unit[rows]
    ids = genes.gene_id[rows]
    if way == "list":
        folds = {str(config.get("name") or "list"): _by_list(ids, mapping or {})}
    elif way == "random":
        folds = {"random": _by_chance(units, float(config["test"]), float(config["validation"]), seed)}
    else:
        labels = _labels(genes, rows, ids, config, mapping)
        folds = _by_labels(labels, config, units, seed)
    if config.get("whole_units"):
        folds = {name: np.where(split == "", "", keep_units_whole(split, units)) for name, split in folds.items()}
    for name, split in folds.items():
        for part in (TRAIN, VALIDATION, TEST):
            if not np.any(split == part):
                raise InputError(f"fold {name} has no {part} gene", _WHERE, "check test and validation against the genes")
    return folds


def _labels(
    genes: GeneTable, rows: np.ndarray, ids: np.ndarray, config: Mapping[str, Any], mapping: Mapping[str, str] | None
) -> np.ndarray:
    ways: dict[str, Callable[[], np.ndarray]] = {
        "chromosome": lambda: genes.chrom[rows],
        "block": lambda: block_labels(genes, rows, int(config.get("size", 100_000)), int(config.get("modulo", 10))),
        "folds": lambda: np.array([(mapping or {}).get(gene, "") for gene in ids.tolist()]),
    }
    return ways[config["by"]]()


def _by_labels(labels: np.ndarray, config: Mapping[str, Any], units: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    tests = test_sets(config["test"])
    validation = config["validation"]
    nested = isinstance(validation, list) and validation and all(isinstance(member, list) for member in validation)
    if nested and len(validation) != len(tests):
        raise InputError(f"{len(tests)} test sets and {len(validation)} validation sets", _WHERE, "give one validation set a test set")
    known = labels != ""
    what = {"chromosome": "chromosome", "block": "block", "folds": "fold"}[config["by"]]
    folds: dict[str, np.ndarray] = {}
    for i, test in enumerate(tests):
        split = np.full(len(labels), "", dtype="<U10")
        split[known] = split_by_labels(labels[known], test, validation[i] if nested else validation, units[known], seed + i, what)
        folds[fold_name(test)] = split
    if len(folds) < len(tests):
        raise InputError(f"the same test set comes twice: {config['test']}", _WHERE, "name each test set once")
    return folds


def _by_chance(units: np.ndarray, test: float, validation: float, seed: int) -> np.ndarray:
    split = np.full(len(units), TRAIN, dtype="<U10")
    everyone = np.ones(len(units), dtype=bool)
    split[draw_units(units, everyone, test, seed)] = TEST
    share = validation / (1 - test) if test < 1 else 1.0
    split[draw_units(units, split == TRAIN, share, seed + 1)] = VALIDATION
    return split


def _by_list(ids: np.ndarray, mapping: Mapping[str, str]) -> np.ndarray:
    names = {"train": TRAIN, "training": TRAIN, "validate": VALIDATION, "validation": VALIDATION, "valid": VALIDATION, "test": TEST}
    unknown = sorted({name for name in mapping.values() if name.lower() not in names})
    if unknown:
        raise InputError(f"the list names the split {unknown[0]!r}", _WHERE, "use train, validation and test")
    return np.array([names[mapping[gene].lower()] if gene in mapping else "" for gene in ids.tolist()], dtype="<U10")
