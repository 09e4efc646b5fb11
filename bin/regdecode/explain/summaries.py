"""Tables of attributions: what drives each output, overall and by class of regulators.

A contribution row is (gene, feature) with (T,) values; genes without a row of a feature count as zero.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.sparse import csr_matrix


class Moments(NamedTuple):
    """Contributions summed over G genes.

    Parameters
    ----------
    mean, sd
        (R, T) mean and standard deviation over all G genes.
    n_genes
        (R,) genes with a row.
    total
        G.
    """

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    n_genes: NDArray[np.int64]
    total: int


def moments(gene: NDArray[np.int64], feature: NDArray[np.int64], values: NDArray[np.floating], n_genes: int, n_features: int) -> Moments:
    """Mean and spread of contributions over genes; several rows of one gene and feature are added first.

    Parameters
    ----------
    gene, feature
        (n,) gene and feature of each row.
    values
        (n, T).
    n_genes, n_features
        G and R.
    """
    pair, row = np.unique(gene.astype(np.int64) * n_features + feature, return_inverse=True)
    if len(pair) < len(gene):
        adder = csr_matrix((np.ones(len(gene)), (row, np.arange(len(gene)))), shape=(len(pair), len(gene)))
        values, feature = adder @ values.astype(np.float64), pair % n_features
    by_feature = csr_matrix((np.ones(len(feature)), (feature, np.arange(len(feature)))), shape=(n_features, len(feature)))
    exact = values.astype(np.float64, copy=False)
    mean = (by_feature @ exact) / n_genes
    square = (by_feature @ exact**2) / n_genes
    variance = np.maximum(square - mean**2, 0.0) * (n_genes / max(n_genes - 1, 1))
    return Moments(mean, np.sqrt(variance), np.bincount(feature, minlength=n_features), n_genes)


def importance(found: Moments, names: pd.DataFrame, outputs: NDArray[np.str_], is_level: NDArray[np.bool_]) -> pd.DataFrame:
    """Overall importance: mean over fold-change outputs of the absolute mean contribution, largest first.

    Parameters
    ----------
    found
        Moments of R regulators and T outputs.
    names
        (R) class, regulator, tracks.
    outputs, is_level
        (T,) names, and which one is the level.
    """
    changes = found.mean[:, ~is_level]
    strongest = np.abs(changes).argmax(1) if changes.shape[1] else np.zeros(len(names), int)
    rows = np.arange(len(names))
    table = names.assign(
        n_genes=found.n_genes,
        importance=np.abs(changes).mean(1) if changes.shape[1] else np.nan,
        level=found.mean[:, is_level][:, 0] if is_level.any() else np.nan,
        strongest_output=outputs[~is_level][strongest] if changes.shape[1] else "",
        strongest_mean=changes[rows, strongest] if changes.shape[1] else np.nan,
    )
    order = "importance" if changes.shape[1] else "level"
    table = table.iloc[np.lexsort([table["regulator"], -table[order].abs().to_numpy()])].reset_index(drop=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table


def matrix(found: Moments, names: pd.DataFrame, outputs: NDArray[np.str_]) -> pd.DataFrame:
    """Signed mean contribution over genes, a row a regulator and a column an output."""
    return pd.concat([names.reset_index(drop=True), pd.DataFrame(found.mean, columns=list(outputs))], axis=1)


def top_regulators(found: Moments, names: pd.DataFrame, outputs: NDArray[np.str_], top: int = 5) -> pd.DataFrame:
    """Find the regulators with the largest absolute mean contribution to each output."""
    tables = []
    for t, output in enumerate(outputs):
        best = np.lexsort([names["regulator"], -np.abs(found.mean[:, t])])[:top]
        best = best[found.mean[best, t] != 0]
        tables.append(
            names.iloc[best].assign(output=output, rank=np.arange(1, len(best) + 1), mean=found.mean[best, t], n_genes=found.n_genes[best])
        )
    return pd.concat(tables, ignore_index=True)[["output", "rank", "class", "regulator", "tracks", "mean", "n_genes"]]


def class_contributions(found: Moments, names: pd.DataFrame, outputs: NDArray[np.str_], is_level: NDArray[np.bool_]) -> pd.DataFrame:
    """Compare the importance of regulators between classes by the Wilcoxon rank-sum test, overall and for each output.

    `share` is the part of the summed absolute mean contributions that the class holds. The scope "fold_change" takes the mean over all
    fold-change outputs. q is Benjamini-Hochberg within the table.
    """
    scopes: list[tuple[str, NDArray[np.float64]]] = []
    if (~is_level).any():
        scopes.append(("fold_change", np.abs(found.mean[:, ~is_level]).mean(1)))
    scopes += [(str(output), np.abs(found.mean[:, t])) for t, output in enumerate(outputs)]
    classes = sorted(names["class"].unique())
    pairs = [(a, b) for i, a in enumerate(classes) for b in classes[i + 1 :]] or [(only, "") for only in classes]
    rows = [_compare(scope, values, names["class"].to_numpy(), a, b) for scope, values in scopes for a, b in pairs]
    columns = ["output", "class_a", "class_b", "n_a", "n_b", "median_a", "median_b", "share_a", "share_b", "statistic", "p"]
    return pd.DataFrame(rows, columns=columns).assign(q=lambda table: adjusted(table["p"].to_numpy()))


def _compare(scope: str, values: NDArray[np.float64], cls: NDArray[np.str_], a: str, b: str) -> tuple[object, ...]:
    one, other, total = values[cls == a], values[cls == b], values.sum()
    statistic, p = (np.nan, np.nan)
    if len(one) and len(other):
        tested = stats.ranksums(one, other)
        statistic, p = float(tested.statistic), float(tested.pvalue)
    medians = [float(np.median(part)) if len(part) else np.nan for part in (one, other)]
    shares = [float(part.sum() / total) if total > 0 else np.nan for part in (one, other)]
    return scope, a, b, len(one), len(other), *medians, *shares, statistic, p


def effects(found: Moments, regulators: Sequence[str], outputs: NDArray[np.str_], system: str, target: str) -> pd.DataFrame:
    """Mean contributions in the schema that all systems share: system, regulator, target, output, effect, se, statistic, p, q.

    The statistic is a one-sample t over genes: it says whether a regulator pushes an output the same way in most genes, not how sure the
    model is.
    """
    se = found.sd / np.sqrt(found.total)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(found.mean == 0, 0.0, found.mean / se)
    p = np.where(found.mean == 0, 1.0, 2 * stats.t.sf(np.abs(t), max(found.total - 1, 1)))
    n, m = found.mean.shape
    flat = pd.DataFrame(
        {
            "system": system,
            "regulator": np.repeat(np.asarray(regulators), m),
            "target": target,
            "output": np.tile(outputs, n),
            "effect": found.mean.ravel(),
            "se": se.ravel(),
            "statistic": t.ravel(),
            "p": p.ravel(),
        }
    )
    return flat.assign(q=adjusted(p.ravel()))


def adjusted(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Benjamini-Hochberg q of the p-values that are not NaN."""
    q = np.full(len(p), np.nan)
    known = np.isfinite(p)
    if known.any():
        q[known] = stats.false_discovery_control(p[known])
    return q


def additivity(
    residual: NDArray[np.float64],
    prediction: NDArray[np.float64],
    delta: NDArray[np.float64],
    genes: NDArray[np.str_],
    outputs: NDArray[np.str_],
    tolerance: float,
) -> pd.DataFrame:
    """Residual of the sum of contributions, the worst gene of each output, against the range of the output.

    Parameters
    ----------
    residual, prediction, delta
        (G, T) sum of contributions - delta; f(x); f(x) - f(reference).
    genes, outputs
        (G,), (T,) names.
    tolerance
        Largest residual allowed, as a part of the range of the output over the genes.
    """
    size = np.abs(residual)
    worst = size.argmax(0)
    columns = np.arange(len(outputs))
    spread = np.ptp(prediction, axis=0)
    spread = np.where(spread > 0, spread, np.maximum(np.abs(prediction).max(0), 1.0))
    largest = size[worst, columns]
    return pd.DataFrame(
        {
            "output": outputs,
            "max_residual": largest,
            "range": spread,
            "relative": largest / spread,
            "tolerance": tolerance,
            "worst_gene": genes[worst],
            "mean_absolute_delta": np.abs(delta).mean(0),
            "passed": largest <= tolerance * spread,
        }
    )
