"""Association of expression, predictions or regulator activities with what the sample sheet says: designs, tests, tables.

Axes: G rows (genes or regulators), S samples, K hypotheses, N permutations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regdecode.io.notes import Notes
from regdecode.stats.association_settings import AUTO, AssociationSettings
from regdecode.stats.design import Design
from regdecode.stats.latent import Latent, latent_covariates, significant_components
from regdecode.stats.moderated_t import ModeratedT, moderated_t
from regdecode.stats.multiple import false_discovery
from regdecode.stats.permutation import permuted_t

Array = NDArray[np.float64]
EFFECT_COLUMNS = ["system", "regulator", "target", "output", "effect", "se", "statistic", "p", "q"]


@dataclass(frozen=True)
class Association:
    """Tests of one table of values.

    Attributes
    ----------
    rows
        (G,) genes or regulators.
    names
        (K,) what is tested.
    result
        Figures, (G, K).
    q
        (G, K) Benjamini-Hochberg within each hypothesis.
    permuted
        (K, G, N) statistics under permutation.
    """

    rows: NDArray[np.str_]
    names: list[str]
    result: ModeratedT
    q: Array
    permuted: NDArray[np.float32]


def associate(rows: NDArray[np.str_], values: Array, design: Design, settings: AssociationSettings, seed: int) -> Association:
    """Test every row (G, S) against every hypothesis of the design."""
    result = moderated_t(values, design.matrix, design.hypotheses, settings.trend, settings.robust)
    q = np.column_stack([false_discovery(p) for p in result.p.T]) if len(values) else result.p
    n = settings.permutations
    permuted = np.zeros((len(design.names), len(values), n), np.float32)
    for k in range(len(design.names)):
        if n and len(values):
            permuted[k] = permuted_t(values, design.matrix, design.hypotheses[:, k], result, n, seed + k)
    return Association(np.asarray(rows), design.names, result, q, permuted)


def add_latent(design: Design, values: Array, settings: AssociationSettings, seed: int, notes: Notes) -> Design:
    """Append the latent covariates that the settings ask for, estimated from actual expression (G, S)."""
    if settings.latent == 0:
        return design
    tested = design.hypotheses.any(axis=1)
    base = design.matrix if settings.latent_from == "residuals" else design.matrix[:, ~tested]
    room = len(design.samples) - design.matrix.shape[1] - 1
    found: Latent = (
        significant_components(values, base, seed)
        if settings.latent == AUTO
        else latent_covariates(values, base, min(settings.latent, room))
    )
    found = Latent(found.values[:, : max(room, 0)], found.share[: max(room, 0)], found.p[: max(room, 0)])
    names = [f"latent{i + 1}" for i in range(found.values.shape[1])]
    why = f"{found.share.sum():.0%} of the variance of scaled genes that "
    why += "the design leaves" if settings.latent_from == "residuals" else "the untested covariates leave"
    notes.add("latent covariates", len(names), why)
    if settings.latent_from == "residuals" and names:
        notes.add(
            "latent covariates of the residuals",
            len(names),
            "orthogonal to what is tested: effects stay as they are, standard errors shrink; correlated genes make p-values too small",
            "warning",
        )
    wider = design.with_columns(found.values, names)
    wider.check()
    return wider


def effects(found: Association, what: str, extra: dict[str, NDArray] | None = None) -> pd.DataFrame:
    """Rows of the schema that all systems share; `what` is "target" (genes) or "regulator"; `extra` columns of G cells are appended."""
    n, k = found.result.t.shape
    table = pd.DataFrame({"system": "decode", "regulator": "NA", "target": "NA", "output": np.repeat(found.names, n)})
    table[what] = np.tile(found.rows, k)
    for column, values in (
        ("effect", found.result.coefficient),
        ("se", found.result.se),
        ("statistic", found.result.t),
        ("p", found.result.p),
        ("q", found.q),
    ):
        table[column] = values.T.ravel()
    for column, cells in (extra or {}).items():
        table[column] = np.tile(cells, k)
    return table[[*EFFECT_COLUMNS, *(extra or {})]]


def figures(found: Association, label: dict[str, str], member: str, split: str = "all") -> list[dict[str, object]]:
    """Rows of metrics.tsv: how many rows pass 5 % false discoveries, and how many reach |t| > 3 in the permutations."""
    rows: list[dict[str, object]] = []
    for k, name in enumerate(found.names):
        tested = np.isfinite(found.result.t[:, k])
        q, t = found.q[tested, k], found.result.t[tested, k]
        shared = label | {"member": member, "arm": "all", "split": split, "output": name, "n": int(tested.sum())}
        rows.append(shared | {"metric": "significant_q05", "value": int((q < 0.05).sum())})
        if found.permuted.shape[2] and tested.any():
            null = (np.abs(found.permuted[k][tested]) > 3).sum(0)
            low, high = np.quantile(null, [0.025, 0.975])
            above = int((np.abs(t) > 3).sum())
            p = (1 + int((null >= above).sum())) / (1 + len(null))
            rows.append(shared | {"metric": "beyond_t3", "value": above})
            rows.append(shared | {"metric": "beyond_t3_permuted", "value": float(np.median(null)), "low": float(low), "high": float(high)})
            rows.append(shared | {"metric": "beyond_t3_p", "value": p})
    return rows
