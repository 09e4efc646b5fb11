"""Hyper-parameter files of DeepRAGE."""

from pathlib import Path

import pytest

from regdecode.errors import InputError
from regdecode.training.deeprage_hparams import parse_deeprage_hparams, read_deeprage_hparams

ASSETS = Path(__file__).parents[3] / "assets" / "deeprage"


@pytest.mark.parametrize("name", ["default", "words", "quick", "deeprage2020"])
def test_files_that_ship(name: str) -> None:
    assert read_deeprage_hparams(ASSETS / f"{name}.yml").model == name


def test_the_published_network() -> None:
    found = read_deeprage_hparams(ASSETS / "deeprage2020.yml")
    network, fit = found.network, found.fit
    assert (network.filters, network.width, network.pool_size, network.pool_stride, network.dense) == (256, 19, 16, 14, (512, 512))
    assert (fit.optimiser, fit.learning_rate, fit.schedule, fit.halve_after, fit.patience) == ("sgd", 0.01, "halve", 5, 10)
    assert (network.dropout, network.memory, network.motifs, fit.trunk_epochs) == (0.5, "none", False, 0)


def test_every_fault_at_once() -> None:
    content = {
        "task": "guess",
        "fit": {"learning_rate": "1e-3", "epochs": 1.5, "freeze_trunk": 1, "speed": 2},
        "network": {"dense": 5, "dropout": 2, "merge": "sum", "windows": [0, -1]},
        "colour": 1,
    }
    with pytest.raises(InputError) as told:
        parse_deeprage_hparams(content, "h.yml")
    for part in ("colour", "model is None", "task is 'guess'", "1.0e-3", "1.5 is not a whole", "neither true nor false", "speed",
                 "5 is not a list", "2 is not between 0 and 0.95", "'sum' is not known", "windows[1]"):  # fmt: skip
        assert part in str(told.value), part
