"""Planted bins and drivers are found, absent ones have no column, pairs are resolved, chosen and reproducible."""

import numpy as np
import pytest
from scipy import stats
from tests.unit.explain.people import BARE, PAIR, UNLIKE, gene_table, make_people, make_tracks, splits, train_people

from regdecode.errors import InputError
from regdecode.explain.knockout import draw_rho, knock_out_pairs, random_source
from regdecode.explain.knockout_members import Knocked
from regdecode.explain.knockout_pairs import GeneNames, Written, read_pairs, resolve_pairs, strongest_pairs
from regdecode.explain.knockout_sites import bin_parts, regulator_parts
from regdecode.explain.knockout_tables import disruption_table, driver_table
from regdecode.io.notes import Notes
from regdecode.stats.binary_effects import draw_switches
from regdecode.stats.rank_rows import standard_rank_rows
from regdecode.training.dataset import Dataset
from regdecode.training.model_folder import load_decode


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    tracks = make_tracks()
    expression = make_people(tracks)
    out = tmp_path_factory.mktemp("people") / "model"
    train_people(out, tracks, expression)
    data = Dataset(expression.genes, splits(), tuple(tracks), expression.target_names(), expression.targets(), True)
    return load_decode(out), data


@pytest.fixture(scope="module")
def results(world):
    model, data = world
    return knock_out_pairs(model, data.tracks, [PAIR, (PAIR[0], UNLIKE)], 30, 2000, 0)


def test_planted_driver_leads_in_both_genes(results):
    table = driver_table(results, "c1")
    alike = table[table["pair"] == "~".join(PAIR)]
    for gene in PAIR:
        top = alike[alike["target"] == gene].sort_values("effect").iloc[0]
        assert top["regulator"] == "TF1" and top["effect"] < -0.3 and top["driver"] == "yes" and top["output"] == "c1"
    unlike = table[table["pair"] == f"{PAIR[0]}~{UNLIKE}"].sort_values("effect")
    top = unlike.groupby("target").last()
    assert results[1].rho < -0.5 and top.loc[PAIR[0], "regulator"] == "TF1" and top.loc[UNLIKE, "regulator"] == "TF2"


def test_planted_bin_leads(results):
    table = disruption_table(results[:1])
    for gene in PAIR:
        top = table[table["gene"] == gene].sort_values("effect").iloc[0]
        assert (top["track"], top["bin"], top["start"], top["end"]) == ("tf_promoter", 5, 500, 600) and top["p_bonferroni"] < 0.05


def test_only_regulators_on_the_gene_have_a_row(world, results):
    _, data = world
    table = driver_table(results, "c1")
    for gene in (*PAIR, UNLIKE):
        on_gene = set(regulator_parts(data.tracks, gene).table["regulator"])
        for _, rows in table[table["target"] == gene].groupby("pair"):
            assert set(rows["regulator"]) == on_gene and len(rows) == len(on_gene)


def test_bonferroni_counts_both_genes(results):
    table = driver_table(results[:1], "c1")
    np.testing.assert_allclose(table["p_bonferroni"], np.minimum(table["p"] * len(table), 1))


def test_effects_equal_the_slow_way(world):
    model, data = world
    knocked, parts = Knocked(model), regulator_parts(data.tracks, PAIR[0])
    other = knocked.intact(regulator_parts(data.tracks, PAIR[1]))[:30]
    fit = draw_rho(knocked, parts, other, 30, 40, random_source(3, "x"))
    gone = draw_switches(40, len(parts), random_source(3, "x"))
    rho = [stats.spearmanr(knocked.predict(parts, row[None])[0, :30], other).statistic for row in gone]
    X = np.column_stack([np.ones(40), gone])
    np.testing.assert_allclose(fit.effect, np.linalg.lstsq(X, np.array(rho), rcond=None)[0][1:], atol=1e-9)


def test_a_pair_does_not_depend_on_the_others(world, results):
    model, data = world
    alone = knock_out_pairs(model, data.tracks, [(PAIR[0], UNLIKE)], 30, 2000, 0)[0]
    np.testing.assert_array_equal(alone.regulators[0].fit.effect, results[1].regulators[0].fit.effect)
    other = knock_out_pairs(model, data.tracks, [(PAIR[0], UNLIKE)], 30, 2000, 1)[0]
    assert not np.array_equal(alone.bins[0].fit.effect, other.bins[0].fit.effect)


def test_too_few_draws_for_the_regulators(world):
    model, data = world
    with pytest.raises(InputError, match=r"gene g200: .* draws"):
        knock_out_pairs(model, data.tracks, [PAIR], 30, 3, 0)


def test_every_unusable_gene_is_named_at_once(world):
    _, data = world
    measured = np.append(data.genes[data.genes != "g005"], "g999")
    small = Dataset(
        data.genes[1:], data.split[1:], tuple(t.select(data.genes[1:]) for t in data.tracks), data.outputs, data.targets[1:], True
    )
    pairs = [
        Written("Gene12x", "g001", "p:2"),
        Written("g005", "g001", "p:3"),
        Written("g000", BARE, "p:4"),
        Written("g001", "Gene1", "p:5"),
    ]
    with pytest.raises(InputError) as caught:
        resolve_pairs(pairs, GeneNames(gene_table()), small, measured)
    text = str(caught.value)
    assert "p:2: gene 'Gene12x' is not in the annotation" in text and "did you mean Gene12" in text
    assert "p:3: gene 'g005' is not in the cohort's expression" in text and "p:4: gene 'g000' is not among the genes of the splits" in text
    assert f"gene '{BARE}' has no site" in text and "'g001' and 'Gene1' are the same gene" in text


def test_names_in_any_case_and_each_pair_once(world):
    _, data = world
    names = GeneNames(gene_table({"g010": "SPI1", "g011": "SPI1"}), ["g011"])
    assert names.find("spi1") == "g011" and names.find("G010") == "g010" and names.find("none") is None and names.label("g010") == "SPI1"
    written = [Written("gene1", "g002", "p:2"), Written("Gene2", "GENE1", "p:3")]
    assert resolve_pairs(written, names, data, data.genes) == [("g001", "g002")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\nx\ty\n", "no column gene_a, gene_b"),
        ("gene_a\tgene_b\nx\n", ":2: does not name two genes"),
        ("gene_a,gene_b\n", "holds no pair"),
    ],
)
def test_bad_tables_of_pairs(tmp_path, text, message):
    (tmp_path / "p.tsv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_pairs(tmp_path / "p.tsv")


def test_tables_with_commas_and_more_columns(tmp_path):
    (tmp_path / "p.csv").write_text("why,gene_b,gene_a\nx,b,a\n\n")
    assert [(pair.a, pair.b) for pair in read_pairs(tmp_path / "p.csv")] == [("a", "b")]


def test_auto_takes_pairs_that_data_and_model_agree_on(world):
    model, data = world
    rows = data.rows("test")
    genes = data.genes[rows]
    values = standard_rank_rows(data.targets[rows, :30])
    predicted = standard_rank_rows(model.predict([track.select(genes) for track in data.tracks])[:, :30])
    notes = Notes("knock_out")
    pairs = strongest_pairs(genes, values, predicted, 4, data.tracks, notes)
    assert len(pairs) == 4 and len({gene for pair in pairs for gene in pair}) == 8 and BARE not in {gene for pair in pairs for gene in pair}
    place = {gene: i for i, gene in enumerate(genes)}
    for a, b in pairs:
        actual, guess = (float(x[place[a]] @ x[place[b]]) for x in (values, predicted))
        assert abs(actual) > 0.7 and actual * guess > 0
    noise = standard_rank_rows(np.random.default_rng(0).normal(size=values.shape))
    few = Notes("knock_out")
    found = strongest_pairs(genes, noise, predicted, 40, data.tracks, few)
    assert len(found) < 40 and few.notes[-1].kind == "warning" and "|rho| > 0.3" in few.notes[-1].why


def test_bins_of_links_alone():
    links = [track for track in make_tracks() if track.on == "gene"]
    assert len(bin_parts(links, "g001")) == 0
