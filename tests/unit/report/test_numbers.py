"""Numbers as the report writes them."""

import numpy as np
import pytest

from regdecode.report import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.34251, "0.343"),
        (-0.0421, "−0.042"),
        (15685, "15,685"),
        (np.int64(29), "29"),
        (np.float64(0.5), "0.500"),
        (3.1e-8, "3.1 × 10⁻⁸"),
        (float("nan"), "–"),
        (None, "–"),
        (True, "yes"),
        (float("inf"), "∞"),
        ("chr16", "chr16"),
        (0.0, "0.000"),
        (2705.0, "2,705"),
    ],
)
def test_number(value, text):
    assert numbers.number(value) == text


@pytest.mark.parametrize(("p", "text"), [(0.0004, "p < 0.001"), (0.0312, "p = 0.031"), (0.2, "p = 0.20"), (float("nan"), "p not defined")])
def test_p_value(p, text):
    assert numbers.p_value(p) == text


def test_lists_are_prose():
    assert numbers.listed([]) == "none"
    assert numbers.listed(["a"]) == "a"
    assert numbers.listed(["a", "b", "c"]) == "a, b and c"
    assert numbers.listed([str(i) for i in range(10)], 4) == "0, 1, 2 and 7 more"


def test_interval_and_plural():
    assert numbers.interval(-0.1, 0.25) == "−0.100 to 0.250"
    assert numbers.interval(float("nan"), 1.0) == "–"
    assert numbers.plural(1, "gene") == "1 gene"
    assert numbers.plural(2000, "set of trees", "sets of trees") == "2,000 sets of trees"
