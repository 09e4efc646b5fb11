"""The binning kernel against a slow twin, bioframe, and sites counted by hand."""

from types import SimpleNamespace

import bioframe
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.genome.slow_binning import promoter_bases, rna_bases, slow_counts

from regdecode.genome import binning
from regdecode.genome.binning import Placed, bin_sites
from regdecode.genome.regions import Regions, promoter_regions, rna_regions

CHROMS = np.array(["a", "b", "c"])
LENGTH = 70
STRAND = {"+": 1, "-": -1, ".": 0}
ENGINES = pytest.mark.parametrize("compiled", [True, False], ids=["numba", "numpy"])

a_site = st.tuples(st.integers(0, 2), st.sampled_from("abc"), st.integers(0, LENGTH), st.integers(0, 25), st.sampled_from("+-.")).map(
    lambda s: (s[0], s[1], s[2], s[2] + s[3], s[4])
)
an_anchor = st.tuples(st.sampled_from("ab"), st.sampled_from("+-"), st.integers(0, LENGTH - 1))


@st.composite
def a_model(draw):
    """A spliced gene: chromosome, strand, disjoint exons (which may touch)."""
    cuts = sorted(draw(st.lists(st.integers(0, LENGTH), min_size=2, max_size=8, unique=True)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return draw(st.sampled_from("ab")), draw(st.sampled_from("+-")), pairs


def placed(sites, stranded=True) -> Placed:
    """Sites as arrays."""
    columns = list(zip(*sites, strict=True)) if sites else [()] * 5
    chrom = np.array([np.searchsorted(CHROMS, name) for name in columns[1]], np.int32)
    return Placed(
        np.array(columns[0], np.int32),
        chrom,
        np.array(columns[2], np.int64),
        np.array(columns[3], np.int64),
        np.array([STRAND[s] for s in columns[4]], np.int8) if stranded else None,
    )


def anchored(genes):
    """Genes as `promoter_regions` takes them: (chromosome, strand, anchor)."""
    chrom, strand, tss = (np.array(column) for column in zip(*genes, strict=True))
    return SimpleNamespace(chrom=chrom, strand=strand, tss=tss.astype(np.int64), start_codon=tss.astype(np.int64))


def spliced(models):
    """Models as `rna_regions` takes them: (chromosome, strand, exons)."""
    exons = [exon for model in models for exon in model[2]]
    offsets = np.concatenate([[0], np.cumsum([len(model[2]) for model in models])]).astype(np.int64)
    return SimpleNamespace(
        chrom=np.array([m[0] for m in models]),
        strand=np.array([m[1] for m in models]),
        exon_offsets=offsets,
        exon_start=np.array([e[0] for e in exons], np.int64),
        exon_end=np.array([e[1] for e in exons], np.int64),
    )


def as_dict(counts, regions: Regions) -> dict:
    """(gene, bin, regulator) -> bases, of a sparse matrix."""
    coo = counts.tocoo()
    gene = np.searchsorted(regions.offsets, coo.row, side="right") - 1
    return {(int(g), int(row - regions.offsets[g]), int(r)): int(n) for g, row, r, n in zip(gene, coo.row, coo.col, coo.data, strict=True)}


def touching(sites, genes, stranded) -> int:
    """Sites that share a base with a region they count on."""
    n = 0
    for _, chrom, start, end, strand in sites:
        n += any(
            chrom == g[0] and (not stranded or strand in (g[1], ".")) and any(base is not None and start <= base < end for base in g[2])
            for g in genes
        )
    return n


@ENGINES
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sites=st.lists(a_site, max_size=30),
    genes=st.lists(an_anchor, min_size=1, max_size=6),
    upstream=st.integers(0, 30),
    downstream=st.integers(1, 20),
    bin_size=st.integers(1, 23),
    threads=st.integers(1, 3),
)
def test_promoters_equal_the_slow_twin(compiled, sites, genes, upstream, downstream, bin_size, threads):
    regions = promoter_regions(anchored(genes), upstream, downstream, bin_size, "tss", dict.fromkeys("abc", LENGTH))
    twin = [(chrom, strand, promoter_bases(anchor, strand, upstream, downstream, LENGTH)) for chrom, strand, anchor in genes]
    result = bin_sites(placed(sites), regions, CHROMS, 3, threads, compiled)
    assert as_dict(result.counts, regions) == slow_counts(sites, twin, bin_size, stranded=False)
    assert result.n_touching == touching(sites, twin, stranded=False)
    for g, (_, _, bases) in enumerate(twin):
        exist = [sum(base is not None for base in bases[at : at + bin_size]) for at in range(0, len(bases), bin_size)]
        assert regions.bases[regions.offsets[g] : regions.offsets[g + 1]].tolist() == exist


@ENGINES
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sites=st.lists(a_site, max_size=30),
    models=st.lists(a_model(), min_size=1, max_size=6),
    bin_size=st.integers(1, 23),
    threads=st.integers(1, 3),
)
def test_rnas_equal_the_slow_twin(compiled, sites, models, bin_size, threads):
    regions = rna_regions(spliced(models), bin_size)
    twin = [(chrom, strand, rna_bases(exons, strand)) for chrom, strand, exons in models]
    result = bin_sites(placed(sites), regions, CHROMS, 3, threads, compiled)
    assert as_dict(result.counts, regions) == slow_counts(sites, twin, bin_size, stranded=True)
    assert result.n_touching == touching(sites, twin, stranded=True)
    sizes = [len(bases) for _, _, bases in twin]
    assert np.add.reduceat(regions.bases, regions.offsets[:-1]).tolist() == sizes
    assert np.diff(regions.offsets).tolist() == [-(-size // bin_size) for size in sizes]


@ENGINES
def test_promoter_counted_by_hand(compiled):
    genes = anchored([("a", "+", 30), ("a", "-", 30), ("b", "+", 5)])
    regions = promoter_regions(genes, 20, 10, 10, "tss", {"a": 100, "b": 12})
    # plus: bases 10..39, minus: 50..21 read downwards, b: -15..14 of which 0..11 exist
    assert regions.bases.reshape(3, 3).tolist() == [[10, 10, 10], [10, 10, 10], [0, 5, 7]]
    assert regions.bin_start.reshape(3, 3)[0].tolist() == [0, 10, 20]
    sites = [(0, "a", 5, 12, "."), (0, "a", 11, 15, "-"), (0, "a", 48, 60, "+"), (1, "b", 0, 40, "."), (2, "c", 0, 50, ".")]
    result = bin_sites(placed(sites), regions, CHROMS, 3, compiled=compiled)
    # regulator 0: 10..14 lie in bin 0 of the plus gene; 48..50 are the three most upstream bases of the minus gene
    assert as_dict(result.counts, regions) == {(0, 0, 0): 5, (1, 0, 0): 3, (2, 1, 1): 5, (2, 2, 1): 7}
    assert result.n_touching == 4


@ENGINES
def test_rna_counted_by_hand(compiled):
    regions = rna_regions(spliced([("a", "+", [(10, 14), (20, 29)]), ("a", "-", [(10, 14), (20, 29)])]), 5)
    assert regions.bases.tolist() == [5, 5, 3, 5, 5, 3]
    sites = [(0, "a", 12, 22, "+"), (1, "a", 12, 22, "-"), (2, "a", 28, 60, ".")]
    result = bin_sites(placed(sites), regions, CHROMS, 3, compiled=compiled)
    # plus: bases 12, 13, 20, 21 are transcript 2, 3, 4, 5; minus: 21, 20, 13, 12 are transcript 7, 8, 9, 10
    assert as_dict(result.counts, regions) == {(0, 0, 0): 3, (0, 1, 0): 1, (1, 1, 1): 3, (1, 2, 1): 1, (0, 2, 2): 1, (1, 0, 2): 1}


def random_case(n_sites: int = 4000, n_genes: int = 150, n_regulators: int = 9, seed: int = 0):
    """Sites and promoters that overlap a lot."""
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 40_000, n_sites)
    sites = Placed(
        rng.integers(0, n_regulators, n_sites).astype(np.int32),
        rng.integers(0, 3, n_sites).astype(np.int32),
        start,
        start + rng.integers(1, 900, n_sites),
        rng.integers(-1, 2, n_sites).astype(np.int8),
    )
    genes = anchored(
        [
            (CHROMS[c], "+-"[s], t)
            for c, s, t in zip(rng.integers(0, 2, n_genes), rng.integers(0, 2, n_genes), rng.integers(0, 40_000, n_genes), strict=True)
        ]
    )
    return sites, promoter_regions(genes, 2000, 1000, 100, "tss", dict.fromkeys("abc", 40_900))


@ENGINES
def test_equals_bioframe(compiled):
    sites, regions = random_case()
    table = pd.DataFrame({"chrom": CHROMS[sites.chrom], "start": sites.start, "end": sites.end, "regulator": sites.regulator})
    merged = pd.concat([bioframe.merge(rows, min_dist=None).assign(regulator=r) for r, rows in table.groupby("regulator")])
    gene = np.repeat(np.arange(len(regions.offsets) - 1), np.diff(regions.offsets))
    five = regions.bin_start - regions.offset[gene]
    three = np.minimum(regions.bin_end - regions.offset[gene], regions.end[gene] - regions.start[gene])
    five = np.minimum(np.maximum(five, 0), three)
    minus = regions.minus[gene]
    bins = pd.DataFrame(
        {
            "chrom": regions.chrom[gene],
            "start": np.where(minus, regions.end[gene] - three, regions.start[gene] + five),
            "end": np.where(minus, regions.end[gene] - five, regions.start[gene] + three),
            "row": np.arange(len(gene)),
        }
    )
    bins = bins[bins["end"] > bins["start"]]
    hits = bioframe.overlap(bins, merged, how="inner", return_overlap=True)
    bases = hits["overlap_end"] - hits["overlap_start"]
    expected = np.zeros((regions.n_bins, 9))
    np.add.at(expected, (hits["row"].to_numpy(), hits["regulator_"].to_numpy()), bases.to_numpy())
    result = bin_sites(sites, regions, CHROMS, 9, compiled=compiled)
    assert expected.sum() > 1e5
    np.testing.assert_array_equal(result.counts.toarray(), expected)


def same(one, other) -> None:
    """Equal to the byte."""
    np.testing.assert_array_equal(one.counts.indptr, other.counts.indptr)
    np.testing.assert_array_equal(one.counts.indices, other.counts.indices)
    np.testing.assert_array_equal(one.counts.data, other.counts.data)
    assert one.n_touching == other.n_touching


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_change_nothing(threads):
    sites, regions = random_case()
    same(bin_sites(sites, regions, CHROMS, 9, threads), bin_sites(sites, regions, CHROMS, 9, 1))


def test_order_of_the_sites_changes_nothing():
    sites, regions = random_case()
    shuffled = np.random.default_rng(1).permutation(len(sites.start))
    same(bin_sites(Placed(*(column[shuffled] for column in sites)), regions, CHROMS, 9), bin_sites(sites, regions, CHROMS, 9))


@ENGINES
def test_keys_too_wide_for_the_regulator(compiled, monkeypatch):
    sites, regions = random_case()
    narrow = bin_sites(sites, regions, CHROMS, 9, compiled=compiled)
    monkeypatch.setattr(binning, "KEY_BITS", 29)  # 18 bits of start and 10 of width leave no room for 4 of regulator
    same(bin_sites(sites, regions, CHROMS, 9, compiled=compiled), narrow)
    monkeypatch.setattr(binning, "KEY_BITS", 20)
    with pytest.raises(OverflowError, match="do not fit in 20 bits"):
        bin_sites(sites, regions, CHROMS, 9, compiled=compiled)


def test_numpy_in_small_chunks(monkeypatch):
    sites, regions = random_case()
    monkeypatch.setattr(binning, "CHUNK_SITES", 300)
    same(bin_sites(sites, regions, CHROMS, 9, compiled=False), bin_sites(sites, regions, CHROMS, 9, compiled=True))


def test_without_numba_the_default_is_numpy(monkeypatch):
    sites, regions = random_case()
    expected = bin_sites(sites, regions, CHROMS, 9)
    monkeypatch.setattr(binning, "find_spec", lambda name: None)
    monkeypatch.setattr(binning, "_sweep_compiled", None)
    same(bin_sites(sites, regions, CHROMS, 9), expected)


@ENGINES
def test_nothing_touches(compiled):
    _, regions = random_case()
    result = bin_sites(placed([(0, "c", 0, 50, ".")]), regions, CHROMS, 2, compiled=compiled)
    assert result.counts.shape == (regions.n_bins, 2) and result.counts.nnz == 0 and result.n_touching == 0


def test_no_entry_is_zero_and_columns_ascend():
    sites, regions = random_case()
    counts = bin_sites(sites, regions, CHROMS, 9).counts
    assert counts.data.min() >= 1 and counts.data.max() <= 100 and counts.dtype == np.float32
    assert counts.has_canonical_format


def test_genes_with_entry_in_blocks(monkeypatch):
    from regdecode.io import records

    sites, regions = random_case(n_sites=60)
    counts = bin_sites(sites, regions, CHROMS, 9).counts
    expected = np.maximum.reduceat(counts.toarray() > 0, regions.offsets[:-1])
    for cells in (1, 20, 10**6):
        monkeypatch.setattr(records, "DENSE_CELLS", cells)
        np.testing.assert_array_equal(records.genes_with_entry(counts, regions.offsets).toarray(), expected)
        np.testing.assert_array_equal(records.count_genes(counts, regions.offsets), expected.sum(0))
