"""Pooled scaling of targets."""

import numpy as np
import pytest

from regdecode.errors import InputError
from regdecode.expression.scale import TargetScale, fit_scale


def test_one_divisor_for_fold_changes_one_for_the_level():
    targets = np.random.default_rng(0).normal(size=(50, 4)) * [1, 2, 3, 10] + [0, 0, 0, 5]
    scale = fit_scale(targets, has_level=True)
    assert scale.fold_change == pytest.approx(targets[:, :3].std())
    assert scale.level == pytest.approx(targets[:, 3].std())
    np.testing.assert_allclose(scale.apply(targets)[:, 0] * scale.fold_change, targets[:, 0])
    np.testing.assert_allclose(scale.invert(scale.apply(targets)), targets, atol=1e-12)
    assert TargetScale.from_dict(scale.to_dict()) == scale


def test_missing_values_are_left_out_and_no_level_is_legal():
    targets = np.array([[1.0, np.nan], [-1.0, 3.0]])
    scale = fit_scale(targets, has_level=False)
    assert scale.fold_change == pytest.approx(np.std([1, -1, 3]))
    assert scale.level is None and scale.to_dict() == {"fold_change": scale.fold_change}


def test_flat_targets_are_refused():
    with pytest.raises(InputError, match="do not vary"):
        fit_scale(np.ones((3, 3)), has_level=True)
