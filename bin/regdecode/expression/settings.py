"""What an organism file may say about expression, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from regdecode.errors import Faults

KINDS = ("tpm", "counts", "log2", "log_ratio")
_FILES = ("matrix", "samples")
_KEYS = (
    "kind",
    "columns",
    "series",
    "group_by",
    "filter",
    "pseudocount",
    "quantile",
    "covariates",
    "separator",
    "normalise",
    "aggregate",
    "drop",
    "id",
    "unannotated",
)
_COLUMN_KEYS = ("gene", "sample", "tissue", "person", "age", "sex")
_FILTER_KEYS = ("min", "min_outputs", "min_share")


@dataclass(frozen=True)
class ExpressionSettings:
    """Settings of one expression matrix.

    Attributes
    ----------
    kind : str
        What the matrix holds: "tpm", "counts", "log2" or "log_ratio".
    gene_column, sample_column : str or None
        Column of gene ids in the matrix, of sample names in the sheet; None for the first.
    group_by : tuple of str
        Columns of the sheet; samples that agree in all of them become one output.
    series : str or None
        Column of the sheet that names the series a sample belongs to; kept for splits.
    minimum : float or None
        A gene is kept when it exceeds this in enough outputs, in the units of the matrix (counts: after normalisation).
    min_outputs : int
        How many outputs must exceed `minimum`; `min_share` asks for a share of them instead.
    pseudocount : float
        Added before log2.
    quantile : bool
        Quantile-normalise the log2 values (again after covariates).
    covariates : tuple of str
        Columns of the sheet whose linear effect is removed from each gene.
    normalise : str
        Counts become "tpm" or "cpm".
    aggregate : str or None
        "median" or "mean" of the samples of a group; None: median of TPM, mean of logs.
    unannotated : str
        "drop" genes that the annotation does not hold, or "keep" them under their own ids (for tests on actual expression; no model uses
        them). Counts then need `normalise: cpm`, since a length is not known.
    """

    kind: str
    gene_column: str | None = None
    sample_column: str | None = None
    group_by: tuple[str, ...] = ()
    series: str | None = None
    minimum: float | None = None
    min_outputs: int = 1
    min_share: float | None = None
    pseudocount: float = 0.25
    quantile: bool = False
    covariates: tuple[str, ...] = ()
    separator: str | None = None
    normalise: str = "tpm"
    aggregate: str | None = None
    drop: tuple[str, ...] = ("Description",)
    unannotated: str = "drop"

    @property
    def linear(self) -> bool:
        """Whether the matrix is on a linear scale (TPM, counts), so that logs are taken here."""
        return self.kind in ("tpm", "counts")


def parse_settings(config: Mapping[str, Any]) -> ExpressionSettings:
    """Read the settings of an organism file's `expression` block.

    Raises
    ------
    InputError
        Every unknown key and wrong value at once.
    """
    faults = Faults()
    where = "expression settings"
    columns, rule = config.get("columns") or {}, config.get("filter") or {}
    for block, known, name in ((config, _KEYS + _FILES, ""), (columns, _COLUMN_KEYS, "columns."), (rule, _FILTER_KEYS, "filter.")):
        for key in sorted(set(block) - set(known)):
            faults.add(f"unknown key {name}{key}", where, f"use one of {', '.join(known)}")
    _choice(faults, config, "kind", KINDS, required=True)
    _choice(faults, config, "normalise", ("tpm", "cpm"))
    _choice(faults, config, "aggregate", ("median", "mean"))
    _choice(faults, config, "unannotated", ("drop", "keep"))
    if config.get("unannotated") == "keep" and config.get("kind") == "counts" and config.get("normalise") != "cpm":
        faults.add("unannotated genes have no length to make TPM of", where, "set normalise: cpm, or unannotated: drop")
    for name, value, low in (
        ("pseudocount", config.get("pseudocount", 0.25), 0.0),
        ("filter.min_outputs", rule.get("min_outputs", 1), 0.5),
    ):
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= low:
            faults.add(f"{name} is {value!r}", where, "give a positive number")
    share = rule.get("min_share")
    if share is not None and not (isinstance(share, int | float) and 0 < share <= 1):
        faults.add(f"filter.min_share is {share!r}", where, "give a share between 0 and 1")
    if rule.get("min") is not None and not isinstance(rule["min"], int | float):
        faults.add(f"filter.min is {rule['min']!r}", where, "give a number")
    faults.raise_if_any()
    return ExpressionSettings(
        kind=config["kind"],
        gene_column=columns.get("gene"),
        sample_column=columns.get("sample"),
        group_by=_names(config.get("group_by")),
        series=config.get("series"),
        minimum=None if rule.get("min") is None else float(rule["min"]),
        min_outputs=int(rule.get("min_outputs", 1)),
        min_share=None if share is None else float(share),
        pseudocount=float(config.get("pseudocount", 0.25)),
        quantile=bool(config.get("quantile")),
        covariates=_names(config.get("covariates")),
        separator=config.get("separator"),
        normalise=config.get("normalise") or "tpm",
        aggregate=config.get("aggregate"),
        drop=_names(config.get("drop")) or ("Description",),
        unannotated=config.get("unannotated") or "drop",
    )


def _choice(faults: Faults, config: Mapping[str, Any], key: str, known: tuple[str, ...], required: bool = False) -> None:
    value = config.get(key)
    if value is None and not required:
        return
    if value not in known:
        faults.add(f"{key} is {value!r}", "expression settings", f"use one of {', '.join(known)}")


def _names(value: Any) -> tuple[str, ...]:
    """One name or a list of names as a tuple."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(str(name) for name in value)
