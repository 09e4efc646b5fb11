"""Classes of log2 ratios: at fixed thresholds, or at quantiles of the training cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from regdecode.errors import InputError

DEFAULT = {"thresholds": [-0.5, 0.5]}
_FORMS = "give {thresholds: [-0.5, 0.5]} or {quantiles: 5}"
THREE = ("p_down", "p_base", "p_up")


def check_classes(block: Mapping[str, Any] | None, where: str) -> dict[str, Any]:
    """Return {thresholds: [rising numbers]} or {quantiles: n classes}.

    Raises
    ------
    InputError
        It is neither.
    """
    block = DEFAULT if block is None else block
    if not isinstance(block, Mapping):
        raise InputError(f"classes is {block!r}", where, _FORMS)
    if set(block) == {"thresholds"}:
        edges = block["thresholds"]
        numbers = isinstance(edges, list) and all(isinstance(x, int | float) and not isinstance(x, bool) for x in edges)
        if numbers and edges and sorted(set(edges)) == edges:
            return {"thresholds": [float(edge) for edge in edges]}
        raise InputError(f"classes.thresholds is {edges!r}", where, "give rising numbers, such as [-0.5, 0.5]")
    if set(block) == {"quantiles"}:
        n = block["quantiles"]
        if isinstance(n, int) and not isinstance(n, bool) and n >= 2:
            return {"quantiles": n}
        raise InputError(f"classes.quantiles is {n!r}", where, "give the number of classes, at least 2")
    raise InputError(f"classes is {dict(block)!r}", where, _FORMS)


def class_edges(block: Mapping[str, Any], training: np.ndarray) -> np.ndarray:
    """Inner edges (n - 1,) of the n classes; `training` are the values of the training cells, NaN left out.

    Raises
    ------
    InputError
        Quantiles fall on one value, so that a class would be empty.
    """
    if "thresholds" in block:
        return np.asarray(block["thresholds"], dtype=np.float64)
    seen = training[np.isfinite(training)]
    edges = np.quantile(seen, np.arange(1, block["quantiles"]) / block["quantiles"])
    if np.any(np.diff(edges) <= 0):
        raise InputError(
            f"{block['quantiles']} quantile classes share an edge at {edges[np.flatnonzero(np.diff(edges) <= 0)[0]]:g}",
            "classes.quantiles",
            "ask for fewer classes, or give thresholds",
        )
    return edges


def classify(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Class of every value, int8, from 0 on; -1 for NaN. A value on an edge belongs to the outer class, as published.

    With edges (-t, t): 0 up to -t, 2 from t on, 1 between them.
    """
    classes = np.zeros(values.shape, dtype=np.int8)
    for k, edge in enumerate(edges):
        classes += ((values > edge) if k < len(edges) / 2 else (values >= edge)).astype(np.int8)
    return np.where(np.isfinite(values), classes, np.int8(-1))


def class_names(n: int) -> tuple[str, ...]:
    """Names of the probabilities of n classes."""
    return THREE if n == 3 else tuple(f"p_{k}" for k in range(n))
