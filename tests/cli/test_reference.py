"""reference.py from files to files: what it writes, what it tells, what it refuses with nothing left behind."""

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import reference
from regdecode.genome.windows import promoter_windows
from regdecode.io.bed12 import read_models
from regdecode.io.chromosome_table import read_chromosomes
from regdecode.io.fasta import read_fasta
from regdecode.io.gene_table import read_genes
from regdecode.io.notes import read_notes

LETTERS = ("ACGTTGCAAGGCTTAACCGGTATCGATCGGATTACAGATTACACCGGAATT" * 4)[:180]
ROWS = [
    ("chr1", "transcript", 41, 100, "+", "g1", "t1"),
    ("chr1", "exon", 41, 60, "+", "g1", "t1"),
    ("chr1", "exon", 81, 100, "+", "g1", "t1"),
    ("chr1", "CDS", 51, 60, "+", "g1", "t1"),
    ("chr1", "CDS", 81, 90, "+", "g1", "t1"),
    ("chr1", "exon", 111, 150, "-", "g2", "t2"),
    ("chr1", "exon", 111, 120, "-", "g2", "t3"),
    ("chr1", "CDS", 116, 130, "-", "g3", "t4"),
    ("chr2", "gene", 5, 9, "+", "g4", ""),
    ("chr1", "transcript", 161, 165, "+", "g1", "t1"),
    ("chr1", "exon", 161, 165, "+", "g1", "t1"),
]
CONFIG = {"kind": "gtf", "windows": {"decode": {"promoter": [20, 10], "bin": 10, "anchor": "start_codon", "unit": "gene"}}}


def gtf_lines(rows: list[tuple[str, str, int, int, str, str, str]] = ROWS) -> str:
    """Rows as GTF."""
    return "".join(
        f'{c}\tx\t{kind}\t{start}\t{end}\t.\t{strand}\t.\tgene_id "{gene}"; ' + (f'transcript_id "{name}";' if name else "") + "\n"
        for c, kind, start, end, strand, gene, name in rows
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An annotation and a genome that spell chromosomes differently."""
    (tmp_path / "genes.gtf.gz").write_bytes(gzip.compress(gtf_lines().encode()))
    (tmp_path / "genome.fa").write_text(
        f">NC_00001.2 Thing chromosome 1, whole\n{LETTERS}\n>NC_00002.2 Thing chromosome 2\n{LETTERS[:30]}\n"
    )
    return tmp_path


def run(
    folder: Path, config: dict[str, Any] | str = CONFIG, annotation: str = "genes.gtf.gz", fasta: str | None = "genome.fa", *more: str
) -> Result:
    """Run the script."""
    (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    arguments = ["--annotation", str(folder / annotation), "--config", str(folder / "config.json"), "--out", str(folder / "out"), *more]
    return CliRunner().invoke(reference.main, arguments + (["--fasta", str(folder / fasta)] if fasta else []))


def refused(folder: Path, result: Result, *told: str) -> None:
    """One message with all of `told`, exit code 2, no traceback, nothing written."""
    assert result.exit_code == 2, result.output
    for part in told:
        assert part in result.output
    assert "fix:" in result.output
    assert "Traceback" not in result.output
    assert not [path for path in folder.iterdir() if "out" in path.name]


def test_what_is_written(folder: Path) -> None:
    result = run(folder)
    assert result.exit_code == 0, result.output
    genes = read_genes(folder / "out" / "genes.tsv")
    assert genes.gene_id.tolist() == ["g1", "g2", "g3", "g4"]
    assert genes.length.tolist() == [40, 40, 15, 5]
    assert genes.start_codon.tolist() == [50, -1, 129, -1]
    assert genes.tss.tolist() == [40, 149, 129, 4]
    models = read_models(folder / "out" / "models.bed")
    assert models.exon_start.tolist() == [40, 80, 110, 115, 4]
    assert models.thick_start.tolist() == [50, 110, 115, 4]
    chromosomes = {name: (length, aliases) for name, length, aliases in read_chromosomes(folder / "out" / "chromosomes.tsv")}
    assert chromosomes["chr1"][0] == 180
    assert {"1", "NC_00001.2", "NC_00001"} <= set(chromosomes["chr1"][1])
    promoters = {record.name: record for record in read_fasta(folder / "out" / "promoters.fa")}
    assert promoters["g1"].sequence.decode() == LETTERS[30:60]
    assert promoters["g1"].description == "chr1:30-60(+)"
    windows = promoter_windows(genes, 20, 10, "start_codon")
    assert promoters["g3"].description == f"chr1:{windows.start[2]}-{windows.end[2]}(-)"
    assert promoters["g3"].sequence.decode() == LETTERS[120:150][::-1].translate(str.maketrans("ACGT", "TGCA"))
    assert promoters["g4"].description == "chr2:0-14(+)"
    notes = {note.what: note.n for note in read_notes(folder / "out" / "reference.notes.json").notes}
    assert notes["genes on several loci, the longest model kept"] == 1
    assert notes["genes without exons, modelled by their coding sequence"] == 1
    assert notes["genes without exons and coding sequence, modelled by their span"] == 1
    assert notes["promoters clipped at the end of a chromosome"] == 1
    assert notes["promoter sequences"] == 4


def test_same_inputs_same_bytes_and_an_older_result_is_replaced(folder: Path) -> None:
    run(folder)
    first = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}
    (folder / "out" / "stale").write_text("x")
    run(folder)
    assert {path.name: path.read_bytes() for path in (folder / "out").iterdir()} == first


def test_sequences_of_one_length(folder: Path) -> None:
    windows = {"windows": {"sequence": {"length": 25, "anchor": "start_codon"}}}
    assert run(folder, {**CONFIG, **windows}).exit_code == 0
    found = {record.name: record.sequence.decode() for record in read_fasta(folder / "out" / "sequences.fa")}
    assert not (folder / "out" / "promoters.fa").exists()
    assert {len(letters) for letters in found.values()} == {25}
    assert found["g1"] == LETTERS[25:50]
    assert found["g4"] == "N" * 21 + LETTERS[:4]


SEQUENCE = CONFIG | {"windows": {"sequence": {"length": 25, "anchor": "start_codon"}}}


def genome(folder: Path, first: str, second: str = LETTERS[:30]) -> None:
    (folder / "genome.fa").write_text(f">chr1\n{first}\n>chr2\n{second}\n")


def test_letters_that_are_no_dna_are_named_with_their_place(folder: Path) -> None:
    genome(folder, LETTERS[:59] + "e" + LETTERS[60:], LETTERS[:7] + "LLL" + LETTERS[10:30])
    refused(folder, run(folder, SEQUENCE), "genome.fa: base 60 of chr1 is 'E', which is not DNA", "base 8 of chr2 is 'L', one of 3 letters")
    genome(folder, LETTERS.replace("T", "U"))
    refused(folder, run(folder, SEQUENCE), "base 4 of chr1 is 'U'", "T (not U)")


def test_ambiguous_letters_are_counted_and_refused_where_they_are_many(folder: Path) -> None:
    genome(folder, LETTERS[:59] + "k" + LETTERS[60:100] + "R" + LETTERS[101:])
    assert run(folder, SEQUENCE).exit_code == 0
    (note,) = [
        note for note in read_notes(folder / "out" / "reference.notes.json").notes if note.what.startswith("letters of the genome that")
    ]
    assert (note.n, note.why) == (2, "R 1, K 1; base 60 of chr1 is 'K', the first")
    shutil.rmtree(folder / "out")
    genome(folder, LETTERS.replace("A", "R"), LETTERS[:30].replace("A", "R"))
    refused(folder, run(folder, SEQUENCE), "genome.fa: ", "% of letters name several bases (R ", "base 1 of chr1 is 'R', the first")


def test_masked_windows_are_counted_and_refused_where_all_are(folder: Path) -> None:
    genome(folder, LETTERS[:20] + "N" * 60 + LETTERS[80:])
    assert run(folder, SEQUENCE).exit_code == 0
    notes = {note.what: (note.n, note.kind) for note in read_notes(folder / "out" / "reference.notes.json").notes}
    assert notes["windows that are N throughout"] == (1, "warning")
    shutil.rmtree(folder / "out")
    genome(folder, "N" * 175 + LETTERS[175:], "N" * 30)
    refused(folder, run(folder, SEQUENCE), "windows.sequence: all 4 windows are N throughout")
    genome(folder, "N" * 180, "n" * 30)
    refused(folder, run(folder, SEQUENCE), "genome.fa: every base is N")


def test_without_fasta_lengths_are_unknown_and_no_promoters_written(folder: Path) -> None:
    assert run(folder, fasta=None).exit_code == 0
    assert {row[1] for row in read_chromosomes(folder / "out" / "chromosomes.tsv")} == {None}
    assert not (folder / "out" / "promoters.fa").exists()


def test_table_with_operons_and_proteins(folder: Path) -> None:
    (folder / "genes.csv").write_text(
        ",start,end,strand,op,acc\nb1,39,60,+,ab,chr1\nb2,60,99,+,ab,chr1\nb3,120,150,-,c,chr1\nb1,5,9,+,ab,chr1\n"
    )
    (folder / "p.fa").write_text(">b2\nMK\n>zz\nM\n")
    config = {
        "kind": "table",
        "zero_based": True,
        "columns": {"gene_id": "", "chrom": "acc", "unit": "op"},
        "windows": {"decode": {"promoter": [20, 10], "unit": "operon"}},
    }
    result = run(folder, config, "genes.csv", "genome.fa", "--proteins", str(folder / "p.fa"))
    assert result.exit_code == 0, result.output
    genes = read_genes(folder / "out" / "genes.tsv")
    assert genes.unit_leader.tolist() == ["b1", "b1", "b3"]
    assert genes.start.tolist() == [39, 60, 120]
    assert (folder / "out" / "proteins.fa").read_text() == ">b2\nMK\n"


def test_alias_file_reconciles(folder: Path) -> None:
    (folder / "genome.fa").write_text(f">first\n{LETTERS}\n>second\n{LETTERS[:30]}\n")
    refused(folder, run(folder), "cannot be reconciled", "genes.gtf.gz", "chr1", "first")
    (folder / "alias.tsv").write_text("chr1\tfirst\nchr2\tsecond\n")
    assert run(folder, CONFIG, "genes.gtf.gz", "genome.fa", "--aliases", str(folder / "alias.tsv")).exit_code == 0


def test_truncated_gzip(folder: Path) -> None:
    whole = (folder / "genes.gtf.gz").read_bytes()
    (folder / "genes.gtf.gz").write_bytes(whole[:-30])
    refused(folder, run(folder), "genes.gtf.gz", "truncated")
    (folder / "genes.gtf.gz").write_bytes(whole)
    (folder / "cut.fa.gz").write_bytes(gzip.compress((folder / "genome.fa").read_bytes())[:-12])
    refused(folder, run(folder, fasta="cut.fa.gz"), "cut.fa.gz", "truncated")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("chr1", "exon", 30, 20, "+", "g9", "t9"), "start 30 and end 20"),
        (("chr1", "exon", "x", 20, "+", "g9", "t9"), "start 'x'"),
        (("chr1", "transcript", 41, 100, "+", "g1", "t1"), "transcript id t1"),
        (("chr1", "exon", 41, 60, "+", "g9", "t2"), "transcript id t2"),
        (("chr1", "exon", 1, 20, "+", "g9", "t9\nchr1\tx\texon"), "tab-separated"),
    ],
)
def test_bad_rows_name_file_and_line(folder: Path, row: tuple[Any, ...], told: str) -> None:
    (folder / "bad.gtf").write_text(gtf_lines([*ROWS, row]))
    refused(folder, run(folder, annotation="bad.gtf"), f"{folder / 'bad.gtf'}:1{'2' if 'tab' not in told else '3'}: ", told)


def test_no_usable_gene(folder: Path) -> None:
    (folder / "empty.gtf").write_text("# nothing\n")
    refused(folder, run(folder, annotation="empty.gtf"), "empty.gtf", "no usable gene")
    refused(folder, run(folder, {**CONFIG, "kind": "gff3"}), "genes.gtf.gz", "no usable gene", "kind")
    refused(folder, run(folder, {**CONFIG, "biotypes": ["rRNA"]}), "no gene of biotype rRNA")
    refused(folder, run(folder, {**CONFIG, "chromosomes": {"only": ["chr9"]}}), "chr9", "chr1, chr2")


def test_another_build_of_the_genome(folder: Path) -> None:
    (folder / "short.fa").write_text(f">chr1\n{LETTERS[:50]}\n")
    refused(folder, run(folder, fasta="short.fa"), "same genome build", "50 bases")


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("{", "config.json:1: not JSON"),
        ("[]", "not an object"),
        ({**CONFIG, "kind": "bed"}, "kind is 'bed'"),
        ({**CONFIG, "kinds": 1}, "unknown setting 'kinds'"),
        ({"kind": "gtf", "windows": {"decode": {"promoter": [1]}}}, "windows.decode.promoter"),
    ],
)
def test_bad_settings(folder: Path, config: dict[str, Any] | str, told: str) -> None:
    refused(folder, run(folder, config), told)


def test_missing_column_of_a_table(folder: Path) -> None:
    (folder / "genes.csv").write_text("id,begin\n")
    refused(folder, run(folder, {"kind": "table", "columns": {"gene_id": "id"}}, "genes.csv"), "genes.csv:1", "'start' (start)", "'begin'")


def test_missing_file_is_a_usage_error(folder: Path) -> None:
    result = run(folder, annotation="none.gtf")
    assert result.exit_code == 2
    assert "none.gtf" in result.output


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, runpy\nsys.argv = ['reference.py', '--help']\n"
        "try: runpy.run_path(sys.path[0] + '/reference.py', run_name='__main__')\nexcept SystemExit: pass\n"
        "assert not {'numpy', 'pandas', 'torch', 'scipy'} & set(sys.modules)"
    )
    scripts = Path(reference.__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(scripts)!r})\n{code}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.shared_data
def test_yeast_promoters_equal_the_published_extraction(shared_data: Path, tmp_path: Path) -> None:
    """1 kb before the start codon; 7 windows are shorter at chromosome ends, and 4 genes have another start codon in this annotation (a
    first exon of one base)."""
    genome = shared_data / "yeast" / "genome"
    (tmp_path / "c.json").write_text(
        json.dumps(
            {
                "kind": "gff3",
                "chromosomes": {"from_description": r"chromosome=(\w+)"},
                "windows": {"decode": {"promoter": [1000, 0], "anchor": "start_codon"}},
            }
        )
    )
    arguments = [
        "--annotation",
        genome / "R64-1-1.99.gff3.gz",
        "--fasta",
        genome / "S288C_R64-2-1.fsa.gz",
        "--config",
        tmp_path / "c.json",
        "--out",
        tmp_path / "out",
    ]
    result = CliRunner().invoke(reference.main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    ours = {record.name: record.sequence for record in read_fasta(tmp_path / "out" / "promoters.fa")}
    theirs = {record.name: record.sequence for record in read_fasta(genome / "promoters_1kb_upstream_of_start_codon_6149.fa.gz")}
    shared = ours.keys() & theirs.keys()
    different = {gene for gene in shared if ours[gene] != theirs[gene]}
    assert (len(shared), len(different)) == (6101, 11)
    assert sum(len(ours[gene]) < 1000 and theirs[gene].endswith(ours[gene]) for gene in different) == 7
    assert {gene for gene in different if len(ours[gene]) == 1000} == {"YIL111W", "YJL041W", "YMR242C", "YOR312C"}


@pytest.mark.shared_data
def test_ecoli_table_holds_every_gene_with_its_operon(shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(
        json.dumps(
            {
                "kind": "table",
                "zero_based": True,
                "columns": {"gene_id": "", "gene_name": "gene_name", "chrom": "accession", "unit": "operon"},
                "windows": {"decode": {"promoter": [300, 100], "anchor": "start_codon"}},
            }
        )
    )
    arguments = [
        "--annotation",
        shared_data / "ecoli" / "gene_table.csv.gz",
        "--fasta",
        shared_data / "ecoli" / "genome.fasta.gz",
        "--config",
        tmp_path / "c.json",
        "--out",
        tmp_path / "out",
    ]
    assert CliRunner().invoke(reference.main, [str(argument) for argument in arguments]).exit_code == 0
    genes = read_genes(tmp_path / "out" / "genes.tsv")
    with gzip.open(shared_data / "ecoli" / "log_tpm.csv.gz", "rt") as handle:
        expressed = {line.split(",", 1)[0] for line in handle} - {""}
    assert len(expressed) == 3923
    assert expressed <= set(genes.gene_id.tolist())
    coding = {record.name for record in read_fasta(tmp_path / "out" / "coding.fa")}
    with gzip.open(shared_data / "ecoli" / "genome.gff3.gz", "rt") as handle:
        annotated = {line.split("locus_tag=")[1].split(";")[0] for line in handle if "\tCDS\t" in line and "locus_tag=" in line}
    assert len(coding & annotated) > 0.995 * len(coding)  # nine pieces of pseudogenes
    assert len(coding & annotated) > 0.975 * len(annotated & set(genes.gene_id.tolist()))
    led = {gene for gene, leader in zip(genes.gene_id.tolist(), genes.unit_leader.tolist(), strict=True) if gene != leader}
    assert 0.38 < len(led & expressed) / 3923 < 0.45


def test_an_annotation_without_coding_parts_leaves_no_coding_sequences(folder: Path) -> None:
    (folder / "genes.gtf.gz").write_bytes(gzip.compress(gtf_lines([row for row in ROWS if row[1] != "CDS"]).encode()))
    tss = {"decode": CONFIG["windows"]["decode"] | {"anchor": "tss"}}
    result = run(folder, CONFIG | {"windows": tss})
    assert result.exit_code == 0, result.output
    assert (folder / "out" / "promoters.fa").exists() and not (folder / "out" / "coding.fa").exists()
