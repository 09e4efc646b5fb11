"""The ensemble of sequence models: its name."""

from pathlib import Path

import numpy as np
import pytest

from regdecode.training.deeprage_networks import Network
from regdecode.training.deeprage_stack import model_name


@pytest.mark.parametrize(("presets", "name"), [(["mine", "mine"], "mine"), (["mine", "other"], "default"), ([], "default")])
def test_an_ensemble_has_its_networks_preset_for_a_name(presets: list[str], name: str) -> None:
    assert model_name([Network(Path("x"), {"model": preset}, np.zeros(0)) for preset in presets]) == name
