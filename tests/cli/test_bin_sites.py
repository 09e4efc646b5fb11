"""bin_sites.py from files to files: what it writes, what it tells, what it refuses."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import bioframe
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from tests.unit.genome.slow_binning import promoter_bases, rna_bases, slow_counts

import bin_sites
from regdecode.io.h5ad import read_features
from regdecode.io.notes import read_notes

LENGTHS = {"1": 400, "2": 300, "MT": 60}
# gene: chromosome, strand, exons, name, leader of its unit
GENES = {
    "g1": ("1", "+", [(100, 130), (150, 190)], "ALPHA", "g1"),
    "g2": ("1", "-", [(210, 260)], "BETA", "g3"),
    "g3": ("1", "-", [(280, 330)], "GAMMA", "g3"),
    "g4": ("2", "+", [(5, 60)], "DELTA", "g4"),
    "g5": ("2", "-", [(250, 272), (280, 295)], "EPSILON", "g5"),
}
UP, DOWN, BIN = 40, 25, 10
SITES = [
    ("A", "chr1", 90, 112, "+"),
    ("A", "chr1", 100, 120, "."),
    ("A", "chr1", 320, 345, "-"),
    ("a", "chr1", 335, 350, "-"),
    ("A", "chr2", 0, 20, "."),
    ("B", "chr2", 270, 290, "-"),
    ("B", "chr2", 60, 62, "+"),
    ("B", "chrUn", 5, 9, "+"),
    ("B", "chr1", 395, 399, "."),
    ("C", "chr1", 0, 9, "."),
    ("A", "chr2", 255, 296, "+"),
]


def tss(gene: str) -> int:
    """0-based position of the first transcribed base."""
    _, strand, exons, _, _ = GENES[gene]
    return exons[0][0] if strand == "+" else exons[-1][1] - 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of REFERENCE, and sites."""
    header = "gene_id gene_name chrom start end strand tss start_codon length n_exons unit unit_leader".split()
    table, models = ["\t".join(header)], []
    for gene, (chrom, strand, exons, name, leader) in GENES.items():
        start, end, length = exons[0][0], exons[-1][1], sum(e - s for s, e in exons)
        table.append("\t".join(map(str, [gene, name, chrom, start, end, strand, tss(gene), "NA", length, len(exons), leader, leader])))
        models.append(
            "\t".join(
                map(
                    str,
                    [
                        chrom,
                        start,
                        end,
                        gene,
                        0,
                        strand,
                        start,
                        start,
                        0,
                        len(exons),
                        "".join(f"{e - s}," for s, e in exons),
                        "".join(f"{s - start}," for s, _ in exons),
                    ],
                )
            )
        )
    (tmp_path / "genes.tsv").write_text("\n".join(table) + "\n")
    (tmp_path / "models.bed").write_text("\n".join(models) + "\n")
    (tmp_path / "chromosomes.tsv").write_text("name\tlength\taliases\n" + "".join(f"{name}\t{n}\t\n" for name, n in LENGTHS.items()))
    (tmp_path / "sites.bed.gz").write_bytes(
        gzip.compress("".join(f"{c}\t{s}\t{e}\t{r}\t0\t{strand}\n" for r, c, s, e, strand in SITES).encode())
    )
    return tmp_path


def run(
    folder: Path,
    sites: str | list[str] | None = None,
    links: str | None = None,
    extra: tuple[str, ...] = (),
    structure: bool = False,
    **config,
):
    """Run the script; returns click's result."""
    settings = {
        "name": "track",
        "class": "tf",
        "on": "promoter",
        "promoter": [UP, DOWN],
        "bin": BIN,
        "anchor": "tss",
        "min_genes": 1,
    } | config
    (folder / "config.json").write_text(json.dumps(settings))
    given = (
        ["--links", str(folder / links)]
        if links
        else ["--structure"]
        if structure
        else [arg for name in ([sites] if isinstance(sites, str) else sites or ["sites.bed.gz"]) for arg in ("--sites", str(folder / name))]
    )
    args = [
        *given,
        *(arg for name in ("models.bed", "genes.tsv", "chromosomes.tsv") for arg in (f"--{name.split('.')[0]}", str(folder / name))),
    ]
    return CliRunner().invoke(
        bin_sites.main,
        [
            *args,
            "--config",
            str(folder / "config.json"),
            "--out",
            str(folder / "track.features.h5ad"),
            "--notes",
            str(folder / "track.notes.json"),
            *extra,
        ],
    )


def done(folder: Path, **arguments):
    """The track and what was told of it: what -> (n, why)."""
    result = run(folder, **arguments)
    assert result.exit_code == 0, result.output
    return read_features(folder / "track.features.h5ad"), {
        note.what: (note.n, note.why) for note in read_notes(folder / "track.notes.json").notes
    }


def refused(folder: Path, *words: str, **arguments) -> None:
    """The script ends with exit code 2, one message, and no output."""
    result = run(folder, **arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output and "fix:" in result.output
    for word in words:
        assert word in result.output
    assert not list(folder.glob("*track*")), "something half-written is left"


def counted(track) -> dict:
    """(gene, bin, regulator) -> bases."""
    coo = track.counts.tocoo()
    gene = np.searchsorted(track.offsets, coo.row, side="right") - 1
    return {
        (int(g), int(row - track.offsets[g]), str(track.regulators[r])): int(n)
        for g, row, r, n in zip(gene, coo.row, coo.col, coo.data, strict=True)
    }


def expected(regions, stranded):
    """What the slow twin counts; regulators that differ in case are one."""
    sites = [(r.upper(), c.removeprefix("chr"), s, e, strand) for r, c, s, e, strand in SITES]
    return slow_counts(sites, regions, BIN, stranded)


def promoter_of(gene: str):
    """A promoter as the slow twin takes it."""
    chrom, strand = GENES[gene][:2]
    return chrom, strand, promoter_bases(tss(gene), strand, UP, DOWN, LENGTHS[chrom])


@pytest.mark.parametrize("threads", ["1", "2"])
def test_promoters(folder, threads):
    track, notes = done(folder, extra=("--threads", threads))
    assert counted(track) == expected([promoter_of(gene) for gene in GENES], stranded=False)
    assert (track.name, track.cls, track.on, track.bin_size, track.min_genes) == ("track", "tf", "promoter", BIN, 1)
    assert track.genes.tolist() == list(GENES) and track.regulators.tolist() == ["A", "B"]
    assert notes["sites"] == (11, "") and notes["regulators"] == (3, "")
    assert notes["regulator names that differ in case only"] == (1, "merged: A/a")
    assert notes["sites on chromosomes that the annotation lacks"] == (1, "chrUn")
    assert notes["sites on no promoter"][0] == 3
    assert notes["regulators on no gene"] == (1, "C")
    assert notes["promoters clipped at the end of their chromosome"][0] == 2
    assert notes["chromosomes spelled differently in annotation and sites"] == (2, "chr1 = 1, chr2 = 2")
    assert track.bases[track.offsets[3] : track.offsets[4]].tolist() == [0, 0, 0, 5, 10, 10, 5]


def test_unit_promoter(folder):
    track, notes = done(folder, on="unit_promoter")
    assert counted(track) == expected([promoter_of(GENES[gene][4]) for gene in GENES], stranded=False)
    assert notes["genes led by another gene of their transcription unit"][0] == 1


def test_rna(folder):
    track, notes = done(folder, on="rna")
    assert counted(track) == expected([(c, strand, rna_bases(exons, strand)) for c, strand, exons, _, _ in GENES.values()], stranded=True)
    assert np.add.reduceat(track.bases, track.offsets[:-1]).tolist() == [70, 50, 50, 55, 37]
    assert notes["sites on no RNA"][1] == "of their strand"


def test_rna_sites_without_strand_count_on_both(folder):
    (folder / "four.bed").write_text("".join(f"{c}\t{s}\t{e}\t{r}\n" for r, c, s, e, _ in SITES))
    track, notes = done(folder, sites="four.bed", on="rna")
    assert counted(track) == expected([(c, strand, rna_bases(exons, strand)) for c, strand, exons, _, _ in GENES.values()], stranded=False)
    assert "sites without a strand" in notes


def test_one_file_a_regulator(folder):
    (folder / "FOS.bed").write_text("1\t95\t105\n")
    (folder / "JUN.bed").write_text("chr1\t95\t100\tpeak1\n")
    track, _ = done(folder, sites=["FOS.bed", "JUN.bed"], columns={"name": "file"})
    assert counted(track) == {(0, 3, "FOS"): 5, (0, 4, "FOS"): 5, (0, 3, "JUN"): 5}


def test_start_codon_falls_back_to_the_tss(folder):
    assert counted(done(folder, anchor="start_codon")[0]) == counted(done(folder)[0])


def test_site_beyond_the_chromosome_is_told(folder):
    (folder / "long.bed").write_text("chr2\t250\t900\tA\n")
    track, notes = done(folder, sites="long.bed")
    assert notes["sites beyond the end of their chromosome"][0] == 1 and track.counts.sum() > 0


LINKS = "tf,target,effect\nA,g1,+\nA,g2.7,-\na,ALPHA,+\nB,g1,+-\nB,nowhere,+\nB,g4,?\nB,g5,-\nB,g5,+\n"


def test_links(folder):
    (folder / "links.csv").write_text(LINKS)
    track, notes = done(folder, links="links.csv", on="gene")
    assert counted(track) == {(0, 0, "A"): 1, (1, 0, "A"): 1, (0, 0, "B"): 1, (3, 0, "B"): 1, (4, 0, "B"): 1}
    assert track.on == "gene" and track.bin_size == 1 and track.bases.tolist() == [1] * 5 and track.ends.tolist() == [1] * 5
    assert notes["links to genes that the annotation lacks"] == (1, "1 genes")
    assert notes["repeated links"][0] == 2


def test_signed_links(folder):
    (folder / "links.csv").write_text(LINKS)
    track, _ = done(folder, links="links.csv", on="gene", signed=True)
    assert counted(track) == {(0, 0, "A"): 1, (1, 0, "A"): -1, (0, 0, "B"): 1, (3, 0, "B"): 1, (4, 0, "B"): 1}


def test_link_values(folder):
    (folder / "links.tsv.gz").write_bytes(gzip.compress(b"who\twhom\thow_much\nA\tg1\t0.25\nA\tg1\t0.75\nA\tg2\t0\nB\tg5\t3\n"))
    track, notes = done(folder, links="links.tsv.gz", on="rna", columns={"regulator": "who", "gene": "whom", "value": "how_much"})
    np.testing.assert_allclose(track.counts.toarray(), [[0.75, 0], [0, 0], [0, 0], [0, 0], [0, 3]])
    assert track.on == "gene" and notes["links of value 0"][0] == 1


def test_same_input_same_bytes(folder):
    done(folder)
    first = (folder / "track.features.h5ad").read_bytes()
    done(folder, extra=("--threads", "2"))
    assert (folder / "track.features.h5ad").read_bytes() == first


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("chr1\t9\t5\tA\n", ("bad.bed:1", "end 5 is before start 9")),
        ("chr1\t9\tfive\tA\n", ("bad.bed:1", "end is 'five'")),
        ("", ("bad.bed", "holds no site")),
        ("contig7\t1\t5\tA\ncontig8\t1\t5\tA\n", ("bad.bed", "contig7, contig8", "1, 2, MT", "alias")),
        ("chr1\t1\t5\tA\n", ("bad.bed", "none of the 1 sites touches a promoter of the 5 genes", "genome build")),
    ],
)
def test_bad_sites(folder, text, words):
    (folder / "bad.bed").write_text(text)
    refused(folder, *words, sites="bad.bed")


def test_truncated_sites(folder):
    raw = gzip.compress("".join(f"chr1\t{i}\t{i + 7}\tA{i % 97}\n" for i in range(20_000)).encode())
    (folder / "cut.bed.gz").write_bytes(raw[: len(raw) // 2])
    refused(folder, "cut.bed.gz", "truncated", sites="cut.bed.gz")


def test_all_regulators_filtered_away(folder):
    on_genes = len({gene for gene, _, name in counted(done(folder)[0]) if name == "A"})
    (folder / "track.features.h5ad").unlink()
    (folder / "track.notes.json").unlink()
    refused(folder, "none of the 3 regulators of class tf", f"the most has A with {on_genes}", "lower min_genes", min_genes=on_genes + 1)


def test_bad_links(folder):
    (folder / "bad.tsv").write_text("regulator\tgene_id\tvalue\nA\tg1\tmany\n")
    refused(folder, "bad.tsv:2", "'many'", links="bad.tsv")
    (folder / "bad.tsv").write_text("regulator\tgene_id\nA\tYAL001C\n")
    refused(folder, "none of its 1 genes (YAL001C)", "g1, g2, g3, g4, g5", links="bad.tsv")
    (folder / "bad.tsv").write_text("regulator\tgene_id\tvalue\nA\tg1\t0\n")
    refused(folder, "none of the 1 regulators", links="bad.tsv")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"on": "promotor"}, ("on is 'promotor', not one of promoter, unit_promoter, rna, gene",)),
        ({"bin": 0, "min_genes": "many", "anchor": "atg"}, ("3 faults", "bin is 0", "min_genes is 'many'", "anchor is 'atg'")),
        ({"promoter": [1000]}, ("promoter is [1000]",)),
        ({"name": ""}, ("'name' is missing",)),
        ({"signed": "yes"}, ("signed is 'yes'",)),
    ],
)
def test_bad_settings(folder, config, words):
    refused(folder, "config.json", *words, **config)


def test_sites_or_links(folder):
    (folder / "links.csv").write_text(LINKS)
    refused(folder, "one of --sites, --links and --structure", links="links.csv", extra=("--sites", str(folder / "sites.bed.gz")))


def test_sites_need_a_region(folder):
    refused(folder, "on is 'gene'", on="gene")


def test_help_imports_nothing_heavy():
    heavy = "{'numba', 'polars', 'anndata', 'numpy', 'torch', 'scipy', 'pandas'}"
    code = (
        f"import sys, bin_sites\ntry:\n    bin_sites.main(['--help'])\nexcept SystemExit: pass\nprint(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(Path(bin_sites.__file__).parent)}
    )
    assert done.stdout.rstrip().endswith("[]")


@pytest.fixture(scope="session")
def real(shared_data, tmp_path_factory):
    """Folder of REFERENCE's files for a real annotation."""
    import reference

    def make(annotation: str, kind: str) -> Path:
        folder = tmp_path_factory.mktemp(kind)
        config = {"kind": kind, "windows": {"decode": {"promoter": [1000, 500], "bin": 50, "anchor": "start_codon", "unit": "gene"}}}
        (folder / "reference.json").write_text(json.dumps(config))
        args = ["--annotation", str(shared_data / annotation), "--config", str(folder / "reference.json"), "--out", str(folder / "out")]
        result = CliRunner().invoke(reference.main, args)
        assert result.exit_code == 0, result.output
        return folder / "out"

    return make


@pytest.mark.shared_data
def test_real_peaks_equal_bioframe(real, shared_data):
    folder = real("yeast/genome/R64-1-1.99.gff3.gz", "gff3")
    sites = shared_data / "yeast/binding/rossi2021_chexmix_peaks.bed.gz"
    track, notes = done(folder, sites=str(sites), promoter=[1000, 500], bin=50, anchor="start_codon", min_genes=30)
    assert notes["sites"][0] == 188_489 and notes["regulators"][0] == 381
    assert notes["regulator names that differ in case only"] == (1, "merged: BCY1/Bcy1")
    peaks = pd.read_csv(sites, sep="\t", names=["chrom", "start", "end", "name"])
    peaks["chrom"] = peaks["chrom"].str.removeprefix("chr")
    genes = pd.read_csv(folder / "genes.tsv", sep="\t").set_index("gene_id").loc[track.genes]
    anchor, minus = genes["start_codon"].fillna(genes["tss"]).to_numpy(np.int64), (genes["strand"] == "-").to_numpy()
    windows = pd.DataFrame(
        {"chrom": genes["chrom"].to_numpy(), "start": np.where(minus, anchor - 499, anchor - 1000), "gene": np.arange(len(genes))}
    )
    windows["end"] = windows["start"] + 1500
    expected = np.zeros((track.counts.shape[0], len(track.regulators)))
    column = {name.lower(): i for i, name in enumerate(track.regulators.tolist())}
    for name, rows in peaks.groupby(peaks["name"].str.lower()):
        merged = bioframe.merge(rows, min_dist=None)  # peaks are single bases, so a hit is one base of one bin
        hits = bioframe.overlap(windows, merged, how="inner")
        gene = hits["gene"].to_numpy()
        for base in range(int((merged["end"] - merged["start"]).max())):
            at = hits["start_"].to_numpy() + base
            inside = (at < hits["end_"].to_numpy()) & (at >= hits["start"].to_numpy()) & (at < hits["end"].to_numpy())
            along = np.where(minus[gene], hits["end"].to_numpy() - 1 - at, at - hits["start"].to_numpy())
            if inside.any():
                np.add.at(expected[:, column[name]], (gene * 30 + along // 50)[inside], 1)
    np.testing.assert_array_equal(track.counts.toarray(), expected)


@pytest.mark.shared_data
def test_real_rna_sites_need_their_strand(real, shared_data):
    folder = real("human/annot/grch37_canonical.gtf.gz", "gtf")
    track, notes = done(folder, sites=str(shared_data / "human/rbp/rbp_sites_hg19.bed.gz"), on="rna", bin=100, min_genes=30)
    lost = notes["sites on no RNA"][0] + notes["sites on chromosomes that the annotation lacks"][0]
    assert notes["sites"][0] == 242_574 and len(track.regulators) == 21
    assert 0.40 < lost / 242_574 < 0.42
    length = pd.read_csv(folder / "genes.tsv", sep="\t").set_index("gene_id").loc[track.genes, "length"].to_numpy()
    np.testing.assert_array_equal(np.add.reduceat(track.bases, track.offsets[:-1]), length)


def test_structure_needs_no_file(folder):
    track, _ = done(folder, structure=True, on="gene", name="structure_rna")
    table = dict(zip(track.regulators, track.counts.toarray().T, strict=True))
    rows = [track.genes.tolist().index(gene) for gene in ("g1", "g2")]
    np.testing.assert_allclose(table["exon_junctions"][rows], [1, 0])
    np.testing.assert_allclose(table["rna_kb"][rows], np.log2([1.07, 1.05]), rtol=1e-6)


def test_one_kind_of_input_is_needed(folder):
    result = run(folder, extra=("--structure",))
    assert result.exit_code == 2 and "--sites, --links and --structure" in result.output
