"""Adds what PEOPLE leaves behind to a folder of `make_inputs`: two cohorts with a model, one without. Every number is made."""

from pathlib import Path

import numpy as np
import pandas as pd

GENES = 300
AGREEMENT = {
    "n": 900,
    "low": 0.4,
    "high": 0.6,
    "top_k": 50,
    "overlap": 20,
    "expected": 2.8,
    "p_hypergeometric": 1e-12,
    "same_sign": 0.95,
    "null_mean": 0.0,
    "null_sd": 0.05,
    "null_high": 0.08,
    "p_permutation": 0.005,
    "n_permutations": 200,
}
LABEL = {"system": "decode", "organism": "made", "fold": "chr1", "split": "test"}


def save(table: pd.DataFrame | list[dict], path: Path) -> None:
    """Write a TSV as the scripts do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(table).to_csv(path, sep="\t", index=False, na_rep="NA")


def effects(rng: np.random.Generator, column: str, names: list[str], terms: tuple[str, ...]) -> pd.DataFrame:
    """Effects schema: the first five names move with every term."""
    parts = []
    for term in terms:
        t = rng.standard_normal(len(names)) + np.where(np.arange(len(names)) < 5, 9, 0)
        p = np.exp(-(t**2) / 2)
        one = {"system": "decode", "regulator": "NA", "target": "NA"} | {column: names}
        parts.append(
            pd.DataFrame(
                one
                | {"output": term, "effect": t * 0.1, "se": 0.1, "statistic": t, "p": p, "q": np.where(np.arange(len(names)) < 5, p, 1.0)}
            )
        )
    return pd.concat(parts, ignore_index=True)


def add_people(fold: Path, rho: float = 0.5, two: bool = True) -> None:
    """Write the folders of a fold: cohorts `first`, `second` (unless not `two`) and `skin`, which has no model."""
    rng = np.random.default_rng(0)
    for name in ("first", "second") if two else ("first",):
        add_association(rng, fold / "cohorts" / name, ("age", "sex[M]"), modelled=True)
        add_model(rng, fold / "cohorts" / name)
        add_pairs(rng, fold / "cohorts" / name)
    if two:
        add_association(rng, fold / "cohorts" / "skin", ("tissue",), modelled=False)
        rows = [
            {"cohort_a": "first", "cohort_b": "second", "kind": kind, "term": term, "rho": rho} | AGREEMENT
            for kind in ("actual", "predicted", "activity")
            for term in ("age", "sex[M]")
        ]
        save(rows, fold / "replication" / "replication.tsv")
        save(
            [{"predicted": "first", "actual": "second", "term": "age", "rho": rho, "rank": 1.0} | AGREEMENT],
            fold / "replication" / "rank_matrix.tsv",
        )
        save(
            [{"cohort_a": "first", "cohort_b": "second", "n": 60, "rho": 0.4, "low": 0.3, "high": 0.5}],
            fold / "replication" / "accuracy.tsv",
        )
        steady = {
            "regulator": ["TF1", "TF2"],
            "class": "tf",
            "n_cohorts": 2,
            "n_positive": [2, 1],
            "n_negative": [0, 1],
            "mean_rho": [0.5, 0.1],
            "same_sign": 1.0,
            "consistent": [True, False],
        }
        save(pd.DataFrame(steady), fold / "replication" / "direction.tsv")
    row = {
        "pair": "G1~G2",
        "gene_a": "G1",
        "gene_b": "G2",
        "cohort": "first",
        "people": 60,
        "drivers": "G7,G8",
        "n_drivers": 2,
        "pool": 30,
        "r": 0.8,
        "r2_full": 0.6,
        "r2_res": 0.2,
        "explained": 0.7,
        "null_mean": 0.1,
        "null_high": 0.3,
        "sets": 1000,
        "p": 0.001,
        "why_not": "",
    }
    untested = row | {
        "cohort": "second",
        "explained": None,
        "null_mean": None,
        "null_high": None,
        "p": None,
        "why_not": "4 people are too few for 2 drivers",
    }
    save([row, untested], fold / "mediation" / "mediation.tsv")


def add_association(rng: np.random.Generator, folder: Path, terms: tuple[str, ...], modelled: bool) -> None:
    """Tables of ASSOCIATE and ACTIVITY."""
    genes = [f"G{i}" for i in range(GENES)]
    actual = effects(rng, "target", genes, terms)
    save(actual.assign(gene_name=actual["target"].str.replace("G", "GENE")), folder / "association" / "actual.tsv")
    empty = actual.iloc[:0]
    save(actual.assign(split="test") if modelled else empty, folder / "association" / "predicted.tsv")
    regulators = effects(rng, "regulator", [f"TF{i}" for i in range(40)], terms).assign(**{"class": "tf"})
    save(regulators if modelled else empty, folder / "association" / "activity.tsv")
    rows = [
        {"output": term, "split": split, "rho": 0.05 if split == "test" else 0.3} | AGREEMENT
        for term in terms
        for split in ("test", "train")
    ]
    save(pd.DataFrame(rows if modelled else [], columns=list(rows[0])), folder / "association" / "concordance.tsv")
    people = 60
    sheet = {
        "sample": [f"s{i}" for i in range(people)],
        "Intercept": 1.0,
        "age": rng.integers(20, 80, people),
        "sex[M]": np.arange(people) % 2,
    }
    save(pd.DataFrame(sheet), folder / "association" / "design.tsv")
    if modelled:
        rho = rng.uniform(-0.8, 0.8, 40)
        table = {
            "regulator": [f"TF{i}" for i in range(40)],
            "gene": "G1",
            "n": people,
            "rho": rho,
            "p": 0.01,
            "q": 0.02,
            "sign": 1,
            "class": "tf",
            "gene_name": "TF",
            "outputs": "all",
        }
        save(pd.DataFrame(table), folder / "activity" / "activity.tsv")


def add_model(rng: np.random.Generator, folder: Path) -> None:
    """Tables of EVALUATE_PEOPLE."""
    model = f"people.{folder.name}"
    rows = []
    for name, member, arm, value in (
        (model, "ensemble", "all", 0.25),
        (model, "ensemble", "shuffled_rna", 0.1),
        (f"{model}.ridge", "single", "all", 0.2),
        (f"{model}.scratch", "single", "all", 0.15),
    ):
        for output in ("fold_change", "level"):
            rows.append(
                LABEL
                | {
                    "model": name,
                    "member": member,
                    "arm": arm,
                    "output": output,
                    "metric": "spearman",
                    "value": value,
                    "low": value - 0.03,
                    "high": value + 0.03,
                    "n": 300,
                }
            )
    rows.append(
        LABEL
        | {
            "model": model,
            "member": "ensemble",
            "arm": "all",
            "output": "fold_change",
            "metric": "unrelated_signed_rank_p",
            "value": 0.3,
            "low": None,
            "high": None,
            "n": 60,
        }
    )
    save(rows, folder / "people" / "metrics.tsv")
    own = rng.normal(0.2, 0.05, 60)
    save(
        pd.DataFrame({"output": [f"s{i}" for i in range(60)], "own": own, "others_mean": own - 0.001}), folder / "people" / "unrelated.tsv"
    )
    save(
        [
            {
                "source": "actual",
                "n_genes": 300,
                "n_within": 60,
                "n_between": 29,
                "within_mean": 0.2,
                "between_mean": 1.0,
                "ratio_of_means": 0.2,
                "share_below_quarter": 0.8,
            }
        ],
        folder / "people" / "variance.tsv",
    )
    save(
        [
            {
                "model": model,
                "test": "paired_t",
                "arm_a": "all",
                "arm_b": "shuffled_rna",
                "mean_a": 0.25,
                "mean_b": 0.1,
                "p": 1e-9,
                "share_of_all": 0.4,
            }
        ],
        folder / "people" / "ablation.tsv",
    )
    save(
        [{"driver": "rna_sites", "lmg": 0.02, "low": 0.0, "high": 0.04, "spearman": 0.1, "n": 300}],
        folder / "people" / "drivers_of_accuracy.tsv",
    )
    save(
        [{"kind": "actual", "group_a": "", "group_b": "", "auroc": None, "note": "not applicable: no two tissues"}],
        folder / "people" / "concordance.tsv",
    )


def add_pairs(rng: np.random.Generator, folder: Path) -> None:
    """Tables of KNOCK_OUT."""
    save(
        [
            {
                "pair": "G1~G2",
                "gene_a": "G1",
                "gene_b": "G2",
                "name_a": "ABC1",
                "name_b": "ABC2",
                "source": "auto",
                "people": 60,
                "predicted_rho": 0.9,
                "actual_rho": 0.8,
            }
        ],
        folder / "knock_out" / "pairs.tsv",
    )
    bins = [
        {
            "pair": "G1~G2",
            "gene": gene,
            "track": "tf_promoter" if b < 8 else "rbp_rna",
            "bin": b,
            "start": 100 * b,
            "end": 100 * b + 100,
            "effect": rng.normal(0, 0.02),
            "se": 0.01,
            "t": 1.0,
            "p": 0.5,
            "p_bonferroni": 0.001 if b == 3 else 1.0,
        }
        for gene in ("G1", "G2")
        for b in range(16)
    ]
    save(bins, folder / "knock_out" / "site_disruption.tsv")
    save(
        [
            {
                "system": "decode",
                "regulator": f"TF{i}",
                "target": "G1",
                "output": folder.name,
                "effect": -0.1 * i,
                "se": 0.01,
                "statistic": -i,
                "p": 0.1,
                "q": 0.1,
                "pair": "G1~G2",
                "p_bonferroni": 0.001 if i > 2 else 1.0,
                "driver": "yes",
                "class": "tf",
            }
            for i in range(5)
        ],
        folder / "knock_out" / "drivers.tsv",
    )
    save(
        [
            {"arm": "all", "sign": sign, "pairs": 40, "recovered": 20, "share": 0.5, "low": 0.4, "high": 0.6, "chance": 0.1, "auroc": 0.8}
            for sign in ("positive", "negative")
        ],
        folder / "knock_out" / "recovery.tsv",
    )
