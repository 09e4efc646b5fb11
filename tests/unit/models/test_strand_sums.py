"""Sums of activations a promoter at a time equal those of the ordinary convolution, and so do the filters' gradients."""

import pytest
import torch

from regdecode.models.deeprage_trunk import SequenceTrunk, TrunkShape


@pytest.mark.parametrize("strands", ["one", "both"])
@pytest.mark.parametrize("windows", [(0, 60), (0, 10, 25, 60), (5, 30)])
def test_equal_to_the_ordinary_convolution(strands: str, windows: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    trunk = SequenceTrunk(TrunkShape(60, 7, 6, strands, "windows", windows=windows)).double()
    codes = torch.randint(0, 5, (9, 60), dtype=torch.uint8)
    weights = torch.randn(9, 7, len(windows) - 1, dtype=torch.float64)
    found = []
    for pooled in (trunk(codes), trunk.pooled(trunk.one_hot(codes))):
        trunk.zero_grad()
        (pooled * weights).sum().backward()
        assert trunk.conv.weight.grad is not None and trunk.conv.bias is not None and trunk.conv.bias.grad is not None
        found.append((pooled.detach(), trunk.conv.weight.grad.clone(), trunk.conv.bias.grad.clone()))
    for ours, twin in zip(*found, strict=True):
        torch.testing.assert_close(ours, twin, rtol=1e-12, atol=1e-12)


def test_gradient_by_finite_differences() -> None:
    torch.manual_seed(1)
    trunk = SequenceTrunk(TrunkShape(20, 3, 4, "both", "windows", windows=(0, 8, 20))).double()
    codes = torch.randint(0, 5, (3, 20))

    def pooled(weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(trunk, {"conv.weight": weight, "conv.bias": bias}, (codes,))

    assert trunk.conv.bias is not None
    assert torch.autograd.gradcheck(pooled, (trunk.conv.weight, trunk.conv.bias))
