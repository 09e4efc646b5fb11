"""Attribution of whole models on a simulated fold: sums, engines, planted drivers."""

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.explain.planted import OUTPUTS, PLANTED, make_models

from regdecode.errors import InputError, ToleranceError
from regdecode.explain import members
from regdecode.explain.attribution import ABSENT, Explained, explain_model, split_rows, summary_tables
from regdecode.training.dataset import Dataset, load_dataset
from regdecode.training.model_folder import load_decode


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], Dataset]:
    folder = tmp_path_factory.mktemp("planted")
    models = make_models(folder)
    return models, load_dataset(sorted(map(str, folder.glob("*.features.h5ad"))), folder / "expression.h5ad", folder / "f1.splits.tsv")


def explain(world: tuple[dict[str, str], Dataset], name: str, engine: str = "regdecode", genes: int | None = None) -> Explained:
    models, data = world
    return explain_model(load_decode(models[name]), data, data.rows("test")[:genes], engine)


@pytest.mark.parametrize("name", ["network", "published", "trees", "ensemble"])
def test_rows_of_a_gene_add_up_to_the_models_own_prediction(world, name: str) -> None:
    models, data = world
    explained = explain(world, name)
    model, rows = load_decode(models[name]), data.rows("test")
    tracks = [track.select(data.genes[rows]) for track in data.tracks]
    sums = np.zeros((len(rows), len(model.outputs)))
    np.add.at(sums, explained.gene, explained.values)
    base = model.predict(tracks) - sums  # f(reference): the same for every gene
    np.testing.assert_allclose(base, np.broadcast_to(base[0], base.shape), atol=2e-5)
    assert explained.additivity["passed"].all() and explained.additivity["relative"].max() < 1e-5


def test_the_ensemble_is_the_weighted_sum_of_its_members(world) -> None:
    models, data = world
    ensemble = load_decode(models["ensemble"])
    whole = explain(world, "ensemble")
    expected = np.zeros((len(data.rows("test")), len(whole.columns), 5))
    for member in members.members_of(ensemble):
        one = explain_model(member.model, data, data.rows("test"))
        expected[one.gene, one.column] += one.values * member.weights
    dense = np.zeros_like(expected)
    dense[whole.gene, whole.column] = whole.values
    np.testing.assert_allclose(dense, expected, atol=1e-12)
    names = whole.additivity["member"].unique().tolist()
    assert names[0] == "model" and len(names) == 1 + len(members.members_of(ensemble))


@pytest.mark.parametrize("name", ["network", "published"])
def test_shap_says_the_same(world, name: str) -> None:
    pytest.importorskip("shap")
    own, other = explain(world, name, genes=4), explain(world, name, engine="shap", genes=4)
    dense = [np.zeros((4, len(own.columns), 5)) for _ in range(2)]
    for table, one in zip(dense, (own, other), strict=True):
        table[one.gene, one.column] = one.values
    np.testing.assert_allclose(dense[0], dense[1], atol=2e-5)


@pytest.mark.parametrize("name", ["network", "trees", "ensemble"])
def test_planted_drivers_come_first(world, name: str) -> None:
    is_level = np.array([False] * 4 + [True])
    tables = summary_tables(explain(world, name), is_level, "test genes")
    top = tables["top_regulators"].query("rank == 1").set_index("output")
    for output, regulator in PLANTED.items():
        assert top.loc[output, "regulator"] == regulator
    assert top.loc["level", "regulator"] == "RBP1"
    assert top.loc["liver", "mean"] > 0 > top.loc["brain", "mean"]
    assert set(tables["importance"]["regulator"][:3]) == set(PLANTED.values())
    strongest = tables["effects"].sort_values("p").iloc[0]
    assert strongest["q"] < 1e-3 and strongest["regulator"] in {*PLANTED.values(), "RBP1"}


def test_only_regulators_with_a_site_have_rows(world) -> None:
    _, data = world
    explained = explain(world, "ensemble")
    rows = data.rows("test")
    for track in data.tracks:
        sites = members.with_site(track.select(data.genes[rows]))
        for r, regulator in enumerate(track.regulators):
            column = explained.columns.query("track == @track.name and regulator == @regulator").index[0]
            assert set(explained.gene[explained.column == column]) <= set(np.flatnonzero(sites[:, r]))
    assert (explained.columns["kind"].iloc[-1], explained.columns["regulator"].iloc[-1]) == (ABSENT, ABSENT)


def test_the_file_holds_every_row(world) -> None:
    explained = explain(world, "network")
    record = explained.attributions({"model": "default"})
    assert record.values.shape == (len(explained.gene), 5) and record.outputs.tolist() == [*OUTPUTS, "level"]
    assert set(record.track) == {"tf_promoter", "rbp_rna", "mirna_rna"} and "length" in record.regulator and record.gene[0].startswith("g2")


def test_a_wrong_engine_fails_and_names_the_gene(world, monkeypatch: pytest.MonkeyPatch) -> None:
    right = members.explain_network

    def wrong(*args: object) -> members.Found:
        found = right(*args)
        values = found.values.copy()
        values[found.gene == 7, 1] *= 1.5
        return found._replace(values=values)

    monkeypatch.setattr(members, "explain_network", wrong)
    _, data = world
    gene = data.genes[data.rows("test")[7]]
    with pytest.raises(ToleranceError, match=f"network r1 do not add up: gene {gene}, output brain"):
        explain(world, "network")


def test_a_split_without_genes_is_refused(world) -> None:
    _, data = world
    with pytest.raises(InputError, match="no test gene"):
        split_rows(replace(data, split=np.full(len(data.genes), "train")), "test", "f1.splits.tsv")
    assert len(split_rows(data, "all", "")) == len(data.genes)
