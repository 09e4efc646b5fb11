"""What makes a gene predictable: counts by hand, planted drivers first."""

import numpy as np
from scipy.sparse import csr_matrix

from regdecode.io.records import Track
from regdecode.stats.gene_drivers import bins_table, drivers_table, site_counts


def test_site_counts_are_regulators_with_a_site_by_side():
    genes, one = np.array(["a", "b"]), np.ones(3, np.int32)
    at = np.zeros(3, np.int64)
    counts = csr_matrix(np.array([[5, 0], [3, 0], [1, 1]], np.float32))  # gene a has two bins, gene b one
    track = Track("t", "t", "rna", 100, 1, genes, np.array(["R", "S"]), counts, np.array([0, 2, 3]), one, at, at)
    found = site_counts([track, track, track], ["rna", "promoter", "rna"])
    assert found["rna_sites"].tolist() == [2, 4] and found["promoter_sites"].tolist() == [1, 2]


def test_planted_driver_comes_first_and_idle_one_explains_nothing():
    rng = np.random.default_rng(0)
    works, idle = rng.normal(size=400), rng.normal(size=400)
    accuracy = 0.5 * works + rng.normal(size=400) * 0.5
    table = drivers_table(accuracy, {"idle": idle, "works": works, "flat": np.ones(400)}).set_index("driver")
    assert table.loc["works", "low"] > 0.35 > 0.05 > table.loc["idle", "lmg"] and table.loc["works", "bin_spearman"] > 0.9
    assert np.isclose(table["lmg"].sum(), table["r2"].iloc[0]) and np.isclose(table["share_of_r2"].sum(), 1)
    assert np.isnan(table.loc["flat", "spearman"]) and abs(table.loc["flat", "lmg"]) < 1e-10


def test_bins_hold_every_gene_once_and_ties_together():
    values = np.array([0.0] * 50 + list(range(1, 51)))
    accuracy = np.where(values > 0, 1.0, -1.0)
    table = bins_table(accuracy, accuracy > 0, {"d": values}, 10)
    assert table["n"].sum() == 100 and table["n"].iloc[0] == 50 + (table["to"].iloc[0] > 0) * int(table["to"].iloc[0])
    assert (table["from"].to_numpy()[1:] > table["to"].to_numpy()[:-1]).all()
    assert table["share_positive"].iloc[-1] == 1.0 and table["mean_pearson"].iloc[-1] == 1.0
