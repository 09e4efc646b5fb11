"""Knock-outs of filters equal networks whose filters are set to 0; pairs are additive where nothing joins them."""

import numpy as np
import pytest
import torch
from tests.unit.explain.sequence_nets import cells_of, model_of, silenced

from regdecode.explain.filter_knockout import knock_out_pairs, knock_out_units

UNITS = [[0], [1, 3], [2], [4, 0, 1]]
KINDS = [
    {"merge": "bilinear", "strands": "both", "normalise": True},
    {"merge": "bilinear", "memory": True},
    {"merge": "bilinear", "dense": (6,)},
    {"merge": "bilinear", "pool": "attention", "heads": 2, "strands": "both"},
    {"merge": "bilinear", "task": "classes"},
    {"merge": "concatenate", "pool": "max", "dense": (9, 8), "normalise": True},
    {"merge": "concatenate", "pool": "max", "dense": (9,), "task": "classes"},
    {"merge": "concatenate", "pool": "attention", "heads": 2, "dense": (9,)},
    {"merge": "tensor", "pool": "attention", "heads": 2, "dense": (9,)},
    {"merge": "tensor", "pool": "global", "dense": (9, 8), "normalise": True},
    {"merge": "tensor", "pool": "max", "dense": (9,)},
    {"merge": "recurrent", "pool": "max", "dense": (9,)},
]


def log2(model, codes, inputs):
    names = [f"g{i}" for i in range(len(codes))]
    data = model.pair_data(codes, inputs, names, [f"c{k}" for k in range(len(inputs))])
    with torch.no_grad():
        return model.from_outputs(model.net(data.codes, data.inputs, data.own, data.genes, data.conditions)).values


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(str(value) for value in kind.values()))
def test_a_knock_out_is_the_network_with_that_filter_at_zero(kind) -> None:
    model = model_of(**kind)
    codes, inputs, data = cells_of(model)
    found = knock_out_units(model, data, UNITS)
    whole = log2(model, codes, inputs)
    for u, filters in enumerate(UNITS):
        delta = whole - log2(silenced(model, filters), codes, inputs)
        assert np.abs(delta).max() > 1e-4
        np.testing.assert_allclose(found.size[u], np.abs(delta).mean(1), rtol=5e-4, atol=3e-4)
        np.testing.assert_allclose(found.shift[u], delta.mean(1), rtol=5e-4, atol=3e-4)
        np.testing.assert_allclose(found.by_condition[u], np.abs(delta).mean(0), rtol=5e-4, atol=3e-4)


@pytest.mark.parametrize("kind", [KINDS[0], KINDS[5], KINDS[9], KINDS[11]], ids=lambda kind: kind["merge"])
def test_pairs_are_four_networks(kind) -> None:
    model = model_of(**kind)
    codes, inputs, data = cells_of(model)
    found = knock_out_pairs(model, data, UNITS, [0, 2])
    whole = log2(model, codes, inputs)
    for r, column in enumerate([0, 2]):
        without = inputs.copy()
        without[:, column] = 0
        only = log2(model, codes, without)
        np.testing.assert_allclose(found.regulator[r], np.sqrt(np.square(whole - only).mean()), rtol=5e-4, atol=3e-4)
        for u, filters in enumerate(UNITS):
            quiet = silenced(model, filters)
            unit, both = log2(quiet, codes, inputs), log2(quiet, codes, without)
            np.testing.assert_allclose(found.unit[u], np.sqrt(np.square(whole - unit).mean()), rtol=5e-4, atol=3e-4)
            np.testing.assert_allclose(found.both[u, r], np.sqrt(np.square(whole - both).mean()), rtol=5e-4, atol=3e-4)
            np.testing.assert_allclose(found.interaction[u, r], np.sqrt(np.square(whole - unit - only + both).mean()), rtol=5e-4, atol=3e-4)


def test_no_unit_is_no_effect() -> None:
    model = model_of()
    _, _, data = cells_of(model)
    alone, pairs, others = (
        knock_out_units(model, data, []),
        knock_out_pairs(model, data, [], [0, 2]),
        knock_out_pairs(model, data, UNITS, [0, 2]),
    )
    assert alone.size.shape == alone.shift.shape == (0, len(data.codes))
    assert pairs.both.shape == pairs.interaction.shape == (0, 2) and pairs.unit.shape == (0,)
    np.testing.assert_array_equal(pairs.regulator, others.regulator)


def test_a_filter_without_downstream_weight_changes_nothing() -> None:
    model = model_of(merge="concatenate", pool="max", dense=(9,))
    _, _, data = cells_of(model)
    weight = model.net.merge.from_sequence.weight
    with torch.no_grad():
        weight.view(9, 5, -1)[:, 2] = 0
    found = knock_out_units(model, data, [[2], [1]])
    assert np.abs(found.size[0]).max() == 0
    assert found.size[1].max() > 0


def test_without_a_join_pairs_add_up() -> None:
    model = model_of(merge="bilinear")
    _, _, data = cells_of(model)
    with torch.no_grad():
        model.net.merge.head.zero_()
    apart = knock_out_pairs(model, data, UNITS, [0, 1, 2])
    assert apart.interaction.max() < 1e-6 < apart.both.min()
    one, other = knock_out_units(model, data, [[0], [3], [0, 3]]), model_of(merge="bilinear")
    np.testing.assert_allclose(one.shift[0] + one.shift[1], one.shift[2], atol=1e-6)
    assert knock_out_pairs(other, data, UNITS, [0, 1, 2]).interaction.min() > 1e-4
