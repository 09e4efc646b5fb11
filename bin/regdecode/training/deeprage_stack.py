"""The default DeepRAGE ensemble: networks and learned members, weighed by non-negative least squares on validation cells.

Every learned member is fitted twice: on training cells, which gives the validation predictions that weigh the members, and, its penalties
and rounds kept, on training and validation cells, which gives all other predictions and the folder. Axes: G genes, S conditions, M members.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls

import regdecode
from regdecode.errors import InputError
from regdecode.genome.codons import codon_table
from regdecode.genome.sequence_features import Recipe, SequenceTable, make_recipe
from regdecode.io.atomic import atomic_path
from regdecode.io.h5ad import write_cell_predictions
from regdecode.io.meme import Motif
from regdecode.io.records import CellPredictions
from regdecode.models.deeprage_member_fits import (
    Choices,
    fit_completion_member,
    fit_kernel_member,
    fit_regulator_member,
    fit_ridge_member,
    fit_trees_member,
    tree_blocks,
)
from regdecode.models.deeprage_members import request_of
from regdecode.models.deeprage_problem import CellProblem
from regdecode.training.autoencoder_fit import fit_autoencoder_member
from regdecode.training.deeprage_data import CellData
from regdecode.training.deeprage_learned import Learned, save_member, save_recipe
from regdecode.training.deeprage_networks import Network, group_of, read_networks
from regdecode.training.model_folder import write_json

log = logging.getLogger(__name__)
Fitter = Callable[[CellProblem, Choices | None], tuple[Learned, Choices]]
PROMOTER = ("kmers", "motifs", "sites")


@dataclass(frozen=True)
class Stacked:
    """One learned member after both fits: its predictions (G, S), watched cells from the first fit."""

    name: str
    member: Learned
    values: np.ndarray


def problem_of(data: CellData, table: SequenceTable, seed: int, threads: int) -> CellProblem:
    """What the members and the comparators read of a fold."""
    return CellProblem(
        data.values, data.part(0), data.part(1), data.compendium.inputs.astype(np.float64), data.compendium.own, table,
        data.cells.attrs["regime"], data.edges, seed, threads, data.series,
    )  # fmt: skip


def table_of(data: CellData, motifs: Sequence[Motif], coding: Mapping[str, bytes] | None = None) -> tuple[Recipe, SequenceTable]:
    """Features of the promoters, motifs scored against training promoters; the codons of the genes where coding sequences are given."""
    recipe = make_recipe(data.codes[data.part(0).any(axis=1)], motifs)
    recipe = Recipe(data.codes.shape[1], recipe.motifs)
    table = recipe.table(data.codes)
    return recipe, table.with_codons(codon_table(data.cells.genes.tolist(), coding)) if coding else table


def fitters_for(problem: CellProblem) -> dict[str, Fitter]:
    """Members of a regime by name.

    Where whole genes are held out only sequence is read, where whole series are only the gene's other conditions and the regulators; the
    random pairs alone complete a gene from its own other cells.
    """
    if problem.regime == "new_condition":
        return {
            "regulator_ridge": fit_regulator_member,
            "regulator_trees": lambda p, c: fit_regulator_member(p, c, trees=True),
        }
    if problem.regime == "random_pair":
        return {
            "completion": fit_completion_member,
            "completion_trees": lambda p, c: fit_completion_member(p, c, trees=True),
            "completion_network": fit_autoencoder_member,
            "completion_kernel": fit_kernel_member,
            "promoter_ridge": lambda p, c: fit_ridge_member(p, PROMOTER, c),
        }
    fitters: dict[str, Fitter] = {
        "promoter_ridge": lambda p, c: fit_ridge_member(p, PROMOTER, c),
        "promoter_trees": lambda p, c: fit_trees_member(p, tree_blocks(p), c),
    }
    if "codons" in problem.table.blocks:
        fitters["coding_ridge"] = lambda p, c: fit_ridge_member(p, (*PROMOTER, "codons"), c)
        fitters["coding_trees"] = lambda p, c: fit_trees_member(p, (*tree_blocks(p), "codons"), c)
    return fitters


def fit_twice(name: str, fitter: Fitter, problem: CellProblem) -> Stacked:
    """Fit on known cells, then on known and watched ones."""
    first, chosen = fitter(problem, None)
    values, second = first.predict(request_of(problem)), problem.with_watched()
    member = first
    if second is not problem:
        member, _ = fitter(second, chosen)
        values = np.where(problem.watch, values, member.predict(request_of(second)))
    seen = problem.watch & np.isfinite(values)
    log.info("%s: validation r %.4f", name, np.corrcoef(values[seen], problem.values[seen])[0, 1] if seen.sum() > 2 else float("nan"))
    return Stacked(name, member, values)


def stack_weights(predicted: Sequence[np.ndarray], groups: Sequence[str], problem: CellProblem) -> np.ndarray:
    """Non-negative weights (M,), equal within a group, that reduce the squared error on watched cells most.

    Parameters
    ----------
    predicted : sequence of ndarray (G, S)
    groups : sequence of str (M,)
        Members that differ by their seed alone share a group.
    """
    watch = problem.watch & np.isfinite(np.sum(predicted, axis=0))
    names = list(dict.fromkeys(groups))
    means = np.stack([np.mean([p[watch] for p, g in zip(predicted, groups, strict=True) if g == name], axis=0) for name in names], axis=1)
    if not len(means):
        return np.full(len(predicted), 1.0 / len(predicted))
    solution = nnls(means, problem.values[watch])[0]
    if not solution.any():
        solution = np.full(len(names), 1.0 / len(names))
    return np.array([solution[names.index(g)] / groups.count(g) for g in list(groups)])


def select_deeprage(
    data: CellData,
    motifs: Sequence[Motif],
    folders: Sequence[str | Path],
    out: str | Path,
    coding: Mapping[str, bytes] | None = None,
    learned: bool = True,
    seed: int = 0,
    threads: int = 1,
    hashes: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Write the ensemble's folder; return its config.

    Parameters
    ----------
    motifs
        Known motifs, for the features of promoters.
    folders
        Networks of this fold; may be none while `learned`.
    coding
        Coding sequences by gene; with them members that read the usage of codons.
    learned
        Whether members beside the networks are trained.

    Returns
    -------
    dict
        config.json. The folder holds networks under members/, learned members under learned/, predictions.h5ad of the whole, and
        promoter.predictions.h5ad of what reads nothing of a gene but its promoter.
    """
    if not folders and not learned:
        raise InputError("there is no member", "--model", "give networks, or let members be learnt")
    if not data.part(1).any():
        raise InputError("no validation cell has a value; the weights are chosen on them", "cells", "split the cells again")
    networks = read_networks(folders, data)
    recipe, table = _features(data, motifs, coding, learned)
    problem = problem_of(data, table, seed, threads)
    stacked = [fit_twice(name, fitter, problem) for name, fitter in fitters_for(problem).items()] if learned else []
    groups = [*(group_of(network.config) for network in networks), *(one.name for one in stacked)]
    values = [*(network.values for network in networks), *(one.values for one in stacked)]
    weights = stack_weights(values, groups, problem)
    pure = [k for k in range(len(values)) if reads_promoter_alone(k, networks, stacked)]
    config = _config(data, networks, stacked, weights, problem, seed, hashes or {})
    together = np.einsum("m,mgs->gs", weights, np.stack(values))
    config["validation"] = _figures(together, problem)
    with atomic_path(out) as folder:
        (folder / "members").mkdir(parents=True)
        for k, network in enumerate(networks):
            shutil.copytree(network.folder, folder / "members" / str(k), copy_function=shutil.copyfile)
        for one in stacked:
            save_member(folder / "learned" / one.name, one.name, one.member)
        if recipe is not None:
            save_recipe(folder / "learned", recipe)
        write_json(folder / "config.json", config)
        _write(folder / "predictions.h5ad", data, together, config["model"])
        if pure:
            alone = stack_weights([values[k] for k in pure], [groups[k] for k in pure], problem)
            _write(folder / "promoter.predictions.h5ad", data, sum(w * values[k] for w, k in zip(alone, pure, strict=True)), "promoter")
    log.info("ensemble of %d: validation %s", len(values), config["validation"])
    return config


def model_name(networks: Sequence[Network]) -> str:
    """Name of the ensemble: its networks' preset, "default" where there are none or of several presets."""
    names = {str(network.config["model"]) for network in networks}
    return names.pop() if len(names) == 1 else "default"


def reads_promoter_alone(k: int, networks: Sequence[Network], stacked: Sequence[Stacked]) -> bool:
    """Whether member k knows nothing of a gene but its promoter."""
    if k < len(networks):
        return not networks[k].config["memory"]["genes"]
    return stacked[k - len(networks)].name.startswith("promoter")


def _features(
    data: CellData, motifs: Sequence[Motif], coding: Mapping[str, bytes] | None, learned: bool
) -> tuple[Recipe | None, SequenceTable]:
    """Features of promoters where a member reads them, else an empty table."""
    if learned and data.cells.attrs["regime"] != "new_condition":
        return table_of(data, motifs, coding)
    nothing = np.zeros((len(data.codes), 0), np.float32)
    return None, SequenceTable(nothing, {}, nothing)


def _figures(values: np.ndarray, problem: CellProblem) -> dict[str, float]:
    """Pooled r and mean squared error on watched cells."""
    seen = problem.watch & np.isfinite(values)
    actual, told = problem.values[seen], values[seen]
    return {"pearson": float(np.corrcoef(actual, told)[0, 1]), "mse": float(np.square(actual - told).mean()), "n": int(seen.sum())}


def _write(path: Path, data: CellData, values: np.ndarray, model: str) -> None:
    attrs = {"system": "deeprage", "model": model, "member": "ensemble", "arm": "all", "task": "regression"}
    attrs |= {key: data.cells.attrs[key] for key in ("regime", "fold")}
    write_cell_predictions(path, CellPredictions(data.cells.genes, data.cells.conditions, values.astype(np.float32), attrs))


def _config(
    data: CellData,
    networks: Sequence[Network],
    stacked: Sequence[Stacked],
    weights: np.ndarray,
    problem: CellProblem,
    seed: int,
    hashes: Mapping[str, str],
) -> dict[str, Any]:
    """config.json of the ensemble."""
    final = problem.with_watched()
    beside = list(zip(stacked, weights[len(networks) :], strict=True))
    completing = any(not one.name.startswith("promoter") and weight > 0 for one, weight in beside) or any(
        network.config["memory"]["genes"] and weight > 0 for network, weight in zip(networks, weights, strict=False)
    )
    return {
        "system": "deeprage",
        "family": "ensemble",
        "model": model_name(networks),
        "member": "ensemble",
        "task": "regression",
        **{key: data.cells.attrs[key] for key in ("regime", "fold", "missing")},
        "seed": seed,
        "members": [
            {"folder": f"members/{k}", "member": network.config["member"], "weight": float(weights[k]), **_figures(network.values, problem)}
            for k, network in enumerate(networks)
        ],
        "learned": [
            {"folder": f"learned/{one.name}", "name": one.name, "weight": float(weight), **_figures(one.values, problem)}
            for one, weight in beside
        ],
        "uses_completion": problem.regime == "random_pair" and completing,
        "uses_coding": any(one.name.startswith("coding") and weight > 0 for one, weight in beside),
        "regulators": data.compendium.regulators.tolist(),
        "genes": data.cells.genes[final.genes].tolist(),
        "conditions": data.cells.conditions[final.conditions].tolist(),
        "edges": data.edges.tolist(),
        "data_hashes": dict(hashes),
        "versions": {"regdecode": regdecode.__version__, "numpy": np.__version__},
    }
