"""Figures of cells against numpy, scikit-learn and brute force."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from regdecode.expression.classes import classify
from regdecode.stats.cell_metrics import Drawn, class_figures, cut_classes, score_cells, table_rows, tune_cuts, unit_counts

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


def drawn_of(units: dict[int, np.ndarray], n: int, seed: int = 0) -> dict[int, Drawn]:
    rng = np.random.default_rng(seed)
    return {axis: Drawn(unit, unit_counts(int(unit.max()) + 1, n, rng)) for axis, unit in units.items()}


def slow_draw(drawn: dict[int, Drawn], k: int, shape: tuple[int, int]) -> tuple[np.ndarray, ...]:
    """Rows and columns of one resample: those of each drawn unit, written out as often as it is drawn."""
    places = [np.arange(n) for n in shape]
    for axis, side in drawn.items():
        units = np.repeat(np.arange(side.counts.shape[1]), side.counts[k].astype(int))
        places[axis] = np.concatenate([np.flatnonzero(side.unit == u) for u in units])
    return np.ix_(*places)


def slow_figures(predicted: np.ndarray, actual: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """Figures of cells (G, S), each by its name, from numpy and scikit-learn."""
    x, y = predicted[mask], actual[mask]
    told = {"pearson": np.corrcoef(x, y)[0, 1], "mse": np.square(x - y).mean()}
    for name, tables in (("condition", (predicted.T, actual.T, mask.T)), ("gene", (predicted, actual, mask))):
        several = [(p[m], a[m]) for p, a, m in zip(*tables, strict=True) if len(np.unique(a[m])) > 1]
        told[f"pearson_within_{name}"] = np.mean([np.corrcoef(p, a)[0, 1] for p, a in several])
    classes, called = classify(y, EDGES), classify(x, EDGES)
    told |= {"accuracy": oracle.accuracy_score(classes, called), "kappa": oracle.cohen_kappa_score(classes, called)}
    told |= {"balanced_accuracy": oracle.balanced_accuracy_score(classes, called), "majority": np.bincount(classes).max() / len(classes)}
    return told


SINGLE, OPERON, SERIES = np.arange(40), np.arange(40) * 7 % 40 // 3, np.arange(9) // 2


@pytest.mark.parametrize(
    "units",
    [{0: SINGLE}, {0: OPERON}, {1: SERIES}, {0: SINGLE, 1: SERIES}, {0: OPERON, 1: SERIES}],
    ids=["gene", "unit", "series", "both", "all"],
)
def test_figures_and_their_resamples_by_brute_force(units: dict[int, np.ndarray]) -> None:
    predicted, actual, part = made()
    part[SINGLE % 8 == 1] = False
    part[:, 4] = False
    drawn = drawn_of(units, 12)
    scores = score_cells(predicted, actual, part, classify(actual, EDGES), classify(predicted, EDGES), 3, drawn)
    mask = part & np.isfinite(actual)
    assert scores.confusion.sum() == mask.sum()
    whole = slow_figures(predicted, actual, mask)
    places = [slow_draw(drawn, k, mask.shape) for k in range(12)]
    slow = [slow_figures(predicted[place], actual[place], mask[place]) for place in places]
    np.testing.assert_allclose(scores.resampled, [told["pearson"] for told in slow])
    found = {figure.metric: figure for figure in scores.figures}
    for name, value in whole.items():
        assert found[name].value == pytest.approx(value), name
        bounds = np.quantile([told[name] for told in slow], [0.025, 0.975])
        np.testing.assert_allclose([found[name].low, found[name].high], bounds, err_msg=name)


def width(predicted: np.ndarray, actual: np.ndarray, units: dict[int, np.ndarray]) -> float:
    classes, called = classify(actual, EDGES), classify(predicted, EDGES)
    scores = score_cells(predicted, actual, np.ones(actual.shape, bool), classes, called, 3, drawn_of(units, 400))
    return scores.figures[0].high - scores.figures[0].low


def test_what_units_share_widens_intervals() -> None:
    """Genes of an operon have one profile and one error: four of them tell what one does. Series have an error of their own."""
    rng = np.random.default_rng(0)
    operon, series = np.repeat(np.arange(50), 4), np.repeat(np.arange(8), 3)
    actual = rng.normal(size=(50, 24))[operon]
    predicted = actual + rng.normal(size=(50, 1))[operon] + 0.3 * rng.normal(size=(200, 24))
    genes = width(predicted, actual, {0: np.arange(200)})
    assert 1.6 * genes < width(predicted, actual, {0: operon}) < 2.4 * genes
    shifted = predicted + 2 * rng.normal(size=8)[series]
    assert width(shifted, actual, {0: operon, 1: series}) > 1.6 * width(shifted, actual, {0: operon})


@pytest.mark.parametrize("sides", [(1,), (0, 1)])
def test_one_unit_alone_has_no_interval(sides: tuple[int, ...]) -> None:
    predicted, actual, part = made()
    drawn = drawn_of({0: SINGLE, 1: np.zeros(9, np.int64)}, 20)
    scores = score_cells(
        predicted, actual, part, classify(actual, EDGES), classify(predicted, EDGES), 3, {axis: drawn[axis] for axis in sides}
    )
    assert np.isnan(scores.resampled).all()
    for figure in scores.figures:
        assert np.isfinite(figure.value) and np.isnan([figure.low, figure.high]).all(), figure.metric


@pytest.mark.parametrize("units", [{0: SINGLE}, {1: SERIES}, {0: SINGLE, 1: SERIES}])
def test_what_does_not_vary_has_no_mean_correlation(units: dict[int, np.ndarray]) -> None:
    _, actual, part = made()
    constant = np.zeros_like(actual)
    scores = score_cells(constant, actual, part, classify(actual, EDGES), classify(constant, EDGES), 3, drawn_of(units, 20))
    for figure in scores.figures:
        if figure.metric.startswith("pearson"):
            assert np.isnan([figure.value, figure.low, figure.high]).all(), figure.metric


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
    scores = score_cells(predicted, actual, part, classes, called, 3, {0: Drawn(np.arange(40), np.ones((2, 40)))})
    share = (part & np.isfinite(actual))[10:].sum() / (part & np.isfinite(actual)).sum()
    assert {figure.metric: figure.value for figure in scores.figures}["coverage"] == pytest.approx(share)
