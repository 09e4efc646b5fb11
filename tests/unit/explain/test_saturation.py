"""Substitutions equal predictions of changed sequences; attributions add up, and a linear network has the closed form."""

import numpy as np
import pytest
import torch
from tests.unit.explain.sequence_nets import N_CONDITIONS, cells_of, model_of

from regdecode.explain.saturation import attribute_cell, saturate

BACKGROUND = np.array([0.3, 0.2, 0.2, 0.3])
KINDS = [
    {"merge": "bilinear", "strands": "both", "memory": True, "normalise": True},
    {"merge": "concatenate", "pool": "max", "dense": (9,), "task": "classes"},
    {"merge": "tensor", "pool": "global", "dense": (9,)},
    {"merge": "recurrent", "pool": "max", "dense": (9,)},
    {"merge": "bilinear", "pool": "attention", "heads": 2},
]


def predict(model, codes, inputs, gene):
    names = [f"g{i}" for i in range(len(codes))]
    return model.predict_all(_promoters(codes, names), inputs, [f"c{k}" for k in range(len(inputs))]).values[gene]


def _promoters(codes, names):
    from regdecode.genome.promoters import Promoters

    return Promoters(np.array(names), codes)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["merge"] + "-" + kind.get("pool", ""))
def test_saturation_is_brute_force(kind) -> None:
    model = model_of(**kind)
    codes, inputs, data = cells_of(model)
    for gene in (2, 3):
        conditions = np.array([4, 1])
        found = saturate(model, data, gene, conditions)
        whole = predict(model, codes, inputs, gene)
        for position in (0, 3, 6, 17, codes.shape[1] - 1):
            for letter in range(4):
                changed = codes.copy()
                if codes[gene, position] < 4:
                    changed[gene, position] = letter
                expected = (predict(model, changed, inputs, gene) - whole)[conditions]
                np.testing.assert_allclose(found[position, letter], expected, rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["merge"] + "-" + kind.get("pool", ""))
def test_contributions_add_up(kind) -> None:
    model = model_of(**kind)
    codes, inputs, data = cells_of(model)
    for gene in (3, 5):
        found = attribute_cell(model, data, gene, 1, BACKGROUND)
        assert found.prediction == pytest.approx(predict(model, codes, inputs, gene)[1], abs=1e-3)
        assert abs(found.residual) <= 0.01 * max(abs(found.delta), 0.1)
    assert found.bases.shape == (codes.shape[1],)
    assert found.regulators.shape == (inputs.shape[1],)


def test_a_masked_regulator_contributes_nothing() -> None:
    model = model_of()
    _, _, data = cells_of(model)
    assert abs(attribute_cell(model, data, 3, 0, BACKGROUND).regulators[0]) < 1e-6
    assert abs(attribute_cell(model, data, 4, 0, BACKGROUND).regulators[0]) > 1e-4


def test_closed_form_of_a_linear_network() -> None:
    """Biases so high that every ReLU passes, and no regulator: contributions are weights times letters less background."""
    model = model_of(windows=(0, 40))
    codes, inputs, data = cells_of(model)
    net = model.net
    with torch.no_grad():
        net.trunk.conv.bias.fill_(50.0)
        net.merge.head.zero_()
        net.merge.condition_head.weight.zero_()
    found = attribute_cell(model, data, 5, 2, BACKGROUND)
    np.testing.assert_allclose(found.regulators, 0, atol=1e-9)
    norm, last = net.merge.from_sequence[0], net.merge.from_sequence[-1]
    slope = (last.weight * norm.weight / torch.sqrt(norm.running_var + norm.eps)).T @ net.merge.gene_head.weight[0]
    filters = torch.einsum("k,kaw->aw", slope, net.trunk.conv.weight).detach().numpy() * 1.7
    letters = np.eye(4)[codes[5]] - BACKGROUND
    bounds, width = net.trunk.shape.bounds(), net.trunk.shape.width
    expected = np.zeros(len(letters))
    for start in range(bounds[0], bounds[-1]):
        expected[start : start + width] += (letters[start : start + width] * filters.T).sum(1)
    np.testing.assert_allclose(found.bases, expected, rtol=1e-3, atol=1e-3)
    assert found.steps == 64
    assert N_CONDITIONS == len(inputs)
