"""Rows of metrics.tsv are sorted into what a reader compares."""

import pandas as pd
import pytest

from regdecode.report import accuracy


def metrics(*rows: tuple[str, str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "system": "decode",
                "organism": "o",
                "fold": "f",
                "model": model,
                "member": member,
                "arm": arm,
                "split": "test",
                "output": output,
                "metric": "spearman",
                "value": value,
                "low": value - 0.1,
                "high": value + 0.1,
                "n": 10,
            }
            for model, member, arm, output, value in rows
        ]
    )


def test_kinds():
    table = metrics(
        ("default", "ensemble", "all", "level", 0.7),
        ("default", "r1", "all", "level", 0.6),
        ("default", "best", "all", "level", 0.6),
        ("decode2020", "ensemble", "all", "level", 0.5),
        ("decode2020", "r1", "all", "level", 0.5),
        ("ridge", "single", "all", "level", 0.4),
        ("shuffled", "single", "all", "level", 0.0),
        ("default", "r1", "shuffled_rna", "level", 0.2),
    )
    found = accuracy.rows(table, "f", ["default", "decode2020"])
    assert [(row.model, row.member, row.kind) for row in found] == [
        ("default", "ensemble", "ensemble"),
        ("decode2020", "ensemble", "network"),
        ("ridge", "single", "baseline"),
        ("shuffled", "single", "control"),
        ("default", "r1", "member"),
    ]
    assert accuracy.rows(table, "other fold", ["default"]) == []


def test_best_is_by_output():
    table = metrics(
        ("default", "ensemble", "all", "level", 0.7),
        ("ridge", "single", "all", "level", 0.4),
        ("ridge", "single", "all", "fold_change", 0.3),
        ("xgboost", "single", "all", "level", 0.5),
        ("xgboost", "single", "all", "fold_change", 0.2),
    )
    baselines = accuracy.of_kind(accuracy.rows(table, "f", ["default"]), "baseline")
    assert accuracy.best(baselines, "level").model == "xgboost"
    assert accuracy.best(baselines, "fold_change").model == "ridge"


def test_arms_compare_the_same_replicates():
    table = metrics(
        ("default", "r1", "all", "fold_change", 0.3),
        ("default", "t1", "all", "fold_change", 0.9),
        ("default", "ensemble", "all", "fold_change", 0.8),
        ("default", "r1", "shuffled_rna", "fold_change", 0.1),
        ("xgboost", "single", "all", "fold_change", 0.2),
    )
    found = accuracy.arms(table, "f", "default")
    assert found[["arm", "member", "value"]].values.tolist() == [["all", "r1", 0.3], ["shuffled_rna", "r1", 0.1]]
    assert accuracy.arms(table[table["arm"] == "all"], "f", "default").empty


def test_single_tasks_meet_their_own_output():
    table = metrics(
        ("default", "r1", "all", "liver", 0.3),
        ("default", "r2", "all", "liver", 0.5),
        ("default", "r1", "all", "brain", 0.9),
        ("default", "r1", "single_task:liver", "liver", 0.1),
        ("default", "r2", "single_task:liver", "liver", 0.2),
    )
    found = accuracy.single_tasks(table, "f", "default")
    assert found["output"].tolist() == ["liver"]
    assert found[["single", "multi"]].iloc[0].tolist() == pytest.approx([0.15, 0.4])
    assert accuracy.single_tasks(table[table["arm"] == "all"], "f", "default").empty
