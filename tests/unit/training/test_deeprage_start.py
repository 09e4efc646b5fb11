"""Where the bilinear merge begins: expectation-maximisation against gene-by-gene loops, and what it finds of a planted matrix."""

import numpy as np
import pytest
import torch

from regdecode.models.deeprage import DeepRageNet, DeepRageShape
from regdecode.training import deeprage_start
from regdecode.training.deeprage_stage import PairData, predict_pairs
from regdecode.training.deeprage_start import Prior, complete, start_merge

RANK, NOISE = 3, 0.3


def random_problem(seed: int = 0, n_genes: int = 40, n_conditions: int = 7) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    design, promoter = rng.normal(size=(n_conditions, RANK)), rng.normal(size=(n_genes, RANK))
    own = rng.multivariate_normal(np.zeros(RANK), np.diag([2.0, 1.0, 0.2]), n_genes)
    targets = (promoter + own) @ design.T + rng.normal(size=(n_genes, n_conditions)) * NOISE
    train = rng.random(targets.shape) < 0.7
    train[3] = False
    return design, promoter, targets, train


def test_a_step_equals_gene_by_gene_loops(monkeypatch) -> None:
    monkeypatch.setattr(deeprage_start, "_CHUNK", 16)
    design, promoter, targets, train = random_problem()
    covariance, noise = np.array([[1.5, 0.2, 0], [0.2, 1.0, 0.1], [0, 0.1, 0.7]]), 0.4
    own, spreads, left = np.zeros_like(promoter), [], 0.0
    for g, cells in enumerate(train):
        v = design[cells]
        spreads.append(np.linalg.inv(np.linalg.inv(covariance) + v.T @ v / noise))
        own[g] = spreads[g] @ v.T @ (targets[g, cells] - v @ promoter[g]) / noise
        left += sum(
            (targets[g, s] - design[s] @ (promoter[g] + own[g])) ** 2 + design[s] @ spreads[g] @ design[s] for s in np.flatnonzero(cells)
        )
    seen = [g for g in range(len(train)) if train[g].any()]
    u = promoter + own
    step = deeprage_start._expect(*map(torch.from_numpy, (design, promoter, targets, train)), Prior(torch.from_numpy(covariance), noise))
    assert step.own.numpy() == pytest.approx(own) and not step.own[3].any()
    assert step.prior.covariance.numpy() == pytest.approx(np.mean([np.outer(own[g], own[g]) + spreads[g] for g in seen], axis=0))
    assert step.prior.noise == pytest.approx(left / train.sum())
    for s in range(len(design)):
        genes = np.flatnonzero(train[:, s])
        assert step.gram[s].numpy() == pytest.approx(sum(np.outer(u[g], u[g]) + spreads[g] for g in genes))
        assert step.cross[s].numpy() == pytest.approx(sum(u[g] * targets[g, s] for g in genes))


def test_steps_find_the_prior_that_the_genes_were_drawn_from() -> None:
    design, promoter, targets, train = map(torch.from_numpy, random_problem(1, 4000, 12))
    prior = deeprage_start._first_prior(design, targets - promoter @ design.T, train)
    for _ in range(30):
        prior = deeprage_start._expect(design, promoter, targets, train, prior).prior
    assert prior.noise == pytest.approx(NOISE**2, rel=0.05)
    assert prior.covariance.numpy() == pytest.approx(np.diag([2.0, 1.0, 0.2]), abs=0.1)


def network(n_genes: int, n_conditions: int, remembers_genes: bool, remembers_conditions: bool) -> DeepRageNet:
    torch.manual_seed(0)
    shape = DeepRageShape(length=30, filters=4, width=5, pool="global", rank=RANK, regulator_units=8, dropout=0.0, regulator_skip=True)
    return DeepRageNet(shape, 6, 1, n_genes if remembers_genes else 0, n_conditions if remembers_conditions else 0)


def pairs(new_conditions: bool, n_genes: int = 300, n_conditions: int = 40) -> tuple[PairData, torch.Tensor]:
    """Rank-3 matrix whose conditions are linear in 6 regulators, a fifth of its cells or of its conditions for validation; rough vectors
    of the conditions.
    """
    rng = np.random.default_rng(2)
    inputs = rng.normal(size=(n_conditions, 6))
    genes = rng.normal(size=(n_genes, RANK)) * [2.0, 1.0, 0.5]
    vectors = inputs @ rng.normal(size=(6, RANK)) / 6**0.5
    values = genes @ vectors.T + rng.normal(size=(n_genes, n_conditions)) * NOISE
    watched = np.repeat(rng.random(n_conditions)[None] < 0.2, n_genes, 0) if new_conditions else rng.random(values.shape) < 0.2
    train = torch.from_numpy(~watched)
    rough = torch.tensor(vectors + 0.5 * rng.normal(size=vectors.shape), dtype=torch.float32)
    data = PairData(
        torch.from_numpy(rng.integers(0, 4, (n_genes, 30)).astype(np.uint8)), torch.tensor(inputs, dtype=torch.float32),
        torch.full((n_genes,), -1), torch.tensor(values, dtype=torch.float32), None, train, ~train, torch.arange(n_genes),
        torch.full((n_conditions,), -1) if new_conditions else torch.arange(n_conditions),
    )  # fmt: skip
    return data, rough


@pytest.mark.parametrize("new_conditions", [False, True])
def test_the_start_explains_cells_it_has_not_seen_down_to_the_noise(new_conditions: bool) -> None:
    data, rough = pairs(new_conditions)
    net = network(300, 40, True, not new_conditions)
    with torch.no_grad():
        start_merge(net, complete(rough, net, data), data)
        rest = (data.targets - predict_pairs(net, data)[..., 0])[data.tune]
    assert data.targets[data.tune].square().mean() > 2
    assert rest.square().mean() < 1.5 * NOISE**2


def test_validation_cells_only_choose_the_round() -> None:
    """What is found from changed validation values is one of the rounds of the same training cells."""
    (data, rough), found = pairs(False), []
    for values in (data.targets, torch.where(data.tune, -5 * data.targets, data.targets)):
        net = network(300, 40, True, True)
        rounds: list[torch.Tensor] = []
        original = deeprage_start._expect

        def spy(*arguments, original=original, rounds=rounds):
            step = original(*arguments)
            rounds.append(step.own)
            return step

        with pytest.MonkeyPatch.context() as patch, torch.no_grad():
            patch.setattr(deeprage_start, "_expect", spy)
            complete(rough, net, PairData(**{**vars(data), "targets": values}))
        assert any(torch.equal(net.gene_memory, own) for own in rounds)
        found.append(rounds)
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_without_a_memory_of_genes_the_vectors_stay() -> None:
    data, rough = pairs(False)
    assert complete(rough, network(300, 40, False, True), data) is rough
