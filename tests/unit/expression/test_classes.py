"""Classes of log ratios."""

import numpy as np
import pytest

from regdecode.errors import InputError
from regdecode.expression.classes import check_classes, class_edges, class_names, classify


def test_edges_belong_to_the_outer_classes() -> None:
    values = np.array([-2, -0.5, -0.49, 0, 0.49, 0.5, 3, np.nan])
    assert classify(values, np.array([-0.5, 0.5])).tolist() == [0, 0, 1, 1, 1, 2, 2, -1]


def test_quantiles_are_of_the_training_cells_and_even() -> None:
    training = np.random.default_rng(0).normal(size=1000)
    edges = class_edges({"quantiles": 5}, np.append(training, np.nan))
    assert np.bincount(classify(training, edges)).tolist() == [200] * 5
    assert class_names(5) == ("p_0", "p_1", "p_2", "p_3", "p_4")
    assert class_names(3) == ("p_down", "p_base", "p_up")


def test_quantiles_of_mostly_zeros_are_refused() -> None:
    with pytest.raises(InputError, match="share an edge at 0"):
        class_edges({"quantiles": 4}, np.array([0.0] * 9 + [1.0]))


@pytest.mark.parametrize("block", [{"thresholds": [0.5, -0.5]}, {"thresholds": []}, {"quantiles": 1}, {"quantiles": True}, {"bins": 3}])
def test_what_cannot_be(block) -> None:
    with pytest.raises(InputError, match="classes"):
        check_classes(block, "c")


@pytest.mark.shared_data
def test_published_class_shares(shared_data) -> None:
    from regdecode.io.matrix import read_matrix

    matrix = read_matrix(shared_data / "yeast" / "expression" / "gasch2000_log2ratio_6152x173.tsv.gz")
    shares = np.bincount(classify(np.nan_to_num(matrix.values), np.array([-0.5, 0.5])).ravel()) / matrix.values.size
    np.testing.assert_allclose(100 * shares, [17.86, 65.96, 16.19], atol=0.006)
