"""Figures of metrics.tsv, and intervals that cover."""

import numpy as np
import pytest
from scipy import stats

from regdecode.stats.metrics import evaluate_genes, evaluate_outputs, pooled_correlation
from regdecode.stats.ranks import resample_counts

OUTPUTS = np.array(["liver", "brain", "skin", "level"])


def made(n: int = 200, seed: int = 0, missing: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    actual = rng.normal(size=(n, 4)) + [0, 0, 0, 5]
    predicted = 0.5 * actual + rng.normal(size=(n, 4))
    actual[:, :3][rng.random((n, 3)) < missing] = np.nan
    return predicted, actual


def test_headlines_and_outputs():
    predicted, actual = made()
    accuracy = evaluate_outputs(predicted, actual, OUTPUTS, resample_counts(200, 200, 0))
    figures = {(figure.output, figure.metric): figure for figure in accuracy.figures}
    expected = [stats.spearmanr(predicted[seen, t], actual[seen, t])[0] for t in range(4) for seen in [np.isfinite(actual[:, t])]]
    assert figures["level", "spearman"].value == pytest.approx(expected[3])
    assert figures["fold_change", "spearman"].value == pytest.approx(np.mean(expected[:3]))
    assert figures["liver", "spearman"].value == pytest.approx(expected[0])
    assert figures["liver", "spearman"].n == np.isfinite(actual[:, 0]).sum()
    seen = np.isfinite(actual[:, :3])
    assert figures["all", "pearson"].value == pytest.approx(np.corrcoef(predicted[:, :3][seen], actual[:, :3][seen])[0, 1])
    assert all(figure.low < figure.value < figure.high for figure in accuracy.figures)
    assert [figure.output for figure in accuracy.figures].count("level") == 2


def test_without_a_level_and_without_fold_changes():
    predicted, actual = made()
    names = {
        figure.output for figure in evaluate_outputs(predicted[:, :3], actual[:, :3], OUTPUTS[:3], resample_counts(200, 10, 0)).figures
    }
    assert names == {"fold_change", "all", "liver", "brain", "skin"}
    names = {
        figure.output for figure in evaluate_outputs(predicted[:, 3:], actual[:, 3:], OUTPUTS[3:], resample_counts(200, 10, 0)).figures
    }
    assert names == {"level"}


def test_intervals_cover_the_truth():
    truth = 6 / np.pi * np.arcsin(0.5 / np.sqrt(1.25) / 2)
    hits = 0
    for seed in range(60):
        predicted, actual = made(150, seed, missing=0)
        accuracy = evaluate_outputs(predicted, actual, OUTPUTS, resample_counts(150, 300, seed))
        low, high = next((f.low, f.high) for f in accuracy.figures if f.output == "level" and f.metric == "spearman")
        hits += low <= truth <= high
    assert 50 <= hits <= 60


def test_pooled_correlation_of_resamples_equals_numpy():
    predicted, actual = made()
    counts = resample_counts(200, 5, 0)
    found = pooled_correlation(predicted[:, :3], actual[:, :3], counts)
    for b in range(5):
        drawn = np.repeat(np.arange(200), counts[b])
        x, y = predicted[drawn][:, :3], actual[drawn][:, :3]
        assert found[b] == pytest.approx(np.corrcoef(x[np.isfinite(y)], y[np.isfinite(y)])[0, 1])
    assert pooled_correlation(np.ones((200, 3)), actual[:, :3], counts).tolist() == [0] * 5


def test_genes_across_outputs():
    rng = np.random.default_rng(0)
    predicted, actual = rng.normal(size=(5, 12)), rng.normal(size=(5, 12))
    actual[1, :4] = np.nan
    actual[2, 2:] = np.nan
    actual[3] = 7
    found = evaluate_genes(predicted, actual)
    assert found.spearman[0] == pytest.approx(stats.spearmanr(predicted[0], actual[0])[0])
    assert found.spearman[1] == pytest.approx(stats.spearmanr(predicted[1, 4:], actual[1, 4:])[0])
    assert found.pearson[1] == pytest.approx(np.corrcoef(predicted[1, 4:], actual[1, 4:])[0, 1])
    assert np.isnan(found.spearman[2]) and found.n.tolist() == [12, 8, 2, 12, 12]
    assert found.pearson[3] == 0
    assert found.rmse[0] == pytest.approx(np.sqrt(np.mean((predicted[0] - actual[0]) ** 2)))
