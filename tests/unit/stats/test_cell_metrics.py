"""Figures of cells against numpy, scikit-learn and brute force."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from regdecode.expression.classes import classify
from regdecode.stats.cell_metrics import class_figures, cut_classes, score_cells, table_rows, tune_cuts, unit_counts

EDGES = np.array([-0.5, 0.5])


def made(seed: int = 0, shape: tuple[int, int] = (40, 9)):
    rng = np.random.default_rng(seed)
    actual = rng.normal(size=shape)
    actual[rng.random(shape) < 0.1] = np.nan
    return 0.5 * np.nan_to_num(actual) + rng.normal(size=shape) * 0.5, actual, rng.random(shape) < 0.6


def test_cuts_are_the_best_of_all() -> None:
    predicted, actual, part = made(shape=(12, 4))
    values, classes = predicted[part], classify(actual, EDGES)[part]
    cuts = tune_cuts(values, classes, EDGES)
    seen = classes >= 0
    right = (cut_classes(values, cuts) == classes)[seen].sum()
    tried = np.append(np.sort(values), [-9.0, 9.0])
    best = max((cut_classes(values, np.array([a, b])) == classes)[seen].sum() for a in tried - 1e-9 for b in tried - 1e-9 if a <= b)
    assert right == best


def test_cuts_without_tuning_cells_are_the_edges() -> None:
    np.testing.assert_array_equal(tune_cuts(np.array([np.nan]), np.array([1]), EDGES), EDGES)


def test_class_figures_against_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    truth, called = rng.integers(0, 4, 500), rng.integers(0, 4, 500)
    found = class_figures(oracle.confusion_matrix(truth, called).astype(float))
    assert found["accuracy"] == pytest.approx(oracle.accuracy_score(truth, called))
    assert found["balanced_accuracy"] == pytest.approx(oracle.balanced_accuracy_score(truth, called))
    assert found["kappa"] == pytest.approx(oracle.cohen_kappa_score(truth, called))
    assert found["majority"] == pytest.approx(np.bincount(truth).max() / 500)


def test_the_published_confusion_matrix() -> None:
    table = np.array([[10.14, 7.47, 0.13], [3.29, 59.77, 3.02], [0.18, 6.42, 9.59]])
    found = class_figures(table)
    assert found["accuracy"] == pytest.approx(0.795, abs=5e-4)
    assert found["majority"] == pytest.approx(0.661, abs=5e-4)
    assert found["balanced_accuracy"] == pytest.approx(0.689, abs=1e-3)
    assert found["kappa"] == pytest.approx(0.56, abs=5e-3)


@pytest.mark.parametrize("by_gene", [True, False])
def test_figures_and_their_resamples_by_brute_force(by_gene: bool) -> None:
    predicted, actual, part = made()
    classes, called = classify(actual, EDGES), classify(predicted, EDGES)
    unit = np.arange(40) if by_gene else np.arange(9) // 2
    counts = unit_counts(int(unit.max()) + 1, 5, 0)
    scores = score_cells(predicted, actual, part, classes, called, 3, unit, by_gene, counts)
    values = {figure.metric: figure.value for figure in scores.figures}
    mask = part & np.isfinite(actual)
    assert values["pearson"] == pytest.approx(np.corrcoef(predicted[mask], actual[mask])[0, 1])
    assert values["mse"] == pytest.approx(np.square(predicted - actual)[mask].mean())
    within = [np.corrcoef(predicted[mask[:, s], s], actual[mask[:, s], s])[0, 1] for s in range(9)]
    assert values["pearson_within_condition"] == pytest.approx(np.mean(within))
    assert values["accuracy"] == pytest.approx((classes == called)[mask].mean())
    assert scores.confusion.sum() == mask.sum()
    for draw, drawn in zip(counts.astype(int), scores.resampled, strict=True):
        units = np.repeat(np.arange(len(draw)), draw)
        rows = [np.flatnonzero(unit == u) for u in units]
        x = np.concatenate([(predicted[r][mask[r]] if by_gene else predicted[:, r][mask[:, r]]) for r in rows])
        y = np.concatenate([(actual[r][mask[r]] if by_gene else actual[:, r][mask[:, r]]) for r in rows])
        assert drawn == pytest.approx(np.corrcoef(x, y)[0, 1])
    low, high = next((figure.low, figure.high) for figure in scores.figures if figure.metric == "pearson")
    np.testing.assert_allclose([low, high], np.quantile(scores.resampled, [0.025, 0.975]))


def test_rows_of_genes_and_conditions() -> None:
    predicted, actual, part = made()
    classes, called = classify(actual, EDGES), classify(predicted, EDGES)
    mask = part & np.isfinite(actual)
    table = table_rows(predicted, actual, part, classes, called, 0)
    for s in range(9):
        assert table["n"][s] == mask[:, s].sum()
        assert table["mse"][s] == pytest.approx(np.square(predicted - actual)[mask[:, s], s].mean())
        assert table["accuracy"][s] == pytest.approx((classes == called)[mask[:, s], s].mean())
        assert table["majority"][s] == pytest.approx(np.bincount(classes[mask[:, s], s]).max() / mask[:, s].sum())


def test_coverage_tells_of_cells_without_prediction() -> None:
    predicted, actual, part = made()
    predicted[:10] = np.nan
    classes, called = classify(actual, EDGES), classify(predicted, EDGES)
    scores = score_cells(predicted, actual, part, classes, called, 3, np.arange(40), True, np.ones((2, 40)))
    share = (part & np.isfinite(actual))[10:].sum() / (part & np.isfinite(actual)).sum()
    assert {figure.metric: figure.value for figure in scores.figures}["coverage"] == pytest.approx(share)
