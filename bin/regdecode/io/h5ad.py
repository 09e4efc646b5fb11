"""h5ad files: the only module that touches anndata."""

import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from regdecode.errors import InputError
from regdecode.io.atomic import atomic_path
from regdecode.io.records import Attributions, CellPredictions, Cells, Expression, Predictions, Track, count_genes


def _write(adata: anndata.AnnData, path: str | Path) -> None:
    with atomic_path(path) as temporary:
        adata.write_h5ad(temporary, compression="lzf")


def _read(path: str | Path, what: str) -> anndata.AnnData:
    try:
        adata = anndata.read_h5ad(path)
    except (OSError, KeyError) as error:
        raise InputError(f"cannot be read as h5ad ({error})", path, "make it again with the pipeline") from None
    if adata.uns.get("holds") != what:
        raise InputError(f"holds '{adata.uns.get('holds')}', not '{what}'", path, f"give the file of {what}")
    return adata


def _frame(index: NDArray, **columns: NDArray) -> pd.DataFrame:
    names = np.asarray(index)
    return pd.DataFrame(columns, index=pd.Index(names if names.dtype == object else names.astype(str).astype(object)))


def _strings(values: object) -> NDArray[np.str_]:
    return np.asarray(values).astype(str)


def write_features(path: str | Path, track: Track) -> None:
    """Write a track: rows = bins, columns = regulators, X = bases covered."""
    gene = np.repeat(np.arange(len(track.genes)), track.bins_per_gene)
    bins = np.arange(len(gene)) - np.repeat(track.offsets[:-1], track.bins_per_gene)
    obs = _frame(
        np.array([str(i) for i in range(len(gene))], object),
        gene=gene.astype(np.int32),
        bin=bins.astype(np.int32),
        start=track.starts,
        end=track.ends,
        bases=track.bases,
    )
    var = _frame(track.regulators, n_genes=count_genes(track.counts, track.offsets))
    adata = anndata.AnnData(X=track.counts, obs=obs, var=var)
    adata.uns = {
        "holds": "features",
        "name": track.name,
        "class": track.cls,
        "on": track.on,
        "bin_size": track.bin_size,
        "min_genes": track.min_genes,
        "genes": track.genes.astype(object),
        "offsets": track.offsets,
    }
    _write(adata, path)


def read_features(path: str | Path) -> Track:
    """Read a track.

    Raises
    ------
    InputError
        When the file does not hold features.
    """
    adata = _read(path, "features")
    uns, obs = adata.uns, adata.obs
    return Track(
        str(uns["name"]),
        str(uns["class"]),
        str(uns["on"]),
        int(uns["bin_size"]),
        int(uns["min_genes"]),
        _strings(uns["genes"]),
        _strings(adata.var_names),
        csr_matrix(adata.X),
        np.asarray(uns["offsets"], np.int64),
        obs["bases"].to_numpy(np.int32),
        obs["start"].to_numpy(np.int64),
        obs["end"].to_numpy(np.int64),
    )


def write_expression(path: str | Path, expression: Expression) -> None:
    """Write expression: rows = genes, columns = outputs, X = log2 values or log ratios; `obs.level` where there is one."""
    obs = _frame(expression.genes) if expression.level is None else _frame(expression.genes, level=expression.level)
    var = _frame(expression.outputs, **expression.sheet)
    adata = anndata.AnnData(X=expression.values, obs=obs, var=var)
    adata.uns = {"holds": "expression", "kind": expression.kind, "settings": json.dumps(expression.settings)}
    _write(adata, path)


def read_expression(path: str | Path) -> Expression:
    """Read expression.

    Raises
    ------
    InputError
        When the file does not hold expression.
    """
    adata = _read(path, "expression")
    level = adata.obs["level"].to_numpy(np.float64) if "level" in adata.obs else None
    sheet = {column: adata.var[column].to_numpy() for column in adata.var.columns}
    return Expression(
        _strings(adata.obs_names),
        _strings(adata.var_names),
        np.asarray(adata.X, np.float64),
        level,
        str(adata.uns["kind"]),
        sheet,
        json.loads(str(adata.uns["settings"])),
    )


def write_predictions(path: str | Path, predictions: Predictions) -> None:
    """Write predictions: rows = genes (`obs.split`), columns = outputs, X in log2 units."""
    obs = _frame(predictions.genes, split=predictions.split.astype(object))
    adata = anndata.AnnData(X=np.asarray(predictions.values, np.float32), obs=obs, var=_frame(predictions.outputs))
    adata.uns = {"holds": "predictions", **predictions.attrs}
    _write(adata, path)


def read_predictions(path: str | Path) -> Predictions:
    """Read predictions.

    Raises
    ------
    InputError
        When the file does not hold predictions.
    """
    adata = _read(path, "predictions")
    attrs = {key: str(value) for key, value in adata.uns.items() if key != "holds"}
    return Predictions(
        _strings(adata.obs_names), _strings(adata.obs["split"]), _strings(adata.var_names), np.asarray(adata.X, np.float32), attrs
    )


def write_attributions(path: str | Path, attributions: Attributions) -> None:
    """Write attributions: rows = gene x regulator with a site, columns = outputs, X in log2 units."""
    obs = _frame(
        np.arange(len(attributions.gene)),
        gene=pd.Categorical(attributions.gene),
        track=pd.Categorical(attributions.track),
        regulator=pd.Categorical(attributions.regulator),
    )
    adata = anndata.AnnData(X=np.asarray(attributions.values, np.float32), obs=obs, var=_frame(attributions.outputs))
    adata.uns = {"holds": "attributions", **attributions.attrs}
    _write(adata, path)


def read_attributions(path: str | Path) -> Attributions:
    """Read attributions.

    Raises
    ------
    InputError
        When the file does not hold attributions.
    """
    adata = _read(path, "attributions")
    attrs = {key: str(value) for key, value in adata.uns.items() if key != "holds"}
    return Attributions(
        _strings(adata.obs["gene"]),
        _strings(adata.obs["track"]),
        _strings(adata.obs["regulator"]),
        _strings(adata.var_names),
        np.asarray(adata.X, np.float32),
        attrs,
    )


def write_cells(path: str | Path, cells: Cells) -> None:
    """Write cells: rows = genes, columns = conditions, X = 0 train, 1 validation, 2 test, -1 not used; `obs.unit` where units are whole."""
    obs = _frame(cells.genes) if cells.unit is None else _frame(cells.genes, unit=cells.unit.astype(object))
    adata = anndata.AnnData(X=np.asarray(cells.split, np.int8), obs=obs, var=_frame(cells.conditions))
    adata.uns = {"holds": "cells", **cells.attrs}
    _write(adata, path)


def read_cells(path: str | Path) -> Cells:
    """Read cells.

    Raises
    ------
    InputError
        When the file does not hold cells.
    """
    adata = _read(path, "cells")
    attrs = {key: str(value) for key, value in adata.uns.items() if key != "holds"}
    unit = _strings(adata.obs["unit"]) if "unit" in adata.obs else None
    return Cells(_strings(adata.obs_names), _strings(adata.var_names), np.asarray(adata.X, np.int8), attrs, unit)


def write_cell_predictions(path: str | Path, predictions: CellPredictions) -> None:
    """Write predictions of cells: rows = genes, columns = conditions, X in log2 units, one layer a class."""
    adata = anndata.AnnData(X=np.asarray(predictions.values, np.float32), obs=_frame(predictions.genes), var=_frame(predictions.conditions))
    for name, values in predictions.probabilities.items():
        adata.layers[name] = np.asarray(values, np.float32)
    adata.uns = {"holds": "cell_predictions", "classes": list(predictions.probabilities), **predictions.attrs}
    _write(adata, path)


def read_cell_predictions(path: str | Path) -> CellPredictions:
    """Read predictions of cells.

    Raises
    ------
    InputError
        When the file does not hold predictions of cells.
    """
    adata = _read(path, "cell_predictions")
    attrs = {key: str(value) for key, value in adata.uns.items() if key not in ("holds", "classes")}
    names = _strings(adata.uns["classes"]).tolist() if len(adata.uns["classes"]) else []
    layers = {name: np.asarray(adata.layers[name], np.float32) for name in names}
    return CellPredictions(_strings(adata.obs_names), _strings(adata.var_names), np.asarray(adata.X, np.float32), attrs, layers)
