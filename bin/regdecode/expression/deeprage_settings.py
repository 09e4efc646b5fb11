"""The `deeprage` block of an organism file, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from regdecode.errors import Faults, InputError
from regdecode.expression.classes import check_classes

REGIMES = ("new_gene", "new_condition", "random_pair", "new_gene_and_condition")
MISSING = ("drop", "zero")
_KEYS = (
    "regulators",
    "regulator_column",
    "expression",
    "missing",
    "classes",
    "series",
    "motifs",
    "known_targets",
    "coding",
    "regimes",
    "explain",
    "attribute",
)
_REGIME_KEYS = {
    "new_gene": ("file", "columns", "by", "n", "folds", "missing"),
    "new_condition": ("file", "columns", "by", "n", "folds", "missing"),
    "random_pair": ("share", "seed", "over", "missing"),
    "new_gene_and_condition": ("folds", "missing"),
}
_WAYS = {"new_gene": ("random", "unit"), "new_condition": ("series", "random")}


@dataclass(frozen=True)
class Regime:
    """One way to hold cells out.

    Parameters
    ----------
    name
        One of `REGIMES`.
    missing
        "drop": cells without a value are not used; "zero": they count as measured and 0, as published.
    file, columns
        Table of folds, and its two columns.
    by, n
        Without a file: "random" folds, or folds of whole transcription units ("unit") or "series"; how many.
    folds
        The folds that are tested, in turn; empty for all.
    share, seed, over
        Random pairs: share held out, seed of the draw (None: the run's), and whether it runs over the rows and columns of the "matrix" file
        in file order or over the genes and conditions that are used ("used").
    """

    name: str
    missing: str = "drop"
    file: str | None = None
    columns: tuple[str, str] = ("gene_id", "fold")
    by: str = "random"
    n: int = 5
    folds: tuple[str, ...] = ()
    share: float = 0.1
    seed: int | None = None
    over: str = "used"


@dataclass(frozen=True)
class DeepRageSettings:
    """What an organism file says of DeepRAGE; see `deeprage_settings`."""

    regulator_column: str | None = None
    missing: str = "drop"
    classes: Mapping[str, Any] = field(default_factory=dict)
    series: str | None = None
    regimes: tuple[Regime, ...] = ()


def deeprage_settings(config: Mapping[str, Any], where: str = "deeprage settings") -> DeepRageSettings:
    """Check the block.

    Parameters
    ----------
    config
        regulators (file), regulator_column, missing (drop, zero), classes ({thresholds} or {quantiles}), series (column of the sample
        sheet), motifs, known_targets, regimes {new_gene {file, columns, folds | by: random | unit, n}, new_condition {file | by: series,
        n}, random_pair {share, seed, over: matrix | used}, new_gene_and_condition: true}; every regime may have its own `missing`.
        `expression`, `coding` and `attribute` are the pipeline's to follow: they say which files and names a step is given.
    where
        Name of the file, for messages.

    Raises
    ------
    InputError
        Every unknown key and wrong value at once.
    """
    faults = Faults()
    for key in sorted(set(config) - set(_KEYS)):
        faults.add(f"unknown setting {key!r}", where, f"use one of {', '.join(_KEYS)}")
    missing = config.get("missing", "drop")
    if missing not in MISSING:
        faults.add(f"missing is {missing!r}", where, f"use {' or '.join(MISSING)}")
    classes: Mapping[str, Any] = {}
    with faults.collect():
        classes = check_classes(config.get("classes"), where)
    regimes = []
    blocks = config.get("regimes") or {"new_gene": {"by": "random"}}
    if not isinstance(blocks, Mapping):
        raise InputError(f"regimes is {blocks!r}", where, f"give a block of {', '.join(REGIMES)}")
    for name, block in blocks.items():
        if name not in REGIMES:
            faults.add(f"unknown regime {name!r}", where, f"use one of {', '.join(REGIMES)}")
        elif block is not False and block is not None:
            with faults.collect():
                regimes.append(_regime(name, {} if block is True else block, missing, config.get("series"), where))
    names = {regime.name for regime in regimes}
    if "new_gene_and_condition" in names and not {"new_gene", "new_condition"} <= names:
        faults.add("new_gene_and_condition needs the folds of new_gene and new_condition", where, "give both")
    faults.raise_if_any()
    order = sorted(regimes, key=lambda regime: REGIMES.index(regime.name))
    return DeepRageSettings(config.get("regulator_column"), missing, classes, config.get("series"), tuple(order))


def _regime(name: str, block: Any, missing: str, series: str | None, where: str) -> Regime:
    """One regime, checked."""
    if isinstance(block, str):
        block = {"by": block} if block in ("random", "unit", "series") else {"file": block}
    where = f"{where}: regimes.{name}"
    if not isinstance(block, Mapping):
        raise InputError(f"is {block!r}", where, "give true, false or a block of settings")
    faults = Faults()
    for key in sorted(set(block) - set(_REGIME_KEYS[name])):
        faults.add(f"unknown setting {key!r}", where, f"use one of {', '.join(_REGIME_KEYS[name])}")
    if "missing" in block and block["missing"] not in MISSING:
        faults.add(f"missing is {block['missing']!r}", where, f"use {' or '.join(MISSING)}")
    ways = _WAYS.get(name, ())
    by = block.get("by", ways[0] if ways else "random")
    if ways and by not in ways:
        faults.add(f"by is {by!r}", where, f"use {' or '.join(ways)}, or name a file of folds")
    if name == "new_condition" and by == "series" and not block.get("file") and not series:
        faults.add("whole series are held out, and no series is known", where, "name the column of the sample sheet under deeprage.series")
    n, share, over, seed = block.get("n", 5), block.get("share", 0.1), block.get("over", "used"), block.get("seed")
    if not isinstance(n, int) or isinstance(n, bool) or n < 3:
        faults.add(f"n is {n!r}", where, "give at least 3 folds: one to test, one to tune, the rest to train")
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 < share < 0.5:
        faults.add(f"share is {share!r}", where, "give a share between 0 and 0.5; as much again tunes")
    if over not in ("matrix", "used"):
        faults.add(f"over is {over!r}", where, "use matrix (rows and columns in file order) or used")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or seed < 0):
        faults.add(f"seed is {seed!r}", where, "give a whole number from 0")
    key = "gene_id" if name == "new_gene" else "condition_id"
    columns, folds = block.get("columns"), block.get("folds")
    columns = {} if columns is None else columns
    folds = [] if folds is None else folds if isinstance(folds, list) else [folds]
    if not isinstance(columns, Mapping):
        faults.add(f"columns is {columns!r}", where, f"name them: {{{key}: {key}, fold: fold}}")
    if not all(isinstance(fold, str | int) and not isinstance(fold, bool) for fold in folds):
        faults.add(f"folds is {block['folds']!r}", where, "name folds, such as [0, 2]")
    faults.raise_if_any()
    return Regime(
        name,
        block.get("missing", missing),
        block.get("file"),
        (str(columns.get(key, key)), str(columns.get("fold", "fold"))),
        by,
        n,
        tuple(str(fold) for fold in folds),
        float(share),
        seed,
        over,
    )
