"""Tables of EVALUATE on candidates whose ranking is planted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from regdecode.stats.ablation import ablation_table
from regdecode.stats.evaluation import Candidate, Evaluation, Truth, comparison_table, evaluate, gene_table, matrix_table, output_table

N, OUTPUTS = 240, np.array(["a", "b", "c", "d", "level"])
LABELS = {"system": "decode", "organism": "mini", "fold": "chr1"}


@pytest.fixture(scope="module")
def result() -> Evaluation:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(N, 5))
    values[rng.random((N, 5)) < 0.02] = np.nan
    values[:, 4] = rng.normal(size=N)
    split = np.array(["train", "validation", "test"])[np.arange(N) % 3]
    truth = Truth(np.array([f"g{i}" for i in range(N)]), split, OUTPUTS, values)

    def predict(noise: float, outputs: np.ndarray = OUTPUTS) -> np.ndarray:
        return np.nan_to_num(values[:, truth.columns(outputs)]) + noise * rng.normal(size=(N, len(outputs)))

    candidates = [
        Candidate("default", "ensemble", "all", OUTPUTS, predict(0.5)),
        Candidate("decode2020", "ensemble", "all", OUTPUTS, predict(1.0)),
        Candidate("ridge", "single", "all", OUTPUTS, predict(1.5), baseline=True),
        Candidate("mean", "single", "all", OUTPUTS, np.zeros((N, 5)), baseline=True),
    ]
    for k in (1, 2):
        candidates.append(Candidate("default", f"r{k}", "all", OUTPUTS, predict(0.7), seconds=10.0))
        candidates.append(Candidate("default", f"r{k}", "shuffled_all", OUTPUTS, rng.normal(size=(N, 5)), seconds=10.0))
        candidates += [
            Candidate("default", f"r{k}", f"single_task:{name}", np.array([name]), predict(1.2, np.array([name])), seconds=4.0)
            for name in ("a", "c", "level")
        ]
    return evaluate(truth, candidates, LABELS, seed=1)


def test_metrics_hold_every_model_split_and_figure(result):
    table = result.metrics
    assert not table.duplicated(["model", "member", "arm", "split", "output", "metric"]).any()
    row = table.query("model == 'default' and member == 'ensemble' and split == 'test' and output == 'b' and metric == 'spearman'").iloc[0]
    test = (result.truth.split == "test") & np.isfinite(result.truth.values[:, 1])
    expected = stats.spearmanr(result.candidates["default", "ensemble", "all"].values[test, 1], result.truth.values[test, 1])[0]
    assert row["value"] == pytest.approx(expected) and row["n"] == test.sum()
    single = table[table["arm"] == "single_task:a"]
    assert set(single["output"]) == {"a"}
    share = table.query("model == 'default' and metric == 'diagonal_share'")
    assert share["value"].tolist() == [1.0]


def test_ensembles_are_compared_with_baselines_and_with_each_other(result):
    table = comparison_table(result)
    assert set(table["baseline"]) == {"decode2020", "ridge", "mean"} and set(table["model"]) == {"default"}
    assert (table["low"] > 0).all() and (table["p"] < 0.01).all()
    np.testing.assert_allclose(table["difference"], table["value"] - table["baseline_value"])


def test_arms_and_single_tasks(result):
    table = ablation_table(result)
    arms = table[table["test"] == "paired_t"].iloc[0]
    assert (arms["arm_a"], arms["arm_b"], arms["n_outputs"], arms["replicates_a"]) == ("all", "shuffled_all", 4, 2)
    assert arms["p"] < 0.01 and abs(arms["mean_b"]) < 0.2
    accuracy = {
        arm: np.mean([result.accuracy["default", f"r{k}", arm].spearman[:4] for k in (1, 2)], axis=0) for arm in ("all", "shuffled_all")
    }
    assert arms["statistic"] == pytest.approx(stats.ttest_rel(accuracy["all"], accuracy["shuffled_all"]).statistic)
    sign = table[table["test"] == "sign"].iloc[0]
    assert (sign["n_outputs"], sign["statistic"], sign["p"]) == (3, 3, 0.25)
    assert (sign["seconds_a"], sign["seconds_b"]) == (10, 12)


def test_arms_are_compared_over_the_members_they_share(result):
    fewer = {key: value for key, value in result.accuracy.items() if key[1] != "r2" or key[2] == "all"}
    row = ablation_table(replace(result, accuracy=fewer)).iloc[0]
    assert (row["replicates_a"], row["replicates_b"]) == (1, 1)
    assert row["mean_a"] == pytest.approx(result.accuracy["default", "r1", "all"].spearman[:4].mean())


def test_no_arms_no_rows():
    truth = Truth(np.array(["a", "b", "c"]), np.array(["test"] * 3), np.array(["x"]), np.arange(3.0)[:, None])
    alone = evaluate(truth, [Candidate("default", "ensemble", "all", np.array(["x"]), np.arange(3.0)[:, None])], LABELS)
    assert ablation_table(alone).empty and comparison_table(alone).empty
    assert matrix_table(alone.primary(), truth)["permutation_p"].isna().all()


def test_gene_output_and_matrix_tables(result):
    genes = gene_table(result.primary(), result.truth)
    assert len(genes) == N and {"gene_id", "split", "spearman", "pearson", "rmse", "n", "p", "q", "level_predicted", "level_actual"} == set(
        genes.columns
    )
    assert genes["spearman"].median() > 0.5 and genes["n"].max() == 4
    outputs = output_table(result)
    assert set(outputs["model"]) == {"default", "decode2020", "ridge", "mean"} and set(outputs["output"]) == set(OUTPUTS)
    matrix = matrix_table(result.primary(), result.truth)
    square = matrix.pivot(index="predicted", columns="actual", values="spearman")
    assert (square.to_numpy().argmax(axis=1) == np.arange(4)).all() and matrix["permutation_p"].iloc[0] < 0.06


def test_same_seed_same_table(result):
    again = evaluate(result.truth, list(result.candidates.values()), LABELS, seed=1)
    pd.testing.assert_frame_equal(again.metrics, result.metrics)
