"""Knock-outs as one product equal the slow way: build each of the inputs, run the model."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from tests.unit.explain.people import GENES, make_tracks, mixed_ensemble, random_network, small_trees

from regdecode.explain.knockout_members import Knocked, part_features, windows_of
from regdecode.explain.knockout_sites import STAYS, bin_parts, regulator_parts
from regdecode.io.records import Track
from regdecode.training.encode import dense_inputs

MAKERS = {
    "profile": lambda tracks: random_network(tracks, "profile"),
    "decode2020": lambda tracks: random_network(tracks, "decode2020"),
    "trees": small_trees,
    "ensemble": mixed_ensemble,
}


@pytest.fixture(scope="module")
def tracks():
    return make_tracks()


@pytest.fixture(scope="module")
def models(tracks):
    return {name: make(tracks) for name, make in MAKERS.items()}


def busiest(tracks, n) -> list[str]:
    """Genes with the most sites."""
    sites = sum(np.asarray(track.genes_with_site().sum(1)).ravel() * track.bins_per_gene for track in tracks)
    return [str(gene) for gene in tracks[0].genes[np.argsort(-sites)[:n]]]


def without(parts, row) -> list[Track]:
    """The obvious twin: the tracks of one gene, entry by entry, without what a draw takes away."""
    result = []
    for track, sites, part in zip(parts.tracks, parts.sites, parts.part):
        dense = track.counts.toarray()
        for b, r, k in zip(sites.bin, sites.regulator, part):
            if k != STAYS and row[k]:
                dense[b, r] = 0
        result.append(replace(track, counts=csr_matrix(dense)))
    return result


@pytest.mark.parametrize("kind", list(MAKERS))
@pytest.mark.parametrize("make", [bin_parts, regulator_parts])
def test_equals_the_model_on_each_input(tracks, models, kind, make):
    model = models[kind]
    rng = np.random.default_rng(1)
    for gene in busiest(tracks, 2):
        parts = make(tracks, gene)
        gone = rng.integers(0, 2, (12, len(parts))).astype(np.uint8)
        gone[0], gone[1] = 0, 1
        fast = Knocked(model).predict(parts, gone)
        slow = np.concatenate([model.predict(without(parts, row)) for row in gone])
        np.testing.assert_allclose(fast, slow, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(Knocked(model).intact(parts), slow[0], rtol=1e-5, atol=1e-5)
        assert len(parts) > 3 and np.ptp(slow, axis=0).max() > 0.01


@pytest.mark.parametrize("kind", ["profile", "decode2020"])
def test_equals_the_net_on_dense_bins(tracks, models, kind):
    model = models[kind]
    parts = bin_parts(tracks, busiest(tracks, 1)[0])
    row = (np.arange(len(parts)) % 2).astype(np.uint8)
    net = copy.deepcopy(model.net).double()
    dense = [x.double() for x in dense_inputs(without(parts, row), model.scales, np.array([0]))]
    with torch.no_grad():
        slow = net(dense).numpy() * model.divisors
    np.testing.assert_allclose(Knocked(model).predict(parts, row[None]), slow, rtol=1e-5, atol=2e-6)


def test_both_kinds_of_features_are_met(tracks, models):
    found = Knocked(models["profile"]).members[0][0]
    parts = bin_parts(tracks, busiest(tracks, 1)[0])
    features = found._features(parts)[1]
    assert len(features.single) and len(features.several) and not found.linear
    assert Knocked(models["decode2020"]).members[0][0].linear
    windows = windows_of(features)
    assert sorted(np.concatenate([window.features for window in windows]).tolist()) == list(range(len(features.several)))
    for window in windows:
        rest = np.setdiff1d(np.arange(len(parts)), window.parts)
        assert len(window.parts) > 1 and not features.contributions[np.ix_(rest, window.features)].any()


def test_mask_and_links_stay_when_bins_are_emptied(tracks, models):
    links = tracks[0]
    gene = str(links.genes[np.flatnonzero(np.diff(links.counts.indptr))[0]])
    parts = bin_parts(tracks, gene)
    assert not any("mirna" in name for name in parts.table["track"])
    for model in models.values():
        all_gone = Knocked(model).predict(parts, np.ones((1, len(parts)), np.uint8))
        mine = [track.select(np.array([gene])) for track in tracks]
        bare = [t if t.on == "gene" else replace(t, counts=csr_matrix(t.counts.shape, dtype=np.float32)) for t in mine]
        np.testing.assert_allclose(all_gone, model.predict(bare), rtol=1e-5, atol=1e-5)


def test_parts_hold_only_what_is_on_the_gene(tracks):
    for g in range(0, GENES, 50):
        gene = f"g{g:03d}"
        bins, regulators = bin_parts(tracks, gene), regulator_parts(tracks, gene)
        mine = [track.select(np.array([gene])) for track in tracks]
        assert set(regulators.table["regulator"]) == {str(t.regulators[r]) for t in mine for r in t.counts.tocoo().col}
        used = {(t.name, int(b)) for t in mine if t.on != "gene" for b in t.counts.tocoo().row}
        assert set(zip(bins.table["track"], bins.table["bin"])) == used
        assert (bins.table["end"] - bins.table["start"] == 100).all() and (bins.table["regulators"] > 0).all()


def shared_tracks():
    """Two classes on one promoter; X binds in both, and Y's link says how the gene is built."""
    counts = np.zeros((3, 2), np.float32)
    counts[0, 0], counts[2, 1] = 5, 7
    base = {"bin_size": 10, "min_genes": 1, "genes": np.array(["g"]), "offsets": np.array([0, 3]), "bases": np.full(3, 10, np.int32)}
    place = {"starts": np.arange(3) * 10, "ends": np.arange(1, 4) * 10}
    a = Track(name="a_promoter", cls="a", on="promoter", regulators=np.array(["X", "Y"]), counts=csr_matrix(counts), **base, **place)
    b = replace(a, name="b_promoter", cls="b", regulators=np.array(["Z", "X"]))
    link = replace(a, name="s_rna", cls="s", on="gene", bin_size=1, regulators=np.array(["rna_kb"]), counts=csr_matrix([[2.0]]),
                   offsets=np.array([0, 1]), bases=np.ones(1, np.int32), starts=np.zeros(1, int), ends=np.ones(1, int))  # fmt: skip
    return [a, b, link]


def test_classes_on_one_promoter_share_its_bins_and_regulators():
    bins, regulators = bin_parts(shared_tracks(), "g"), regulator_parts(shared_tracks(), "g")
    assert bins.table["track"].tolist() == ["a_promoter,b_promoter"] * 2 and bins.table["bin"].tolist() == [0, 2]
    assert bins.table["regulators"].tolist() == [2, 2]
    assert regulators.table["regulator"].tolist() == ["X", "Y", "Z"]
    assert regulators.table["class"].tolist() == ["a,b", "a", "b"] and regulators.table["bins"].tolist() == [2, 1, 1]
    assert (bins.part[2] == STAYS).all() and (regulators.part[2] == STAYS).all()


def test_part_features_by_hand():
    part, feature = np.array([0, 1, 1, STAYS, 2, 2, STAYS]), np.array([0, 0, 1, 1, 2, 2, 4])
    found = part_features(part, feature, np.array([1.0, 2, 3, 4, 5, 6, 7]), 3, 5)
    assert found.single.tolist() == [2] and found.owner.tolist() == [2] and found.amount.tolist() == [11]
    assert found.several.tolist() == [0, 1] and found.fixed.tolist() == [0, 4]
    assert found.contributions.tolist() == [[1, 0], [2, 3], [0, 0]]
