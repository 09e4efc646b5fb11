"""Adds what DEEPRAGE leaves behind to a folder of `make_inputs`: folds, an ensemble, motifs, promoters. Every number is made."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

CONSENSUS = {"f0": "TGACGTCA", "f1": "CCGGAAGT", "f2": "GATTACAG"}
FIGURES = ("pearson", "accuracy", "majority", "balanced_accuracy", "kappa", "mse", "pearson_within_condition", "pearson_within_gene")
MODELS = {
    ("default", "ensemble"): (0.55, 0.70),
    ("promoter", "ensemble"): (0.50, 0.69),
    ("default", "r1"): (0.45, 0.67),
    ("deeprage2020", "r1"): (0.20, 0.66),
    ("majority", "single"): (np.nan, 0.65),
    ("kmer_ridge", "single"): (0.43, 0.68),
}


def save(table: pd.DataFrame | list[dict], path: Path) -> None:
    """Write a TSV as the scripts do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(table).to_csv(path, sep="\t", index=False, na_rep="NA")


def add_fold(folder: Path, fold: str, gain: float) -> None:
    """Tables of EVALUATE_DEEPRAGE; the ensemble is better than the k-mer ridge by 0.12, certainly so where `gain` is above 0."""
    rng = np.random.default_rng(0)
    rows, confusion, genes, conditions = [], [], [], []
    for (model, member), (r, accuracy) in MODELS.items():
        label = {"model": model, "member": member, "arm": "all"}
        values = dict(zip(FIGURES, (r, accuracy, 0.65, accuracy - 0.2, accuracy - 0.6, 0.4, r - 0.1, r - 0.05), strict=True))
        head = {"system": "deeprage", "organism": "made", "fold": fold, **label, "split": "test", "output": "all"}
        rows += [{**head, "metric": name, "value": v, "low": v - 0.02, "high": v + 0.02, "n": 4000} for name, v in values.items()]
        for i, actual in enumerate(("down", "base", "up")):
            for j, predicted in enumerate(("down", "base", "up")):
                confusion.append({**label, "actual": actual, "predicted": predicted, "n": 10, "percent": 20.0 if i == j else 40 / 6})
        for g in range(40):
            told = {"gene": f"G{g}", "gene_name": f"abc{g}", "n": 100, "pearson": r - g / 100}
            genes.append({**label, **told, "mse": 0.3, "accuracy": 0.7, "majority": 0.6})
        for s in range(6):
            told = {"condition": f"c{s}", "series": "heat", "n": 600, "pearson": r, "mse": 0.3, "accuracy": 0.7, "majority": 0.6}
            conditions.append({**label, **told})
    against = {"model": "default", "member": "ensemble", "against": "kmer_ridge", "against_member": "single", "metric": "pearson"}
    comparisons = [{**against, "difference": 0.12, "low": gain, "high": 0.2, "share_not_better": 0.0}]
    seen = rng.normal(size=500)
    observed = pd.DataFrame({"gene": "G1", "condition": "c1", "observed": seen, "default.ensemble": seen + rng.normal(size=500)})
    tables = {
        "metrics": rows,
        "confusion": confusion,
        "per_gene": genes,
        "per_condition": conditions,
        "comparisons": comparisons,
        "observed": observed,
    }
    for name, table in tables.items():
        save(table, folder / "evaluated" / fold / f"{name}.tsv")


def add_motifs(folder: Path, name: str, targets: bool = True, q: float = 0.1, known: bool = True) -> None:
    """Three filters: one named MIG1, one that started from ABF1, one that is new; without known motifs all are new."""
    filters = pd.DataFrame(
        {
            "model": "default.r1", "filter": list(CONSENSUS), "start": [np.nan, "ABF1", "CCCCTTA"], "origin": ["random", "motif", "word"],
            "cluster": ["c1", "c2", np.nan],
            "consensus": list(CONSENSUS.values()), "ic": 12.0, "n_sites": 100, "active": 1.0, "effect": [0.3, 0.2, 0.1],
            "top_condition": "c1", "matched": [1, 1, 0], "match": ["MIG1", "ABF1", "HAP4"], "motif": "M1", "p": 1e-6,
            "q": [1e-5, 1e-3, 0.5], "q_within": 0.01, "strand": "+", "database": "made.meme",
        }
    )  # fmt: skip
    metrics = [{"metric": "filters_alive", "value": 3.0, "n": 3}]
    if known:
        metrics += [{"metric": "filters_matched_by_chance", "value": 0.0, "n": 2}]
    else:
        filters = filters.assign(
            matched=0, origin="word", **dict.fromkeys(("match", "motif", "p", "q", "q_within", "strand", "database"), np.nan)
        )
    save(filters, folder / "motifs" / name / "filters.tsv")
    save(metrics, folder / "motifs" / name / "metrics.tsv")
    meme = "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\nA 0.25 C 0.25 G 0.25 T 0.25\n"
    for motif, letters in CONSENSUS.items():
        meme += f"\nMOTIF {motif}\nletter-probability matrix: alength= 4 w= {len(letters)} nsites= 100 E= 0\n"
        meme += "".join(" ".join("0.97" if base == letter else "0.01" for letter in "ACGT") + "\n" for base in letters)
    (folder / "motifs" / name / "filters.meme").write_text(meme)
    pair = {"model": "default.r1", "rank": 1, "unit": "f0", "match": "MIG1", "regulator": "R1", "name": "MIG1", "own": 1}
    save([pair | {"interaction": 0.02, "both": 0.2, "unit_alone": 0.2, "regulator_alone": 0.01}], folder / "motifs" / name / "pairs.tsv")
    if targets:
        tested = {"model": "default.r1", "unit": ["f0", "f1"], "kind": "filter", "match": ["MIG1", "ABF1"], "regulator": ["MIG1", "ABF1"]}
        tested |= {"own": int(known), "n_targets": 20, "auc": [0.8, 0.5], "p_rank_sum": [1e-6, 0.5], "q_rank_sum": [1e-5, 0.6], "top": 100}
        tested |= {"found": 9, "expected": 2.0, "p_fisher": 0.01, "q_fisher": 0.02}
        save(pd.DataFrame(tested), folder / "motifs" / name / "validation.tsv")
        rows = [{"model": "default.r1", "table": "known", "draw": 0, "q": q, "pairs": 12, "regulators": 7}]
        rows += [
            {"model": "default.r1", "table": "genes permuted", "draw": k, "q": q, "pairs": 1, "regulators": k % 2} for k in range(1, 5)
        ]
        save(rows, folder / "motifs" / name / "null.tsv")


def add_promoters(folder: Path, name: str, length: int = 120, conditions: int = 1) -> None:
    """Bases of one gene in some conditions; substitutions and regulators in the first."""
    rng = np.random.default_rng(1)
    head = {"gene": "G1", "name": "HSP12", "condition": "c1"}
    letters, at = rng.choice(list("ACGT"), length), np.arange(-length, 0)
    bases = [
        pd.DataFrame({**head, "condition": f"c{k + 1}", "position": at, "base": letters, "contribution": rng.normal(size=length)})
        for k in range(conditions)
    ]
    save(pd.concat(bases), folder / "attributed" / name / "bases.tsv")
    changes = [
        {**head, "position": p, "ref": b, "alt": a, "effect": 0.1} for p, b in zip(at, letters, strict=True) for a in "ACGT" if a != b
    ]
    save(changes, folder / "attributed" / name / "saturation.tsv")
    regulators = pd.DataFrame(
        {**head, "regulator": ["R1", "R2"], "regulator_name": ["MSN2", "MIG1"], "value": 1.0, "contribution": [0.4, -0.1]}
    )
    save(regulators, folder / "attributed" / name / "regulators.tsv")
    told = {**head, "model": "default.r1", "part": "test", "measured": 2.0, "prediction": 1.5, "delta": 1.4, "sum": 1.4, "residual": 0.001}
    save([told | {"relative": 0.0007}], folder / "attributed" / name / "additivity.tsv")


def add_deeprage(
    inputs: Path, folds: tuple[str, ...] = ("new_gene.0", "random_pair.0"), gain: float = 0.05, explained: bool = True
) -> None:
    """Write inputs/deeprage: folds, their ensembles, and of the first what its filters and bases say."""
    folder = inputs / "deeprage"
    leaks = []
    for fold in folds:
        add_fold(folder, fold, gain)
        config = {"model": "default", "uses_completion": fold.startswith("random_pair"), "uses_coding": fold.startswith("new_gene")}
        config |= {"members": [{"folder": "members/0", "member": "r1", "weight": 0.4, "pearson": 0.45}]}
        config |= {"learned": [{"folder": "learned/promoter_trees", "name": "promoter_trees", "weight": 0.5, "pearson": 0.5}]}
        place = folder / "selected" / f"{fold}.default"
        history = pd.DataFrame({"stage": "merge", "epoch": [1, 2], "train_loss": [1.0, 0.9], "validation_loss": [0.9, 0.8], "seconds": 1.0})
        save(history, place / "members" / "0" / "history.tsv")
        (place / "config.json").write_text(json.dumps(config))
        leaks.append({"fold": fold, "check": "same gene", "a": "test", "b": "train", "n": 0, "of": 40, "detail": ""})
    save(leaks, folder / "leakage.tsv")
    if explained:
        add_motifs(folder, f"{folds[0]}.default")
        add_promoters(folder, f"{folds[0]}.default")
