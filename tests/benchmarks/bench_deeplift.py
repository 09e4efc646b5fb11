"""Our DeepLIFT against shap's DeepExplainer: conv(500 -> 64, k 3) - ReLU - sum-pool - dense 128 - ReLU - dense 53; 256 genes x 30 bins.

    python tests/benchmarks/bench_deeplift.py [--shap-genes 16] [--runs 7] [--threads 2]

Equality comes first, with shap in float64 on some genes, as a part of each output's range. Then times. Ours: all included (copy of
the net, finding its structure, the residual), all 256 genes, minimum of several runs. shap's: in float32 as its users run it, the minimum
of several runs on `--shap-genes` genes, scaled to 256, since it loops over genes and outputs (`--shap-genes 256` runs all of them, once).
Exits with 1 below the bar: 50x on dense input, 100x where 15 % of the regulators touch a gene, difference 1e-6.
"""

import argparse
import json
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bin"))

from regdecode.explain.deeplift import Contributions, DeepLift

GENES, BINS, REGULATORS, OUTPUTS = 256, 30, 500, 53
BARS = {1.0: 50.0, 0.15: 100.0}
CLOSE = 1e-6


class ConvNet(nn.Module):
    """The net of the benchmark, on a tensor (shap) or a list of one (ours)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.act = nn.Conv1d(REGULATORS, 64, 3), nn.ReLU()
        self.dense, self.act_dense = nn.Linear(64, 128), nn.ReLU()
        self.head = nn.Linear(128, OUTPUTS)

    def forward(self, x: Tensor | list[Tensor]) -> Tensor:
        x = x[0] if isinstance(x, list) else x
        pooled = self.act(self.conv(x.transpose(1, 2))).sum(2)
        return self.head(self.act_dense(self.dense(pooled)))


def make_inputs(occupancy: float) -> Tensor:
    """Covered parts of bins, (256, 30, 500); a regulator touches a gene with probability `occupancy`, on every bin."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randint(0, 100, (GENES, BINS, REGULATORS), generator=generator).float() / 100
    return x if occupancy == 1 else x * (torch.rand((GENES, 1, REGULATORS), generator=generator) < occupancy)


def own(net: nn.Module, x: Tensor, reference: Tensor) -> Contributions:
    return DeepLift(net).explain([x], [reference])


def by_shap(net: nn.Module, x: Tensor, reference: Tensor) -> np.ndarray:
    """(N, B, R, T) values of shap's DeepExplainer."""
    import shap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return shap.DeepExplainer(net, reference[None]).shap_values(x, check_additivity=False)


def fastest(work: Callable[[], object], runs: int) -> float:
    """Seconds of the fastest run."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def compare(occupancy: float, shap_genes: int, runs: int) -> dict[str, float]:
    """Equality, then times, for one occupancy."""
    torch.manual_seed(0)
    net, x, reference = ConvNet().eval(), make_inputs(occupancy), torch.zeros(BINS, REGULATORS)
    found = own(net, x, reference)
    dense = np.zeros((GENES, REGULATORS, OUTPUTS))
    dense[found.gene, found.column] = found.values
    spread = np.ptp(found.prediction.numpy(), axis=0)
    few = min(4, shap_genes)
    twin = by_shap(ConvNet.double(_copy(net)), x[:few].double(), reference.double()).sum(1)
    difference = float((np.abs(dense[:few] - twin) / spread).max())
    ours = fastest(lambda: own(net, x, reference), runs)
    theirs = fastest(lambda: by_shap(net, x[:shap_genes], reference), 3 if shap_genes < GENES else 1) * GENES / shap_genes
    return {"occupancy": occupancy, "difference": difference, "residual": float((found.residual.abs().numpy() / spread).max()),
            "own_seconds": ours, "shap_seconds": theirs, "ratio": theirs / ours}  # fmt: skip


def _copy(net: ConvNet) -> ConvNet:
    twin = ConvNet().eval()
    twin.load_state_dict(net.state_dict())
    return twin


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shap-genes", type=int, default=16, help=f"genes that shap explains, up to {GENES}")
    parser.add_argument("--runs", type=int, default=7, help="runs of ours")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {options.threads} threads, torch {torch.__version__}")
    rows, good = [], True
    for occupancy, bar in BARS.items():
        row = compare(occupancy, options.shap_genes, options.runs) | {"load": os.getloadavg()[0]}
        rows.append(row)
        passed = row["difference"] <= CLOSE and row["ratio"] >= bar
        good &= passed
        print(f"occupancy {occupancy:4.0%}: difference {row['difference']:.1e} of the range, residual {row['residual']:.1e}")
        print(f"  own {row['own_seconds']:.3f} s, shap {row['shap_seconds']:.1f} s for {GENES} genes, load {row['load']:.1f}")
        print(f"  {row['ratio']:.0f}x (bar {bar:.0f}x) {'ok' if passed else 'BELOW THE BAR'}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
