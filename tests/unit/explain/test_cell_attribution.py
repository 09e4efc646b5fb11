"""Contributions add up exactly, are integrated gradients where the path has many segments, and a linear network has the closed form."""

import numpy as np
import pytest
import torch
from tests.unit.explain.sequence_nets import KINDS, N_CONDITIONS, cells_of, kind_name, model_of, predict

from regdecode.errors import InputError
from regdecode.explain import segment
from regdecode.explain.cell_attribution import attribute_cell

BACKGROUND = np.array([0.3, 0.2, 0.2, 0.3])


@pytest.mark.parametrize("kind", KINDS, ids=kind_name)
@pytest.mark.parametrize("segments", [1, 3, 64])
def test_contributions_add_up(kind, segments: int) -> None:
    model = model_of(**kind)
    codes, inputs, data = cells_of(model)
    for gene in (2, 3, 5):
        found = attribute_cell(model, data, gene, 1, BACKGROUND, segments)
        assert found.prediction == pytest.approx(predict(model, codes, inputs, gene)[1], abs=1e-3)
        assert abs(found.residual) <= 1e-9 * max(abs(found.delta), 0.1)
        assert found.bases.sum() + found.regulators.sum() == pytest.approx(found.delta, abs=1e-9)
    assert found.bases.shape == (codes.shape[1],)
    assert found.regulators.shape == (inputs.shape[1],)


def integrated_gradients(model, data, gene: int, condition: int, steps: int):
    """Slow twin: midpoints of the path, the whole network run at each by itself."""
    net = model.net.double().requires_grad_(False)
    letters = net.trunk.one_hot(data.codes[gene : gene + 1])
    reference = torch.tensor(BACKGROUND)[None, :, None].expand_as(letters)
    inputs = data.inputs[condition : condition + 1].double()
    of_bases, of_regulators = torch.zeros_like(letters), torch.zeros_like(inputs)
    one = slice(gene, gene + 1)
    for k in range(steps):
        at = (reference + (k + 0.5) / steps * (letters - reference)).requires_grad_()
        here = (inputs * (k + 0.5) / steps).requires_grad_()
        rows = data.own[one], data.genes[one], data.conditions[condition : condition + 1]
        outputs = net.from_features(net.trunk.pooled(at), here, *rows)[0, 0]
        if model.config["task"] == "classes":
            value = torch.softmax(outputs, 0) @ torch.tensor(model.config["class_values"], dtype=torch.float64)
        else:
            value = outputs[0] * model.config["scalers"]["target"]
        slopes = torch.autograd.grad(value, (at, here))
        of_bases += slopes[0] / steps
        of_regulators += slopes[1] / steps
    return (of_bases * (letters - reference)).sum(1)[0].numpy(), (of_regulators * inputs)[0].numpy()


@pytest.mark.parametrize("kind", KINDS, ids=kind_name)
def test_many_segments_are_integrated_gradients(kind) -> None:
    model = model_of(**kind)
    _, _, data = cells_of(model)
    for gene in (2, 3):
        found = attribute_cell(model, data, gene, 1, BACKGROUND, 256)
        bases, regulators = integrated_gradients(model, data, gene, 1, 300)
        largest = max(np.abs(bases).max(), np.abs(regulators).max())
        np.testing.assert_allclose(found.bases, bases, atol=0.01 * largest)
        np.testing.assert_allclose(found.regulators, regulators, atol=0.01 * largest)


def test_a_masked_regulator_contributes_nothing() -> None:
    model = model_of()
    _, _, data = cells_of(model)
    assert attribute_cell(model, data, 3, 0, BACKGROUND).regulators[0] == pytest.approx(0, abs=1e-12)
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
    np.testing.assert_allclose(found.regulators, 0, atol=1e-12)
    norm, last = net.merge.from_sequence[0], net.merge.from_sequence[-1]
    slope = (last.weight * norm.weight / torch.sqrt(norm.running_var + norm.eps)).T @ net.merge.gene_head.weight[0]
    filters = torch.einsum("k,kaw->aw", slope, net.trunk.conv.weight).detach().numpy() * 1.7
    letters = np.eye(4)[codes[5]] - BACKGROUND
    bounds, width = net.trunk.shape.bounds(), net.trunk.shape.width
    expected = np.zeros(len(letters))
    for start in range(bounds[0], bounds[-1]):
        expected[start : start + width] += (letters[start : start + width] * filters.T).sum(1)
    np.testing.assert_allclose(found.bases, expected, rtol=1e-5, atol=1e-5)
    assert N_CONDITIONS == len(inputs)


def test_a_network_with_an_operation_that_has_no_rule_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(segment, "_WITH_RULE", segment._WITH_RULE - {"relu"})
    model = model_of()
    _, _, data = cells_of(model)
    with pytest.raises(InputError, match="no exact rule"):
        attribute_cell(model, data, 5, 1, BACKGROUND, 2)
