"""Every way of splitting, and what leaks."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from regdecode.errors import InputError
from regdecode.expression.leakage import leakage, nearest_distance
from regdecode.expression.splits import check_config, draw_units, keep_units_whole, split_genes, test_sets
from regdecode.expression.universe import gene_universe
from regdecode.io.gene_table import GeneTable
from regdecode.io.notes import Notes
from regdecode.io.records import Track

test_sets.__test__ = False  # type: ignore[attr-defined]


def make_genes(
    n_per_chromosome: int = 100, chromosomes: tuple[str, ...] = ("chr1", "chr2", "chr3", "chr10"), unit_size: int = 1
) -> GeneTable:
    chrom = np.repeat(chromosomes, n_per_chromosome)
    n = len(chrom)
    start = np.tile(np.arange(n_per_chromosome, dtype=np.int64) * 25_000, len(chromosomes))
    ids = np.array([f"g{i:04d}" for i in range(n)])
    unit = ids[np.arange(n) // unit_size * unit_size]
    one = np.ones(n, dtype=np.int64)
    return GeneTable(ids, ids, chrom, start, start + 500, np.array(["+"] * n), start, start, one * 500, one, unit, unit)


GENES = make_genes()
EVERY = np.arange(len(GENES))


def counts(split: np.ndarray) -> dict[str, int]:
    return {name: int(np.sum(split == name)) for name in ("train", "validation", "test")}


def test_chromosomes_named():
    folds = split_genes(GENES, EVERY, {"by": "chromosome", "test": ["chr1", "chr10"], "validation": ["chr2"]}, None, 0)
    split = folds["chr1+chr10"]
    assert set(GENES.chrom[split == "test"]) == {"chr1", "chr10"} and set(GENES.chrom[split == "validation"]) == {"chr2"}
    assert counts(split) == {"train": 100, "validation": 100, "test": 200}


def test_chromosomes_spelled_without_chr_and_as_numbers():
    split = split_genes(GENES, EVERY, {"by": "chromosome", "test": 1, "validation": "2"}, None, 0)["1"]
    assert set(GENES.chrom[split == "test"]) == {"chr1"}


def test_nested_tests_are_folds_in_turn_that_cover_everything_once():
    config = {"by": "chromosome", "test": [["chr1"], ["chr2"], ["chr3", "chr10"]], "validation": 0.1}
    folds = split_genes(GENES, EVERY, config, None, 0)
    assert list(folds) == ["chr1", "chr2", "chr3+chr10"]
    assert (sum((split == "test").astype(int) for split in folds.values()) == 1).all()
    assert counts(folds["chr1"])["validation"] == pytest.approx(30, abs=1)


def test_blocks_by_the_ending_of_their_number():
    split = split_genes(GENES, EVERY, {"by": "block", "size": 100_000, "test": [3], "validation": "next"}, None, 0)["3"]
    ending = (GENES.start // 100_000) % 10
    np.testing.assert_array_equal(split == "test", ending == 3)
    np.testing.assert_array_equal(split == "validation", ending == 4)
    last = split_genes(GENES, EVERY, {"by": "block", "size": 100_000, "test": [8, 9], "validation": "next"}, None, 0)["8+9"]
    np.testing.assert_array_equal(last == "validation", ending == 0)


def test_folds_file_leaves_unlisted_genes_out():
    mapping = {f"g{i:04d}": str(i % 5) for i in range(300)}
    split = split_genes(GENES, EVERY, {"by": "folds", "file": "f", "test": [0], "validation": [1]}, mapping, 0)["0"]
    assert counts(split) == {"train": 180, "validation": 60, "test": 60} and np.sum(split == "") == 100


def test_list_names_every_gene():
    mapping = {f"g{i:04d}": ("train", "validate", "test")[i % 3] for i in range(300)}
    split = split_genes(GENES, EVERY, {"by": "list", "file": "f", "name": "published"}, mapping, 0)["published"]
    assert counts(split) == {"train": 100, "validation": 100, "test": 100}
    with pytest.raises(InputError, match="split 'dev'"):
        split_genes(GENES, EVERY, {"by": "list", "file": "f"}, {"g0000": "dev"}, 0)


def test_random_draws_whole_units_and_repeats_with_its_seed():
    genes = make_genes(unit_size=4)
    config = {"by": "random", "test": 0.2, "validation": 0.1}
    split = split_genes(genes, EVERY, config, None, 3)["random"]
    assert counts(split)["test"] == pytest.approx(80, abs=4) and counts(split)["validation"] == pytest.approx(40, abs=4)
    assert all(len(set(split[genes.unit == unit])) == 1 for unit in np.unique(genes.unit))
    np.testing.assert_array_equal(split, split_genes(genes, EVERY, config, None, 3)["random"])
    assert not np.array_equal(split, split_genes(genes, EVERY, config, None, 4)["random"])


def test_a_unit_across_a_border_can_be_kept_whole():
    split = np.array(["train", "test", "validation", "train", "train"])
    units = np.array(["u", "u", "v", "v", "w"])
    assert keep_units_whole(split, units).tolist() == ["test", "test", "validation", "validation", "train"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"by": "chromosome", "test": ["chr7"], "validation": 0.1},
            "test chromosome chr7 holds no gene; there are chr1, chr10, chr2, chr3",
        ),
        ({"by": "chromosome", "test": ["chr1"], "validation": ["chr1"]}, "chr1 is in test and in validation"),
        ({"by": "chromosome", "test": ["chr1"]}, "validation is not named"),
        ({"by": "chromsome", "test": ["chr1"], "validatoin": 1}, r"(?s)3 faults.*unknown key validatoin.*by is 'chromsome'"),
        ({"by": "folds", "test": [1], "validation": [2]}, "by: folds needs a file"),
        ({"by": "block", "test": [3], "validation": [4], "size": 0}, "size is 0"),
        ({"by": "chromosome", "test": ["chr1", ["chr2"]], "validation": 0.1}, "mixes names and lists"),
        ({"by": "chromosome", "test": [["chr1"], ["chr1"]], "validation": 0.1}, "the same test set comes twice"),
        ({"by": "chromosome", "test": [["chr1"], ["chr2"]], "validation": [["chr2"]]}, "2 test sets and 1 validation sets"),
        ({"by": "chromosome", "test": ["chr1", "chr2", "chr3"], "validation": ["chr10"]}, "no train gene"),
        ({"by": "random", "test": 1.5, "validation": 0.1}, "a share of 1.5"),
    ],
)
def test_configs_that_cannot_be_are_refused(config, message):
    with pytest.raises(InputError, match=message):
        split_genes(GENES, EVERY, config, {}, 0)


def test_check_accepts_every_way():
    for way in ("chromosome", "block", "random"):
        check_config({"by": way, "test": [1], "validation": 0.1})
    assert test_sets("chr1") == [["chr1"]] and test_sets([1, 2]) == [["1", "2"]]


def test_draws_about_the_share_of_the_pool():
    pool = np.arange(100) < 50
    drawn = draw_units(np.array([f"u{i}" for i in range(100)]), pool, 0.2, 0)
    assert drawn.sum() == pytest.approx(10, abs=1) and not drawn[50:].any()


def test_leaks_are_counted():
    genes = make_genes(4, ("chr1", "chr2"), unit_size=2)
    split = np.array(["train", "test", "test", "train", "validation", "validation", "", ""])
    found = {(leak.check, leak.a, leak.b): leak for leak in leakage(genes, np.arange(8), split, "f")}
    assert found["genes", "test", ""][4:6] == (2, 6)
    assert found["same chromosome", "test", "train"].n == 2 and found["same chromosome", "validation", "train"].n == 0
    assert found["same transcription unit", "test", "train"][4:] == (2, 2, "such as g0001, g0002")
    assert found["same gene id", "test", "train"].n == 0 and found["start within 1000 bp", "test", "train"].n == 0


def test_nearest_distance_equals_a_loop():
    rng = np.random.default_rng(0)
    position, chrom = rng.integers(0, 1000, 60), rng.choice(["a", "b", "c"], 60)
    query, pool = rng.random(60) < 0.4, (rng.random(60) < 0.3) & (chrom != "c")
    slow = [
        min((abs(position[i] - position[j]) for j in np.flatnonzero(pool) if chrom[j] == chrom[i]), default=-1)
        for i in np.flatnonzero(query)
    ]
    np.testing.assert_array_equal(nearest_distance(position, chrom, query, pool), slow)


def link_track(genes: list[str], linked: list[int]) -> Track:
    values = csr_matrix(np.isin(np.arange(len(genes)), linked).astype(np.float32)[:, None])
    n = len(genes)
    return Track(
        "tf_promoter",
        "tf",
        "gene",
        1,
        1,
        np.array(genes),
        np.array(["A"]),
        values,
        np.arange(n + 1, dtype=np.int64),
        np.ones(n, np.int32),
        np.zeros(n, np.int64),
        np.ones(n, np.int64),
    )


def test_universe_is_measured_annotated_and_has_required_sites():
    track = link_track(["g0000", "g0001", "g0002"], [1, 2])
    measured = np.array(["g0001", "g0002", "g0009", "elsewhere"])
    notes = Notes("split")
    assert gene_universe(GENES, measured, [track], ["tf"], notes).tolist() == [1, 2]
    assert [(note.what, note.n) for note in notes.notes if note.kind == "dropped"] == [("genes without any tf site", 1)]
    assert gene_universe(GENES, measured, [track], [], Notes("split")).tolist() == [1, 2]
    with pytest.raises(InputError, match="class rbp is required but has no features; there are tf"):
        gene_universe(GENES, measured, [track], ["rbp"], notes)
    with pytest.raises(InputError, match="no gene is measured, annotated"):
        gene_universe(GENES, np.array(["elsewhere"]), [track], [], notes)
