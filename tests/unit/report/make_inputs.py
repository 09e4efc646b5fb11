"""Makes a folder as REPORT is given, with plausible tables; every number is made."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

TISSUES = (
    "Adipose Tissue",
    "Adrenal Gland",
    "Bladder",
    "Blood",
    "Blood Vessel",
    "Brain",
    "Breast",
    "Cervix Uteri",
    "Colon",
    "Esophagus",
    "Fallopian Tube",
    "Heart",
    "Kidney",
    "Liver",
    "Lung",
    "Muscle",
    "Nerve",
    "Ovary",
    "Pancreas",
    "Pituitary",
    "Prostate",
    "Salivary Gland",
    "Skin",
    "Small Intestine",
    "Spleen",
    "Stomach",
    "Testis",
    "Thyroid",
    "Uterus",
)
MEMBERS = ("r1", "r2", "r3", "t1")


def outputs(n: int) -> list[str]:
    """Names of n outputs."""
    return [TISSUES[i] if i < len(TISSUES) else f"project {i // 9} | condition {i}" for i in range(n)]


def make_inputs(
    folder: Path,
    folds: tuple[str, ...] = ("chr16",),
    n_outputs: int = 29,
    n_genes: int = 700,
    level: bool = True,
    gain: float = 0.04,
    arms: bool = True,
    complete: bool = True,
) -> Path:
    """Write the folder.

    Parameters
    ----------
    folds, n_outputs, n_genes, level
        Size and kind of the run.
    gain
        How far the ensemble is above the best baseline.
    arms
        Whether ablation arms and single tasks were run.
    complete
        Otherwise everything that may be absent is.
    """
    rng = np.random.default_rng(0)
    names = outputs(n_outputs)
    folder.mkdir(parents=True)
    run = {
        "organism": {
            "id": "made",
            "name": "Homo sapiens (made up)",
            "reference": {"annotation": {"file": "genes.gtf.gz", "kind": "gtf"}},
            "regulators": [{"class": "tf", "on": "promoter", "sites": "tf.bed.gz"}, {"class": "rbp", "on": "rna", "sites": "rbp.bed.gz"}],
        },
        "params": {"replicates": 3, "seed": 0, "presets": "default,decode2020"},
        "presets": [{"name": "default", "members": 4}, {"name": "decode2020", "members": 3}],
        "pipeline": {"name": "regdecode", "version": "0.1.0"},
        "files": {"tf.bed.gz": "given", "genes.gtf.gz": "package==1.0"},
    }
    if complete:
        run["nextflow"] = {
            "version": "25.10.0",
            "command": "nextflow run main.nf --organism human",
            "start": "2026-11-21 10:04",
            "profile": "standard",
        }
        (folder / "software_versions.yml").write_text("EVALUATE:\n  regdecode: 0.1.0\nTRAIN_DECODE:\n  regdecode: 0.1.0\n  torch: 2.13.0\n")
        make_notes(folder / "notes")
    (folder / "run.json").write_text(json.dumps(run))
    metrics = []
    for fold in folds:
        metrics += fold_metrics(rng, fold, names, level, gain, arms)
        make_fold(rng, folder / "folds" / fold, fold, names, level, gain, n_genes, complete)
    pd.DataFrame(metrics).to_csv(folder / "metrics.tsv", sep="\t", index=False)
    return folder


def make_notes(folder: Path) -> None:
    """Write three accounts."""
    folder.mkdir()
    accounts = {
        "reference": [
            ("info", "genes with a usable model", 19_305, ""),
            ("dropped", "genes on a second locus", 20, "the longest model is kept: GENE1, GENE2"),
        ],
        "expression": [
            ("info", "genes x samples", 19_139, "29 samples"),
            ("dropped", "genes below 2 TPM everywhere", 2_911, "not expressed"),
            ("warning", "genes without a place in the annotation", 412, "ids with another version"),
        ],
        "bin_sites rbp": [
            ("info", "sites", 242_574, ""),
            ("dropped", "sites on no exon of their strand", 99_120, "intergenic, or on the other strand"),
        ],
    }
    for stage, rows in accounts.items():
        notes = [{"kind": kind, "what": what, "n": n, "why": why} for kind, what, n, why in rows]
        (folder / f"{stage.replace(' ', '_')}.notes.json").write_text(json.dumps({"stage": stage, "notes": notes}))


def fold_metrics(rng: np.random.Generator, fold: str, names: list[str], level: bool, gain: float, arms: bool) -> list[dict]:
    """Rows of metrics.tsv of one fold."""
    rows: list[dict] = []

    def add(model: str, member: str, arm: str, change: float, high: float, per_output: bool) -> None:
        common = {"system": "decode", "organism": "made", "fold": fold, "model": model, "member": member, "arm": arm, "split": "test"}
        for metric in ("spearman", "pearson"):
            if level:
                rows.append(
                    common | {"output": "level", "metric": metric, "value": high, "low": high - 0.03, "high": high + 0.03, "n": 700}
                )
            rows.append(
                common | {"output": "fold_change", "metric": metric, "value": change, "low": change - 0.02, "high": change + 0.02, "n": 700}
            )
            if per_output:
                drawn = change + np.linspace(-0.15, 0.15, len(names)) + 0.02 * rng.standard_normal(len(names))
                rows.extend(
                    common | {"output": name, "metric": metric, "value": value, "low": value - 0.07, "high": value + 0.07, "n": 700}
                    for name, value in zip(names, drawn, strict=True)
                )
        rows.append(
            common
            | {"output": "all", "metric": "pearson", "value": change, "low": change - 0.02, "high": change + 0.02, "n": 700 * len(names)}
        )

    add("default", "ensemble", "all", 0.20 + gain, 0.69 + gain, True)
    for i, member in enumerate(MEMBERS):
        add("default", member, "all", 0.18 + gain + 0.005 * i, 0.67 + gain, True)
    add("decode2020", "ensemble", "all", 0.17, 0.64, False)
    for model, change, high in (
        ("ridge", 0.17, 0.63),
        ("xgboost", 0.20, 0.69),
        ("perceptron", 0.18, 0.66),
        ("mean", 0.0, 0.0),
        ("shuffled", 0.005, 0.02),
    ):
        add(model, "single", "all", change, high, True)
    if arms:
        for arm, change in (("shuffled_rna", 0.15), ("shuffled_promoter", 0.09), ("shuffled_all", 0.003)):
            for member in MEMBERS[:3]:
                add("default", member, arm, change + 0.01 * rng.standard_normal(), 2.5 * change, False)
        for name in names[:8]:
            rows.extend(
                {
                    "system": "decode",
                    "organism": "made",
                    "fold": fold,
                    "model": "default",
                    "member": member,
                    "arm": f"single_task:{name}",
                    "split": "test",
                    "output": name,
                    "metric": "spearman",
                    "value": 0.05 + 0.01 * i,
                    "low": 0.0,
                    "high": 0.1,
                    "n": 700,
                }
                for i, member in enumerate(MEMBERS[:3])
            )
    return rows


def make_fold(
    rng: np.random.Generator, folder: Path, fold: str, names: list[str], level: bool, gain: float, n_genes: int, complete: bool
) -> None:
    """Write the tables of one fold."""
    for part in ("evaluate", "attribute", "select", "history"):
        (folder / part).mkdir(parents=True)
    regulators = [f"TF{i}" for i in range(120)] + [f"RBP{i}" for i in range(21)]
    tracks = [
        {"name": "tf_promoter", "cls": "tf", "on": "promoter", "bin_size": 100, "regulators": regulators[:120]},
        {"name": "rbp_rna", "cls": "rbp", "on": "rna", "bin_size": 100, "regulators": regulators[120:]},
    ]
    weights = (0.2, 0.2, 0.2, 0.35)
    members = [
        {
            "folder": f"members/{i}",
            "family": "trees" if member == "t1" else "network",
            "member": member,
            "weight_fold_change": weights[i],
            "weight_level": weights[-1 - i],
            "validation_loss": 1.0,
        }
        for i, member in enumerate(MEMBERS)
    ]
    (folder / "select" / "config.json").write_text(
        json.dumps({"family": "ensemble", "model": "default", "tracks": tracks, "members": members if complete else []})
    )
    if not complete:
        return
    save = lambda frame, part, name: frame.to_csv(folder / part / f"{name}.tsv", sep="\t", index=False)  # noqa: E731
    models = [("ridge", 0.03), ("xgboost", 0.0), ("perceptron", 0.02), ("mean", 0.2), ("shuffled", 0.2)]
    pairs = [(model, extra, output) for model, extra in models for output in (["level"] if level else []) + ["fold_change"]]
    save(
        pd.DataFrame(
            [
                {
                    "baseline": model,
                    "output": output,
                    "metric": "spearman",
                    "difference": gain + extra,
                    "low": gain + extra - 0.015,
                    "high": gain + extra + 0.015,
                    "p": 0.002 if abs(gain + extra) > 0.015 else 0.6,
                    "n": 700,
                }
                for model, extra, output in pairs
            ]
        ),
        "evaluate",
        "comparisons",
    )
    actual = rng.normal(3, 2.5, n_genes)
    genes = pd.DataFrame(
        {
            "gene_id": [f"G{i}" for i in range(n_genes)],
            "split": "test",
            "spearman": np.clip(rng.normal(0.25, 0.3, n_genes), -1, 1),
            "rmse": 1.0,
            "n": len(names),
        }
    )
    if level:
        genes = genes.assign(level_predicted=2 + 0.4 * actual + rng.normal(0, 1, n_genes), level_actual=actual)
    save(genes, "evaluate", "per_gene")
    factor = rng.standard_normal((len(names), 3))
    similarity = 0.2 * np.corrcoef(factor) + 0.03 * rng.standard_normal((len(names), len(names)))
    save(
        pd.DataFrame(
            {
                "predicted": np.repeat(names, len(names)),
                "actual": np.tile(names, len(names)),
                "spearman": similarity.ravel(),
                "permutation_p": 0.003,
            }
        ),
        "evaluate",
        "output_matrix",
    )
    save(
        pd.DataFrame(
            [
                {
                    "model": "default",
                    "test": "paired_t",
                    "arm_a": "all",
                    "arm_b": "shuffled_rna",
                    "n_outputs": len(names),
                    "mean_a": 0.2,
                    "mean_b": 0.15,
                    "difference": 0.05,
                    "statistic": 5.1,
                    "p": 1e-5,
                    "replicates_a": 3,
                    "replicates_b": 3,
                    "seconds_a": 60.0,
                    "seconds_b": 61.0,
                }
            ]
        ),
        "evaluate",
        "ablation",
    )
    effect = rng.standard_normal((len(regulators), 3)) @ factor.T * rng.gamma(0.5, 0.01, (len(regulators), 1))
    table = pd.DataFrame(
        {
            "regulator": regulators,
            "class": ["tf"] * 120 + ["rbp"] * 21,
            "tracks": ["tf_promoter"] * 120 + ["rbp_rna"] * 21,
            "n_genes": rng.integers(30, 500, len(regulators)),
            "importance": np.abs(effect).mean(1),
            "level": rng.normal(0, 0.1, len(regulators)),
            "strongest_output": np.array(names)[np.abs(effect).argmax(1)],
            "strongest_mean": effect[np.arange(len(regulators)), np.abs(effect).argmax(1)],
        }
    )
    order = np.argsort(-table["importance"].to_numpy(), kind="stable")
    save(table.iloc[order].assign(rank=np.arange(1, len(order) + 1)), "attribute", "importance")
    wide = pd.concat([table[["class", "regulator", "tracks"]], pd.DataFrame(effect, columns=names)], axis=1)
    save(wide.assign(level=table["level"]) if level else wide, "attribute", "regulator_by_output")
    tops = [
        {
            "output": name,
            "rank": k + 1,
            "class": table["class"][i],
            "regulator": regulators[i],
            "tracks": "",
            "mean": effect[i, t],
            "n_genes": 100,
        }
        for t, name in enumerate(names)
        for k, i in enumerate(np.argsort(-np.abs(effect[:, t]))[:5])
    ]
    save(pd.DataFrame(tops), "attribute", "top_regulators")
    save(
        pd.DataFrame(
            [
                {
                    "output": "fold_change",
                    "class_a": "rbp",
                    "class_b": "tf",
                    "n_a": 21,
                    "n_b": 120,
                    "median_a": 0.01,
                    "median_b": 0.02,
                    "share_a": 0.2,
                    "share_b": 0.8,
                    "statistic": -1.2,
                    "p": 0.2,
                    "q": 0.3,
                }
            ]
        ),
        "attribute",
        "class_contributions",
    )
    save(
        pd.DataFrame(
            {
                "output": names,
                "max_residual": 1e-7,
                "range": 3.0,
                "relative": 3e-8,
                "tolerance": 1e-4,
                "worst_gene": "G1",
                "passed": True,
                "member": "model",
            }
        ),
        "attribute",
        "additivity",
    )
    leaks = [
        {"fold": fold, "check": "genes", "a": split, "b": "", "n": n, "of": 4_794, "detail": f"2 chromosomes: {fold}"}
        for split, n in (("train", 3_600), ("validation", 494), ("test", 700))
    ]
    leaks += [
        {"fold": fold, "check": check, "a": "test", "b": "train", "n": n, "of": 700, "detail": "such as G1" if n else ""}
        for check, n in (("same gene id", 0), ("same chromosome", 0), ("start within 1000 bp", 3))
    ]
    save(pd.DataFrame(leaks), ".", "leakage")
    for model, most in (("default", 3), ("decode2020", 3)):
        for member in range(most):
            epoch = np.arange(1, 41 + 5 * member)
            train = 0.75 + 0.25 * np.exp(-epoch / 9) + 0.004 * rng.standard_normal(len(epoch))
            valid = 0.86 + 0.14 * np.exp(-epoch / 7) + 0.0009 * np.maximum(epoch - 25, 0) + 0.004 * rng.standard_normal(len(epoch))
            save(
                pd.DataFrame({"epoch": epoch, "train_loss": train, "validation_loss": valid, "seconds": 1.0}),
                "history",
                f"{model}.{member}",
            )
    save(pd.DataFrame(columns=["epoch", "train_loss", "validation_loss", "seconds"]), "history", "default.3")
