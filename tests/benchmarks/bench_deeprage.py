"""A DeepRAGE training step that convolves each gene once and each condition's regulators once, against the step of single pairs.

    python tests/benchmarks/bench_deeprage.py [--genes 64] [--naive-genes 1] [--conditions 173] [--runs 3] [--threads 2] [--merges ...]

Published sizes: promoters of 1,000 bases, 256 filters of 19, 472 regulators, 512 units, dense 512-512. The naive step convolves
every gene x condition pair on its own and writes the tensor product out. Equality comes first: outputs and the filters' gradients of both,
on some genes of which one is itself a regulator. Then forward and backward of both, the fastest of several runs; the naive step's time is
that of `--naive-genes` genes, scaled (its cost is linear in pairs). Exits with 1 where outputs differ by more than 1e-5 of their spread, or
the step is less than 20x faster; the recurrent merge, whose recurrence runs for every pair in any case, has no bar. The tensor product's
first layer (67 M weights) is read once a step, so that its gain grows with the batch: 64 genes, the default of `fit.batch_genes`.

Last, the filters of the default network alone (539 of 19, both strands, 600 bases): a promoter at a time against torch's convolution; bar
2x on one thread.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bin"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.unit.models.naive_deeprage import naive_outputs

from regdecode.models.deeprage import DeepRageNet, DeepRageShape
from regdecode.models.deeprage_trunk import SequenceTrunk, TrunkShape

LENGTH, REGULATORS = 1000, 472
SHAPES = {
    "concatenate": DeepRageShape("concatenate", LENGTH, 256, 19, dense=(512, 512)),
    "tensor": DeepRageShape("tensor", LENGTH, 256, 19, pool="global", dense=(512, 512)),
    "bilinear": DeepRageShape("bilinear", LENGTH, 256, 19, rank=64),
    "recurrent": DeepRageShape("recurrent", LENGTH, 256, 19, dense=(512,)),
}
FILTERS = TrunkShape(600, 539, 19, "both", "windows", windows=(0, 100, 200, 400, 600))
BAR, FILTERS_BAR, CLOSE = 20.0, 2.0, 1e-5


def make_batch(n_genes: int, n_conditions: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Codes, regulators, own entries (gene 0 is regulator 7) and targets."""
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(0, 4, (n_genes, LENGTH), generator=generator, dtype=torch.uint8)
    own = torch.full((n_genes,), -1)
    own[0] = 7
    return (
        codes,
        torch.randn(n_conditions, REGULATORS, generator=generator),
        own,
        torch.randn(n_genes, n_conditions, 1, generator=generator),
    )


def step(net: DeepRageNet, batch: tuple[Tensor, ...], forward: Callable[..., Tensor]) -> Tensor:
    """Forward and backward."""
    codes, inputs, own, targets = batch
    net.zero_grad(set_to_none=True)
    outputs = forward(codes, inputs, own)
    (outputs - targets).square().mean().backward()
    return outputs.detach()


def seconds(work: Callable[[], object], runs: int) -> float:
    """Return the time of the fastest run."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def differences(net: DeepRageNet) -> tuple[float, float]:
    """Largest difference of outputs and of the filters' gradients, as parts of their spread (in float64, so that only errors show)."""
    batch = make_batch(3, 7)
    net = net.double()
    batch = (batch[0], batch[1].double(), batch[2], batch[3].double())
    found = []
    for forward in (net, lambda *given: naive_outputs(net, *given)):
        outputs = step(net, batch, forward)
        found.append((outputs, net.trunk.conv.weight.grad.clone()))
    net.float()
    (ours, our_gradient), (theirs, their_gradient) = found
    return (
        float((ours - theirs).abs().max() / theirs.std()),
        float((our_gradient - their_gradient).abs().max() / their_gradient.std()),
    )


def compare(name: str, genes: int, naive_genes: int, conditions: int, runs: int) -> dict[str, float | str]:
    """Equality, then times."""
    torch.manual_seed(0)
    net = DeepRageNet(SHAPES[name], REGULATORS).eval()
    output, gradient = differences(net)
    batch, few = make_batch(genes, conditions), make_batch(naive_genes, conditions)
    in_float = float((step(net, few, net) - step(net, few, lambda *given: naive_outputs(net, *given))).abs().max())
    ours = seconds(lambda: step(net, batch, net), runs) / genes
    theirs = seconds(lambda: step(net, few, lambda *given: naive_outputs(net, *given)), max(1, runs - 1)) / naive_genes
    return {
        "merge": name, "conditions": conditions, "ms_a_gene": 1e3 * ours, "naive_ms_a_gene": 1e3 * theirs, "speedup": theirs / ours,
        "output_difference": output, "gradient_difference": gradient, "float32_difference": in_float,
    }  # fmt: skip


def compare_filters(n_promoters: int, runs: int) -> dict[str, float]:
    """Pooled activations and the filters' gradient by both ways, then the time of forward and backward."""
    torch.manual_seed(0)
    trunk = SequenceTrunk(FILTERS)
    codes, weights = torch.randint(0, 5, (n_promoters, FILTERS.length)), torch.randn(n_promoters, FILTERS.filters, FILTERS.positions)

    def run(pool: Callable[[], Tensor]) -> tuple[Tensor, Tensor]:
        trunk.zero_grad()
        pooled = pool()
        (pooled * weights).sum().backward()
        return pooled.detach(), trunk.conv.weight.grad.clone()

    ways = (lambda: run(lambda: trunk(codes)), lambda: run(lambda: trunk.pooled(trunk.one_hot(codes))))
    ours, theirs = (way() for way in ways)
    output, gradient = (float((a - b).abs().max() / b.std()) for a, b in zip(ours, theirs, strict=True))
    fast, slow = (1e3 * seconds(way, runs) / n_promoters for way in ways)
    return {
        "ms_a_promoter": fast, "convolution_ms_a_promoter": slow, "speedup": slow / fast,
        "output_difference": output, "gradient_difference": gradient,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("genes", 64), ("naive-genes", 1), ("conditions", 173), ("runs", 3), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--merges", nargs="+", default=list(SHAPES))
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    good = True
    for name in given.merges:
        row = compare(name, given.genes, given.naive_genes, given.conditions, given.runs)
        print(json.dumps({key: value if isinstance(value, str) else float(f"{value:.4g}") for key, value in row.items()}), flush=True)
        close = float(row["output_difference"]) < CLOSE and float(row["float32_difference"]) < CLOSE
        good &= close and (name == "recurrent" or float(row["speedup"]) >= BAR)
    row = compare_filters(128, given.runs)
    print(json.dumps({"filters": FILTERS.filters, **{key: float(f"{value:.4g}") for key, value in row.items()}}), flush=True)
    good &= max(row["output_difference"], row["gradient_difference"]) < CLOSE and row["speedup"] >= FILTERS_BAR
    bars = f"the bars (>= {BAR:.0f}x, filters {FILTERS_BAR:.0f}x, 1e-5)"
    print(f"load {os.getloadavg()[0]:.1f}, {given.threads} threads: {'within' if good else 'MISSED'} {bars}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
