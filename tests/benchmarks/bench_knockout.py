"""Knock-outs as one factorised product against the 10,000 inputs through the network.

    python tests/benchmarks/bench_knockout.py [--draws 10000] [--runs 5] [--threads 1]

One gene of human size (827 TFs on 30 promoter bins, 390 RBPs on 35 RNA bins, 15 % of the regulators on the gene, 100 people), both
networks, both experiments. The twin builds the dense inputs of the draws in batches and runs the float32 network; ours starts from the
sites. Both end in predictions; the network's copy that ours keeps for all genes is made beforehand. Equality comes first, on all draws:
predictions to 1e-5 of their range, and the effects on rho to 1e-5. Then times, the minimum of several runs, in seconds of processor time:
on a busy machine they say the same as on an idle one. Exits with 1 below the bar: 10x, 1e-5.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy.sparse import csr_matrix

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bin"))

from regdecode.explain.knockout_members import Knocked
from regdecode.explain.knockout_sites import STAYS, Parts, bin_parts, regulator_parts
from regdecode.io.records import Track
from regdecode.models.decode import build_network
from regdecode.stats.binary_effects import draw_switches, fit_switches
from regdecode.stats.rank_rows import spearman_to
from regdecode.training.encode import dense_inputs, track_shapes
from regdecode.training.model_folder import NetworkModel

PEOPLE, BATCH, BAR, CLOSE = 100, 128, 10.0, 1e-5
SETTINGS = {"profile": {"promoter_window": 500, "rna_windows": (200, 500, 1000, 2000)}, "decode2020": {}}


def make_tracks(rng: np.random.Generator) -> list[Track]:
    """One gene in two tracks."""
    tracks = []
    for name, cls, on, bins, regulators in (("rbp_rna", "rbp", "rna", 35, 390), ("tf_promoter", "tf", "promoter", 30, 827)):
        bound = (rng.random(regulators) < 0.15) & (rng.random((bins, regulators)) < 0.2)
        counts = csr_matrix(np.where(bound, rng.integers(1, 101, bound.shape), 0).astype(np.float32))
        starts = np.arange(bins, dtype=np.int64) * 100
        names = np.array([f"{cls}{i}" for i in range(regulators)])
        whole = np.array([0, bins], np.int64)
        tracks.append(
            Track(name, cls, on, 100, 1, np.array(["g"]), names, counts, whole, np.full(bins, 100, np.int32), starts, starts + 100)
        )
    return tracks


def make_model(tracks: list[Track], kind: str) -> NetworkModel:
    """A network with random weights."""
    torch.manual_seed(0)
    net = build_network(kind, SETTINGS[kind], track_shapes(tracks), PEOPLE).eval()
    torch.nn.init.normal_(net.head.weight, std=0.1)
    scales = tuple(np.full(len(track.regulators), 1 if kind == "profile" else 100, np.float32) for track in tracks)
    config = {"family": "network", "member": "r1", "outputs": [f"p{i}" for i in range(PEOPLE)], "has_level": False}
    return NetworkModel(config, net, scales, np.ones(PEOPLE))


@torch.no_grad()
def by_network(model: NetworkModel, parts: Parts, gone: np.ndarray) -> np.ndarray:
    """The twin: dense inputs of every draw, in batches, through the network."""
    base = dense_inputs(parts.tracks, model.scales, np.array([0]))
    result = []
    for first in range(0, len(gone), BATCH):
        some = torch.from_numpy(gone[first : first + BATCH])
        inputs = []
        for x, sites, part in zip(base, parts.sites, parts.part, strict=True):
            batch = x.expand(len(some), -1, -1).clone()
            may = part != STAYS
            where = (slice(None), torch.from_numpy(sites.bin[may]), torch.from_numpy(sites.regulator[may]))
            batch[where] = batch[where] * (1 - some[:, torch.from_numpy(part[may])].float())
            inputs.append(batch)
        result.append(model.net(inputs).double().numpy())
    return np.concatenate(result)


def fastest(work: Callable[[], object], runs: int) -> float:
    """Processor seconds of the fastest run."""
    times = []
    for _ in range(runs):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def compare(model: NetworkModel, parts: Parts, draws: int, runs: int) -> tuple[float, float, float, float]:
    """Difference of predictions, difference of effects, seconds of ours, seconds of the network's."""
    rng = np.random.default_rng(1)
    gone, other = draw_switches(draws, len(parts), rng), rng.normal(size=PEOPLE)
    knocked = Knocked(model)
    ours, twin = knocked.predict(parts, gone), by_network(model, parts, gone)
    effects = [fit_switches(gone, spearman_to(predicted, other)).effect for predicted in (ours, twin)]
    apart = float(np.abs(ours - twin).max() / np.ptp(twin))
    seconds = fastest(lambda: knocked.predict(parts, gone), runs), fastest(lambda: by_network(model, parts, gone), max(1, runs // 2))
    return apart, float(np.abs(effects[0] - effects[1]).max()), *seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5, help="runs of ours; half as many of the network")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    tracks, good = make_tracks(np.random.default_rng(0)), True
    print(f"{os.cpu_count()} cores, {options.threads} threads, torch {torch.__version__}, {options.draws} draws of one gene")
    for kind in SETTINGS:
        model = make_model(tracks, kind)
        for what, make in (("bins", bin_parts), ("regulators", regulator_parts)):
            parts = make(tracks, "g")
            apart, effects, ours, twin = compare(model, parts, options.draws, options.runs)
            passed = apart <= CLOSE and effects <= CLOSE and twin / ours >= BAR
            good &= passed
            print(f"{kind:10s} {len(parts):4d} {what:10s} predictions differ by {apart:.1e} of their range, effects by {effects:.1e}")
            print(f"  own {ours:.3f} s, network {twin:.2f} s, load {os.getloadavg()[0]:.1f}")
            print(f"  {twin / ours:.0f}x (bar {BAR:.0f}x) {'ok' if passed else 'BELOW THE BAR'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
