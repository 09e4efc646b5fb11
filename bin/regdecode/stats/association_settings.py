"""What an organism file may say about the association of a cohort, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from regdecode.errors import Faults
from regdecode.stats.formula import near

AUTO = -1
"""Latent covariates as many as stand out from permuted residuals."""
OWN = ("design", "test", "contrasts", "trend", "robust", "latent", "latent_from", "permutations", "top", "genotypes")
OTHERS: tuple[str, ...] = ("id", "name", "matrix", "samples", "kind", "columns", "filter", "quantile", "normalise", "covariates", "drop")
OTHERS += ("separator", "pseudocount", "series", "group_by", "aggregate", "unannotated", "model", "pairs", "reference", "outputs")
GENOTYPE_KEYS = ("matrix", "positions", "chromosomes", "near", "separator")
WHERE = "settings of the cohort"


@dataclass(frozen=True)
class AssociationSettings:
    """Settings of one cohort's association.

    Attributes
    ----------
    design : str
        Formula on the sample sheet.
    test : tuple of str
        Terms tested; empty: all of them, where no contrast is given.
    contrasts : dict of str to str
        Name to a combination of design columns.
    trend, robust : bool
        Options of the prior of the variances.
    latent : int
        Latent covariates; `AUTO` as many as stand out from permuted residuals.
    latent_from : str
        "all": components of what the untested covariates leave (tested effects lose what goes along with the largest components), or
        "residuals" of the whole design (tested effects stay as they are, but p-values become too small).
    permutations : int
        Permutations of each tested covariate; 0 none.
    top : int
        Size of the tops that are compared.
    near : tuple of str
        Genes whose nearest marker becomes a covariate.
    chromosomes : dict of str to str
        Chromosome name of the markers to that of the annotation.
    """

    design: str
    test: tuple[str, ...] = ()
    contrasts: Mapping[str, str] = field(default_factory=dict)
    trend: bool = False
    robust: bool = False
    latent: int = 0
    latent_from: str = "all"
    permutations: int = 200
    top: int = 100
    near: tuple[str, ...] = ()
    chromosomes: Mapping[str, str] = field(default_factory=dict)


def parse_association(config: Mapping[str, Any]) -> AssociationSettings:
    """Read an entry of the organism file's `individuals`; keys of other steps are left alone.

    Raises
    ------
    InputError
        Every unknown key and wrong value at once.
    """
    faults = Faults()
    genotypes = config.get("genotypes") or {}
    for block, known, prefix in ((config, (*OWN, *OTHERS), ""), (genotypes, GENOTYPE_KEYS, "genotypes.")):
        for key in sorted(set(block) - set(known)):
            faults.add(f"unknown key {prefix}{key}; {near(key, known)}", WHERE, "correct the key")
    design = config.get("design")
    if not isinstance(design, str) or not design.strip():
        faults.add(f"design is {design!r}", WHERE, "give a formula on the sample sheet, such as '~ age + sex'")
    contrasts = config.get("contrasts") or {}
    if not isinstance(contrasts, Mapping):
        faults.add(f"contrasts is {contrasts!r}", WHERE, "give name: combination of design columns")
        contrasts = {}
    for key in ("trend", "robust"):
        if not isinstance(config.get(key, False), bool):
            faults.add(f"{key} is {config[key]!r}", WHERE, "give true or false")
    latent = AUTO if config.get("latent") == "auto" else config.get("latent") or 0
    numbers = {"latent": latent, "permutations": config.get("permutations", 200), "top": config.get("top", 100)}
    for key, value in numbers.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < (AUTO if key == "latent" else 0):
            faults.add(f"{key} is {value!r}", WHERE, "give a whole number" + (", or auto" if key == "latent" else ""))
    source = config.get("latent_from") or "all"
    if source not in ("residuals", "all"):
        faults.add(f"latent_from is {source!r}", WHERE, "use residuals or all")
    faults.raise_if_any()
    return AssociationSettings(
        design=str(design),
        test=_names(config.get("test")),
        contrasts={str(key): str(value) for key, value in contrasts.items()},
        trend=bool(config.get("trend", False)),
        robust=bool(config.get("robust", False)),
        latent=int(latent),
        latent_from=str(source),
        permutations=int(numbers["permutations"]),
        top=int(numbers["top"]),
        near=_names(genotypes.get("near")),
        chromosomes={str(key): str(value) for key, value in (genotypes.get("chromosomes") or {}).items()},
    )


def _names(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(str(name) for name in value)
