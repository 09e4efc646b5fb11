"""Expression values: units, logs, quantile normalisation, covariates, and their inverses. Pure functions on arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from regdecode.errors import InputError


def counts_to_tpm(counts: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Transcripts per million from counts (G, S) and spliced lengths (G,) in bases: ``1e6 * (c/l) / sum(c/l)``."""
    rate = counts / length[:, None]
    return counts_to_cpm(rate, rate.sum(axis=0))


def counts_to_cpm(counts: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Divide counts (G, S) into counts per million, (G, S), of the totals (S,) of all counted genes.

    Raises
    ------
    InputError
        A sample has no counts.
    """
    if np.any(totals <= 0):
        raise InputError(
            f"sample number {int(np.argmin(totals)) + 1} has no counts on any gene", fix="remove the sample, or check its column"
        )
    return 1e6 * counts / totals


def to_log2(values: np.ndarray, pseudocount: float) -> np.ndarray:
    """``log2(x + pseudocount)``."""
    return np.log2(values + pseudocount)


def from_log2(values: np.ndarray, pseudocount: float) -> np.ndarray:
    """Inverse of `to_log2`."""
    return np.exp2(values) - pseudocount


def fold_changes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split log2 values (G, T) into fold changes (G, T) and their level (G,), the median over outputs."""
    level = np.median(values, axis=1)
    return values - level[:, None], level


def restore(fold: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Inverse of `fold_changes`."""
    return fold + level[:, None]


def quantile_normalise(values: np.ndarray) -> np.ndarray:
    """Give every column the same distribution: the mean of the sorted columns.

    Parameters
    ----------
    values : ndarray (G, S)
        Without NaN. Tied values of a column get the mean of their quantiles.

    Returns
    -------
    ndarray (G, S)
    """
    order = np.argsort(values, axis=0, kind="stable")
    ranked = np.take_along_axis(values, order, axis=0)
    target = ranked.mean(axis=1)
    result = np.empty_like(values, dtype=np.float64)
    for s in range(values.shape[1]):
        starts = np.flatnonzero(np.r_[True, np.diff(ranked[:, s]) != 0])
        sizes = np.diff(np.r_[starts, len(ranked)])
        result[order[:, s], s] = np.repeat(np.add.reduceat(target, starts) / sizes, sizes)
    return result


def covariate_matrix(columns: Mapping[str, Sequence[str]]) -> tuple[np.ndarray, list[str]]:
    """Centred design of covariates: numbers as they are, text as one 0/1 column a category but the first.

    Parameters
    ----------
    columns : mapping of str to sequence of str
        Covariate name to its value in each of S samples, as text.

    Returns
    -------
    design : ndarray (S, C)
        Column means 0; columns that do not vary are left out.
    names : list of str
        Name of each column.

    Raises
    ------
    InputError
        A value is missing.
    """
    blocks: list[np.ndarray] = []
    names: list[str] = []
    for name, cells in columns.items():
        texts = [str(cell).strip() for cell in cells]
        if any(not text or text.lower() == "nan" for text in texts):
            first = next(i for i, text in enumerate(texts) if not text or text.lower() == "nan")
            raise InputError(
                f"covariate {name} is missing for sample number {first + 1}",
                "sample sheet",
                "fill it in, or remove the sample or the covariate",
            )
        try:
            numbers = {name: np.array([float(text) for text in texts])}
        except ValueError:
            kinds = sorted(set(texts))
            numbers = {f"{name}={kind}": np.array([float(text == kind) for text in texts]) for kind in kinds[1:]}
        for column, value in numbers.items():
            if np.ptp(value) > 0:
                blocks.append(value - value.mean())
                names.append(column)
    return (np.stack(blocks, axis=1) if blocks else np.zeros((len(next(iter(columns.values()), ())), 0))), names


def regress_out(values: np.ndarray, design: np.ndarray) -> np.ndarray:
    """Per-gene OLS residuals on covariates, plus the gene's mean.

    Parameters
    ----------
    values : ndarray (G, S)
        Log2 values or log ratios. NaN is legal: a gene with NaN is fitted on its measured samples.
    design : ndarray (S, C)
        Centred covariates (`covariate_matrix`); the intercept is implied.

    Returns
    -------
    ndarray (G, S)
        ``mean + residual``: uncorrelated with each covariate over the measured samples; NaN stays NaN.

    Raises
    ------
    InputError
        There are too few samples for the covariates.
    """
    n_samples, n_covariates = design.shape
    if n_samples < n_covariates + 2:
        raise InputError(
            f"{n_covariates} covariate columns need at least {n_covariates + 2} samples, there are {n_samples}",
            "sample sheet",
            "use fewer covariates",
        )
    measured = np.isfinite(values)
    result = values.copy()
    full = measured.all(axis=1)
    scale = design.std(axis=0)
    result[full] = _residuals(values[full], design / scale)
    for g in np.flatnonzero(~full & (measured.sum(axis=1) >= n_covariates + 2)):
        seen = measured[g]
        result[g, seen] = _residuals(values[g, seen][None], (design / scale)[seen])[0]
    return result


def _residuals(values: np.ndarray, design: np.ndarray) -> np.ndarray:
    centred = design - design.mean(axis=0)
    mean = values.mean(axis=1, keepdims=True)
    coefficients = np.linalg.lstsq(centred, (values - mean).T, rcond=None)[0]
    return values - (centred @ coefficients).T


def combine_rows(values: np.ndarray, group: np.ndarray, n_groups: int, add: bool) -> np.ndarray:
    """Sum or mean (over measured entries) of the rows of each group, (n_groups, S)."""
    total = np.zeros((n_groups, values.shape[1]))
    seen = np.zeros_like(total)
    np.add.at(total, group, np.nan_to_num(values))
    np.add.at(seen, group, np.isfinite(values))
    if add:
        return total
    with np.errstate(invalid="ignore"):
        return total / np.where(seen > 0, seen, np.nan)
