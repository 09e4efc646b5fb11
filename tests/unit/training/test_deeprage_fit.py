"""DeepRAGE learns a planted motif x regulator interaction; stages, memories, checkpoints and folders hold what they promise."""

import json
import os
import signal
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from tests.unit.training.make_planted import FIT, NET, SITE, pair_data_of, planted, r_on_test, train
from torch import Tensor

from regdecode.errors import InputError
from regdecode.io.h5ad import read_cell_predictions
from regdecode.io.meme import Motif
from regdecode.models.deeprage import DeepRageNet
from regdecode.training.checkpoint import CheckpointPlace, Interrupted
from regdecode.training.deeprage_data import CellData
from regdecode.training.deeprage_fit import fit_network, fit_stage, stages_of
from regdecode.training.deeprage_folder import load_deeprage
from regdecode.training.deeprage_hparams import DeepRageParameters
from regdecode.training.deeprage_member import DeepRagePlan, remembered, train_deeprage
from regdecode.training.deeprage_stage import AtOnce, PairData, Runner, pair_loss, shifted


@pytest.mark.parametrize(
    ("merge", "pool"),
    [("tensor", "global"), ("concatenate", "max"), ("recurrent", "max"), ("bilinear", "max"), ("bilinear", "attention")],
)
def test_a_planted_interaction_is_recovered(tmp_path, merge: str, pool: str) -> None:
    data, effect = planted(400)
    network = replace(NET, merge=merge, pool=pool, dense=() if merge == "bilinear" else (32,))
    train(data, tmp_path / "m", network, replace(FIT, trunk_epochs=10 if merge == "bilinear" else 0))
    assert r_on_test(tmp_path / "m", data, effect) > 0.9


def test_without_the_interaction_nothing_is_recovered(tmp_path) -> None:
    """The same network whose join is a sum: condition means are 0, so the sequence and the regulators alone say nothing."""
    data, effect = planted()
    network = replace(NET, merge="concatenate", dense=(1,))

    class Sum(torch.nn.Module):
        def forward(self, x):
            return x

    torch.manual_seed(0)
    net = DeepRageNet(replace(network, length=60), 10)
    net.merge.tail = torch.nn.Sequential(Sum())
    pairs = pair_data_of(data)
    fit_network(net, pairs, FIT, 0)
    with torch.no_grad():
        predicted = net.eval()(pairs.codes, pairs.inputs, pairs.own)[..., 0].numpy()
    part = data.part(2)
    assert abs(np.corrcoef(predicted[part], effect[part])[0, 1]) < 0.2


def sides(pairs: PairData) -> tuple[Tensor, ...]:
    """What a network reads beside the promoters."""
    return pairs.inputs, pairs.own, pairs.genes, pairs.conditions


@pytest.mark.parametrize("batch_conditions", [0, 5])
def test_nothing_is_computed_for_conditions_without_a_cell(monkeypatch, batch_conditions: int) -> None:
    data, _ = held_out_conditions()
    pairs, settings = pair_data_of(data), replace(FIT, batch_conditions=batch_conditions, batch_genes=500)
    net = DeepRageNet(replace(NET, length=data.codes.shape[1], dropout=0.0), 10)
    runner = Runner(net, AtOnce(net, 16), pairs, stages_of(settings)[-1], settings, 0)
    seen: list[Tensor] = []
    whole = net.from_features
    monkeypatch.setattr(net, "from_features", lambda x, inputs, *more: seen.append(inputs) or whole(x, inputs, *more))

    tuned = runner.validation_loss()
    expected = pair_loss(whole(net.features(pairs.codes), *sides(pairs)), pairs.targets, None, pairs.tune).detach()
    assert tuned == pytest.approx(expected.item(), rel=1e-5)
    assert all(torch.equal(inputs, pairs.inputs[12:14]) for inputs in seen)

    seen.clear()
    net.train()
    expected = pair_loss(whole(net.features(pairs.codes), *sides(pairs)), pairs.targets, None, pairs.train).detach()
    trained = runner.epoch(0, lambda k, n: 0.0)
    allowed = {tuple(row) for row in pairs.inputs[:12].tolist()}
    assert all({tuple(row) for row in inputs.tolist()} <= allowed for inputs in seen)
    assert {len(inputs) for inputs in seen} == {batch_conditions or 12}
    if not batch_conditions:
        assert trained == pytest.approx(expected.item(), rel=1e-5)


def test_classes_with_probabilities(tmp_path) -> None:
    data, effect = planted()
    train(data, tmp_path / "m", task="classes", fit=replace(FIT, epochs=20, trunk_epochs=10))
    found = read_cell_predictions(tmp_path / "m" / "predictions.h5ad")
    shares = np.stack(list(found.probabilities.values()))
    np.testing.assert_allclose(shares.sum(0), 1, atol=1e-5)
    assert set(found.probabilities) == {"p_down", "p_base", "p_up"}
    assert r_on_test(tmp_path / "m", data, effect) > 0.8


def held_out_conditions() -> tuple[CellData, np.ndarray]:
    """Planted cells of which two conditions tune and two test."""
    data, effect = planted()
    split = np.zeros(data.values.shape, np.int8)
    split[:, 12:14], split[:, 14:] = 1, 2
    return replace(data, cells=replace(data.cells, split=split)), effect


def test_regulators_that_skip_the_units_tell_new_conditions_better(tmp_path) -> None:
    data, effect = held_out_conditions()
    found = []
    for skip in (True, False):
        network = replace(NET, regulator_skip=skip, memory="auto")
        train(data, tmp_path / str(skip), network, replace(FIT, frozen_epochs=20, epochs=1, freeze_trunk=True))
        found.append(r_on_test(tmp_path / str(skip), data, effect))
    assert found[0] > 0.9
    assert 1 - found[0] < (1 - found[1]) / 3


def test_many_conditions_at_once_are_not_judged_by_conditions_without_a_training_cell(tmp_path) -> None:
    data, effect = held_out_conditions()
    train(data, tmp_path / "m", fit=replace(FIT, frozen_epochs=4, trunk_epochs=15, epochs=20, patience=2, freeze_trunk=True))
    rows = [line.split("\t") for line in (tmp_path / "m" / "history.tsv").read_text().splitlines()[1:]]
    judged = {stage: [row[3] != "nan" for row in rows if row[0] == stage] for stage in ("frozen", "trunk", "merge")}
    assert judged["frozen"] == [False] * 4 and judged["trunk"] == [False] * 15 and all(judged["merge"])
    assert r_on_test(tmp_path / "m", data, effect) > 0.9


def test_same_seed_same_bytes_and_another_seed_not(tmp_path) -> None:
    data, _ = planted(60, 6)
    fit = replace(FIT, epochs=3, frozen_epochs=2, trunk_epochs=2, shift=2)
    for name, replicate in (("a", 1), ("b", 1), ("c", 2)):
        train_deeprage(data, [], DeepRageParameters("x", "regression", 1, NET, fit), DeepRagePlan(replicate, 0, {}), tmp_path / name, "cpu")
    bytes_of = {name: (tmp_path / name / "model.safetensors").read_bytes() for name in "abc"}
    assert bytes_of["a"] == bytes_of["b"] != bytes_of["c"]


def interrupted_after(runner: Runner, epochs: int, place: CheckpointPlace) -> None:
    """Run a stage that is told to stop by SIGTERM in its epoch number `epochs`."""
    whole = runner.epoch

    def epoch(number, rate):
        if number == epochs - 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return whole(number, rate)

    runner.epoch = epoch
    with pytest.raises(Interrupted, match=f"after epoch {epochs} of stage frozen"):
        fit_stage(runner, place)


def test_a_stopped_training_continues_bit_by_bit(tmp_path) -> None:
    data, _ = planted(60, 6)
    pairs, settings = pair_data_of(data), replace(FIT, epochs=6, frozen_epochs=3)
    weights = []
    for stopped in (False, True):
        torch.manual_seed(1)
        net = DeepRageNet(replace(NET, length=60), 10)
        place = CheckpointPlace(tmp_path / f"{stopped}.safetensors", "s")
        if stopped:
            torch.manual_seed(0 * 100_003 + 99_991)
            at_once = AtOnce(net, 6)
            runner = Runner(net, at_once, pairs, stages_of(settings)[0], settings, 0)
            interrupted_after(runner, 2, replace(place, path=place.path.with_name(f"{stopped}.frozen.safetensors")))
            torch.manual_seed(1)
            net = DeepRageNet(replace(NET, length=60), 10)
        fit_network(net, pairs, settings, 0, place)
        weights.append({key: value.clone() for key, value in net.state_dict().items()})
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


def test_validation_and_test_cells_have_no_say_in_the_loss() -> None:
    outputs, targets = torch.randn(4, 5, 1), torch.randn(4, 5)
    mask = torch.rand(4, 5) < 0.5
    loss = pair_loss(outputs, targets, None, mask)
    assert float(loss) == pytest.approx(float((outputs[..., 0] - targets)[mask].square().mean()))
    assert float(pair_loss(outputs, torch.where(mask, targets, 99.0), None, mask)) == pytest.approx(float(loss))
    logits, classes = torch.randn(4, 5, 3), torch.randint(0, 3, (4, 5))
    expected = torch.nn.functional.cross_entropy(logits[mask], classes[mask])
    assert float(pair_loss(logits, targets, classes, mask)) == pytest.approx(float(expected))


def test_shifts_keep_letters_in_order() -> None:
    codes = torch.arange(4, dtype=torch.uint8).repeat(3)[None].repeat(50, 1)
    moved = shifted(codes, 3)
    for row in moved.tolist():
        known = [letter for letter in row if letter != 4]
        assert len(known) >= 9
        assert all((b - a) % 4 == 1 for a, b in pairwise(known))
    assert len({tuple(row) for row in moved.tolist()}) > 3


def test_what_a_regime_may_remember() -> None:
    data, _ = planted(40, 8)
    genes, conditions = remembered(data, "auto")
    assert not genes.any()
    assert conditions.all()
    by_condition = np.repeat(np.array([0, 0, 0, 0, 0, 1, 2, 2], np.int8)[None], 40, 0)
    for split, expected in (
        (by_condition, (40, 0)),
        (np.random.default_rng(0).choice(np.array([0, 0, 0, 1, 2], np.int8), (40, 8)), (40, 8)),
    ):
        held = replace(data, cells=replace(data.cells, split=split))
        found = remembered(held, "auto")
        assert (found[0].sum(), found[1].sum()) == expected
        assert not any(mask.any() for mask in remembered(held, "none"))


def test_memory_helps_where_it_may(tmp_path) -> None:
    """Genes with effects that their promoters do not show: random pairs can be completed, by memory alone."""
    data, _ = planted(80, 30)
    rng = np.random.default_rng(1)
    effect = rng.normal(size=(80, 2)) @ rng.normal(size=(2, 30))
    split = rng.choice(np.array([0, 1, 2], np.int8), size=effect.shape, p=[0.8, 0.1, 0.1])
    made = replace(data, compendium=replace(data.compendium, values=effect), cells=replace(data.cells, split=split))
    found = []
    for memory in ("auto", "none"):
        network = replace(NET, memory=memory, dropout=0.0)
        fit = replace(FIT, epochs=10, trunk_epochs=5, freeze_trunk=True)
        train(made, tmp_path / memory, network, fit)
        found.append(r_on_test(tmp_path / memory, made, effect))
    assert found[0] > 0.8
    assert found[0] > found[1] + 0.3


def test_motifs_start_filters(tmp_path) -> None:
    data, effect = planted(400)
    table = np.full((8, 4), 0.01)
    table[np.arange(8), SITE] = 0.97
    network = replace(NET, motifs=True, filters=2, width=10)
    train(data, tmp_path / "m", network, replace(FIT, frozen_epochs=20, epochs=10), motifs=[Motif("m1", "Abc1", table, 20.0, 1)])
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert config["filters"] == ["Abc1", "filter_1", "filter_2"]
    assert config["starts"] == ["motif", "random", "random"]
    assert config["architecture"]["filters"] == 3
    assert r_on_test(tmp_path / "m", data, effect) > 0.9


def test_an_organism_without_motifs(tmp_path) -> None:
    data, _ = planted()
    network = replace(NET, motifs=True, filters=3, words=5)
    train(data, tmp_path / "m", network, replace(FIT, epochs=1))
    assert json.loads((tmp_path / "m" / "config.json").read_text())["starts"] == ["word"] * 3
    with pytest.raises(InputError, match="no motif is given and no filter asked for"):
        train(data, tmp_path / "n", replace(network, filters=0))


def test_words_start_filters(tmp_path) -> None:
    data, effect = planted(400)
    site = "".join("ACGT"[code] for code in SITE)
    network = replace(NET, filters=4, width=10, words=7)
    train(data, tmp_path / "w", network, replace(FIT, frozen_epochs=20, epochs=10))
    config = json.loads((tmp_path / "w" / "config.json").read_text())
    assert config["starts"] == ["word"] * 4
    assert config["filters"][0] in (site[:7], site[1:])
    assert r_on_test(tmp_path / "w", data, effect) > 0.9
    table = np.full((8, 4), 0.01)
    table[np.arange(8), SITE] = 0.97
    both = replace(network, motifs=True, filters=2)
    train(data, tmp_path / "both", both, replace(FIT, frozen_epochs=1, epochs=1), motifs=[Motif("m1", "Abc1", table, 20.0, 1)])
    config = json.loads((tmp_path / "both" / "config.json").read_text())
    assert config["starts"] == ["motif", "word", "word"]
    assert config["filters"][0] == "Abc1" and len(set(config["filters"])) == 3


def test_words_longer_than_the_filters(tmp_path) -> None:
    data, _ = planted(40, 6)
    with pytest.raises(InputError, match="words of 9 bases do not fit filters of 8"):
        train(data, tmp_path / "m", replace(NET, words=9))


def test_a_window_longer_than_the_promoters(tmp_path) -> None:
    data, _ = planted(40, 6)
    with pytest.raises(InputError, match="promoters of 60 bases are shorter than the window of 100"):
        train(data, tmp_path / "m", replace(NET, length=100))


def test_predictions_of_another_set_of_regulators_are_refused(tmp_path) -> None:
    data, _ = planted(40, 6)
    train(data, tmp_path / "m", fit=replace(FIT, epochs=1))
    model = load_deeprage(tmp_path / "m")
    with pytest.raises(InputError, match="9 regulators; the model reads 10"):
        model.predict(data.codes, data.compendium.inputs[:, :9])
    with pytest.raises(InputError, match="promoters of 50 bases; the model reads 60"):
        model.predict(data.codes[:, :50], data.compendium.inputs)
