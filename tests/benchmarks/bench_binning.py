"""Binning against bedtools: 5 M sites of 500 regulators in 27,000 promoters of 30 bins, from text files to features.h5ad.

    PYTHONPATH=bin python tests/benchmarks/bench_binning.py [--sites 5000000] [--genes 27000] [--regulators 500] [--runs 5]

First the counts are checked: against the slow twin (a corner of the data), bioframe (a part) and bedtools (all). Then each side runs
several times and its fastest run counts; interpreter start and first compilation are not timed. bedtools needs a regulator's own sites
merged first, or a base would count twice; of two ways to intersect, its faster one counts. Neither making its bins nor summing
its output is charged to it.
Without bedtools, only our own time is shown.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.unit.genome.slow_binning import promoter_bases, slow_counts

import bin_sites
from regdecode.genome.chromosomes import Chromosome
from regdecode.genome.site_track import site_track
from regdecode.genome.track_settings import parse_settings
from regdecode.io.bed import read_bed
from regdecode.io.chromosome_table import read_chromosomes
from regdecode.io.gene_table import read_genes
from regdecode.io.h5ad import read_features
from regdecode.io.notes import Notes
from regdecode.io.records import Track

CHROMOSOMES, LENGTH = 24, 125_000_000
UP, DOWN, BIN = 2000, 1000, 100
MERGE = (
    r"""awk -F'\t' -v OFS='\t' '{print $4 "|" $1, $2, $3}' sites.bed | sort -k1,1 -k2,2n -S 25% """
    r"""| bedtools merge -i - | tr '|' '\t' | awk -v OFS='\t' '{print $2, $3, $4, $1}'"""
)
WAYS = {
    "tree": f"{MERGE} | bedtools intersect -a stdin -b bins.bed -wo > bedtools.txt",
    "sorted": f"{MERGE} | sort -k1,1 -k2,2n -S 25% | bedtools intersect -sorted -a stdin -b bins.bed -wo > bedtools.txt",
}


def make_data(folder: Path, n_sites: int, n_genes: int, n_regulators: int, seed: int = 0) -> None:
    """Write sites (60 % near promoters, sorted by position as peak callers do), genes, and the bins that bedtools needs."""
    rng = np.random.default_rng(seed)
    chrom = np.sort(rng.integers(0, CHROMOSOMES, n_genes))
    tss = rng.integers(5000, LENGTH - 5000, n_genes)
    minus = rng.random(n_genes) < 0.5
    near, gene = rng.random(n_sites) < 0.6, rng.integers(0, n_genes, n_sites)
    at = np.where(near, chrom[gene], rng.integers(0, CHROMOSOMES, n_sites))
    start = np.where(near, tss[gene] + rng.integers(-2500, 1500, n_sites), rng.integers(0, LENGTH - 1000, n_sites))
    sites = pl.DataFrame(
        {"chrom": at + 1, "start": start, "end": start + rng.integers(50, 600, n_sites), "name": rng.integers(0, n_regulators, n_sites)}
    )
    sites = sites.select(
        pl.format("chr{}", "chrom").alias("chrom"),
        "start",
        "end",
        pl.format("TF{}", "name").alias("name"),
        pl.lit(0).alias("score"),
        pl.lit(".").alias("strand"),
    )
    sites.sort("chrom", "start").write_csv(folder / "sites.bed", separator="\t", include_header=False)
    order = np.lexsort((tss, chrom))
    rows = ["gene_id gene_name chrom start end strand tss start_codon length n_exons unit unit_leader".replace(" ", "\t")]
    for i, g in enumerate(order):
        name, low, high = f"G{i}", int(tss[g]) - (900 if minus[g] else 0), int(tss[g]) + (1 if minus[g] else 901)
        rows.append(
            "\t".join(map(str, (name, name, f"chr{chrom[g] + 1}", low, high, "-" if minus[g] else "+", tss[g], "NA", 901, 1, name, name)))
        )
    (folder / "genes.tsv").write_text("\n".join(rows) + "\n")
    (folder / "models.bed").write_text("")
    (folder / "chromosomes.tsv").write_text("name\tlength\taliases\n" + "".join(f"chr{c + 1}\t{LENGTH}\t\n" for c in range(CHROMOSOMES)))
    (folder / "config.json").write_text(
        json.dumps(
            {"name": "tf_promoter", "class": "tf", "on": "promoter", "promoter": [UP, DOWN], "bin": BIN, "anchor": "tss", "min_genes": 1}
        )
    )


def make_bins(folder: Path, track: Track, chrom: np.ndarray, tss: np.ndarray, minus: np.ndarray) -> pl.DataFrame:
    """Write every bin with its row number; the layout is worked out here anew, not taken from the library."""
    gene = np.repeat(np.arange(len(tss)), (UP + DOWN) // BIN)
    along = np.tile(np.arange(0, UP + DOWN, BIN), len(tss)) - UP
    start = np.where(minus[gene], tss[gene] - along - BIN + 1, tss[gene] + along)
    bins = pl.DataFrame({"chrom": chrom[gene], "start": start, "end": start + BIN, "row": np.arange(len(start))})
    bins.sort("chrom", "start").write_csv(folder / "bins.bed", separator="\t", include_header=False)
    return bins


def ours(folder: Path, threads: int) -> None:
    """Run bin_sites.py in this process, from text files to features.h5ad."""
    options = {
        "sites": "sites.bed",
        "models": "models.bed",
        "genes": "genes.tsv",
        "chromosomes": "chromosomes.tsv",
        "config": "config.json",
        "out": "f.h5ad",
        "notes": "n.json",
    }
    bin_sites.main(
        [arg for name, file in options.items() for arg in (f"--{name}", str(folder / file))] + ["--threads", str(threads)],
        standalone_mode=False,
    )


def counted(folder: Path, threads: int) -> None:
    """Do the same without writing: from text files to the sparse counts in memory."""
    settings = parse_settings(json.loads((folder / "config.json").read_text()), "config.json")
    chromosomes = [Chromosome(*row) for row in read_chromosomes(folder / "chromosomes.tsv")]
    genes = read_genes(folder / "genes.tsv")
    site_track(read_bed(folder / "sites.bed"), genes, None, chromosomes, settings, Notes("bench"), "sites.bed", threads)


def bedtools(folder: Path, way: str) -> None:
    """Run one of the two pipelines."""
    subprocess.run(["bash", "-o", "pipefail", "-ec", WAYS[way]], cwd=folder, check=True, env=os.environ | {"LC_ALL": "C"})


def timed(action: Callable[[], None], runs: int) -> tuple[float, float]:
    """Fastest of several runs: seconds on the clock, and seconds of CPU (children included)."""
    wall, cpu = [], []
    for _ in range(runs):
        before, began = os.times(), time.perf_counter()
        action()
        wall.append(time.perf_counter() - began)
        cpu.append(sum(os.times()[:4]) - sum(before[:4]))
    return min(wall), min(cpu)


def check_slow_twin(
    folder: Path, track: Track, chrom: np.ndarray, tss: np.ndarray, minus: np.ndarray, sites: pl.DataFrame, n_genes: int = 20
) -> None:
    """Compare the first genes with the slow twin."""
    near = sites.filter((pl.col("chrom") == chrom[0]) & (pl.col("start") < int(tss[:n_genes].max()) + 5000))
    same = np.flatnonzero(chrom[:n_genes] == chrom[0])
    genes = [(chrom[g], "-" if minus[g] else "+", promoter_bases(int(tss[g]), "-" if minus[g] else "+", UP, DOWN, LENGTH)) for g in same]
    low = min(base for gene in genes for base in gene[2])
    rows = near.filter(pl.col("end") > low).select("name", "chrom", "start", "end").rows()
    column = {name: i for i, name in enumerate(track.regulators.tolist())}
    expected = np.zeros(((UP + DOWN) // BIN * len(same), len(column)))
    for (gene, number, name), bases in slow_counts([(*row, ".") for row in rows], genes, BIN, stranded=False).items():
        expected[gene * ((UP + DOWN) // BIN) + number, column[name]] = bases
    np.testing.assert_array_equal(track.counts[: len(expected)].toarray(), expected)
    print(f"equal to the slow twin on {len(same)} genes ({int(expected.sum()):,} bases)")


def check_bioframe(track: Track, bins: pl.DataFrame, sites: pl.DataFrame, n_regulators: int = 25) -> None:
    """Compare some regulators with bioframe."""
    import bioframe

    names = track.regulators[:n_regulators].tolist()
    part, every_bin = (
        pd.DataFrame({name: table[name].to_list() for name in table.columns}) for table in (sites.filter(pl.col("name").is_in(names)), bins)
    )
    expected = np.zeros((track.counts.shape[0], len(names)))
    for name, rows in part.groupby("name"):
        hits = bioframe.overlap(every_bin, bioframe.merge(rows, min_dist=None), how="inner", return_overlap=True)
        np.add.at(expected[:, names.index(name)], hits["row"].to_numpy(), (hits["overlap_end"] - hits["overlap_start"]).to_numpy())
    np.testing.assert_array_equal(track.counts[:, : len(names)].toarray(), expected)
    print(f"equal to bioframe on {len(names)} regulators ({int(expected.sum()):,} bases)")


def check_bedtools(folder: Path, track: Track) -> None:
    """Compare all counts with the sums of bedtools' overlaps."""
    columns = ["chrom", "start", "end", "name", "bin_chrom", "bin_start", "bin_end", "row", "bases"]
    hits = (
        pl.read_csv(folder / "bedtools.txt", separator="\t", has_header=False, new_columns=columns)
        .group_by("row", "name")
        .agg(pl.col("bases").sum())
    )
    mine = track.counts.tocoo()
    own = pl.DataFrame({"row": mine.row.astype(np.int64), "name": track.regulators[mine.col], "bases": mine.data.astype(np.int64)})
    joined = own.join(hits, on=["row", "name"], how="full", suffix="_bedtools")
    differ = joined.filter(
        pl.col("bases").is_null() | pl.col("bases_bedtools").is_null() | (pl.col("bases") != pl.col("bases_bedtools"))
    ).height
    assert own.height == hits.height and differ == 0, f"{differ} of {own.height} counts differ from bedtools"
    print(f"equal to bedtools in all {own.height:,} counts ({own['bases'].sum():,} bases)")


def main() -> None:
    """Check, time, print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, default in (
        ("sites", 5_000_000),
        ("genes", 27_000),
        ("regulators", 500),
        ("runs", 5),
        ("bedtools-runs", 2),
        ("threads", os.cpu_count() or 1),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    args, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_data(folder, args.sites, args.genes, args.regulators)
        ours(folder, args.threads)  # compiles
        track = read_features(folder / "f.h5ad")
        genes = pl.read_csv(folder / "genes.tsv", separator="\t", null_values="NA")
        chrom, tss, minus = genes["chrom"].to_numpy().astype(str), genes["tss"].to_numpy(), (genes["strand"] == "-").to_numpy()
        sites = pl.read_csv(
            folder / "sites.bed", separator="\t", has_header=False, new_columns=["chrom", "start", "end", "name", "score", "strand"]
        )
        bins = make_bins(folder, track, chrom, tss, minus)
        check_slow_twin(folder, track, chrom, tss, minus, sites)
        check_bioframe(track, bins, sites)
        have = shutil.which("bedtools") is not None
        if have:
            bedtools(folder, "sorted")
            check_bedtools(folder, track)
        own = {
            "features.h5ad": timed(lambda: ours(folder, args.threads), args.runs),
            "counts": timed(lambda: counted(folder, args.threads), args.runs),
        }
        for goal, (seconds, busy) in own.items():
            print(
                f"load {os.getloadavg()[0]:.1f}; regdecode, {args.threads} threads, text to {goal}: {seconds:.2f} s ({busy:.2f} s of CPU)",
                flush=True,
            )
        if not have:
            print("bedtools is not installed: no comparison")
            return
        theirs = {way: timed(lambda way=way: bedtools(folder, way), args.bedtools_runs) for way in WAYS}
        for way, (seconds, busy) in theirs.items():
            print(f"load {os.getloadavg()[0]:.1f}; bedtools merge + intersect ({way}): {seconds:.2f} s ({busy:.2f} s of CPU)")
        wall, cpu = (min(way[i] for way in theirs.values()) for i in (0, 1))
        for goal, (seconds, busy) in own.items():
            print(f"ratio, text to {goal}: {wall / seconds:.1f} on the clock, {cpu / busy:.1f} of CPU")


if __name__ == "__main__":
    main()
