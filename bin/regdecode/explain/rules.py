"""What DeepLIFT follows exactly: elementwise non-linearities by the rescale rule, and layers that are linear in their input.

Between an input and its reference, the rescale rule replaces a non-linearity by the slope of its chord, ``m = (y - y0) / (x - x0)``. What
is left of the net is linear, so contributions add up to ``f(x) - f(reference)``. Anything else (attention, max-pooling, a product of two
activations, a functional ``torch.relu``) is refused by name instead of being followed wrongly.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from regdecode.errors import InputError

_ELEMENTWISE = (
    nn.ReLU,
    nn.LeakyReLU,
    nn.ReLU6,
    nn.ELU,
    nn.SELU,
    nn.CELU,
    nn.GELU,
    nn.SiLU,
    nn.Mish,
    nn.Softplus,
    nn.Softsign,
    nn.Sigmoid,
    nn.Tanh,
    nn.Hardtanh,
    nn.LogSigmoid,
)
_LINEAR_NODES = """AccumulateGrad Add Sub Rsub Neg Sum Mean Cat Stack Permute Transpose T View UnsafeView ReshapeAlias Alias Expand Squeeze
    Unsqueeze Slice Select Index IndexSelect IndexCopy Gather ConstantPadNd Clone ToCopy Split SplitWithSizes Unbind Unfold AvgPool2D Repeat
    Copy CopySlices Flip Roll Cumsum Diagonal AsStrided"""
_LINEAR = frozenset(_LINEAR_NODES.split())
_PRODUCTS: Mapping[str, tuple[int, ...]] = {  # operands of which one alone may depend on the input
    "Mul": (0, 1),
    "Mm": (0, 1),
    "Bmm": (0, 1),
    "Mv": (0, 1),
    "Dot": (0, 1),
    "Addmm": (1, 2),
    "Baddbmm": (1, 2),
    "Addbmm": (1, 2),
    "Addmv": (1, 2),
    "Convolution": (0, 1),
    "NativeBatchNorm": (0, 1),
    "CudnnBatchNorm": (0, 1),
    "MiopenBatchNorm": (0, 1),
}
_CHORD = 1e-9

Calls = dict[str, list[tuple[Tensor, Tensor]]]


def is_elementwise(module: nn.Module) -> bool:
    """Whether the rescale rule is exact for the module: each output depends on one input. Own layers say so by `elementwise = True`."""
    return isinstance(module, _ELEMENTWISE) or getattr(module, "elementwise", False) is True


@contextmanager
def replaced(module: nn.Module, forward: Callable[..., Tensor]) -> Iterator[None]:
    """Let `forward` stand in for the module's own while the block runs."""
    module.forward = forward
    try:
        yield
    finally:
        del module.forward


@contextmanager
def recorded(modules: Mapping[str, nn.Module]) -> Iterator[Calls]:
    """Collect (input, output) of every call of the modules, in order, while the block runs."""
    calls: Calls = {name: [] for name in modules}
    with ExitStack() as stack:
        for name, module in modules.items():
            hook = module.register_forward_hook(lambda _, given, got, name=name: calls[name].append((given[0], got)))
            stack.callback(hook.remove)
        yield calls


def chord_slope(function: Callable[[Tensor], Tensor], given: tuple[Tensor, Tensor], reference: tuple[Tensor, Tensor]) -> Tensor:
    """Slope of the chord between reference and input; the derivative where the two coincide.

    Parameters
    ----------
    function
        An elementwise non-linearity.
    given, reference
        Its (input, output) for the genes and for the reference; the shapes broadcast.
    """
    (x, y), (x0, y0) = given, reference
    delta = x - x0
    coincide = delta.abs() <= _CHORD * (1 + x.abs())
    slope = (y - y0) / delta.masked_fill(coincide, 1.0)
    if not bool(coincide.any()):
        return slope
    points = x[coincide].detach().clone().requires_grad_()
    with torch.enable_grad():
        derivative = torch.autograd.grad(function(points).sum(), points)[0]
    return slope.masked_scatter(coincide, derivative)


class _Walker:
    """Follows the graph of a linearised net and refuses what is neither linear nor replaced."""

    def __init__(self) -> None:
        self.seen: set[object] = set()
        self.inside: list[str] = ["the net's own forward"]

    def visit(self, tensors: object, owner: str) -> None:
        """Check the operations that made `tensors` and were not seen yet."""
        flat = tensors if isinstance(tensors, tuple | list) else (tensors,)
        todo = [tensor.grad_fn for tensor in flat if isinstance(tensor, Tensor) and tensor.grad_fn is not None]
        while todo:
            node = todo.pop()
            if node in self.seen:
                continue
            self.seen.add(node)
            parents = [parent for parent, _ in node.next_functions]
            _check(node.name(), parents, owner)
            todo.extend(parent for parent in parents if parent is not None)


def _check(node: str, parents: Sequence[object], owner: str) -> None:
    operation = re.sub(r"Backward\d*$", "", node.rsplit("::", 1)[-1])
    if operation in _LINEAR or (operation == "Div" and parents[1] is None):
        return
    active = sum(parents[place] is not None for place in _PRODUCTS.get(operation, ()) if place < len(parents))
    if operation in _PRODUCTS and active <= 1:
        return
    why = f"a product of two activations ({operation})" if operation in _PRODUCTS else f"the operation '{operation}'"
    raise InputError(
        f"layer '{owner}' computes {why}, for which DeepLIFT has no exact rule",
        "attribution",
        "build the net of linear layers and elementwise modules (nn.ReLU and its kind, each a module), or attribute with --engine shap",
    )


@contextmanager
def refusing(net: nn.Module) -> Iterator[_Walker]:
    """Refuse, by the layer's name, every operation of a forward pass in the block that is not linear in the input."""
    walker = _Walker()

    def enter(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, given: tuple[object, ...]) -> None:
            for one in given:
                walker.visit(one, walker.inside[-1])
            walker.inside.append(name)

        return hook

    def leave(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, given: tuple[object, ...], got: object) -> None:
            walker.visit(got, name)
            walker.inside.pop()

        return hook

    with ExitStack() as stack:
        for name, module in net.named_modules():
            if name:
                stack.callback(module.register_forward_pre_hook(enter(name)).remove)
                stack.callback(module.register_forward_hook(leave(name)).remove)
        yield walker
