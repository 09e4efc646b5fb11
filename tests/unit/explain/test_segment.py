"""Every rule is exact between two points however far apart, is the derivative where they meet, and what it replaces shows in the sum."""

import pytest
import torch
from torch import nn

from regdecode.explain.segment import slopes_between

N, WIDTH = 3, 12
FUNCTIONS = {
    "relu": lambda x, y: torch.relu(x) + y,
    "gates": lambda x, y: torch.sigmoid(x) * torch.tanh(y) * x,
    "square": lambda x, y: x * x * x + y,
    "products": lambda x, y: torch.bmm(x[:, None], (x * y)[:, :, None])[:, 0] + torch.matmul(x, y.T).diagonal()[:, None],
    "constants": lambda x, y: 2 * x * torch.arange(1.0, WIDTH + 1) + nn.functional.linear(y, torch.ones(4, WIDTH)).sum(1, keepdim=True),
    "softmax": lambda x, y: torch.softmax(3 * x, 1) * y,
    "normalisation": lambda x, y: nn.functional.layer_norm(x, [WIDTH], torch.linspace(0, 2, WIDTH), torch.ones(WIDTH)) * y,
    "maxima": lambda x, y: nn.functional.max_pool1d(x[:, None], 5, 3)[:, 0] + y[:, :3],
    "maximum": lambda x, y: nn.MaxPool1d(WIDTH, WIDTH)(x[:, None])[:, 0] * y,
}


@pytest.fixture(autouse=True)
def _double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def ends(seed: int = 0, apart: float = 1.0):
    generator = torch.Generator().manual_seed(seed)
    start = [torch.randn(N, WIDTH, generator=generator) for _ in range(2)]
    return start, [one + apart * torch.randn(N, WIDTH, generator=generator) for one in start]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("apart", [30.0, 1.0, 1e-3])
def test_changes_add_up(name: str, apart: float) -> None:
    function = FUNCTIONS[name]
    start, end = ends(apart=apart)
    slopes = slopes_between(function, start, end)
    told = sum((slope * (b - a)).sum() for slope, a, b in zip(slopes, start, end, strict=True))
    change = (function(*end) - function(*start)).sum()
    assert float(told) == pytest.approx(float(change), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_where_the_ends_meet_slopes_are_derivatives(name: str) -> None:
    function = FUNCTIONS[name]
    start, _ = ends(2)
    leaves = [one.clone().requires_grad_() for one in start]
    expected = torch.autograd.grad(function(*leaves).sum(), leaves)
    for slope, derivative in zip(slopes_between(function, start, start), expected, strict=True):
        torch.testing.assert_close(slope, derivative)


def test_a_product_is_shared_at_the_middle() -> None:
    (x, y), (x1, y1) = ends(3)
    of_x, of_y = slopes_between(lambda a, b: a * b, [x, y], [x1, y1])
    torch.testing.assert_close(of_x, (y + y1) / 2)
    torch.testing.assert_close(of_y, (x + x1) / 2)


def test_a_maximum_that_changes_place_is_shared_by_who_leads() -> None:
    """From (1, 0) to (1, 4) the second leads over three quarters of the way; the path's integral says the same."""
    start, end = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[1.0, 4.0]]])
    (slope,) = slopes_between(lambda x: nn.functional.max_pool1d(x, 2, 2), [start], [end])
    torch.testing.assert_close(slope, torch.tensor([[[0.25, 0.75]]]))


def test_an_operation_without_a_rule_does_not_add_up() -> None:
    start, end = ends(4)
    (slope, _) = slopes_between(lambda x, y: torch.cos(x) + y, start, end)
    told, change = (slope * (end[0] - start[0])).sum(), (torch.cos(end[0]) - torch.cos(start[0])).sum()
    assert abs(float(told - change)) > 0.1
