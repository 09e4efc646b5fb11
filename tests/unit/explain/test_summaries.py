"""Summary tables re-derived from the dense array."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from regdecode.explain import summaries

OUTPUTS = np.array(["a", "b", "level"])
IS_LEVEL = np.array([False, False, True])


@pytest.fixture
def case() -> tuple[np.ndarray, summaries.Moments, pd.DataFrame]:
    """Dense (G, R, T) contributions with absent rows as zeros, their moments from rows, and names."""
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(12, 6, 3)) * np.array([3, 1, 1, 0.5, 0.2, 0])[None, :, None]
    present = rng.random((12, 6)) < 0.7
    dense[~present] = 0
    gene, feature = present.nonzero()
    found = summaries.moments(gene, feature, dense[gene, feature], 12, 6)
    names = pd.DataFrame({"class": ["tf", "tf", "rbp", "rbp", "tf", "rbp"], "regulator": list("UVWXYZ"), "tracks": "t"})
    np.testing.assert_array_equal(found.n_genes, present.sum(0))
    return dense, found, names


def test_moments_count_absent_genes_as_zero(case) -> None:
    dense, found, _ = case
    np.testing.assert_allclose(found.mean, dense.mean(0), atol=1e-12)
    np.testing.assert_allclose(found.sd, dense.std(0, ddof=1), atol=1e-12)


def test_rows_of_one_gene_and_regulator_are_added_before_the_spread() -> None:
    gene, feature = np.array([0, 0, 1]), np.array([0, 0, 0])
    found = summaries.moments(gene, feature, np.array([[1.0], [2.0], [5.0]]), 3, 1)
    dense = np.array([3.0, 5.0, 0.0])
    assert found.n_genes.tolist() == [2]
    np.testing.assert_allclose([found.mean[0, 0], found.sd[0, 0]], [dense.mean(), dense.std(ddof=1)])


def test_importance_is_the_mean_absolute_mean_over_fold_changes(case) -> None:
    dense, found, names = case
    table = summaries.importance(found, names, OUTPUTS, IS_LEVEL)
    expected = pd.Series(np.abs(dense.mean(0)[:, :2]).mean(1), index=list("UVWXYZ")).sort_values(ascending=False)
    assert table["regulator"].tolist()[:5] == expected.index.tolist()[:5] and table["rank"].tolist() == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(table.set_index("regulator")["importance"], expected[table["regulator"]])
    np.testing.assert_allclose(table.set_index("regulator")["level"][list("UVWXYZ")], dense.mean(0)[:, 2])
    top = table.iloc[0]
    assert abs(top["strongest_mean"]) == pytest.approx(np.abs(dense.mean(0)[:, :2]).max(1)["UVWXYZ".index(top["regulator"])])


def test_top_regulators_are_sorted_and_leave_out_zeros(case) -> None:
    dense, found, names = case
    table = summaries.top_regulators(found, names, OUTPUTS, top=6)
    for t, output in enumerate(OUTPUTS):
        part = table[table["output"] == output]
        assert part["mean"].abs().is_monotonic_decreasing and "Z" not in set(part["regulator"])
        assert part["mean"].iloc[0] == pytest.approx(dense.mean(0)[np.abs(dense.mean(0)[:, t]).argmax(), t])


def test_matrix_has_a_row_a_regulator_and_a_column_an_output(case) -> None:
    dense, found, names = case
    table = summaries.matrix(found, names, OUTPUTS)
    assert table.columns.tolist() == ["class", "regulator", "tracks", "a", "b", "level"]
    np.testing.assert_allclose(table[["a", "b", "level"]], dense.mean(0), atol=1e-12)


def test_classes_are_compared_by_rank_sum(case) -> None:
    dense, found, names = case
    table = summaries.class_contributions(found, names, OUTPUTS, IS_LEVEL)
    assert table["output"].tolist() == ["fold_change", "a", "b", "level"]
    size = np.abs(dense.mean(0)[:, :2]).mean(1)
    tf = (names["class"] == "tf").to_numpy()
    expected = stats.ranksums(size[~tf], size[tf])
    row = table.iloc[0]
    assert (row["class_a"], row["class_b"], row["n_a"], row["n_b"]) == ("rbp", "tf", 3, 3)
    assert row["statistic"] == pytest.approx(expected.statistic) and row["p"] == pytest.approx(expected.pvalue)
    assert row["share_a"] + row["share_b"] == pytest.approx(1) and row["share_b"] == pytest.approx(size[tf].sum() / size.sum())


def test_one_class_is_described_without_a_test(case) -> None:
    _, found, names = case
    table = summaries.class_contributions(found, names.assign(**{"class": "tf"}), OUTPUTS, IS_LEVEL)
    assert len(table) == 4 and table["p"].isna().all() and table["q"].isna().all() and (table["share_a"] == 1).all()


def test_effects_are_t_tests_over_genes(case) -> None:
    dense, found, names = case
    table = summaries.effects(found, names["regulator"], OUTPUTS, "decode", "test")
    assert table.columns.tolist() == ["system", "regulator", "target", "output", "effect", "se", "statistic", "p", "q"]
    row = table[(table["regulator"] == "W") & (table["output"] == "b")].iloc[0]
    expected = stats.ttest_1samp(dense[:, 2, 1], 0)
    assert row["statistic"] == pytest.approx(expected.statistic) and row["p"] == pytest.approx(expected.pvalue)
    np.testing.assert_allclose(table["q"], stats.false_discovery_control(table["p"]))
    assert (table[table["regulator"] == "Z"]["p"] == 1).all()


def test_additivity_names_the_worst_gene_and_fails_on_nan() -> None:
    genes = np.array(["g1", "g2", "g3"])
    prediction = np.array([[0.0, 0.0, 5.0], [1.0, 2.0, 5.0], [2.0, 4.0, 5.0]])
    residual = np.array([[0.0, 1e-6, 0.0], [1e-3, 0.0, np.nan], [-2e-3, 0.0, 0.0]])
    table = summaries.additivity(residual, prediction, prediction, genes, OUTPUTS, 1e-4)
    assert table["worst_gene"].tolist() == ["g3", "g1", "g2"] and table["passed"].tolist() == [False, True, False]
    np.testing.assert_allclose(table["range"], [2, 4, 5])


def test_a_model_of_the_level_alone_has_tables_too(case) -> None:
    _, found, names = case
    only = found._replace(mean=found.mean[:, :1], sd=found.sd[:, :1])
    outputs, is_level = np.array(["level"]), np.array([True])
    table = summaries.importance(only, names, outputs, is_level)
    assert table["regulator"].iloc[0] == names["regulator"][np.abs(only.mean[:, 0]).argmax()] and table["importance"].isna().all()
    assert summaries.class_contributions(only, names, outputs, is_level)["output"].tolist() == ["level"]
