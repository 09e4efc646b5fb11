"""Substitutions equal predictions of changed sequences."""

import numpy as np
import pytest
from tests.unit.explain.sequence_nets import KINDS, cells_of, kind_name, model_of, predict

from regdecode.explain.saturation import saturate


@pytest.mark.parametrize("kind", KINDS, ids=kind_name)
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
