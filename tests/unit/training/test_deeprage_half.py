"""What a GPU computes in half precision learns, and says, what single precision does."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.unit.training.make_planted import FIT, NET, pair_data_of, planted, r_on_test, train
from torch import Tensor

from regdecode.genome.promoters import Promoters
from regdecode.models.deeprage import DeepRageNet, DeepRageShape
from regdecode.models.deeprage_trunk import SequenceTrunk
from regdecode.training import deeprage_stage
from regdecode.training.deeprage_fit import stages_of
from regdecode.training.deeprage_folder import load_deeprage
from regdecode.training.deeprage_hparams import DeepRageParameters
from regdecode.training.deeprage_member import DeepRagePlan, train_deeprage
from regdecode.training.deeprage_stage import AtOnce, Runner, predict_pairs

MERGES = [
    ("bilinear", "windows", "regression"),
    ("bilinear", "attention", "regression"),
    ("bilinear", "max", "classes"),
    ("tensor", "global", "regression"),
    ("concatenate", "max", "regression"),
    ("recurrent", "max", "regression"),
]


def of_merge(merge: str, pool: str) -> DeepRageShape:
    return replace(NET, merge=merge, pool=pool, windows=(0, 30, 60), strands="both", dense=() if merge == "bilinear" else (32,))


def as_on_a_gpu(patch: pytest.MonkeyPatch) -> None:
    """What a GPU does, by a CPU: bfloat16 where autocast puts it, and no convolution of the CPU's own."""
    patch.setattr(deeprage_stage, "half_precision", lambda device: torch.autocast("cpu", dtype=torch.bfloat16))
    patch.setattr(SequenceTrunk, "forward", lambda trunk, codes: trunk.pooled(trunk.one_hot(codes)))


@pytest.mark.parametrize(("merge", "pool", "task"), MERGES[:-1])  # a CPU takes minutes for an LSTM's training in bfloat16
def test_half_precision_learns_and_tells_the_same(tmp_path, merge: str, pool: str, task: str) -> None:
    data, effect = planted(400)
    promoters, inputs = Promoters(data.cells.genes, data.codes), data.compendium.inputs
    with pytest.MonkeyPatch.context() as patch:
        as_on_a_gpu(patch)
        train(data, tmp_path / "half", of_merge(merge, pool), replace(FIT, trunk_epochs=10 if merge == "bilinear" else 0), task)
        assert r_on_test(tmp_path / "half", data, effect) > 0.7
        model = load_deeprage(tmp_path / "half")
        told = model.predict(promoters, inputs)
    single = model.predict(promoters, inputs)
    assert np.abs(told - single).max() > 0, "autocast did nothing"
    np.testing.assert_allclose(told, single, atol=0.03 if task == "regression" else 0.1)


@pytest.mark.parametrize(("merge", "pool", "task"), MERGES)
def test_a_step_in_half_precision_goes_the_same_way(merge: str, pool: str, task: str) -> None:
    """Gradients of one step, not figures after many: small differences grow to either side, another with every processor."""
    data, _ = planted(400)
    classes = torch.tensor(np.digitize(data.values, data.edges)) if task == "classes" else None
    pairs = replace(pair_data_of(data), classes=classes)
    torch.manual_seed(0)
    net = DeepRageNet(replace(of_merge(merge, pool), length=60), 10, 3 if task == "classes" else 1).eval()
    runner = Runner(net, AtOnce(net, 16), pairs, stages_of(FIT)[-1], FIT, 0)

    def told_and_gradient() -> tuple[Tensor, Tensor]:
        net.zero_grad()
        runner.loss(runner.train_genes, runner.train_conditions, pairs.train, False).backward()
        gradient = torch.cat([weight.grad.flatten() for weight in net.parameters() if weight.grad is not None])
        return predict_pairs(net, pairs), gradient

    single = told_and_gradient()
    with pytest.MonkeyPatch.context() as patch:
        as_on_a_gpu(patch)
        half = told_and_gradient()
    for one, other in zip(single, half, strict=True):
        assert 0 < (other - one).norm() < 0.05 * one.norm()


@pytest.mark.gpu
def test_the_gpu_gives_the_same_to_tolerance(tmp_path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA GPU here")
    data, effect = planted()
    train(data, tmp_path / "cpu", fit=replace(FIT, trunk_epochs=10))
    model = load_deeprage(tmp_path / "cpu")
    there = load_deeprage(tmp_path / "cpu", "cuda")
    promoters = Promoters(data.cells.genes, data.codes)
    inputs = data.compendium.inputs
    np.testing.assert_allclose(there.predict(promoters, inputs), model.predict(promoters, inputs), atol=0.05)
    parameters = DeepRageParameters("x", "regression", 1, NET, replace(FIT, trunk_epochs=10))
    train_deeprage(data, [], parameters, DeepRagePlan(1, 0, {}), tmp_path / "gpu", "cuda")
    assert r_on_test(tmp_path / "gpu", data, effect) > 0.9
