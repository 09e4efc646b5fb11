"""REPLICATE: does what one cohort finds hold in the others, for genes and for regulators, beside its null?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from regdecode.errors import InputError
from regdecode.explain.association_files import KINDS, Associated, read_about, read_associated, write_table
from regdecode.explain.association_run import METRICS, concordance_metrics
from regdecode.io.atomic import atomic_path
from regdecode.io.notes import Notes
from regdecode.io.text import open_bytes
from regdecode.stats.activity import direction_table
from regdecode.stats.ranks import average_ranks
from regdecode.stats.replication import Agreement, agreement

COHORTS = ["cohort_a", "cohort_b", "kind", "term"]
ACCURACY = ["n", "rho", "low", "high", "top_k", "overlap", "expected", "p_hypergeometric"]
KEYS = {"actual": ["target"], "predicted": ["target"], "activity": ["regulator", "class"]}


class Cohorts:
    """Cohorts as ASSOCIATE left them, one kind of one cohort read at a time."""

    def __init__(self, folders: Sequence[str]) -> None:
        self.folders: dict[str, str] = {}
        self.about: dict[str, dict[str, str]] = {}
        for folder in folders:
            about = read_about(folder)
            name = about["cohort"]
            if name in self.folders:
                raise InputError(f"cohort {name} comes twice, also as {self.folders[name]}", folder, "give each cohort once")
            self.folders[name], self.about[name] = str(folder), about
        self._read: dict[tuple[str, str], Associated | None] = {}

    def __getitem__(self, key: tuple[str, str]) -> Associated | None:
        if key not in self._read:
            self._read[key] = read_associated(self.folders[key[0]], key[1])
        return self._read[key]


def _statistics(found: Associated, kind: str, term: str) -> tuple[pd.DataFrame, np.ndarray | None]:
    """Statistics of a term by key, repeated keys left out, held-out genes alone for predictions; and their permutations."""
    table, permuted = found.statistics(term), found.permuted.get(term)
    columns = [name for name in KEYS[kind] if name in table]
    key = table[columns].astype(str).agg("|".join, axis=1)
    kept = ~key.duplicated(keep=False) & table["statistic"].notna()
    if kind == "predicted" and "split" in table and (table["split"] == "test").any():
        kept &= table["split"] == "test"
    rows = np.flatnonzero(kept)
    usable = permuted is not None and permuted.shape[1] > 0 and len(permuted) == len(table)
    return pd.DataFrame({"t": table["statistic"].to_numpy(float)[rows], "row": np.arange(len(rows))}, index=key.to_numpy()[rows]), (
        permuted[rows] if usable and permuted is not None else None
    )


def compare(a: Associated, b: Associated, kind_a: str, kind_b: str, term: str, top: int, seed: int) -> Agreement | None:
    """Agreement of one term: statistics a as they are, b also under permutation of the covariate."""
    left, _ = _statistics(a, kind_a, term)
    right, permuted = _statistics(b, kind_b, term)
    both = left.join(right, how="inner", lsuffix="_a", rsuffix="_b")
    null = None if permuted is None else permuted[both["row_b"].to_numpy()].astype(np.float32)
    return agreement(both["t_a"].to_numpy(), both["t_b"].to_numpy(), null, top, seed)


def replicate(cohorts: Cohorts, people: Sequence[str], top: int, seed: int, notes: Notes) -> dict[str, pd.DataFrame]:
    """Tables replication, rank_matrix, accuracy and metrics of every pair of cohorts; `people` are their folders of EVALUATE_PEOPLE."""
    names = sorted(cohorts.folders)
    if len(names) < 2:
        notes.add("cohorts", len(names), "replication needs two", "warning")
    rows, metrics = [], []
    for a, b in combinations(names, 2):
        for kind in KINDS:
            first, second = cohorts[a, kind], cohorts[b, kind]
            if first is None or second is None:
                continue
            shared = [term for term in first.terms if term in second.terms]
            lone = sorted(set(first.terms) ^ set(second.terms))
            if lone:
                notes.add(f"{kind}: terms of one of {a} and {b} alone", len(lone), ", ".join(lone), "dropped")
            for term in shared:
                figure = compare(first, second, kind, kind, term, top, seed)
                if figure is None:
                    continue
                rows.append({"cohort_a": a, "cohort_b": b, "kind": kind, "term": term, **figure._asdict()})
                label = {key: cohorts.about[a][key] for key in ("system", "organism", "fold")}
                label |= {"model": f"people.{a}~{b}", "member": kind, "arm": "all", "split": "replication", "output": term}
                metrics += concordance_metrics(figure, label)
                metrics.append(label | {"metric": "top_overlap", "value": figure.overlap, "n": figure.top_k})
    columns = [*COHORTS, *Agreement._fields]
    shared_labels = {key: cohorts.about[names[0]][key] for key in ("system", "organism", "fold")}
    accuracy, accuracy_metrics = accuracy_agreement(people, shared_labels, top, seed)
    return {
        "replication": pd.DataFrame(rows, columns=columns),
        "rank_matrix": rank_matrix(cohorts, top, seed),
        "accuracy": accuracy,
        "metrics": pd.DataFrame(metrics + accuracy_metrics).reindex(columns=METRICS),
    }


def rank_matrix(cohorts: Cohorts, top: int, seed: int) -> pd.DataFrame:
    """Predicted statistics of each cohort against the actual ones of each; `rank` of the cohort among its prediction's row, 1 the best."""
    rows = []
    names = sorted(cohorts.folders)
    for a in names:
        predicted = cohorts[a, "predicted"]
        for b in names if predicted is not None else []:
            actual = cohorts[b, "actual"]
            if predicted is None or actual is None:
                continue
            for term in [term for term in predicted.terms if term in actual.terms]:
                figure = compare(predicted, actual, "predicted", "actual", term, top, seed)
                if figure is not None:
                    rows.append({"predicted": a, "actual": b, "term": term, **figure._asdict()})
    table = pd.DataFrame(rows, columns=["predicted", "actual", "term", *Agreement._fields])
    table["rank"] = [
        float(average_ranks(-part["rho"].to_numpy()[:, None])[list(part.index).index(i), 0])
        for i in table.index
        for part in [table[(table["predicted"] == table.at[i, "predicted"]) & (table["term"] == table.at[i, "term"])]]
    ]
    return table


def accuracy_agreement(folders: Sequence[str], labels: dict[str, str], top: int, seed: int) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """Are the same genes well predicted in each pair of cohorts? Agreement of per-gene accuracy on test genes, and its rows of metrics.

    Parameters
    ----------
    folders
        Folders of EVALUATE_PEOPLE, named <fold>.people.<cohort>.
    labels
        system, organism and fold, as in metrics.tsv.
    """
    accuracies = {Path(folder).name.rpartition(".people.")[2]: _gene_accuracy(folder) for folder in folders}
    rows, metrics = [], []
    for a, b in combinations(sorted(accuracies), 2):
        both = pd.concat([accuracies[a], accuracies[b]], axis=1, join="inner").to_numpy(np.float64)
        figure = agreement(both[:, 0], both[:, 1], None, top, seed)
        if figure is None:
            continue
        rows.append({"cohort_a": a, "cohort_b": b} | {name: value for name, value in figure._asdict().items() if name in ACCURACY})
        label = labels | {"model": f"people.{a}~{b}", "member": "accuracy", "arm": "all", "split": "replication", "output": "genes"}
        metrics.append(label | {"metric": "spearman", "value": figure.rho, "low": figure.low, "high": figure.high, "n": figure.n})
    return pd.DataFrame(rows, columns=["cohort_a", "cohort_b", *ACCURACY]), metrics


def _gene_accuracy(folder: str) -> pd.Series:
    """Pearson correlation over people of each test gene."""
    path = Path(folder) / "per_gene.tsv"
    if not path.exists():
        raise InputError(
            "is not a folder of EVALUATE_PEOPLE: it has no per_gene.tsv", folder, "give the folder that evaluate_people.py wrote"
        )
    with open_bytes(path) as handle:
        table = pd.read_csv(handle, sep="\t", keep_default_na=False, na_values={"pearson": ["NA", ""]})
    return table[table["split"] == "test"].set_index("gene_id")["pearson"]


def read_activities(folders: Sequence[str], names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """activity.tsv of folders of ACTIVITY, by cohort, in the order of the cohorts."""
    tables = {}
    for i, folder in enumerate(folders):
        path = Path(folder) / "activity.tsv"
        if not path.exists():
            raise InputError("is not a folder of ACTIVITY: it has no activity.tsv", folder, "give the folder that activity.py wrote")
        with open_bytes(path) as handle:
            table = pd.read_csv(handle, sep="\t", keep_default_na=False, na_values={"rho": ["NA"], "p": ["NA"], "q": ["NA"]})
        tables[f"{i}:{names[i] if i < len(names) else Path(folder).name}"] = table
    return tables


def write_replication(out: str | Path, tables: dict[str, pd.DataFrame], activities: dict[str, pd.DataFrame], notes: Notes) -> None:
    """Write every table and the notes, all or nothing."""
    with atomic_path(out) as folder:
        folder.mkdir(parents=True)
        for name, table in (tables | {"direction": direction_table(activities)}).items():
            write_table(folder / f"{name}.tsv", table)
        notes.write(folder / "replicate.notes.json")
