"""GTF: genes, copies of one id, repeated ids, every bad row."""

import gzip
from pathlib import Path

import pytest

from regdecode.errors import InputError
from regdecode.io.gtf import attribute, read_gtf


def gtf(path: Path, rows: list[tuple[str, str, int, int, str, str]]) -> Path:
    """Write (chrom, type, start, end, strand, attributes) rows."""
    path.write_text(
        "#!comment\n"
        + "".join(f"{c}\tx\t{kind}\t{start}\t{end}\t.\t{strand}\t.\t{attributes}\n" for c, kind, start, end, strand, attributes in rows)
    )
    return path


def ids(gene: str, transcript: str = "") -> str:
    """Attributes of a row."""
    return f'gene_id "{gene}";' + (f' transcript_id "{transcript}";' if transcript else "")


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ('gene_id "A"; transcript_id "B";', "gene_id", "A"),
        ('ref_gene_id "Z"; gene_id "A";', "gene_id", "A"),
        ("gene_id A; x 1", "gene_id", "A"),
        ('x "1"', "gene_id", ""),
        ('ref_gene_id "Z"', "gene_id", ""),
        ('a 1;gene_id "A b"', "gene_id", "A b"),
    ],
)
def test_attribute(text: str, name: str, value: str) -> None:
    assert attribute(text, name) == value


def test_positions_become_half_open_and_parts_meet_their_transcript_in_any_order(tmp_path: Path) -> None:
    rows = [
        ("1", "exon", 11, 20, "+", ids("g", "t")),
        ("1", "CDS", 15, 20, "+", ids("g", "t")),
        ("1", "transcript", 11, 40, "+", ids("g", "t") + ' gene_name "G1";'),
        ("1", "exon", 31, 40, "+", ids("g", "t")),
        ("1", "stop_codon", 31, 33, "+", ids("g", "t")),
        ("1", "five_prime_utr", 1, 2, "+", ids("other", "o")),
    ]
    found = read_gtf(gtf(tmp_path / "a.gtf", rows))
    (transcript,) = found.transcripts
    assert (transcript.gene_id, transcript.start, transcript.end, transcript.strand) == ("g", 10, 40, "+")
    assert sorted(transcript.exons) == [(10, 20), (30, 40)]
    assert sorted(transcript.cds) == [(14, 20), (30, 33)]
    assert found.names == {"g": "G1"}


def test_gene_with_neither_transcript_nor_exon_is_there_by_its_span(tmp_path: Path) -> None:
    (transcript,) = read_gtf(gtf(tmp_path / "a.gtf", [("1", "gene", 5, 9, "-", ids("g"))])).transcripts
    assert (transcript.start, transcript.end, transcript.exons, transcript.cds) == (4, 9, [], [])


def test_one_gene_and_transcript_id_on_two_overlapping_loci_stays_two_transcripts(tmp_path: Path) -> None:
    rows = [
        ("1", "transcript", 1, 100, "-", ids("g", "t")),
        ("1", "exon", 1, 50, "-", ids("g", "t")),
        ("1", "exon", 81, 100, "-", ids("g", "t")),
        ("1", "transcript", 40, 120, "-", ids("g", "t")),
        ("1", "exon", 40, 60, "-", ids("g", "t")),
        ("1", "exon", 110, 120, "-", ids("g", "t")),
    ]
    found = read_gtf(gtf(tmp_path / "a.gtf", rows)).transcripts
    assert [transcript.exons for transcript in found] == [[(0, 50), (80, 100)], [(39, 60), (109, 120)]]


def test_parts_without_transcript_rows_split_by_chromosome(tmp_path: Path) -> None:
    rows = [("X", "exon", 1, 10, "+", ids("g", "t")), ("Y", "exon", 1, 20, "+", ids("g", "t")), ("X", "exon", 21, 30, "+", ids("g", "t"))]
    found = read_gtf(gtf(tmp_path / "a.gtf", rows)).transcripts
    assert [(transcript.chrom, transcript.start, transcript.end) for transcript in found] == [("X", 0, 30), ("Y", 0, 20)]


@pytest.mark.parametrize(
    "rows",
    [
        [("1", "transcript", 1, 9, "+", ids("g", "t")), ("1", "transcript", 1, 9, "+", ids("g", "t"))],
        [("1", "transcript", 1, 9, "+", ids("g", "t")), ("1", "transcript", 21, 29, "+", ids("h", "t"))],
        [("1", "exon", 1, 9, "+", ids("g", "t")), ("1", "exon", 21, 29, "+", ids("h", "t"))],
    ],
)
def test_transcript_id_used_twice_is_refused_with_its_line(tmp_path: Path, rows: list[tuple[str, str, int, int, str, str]]) -> None:
    with pytest.raises(InputError, match=r"a\.gtf:3: transcript id t "):
        read_gtf(gtf(tmp_path / "a.gtf", rows))


def test_every_bad_row_is_told_at_once(tmp_path: Path) -> None:
    path = gtf(tmp_path / "a.gtf", [("1", "exon", 9, 5, "+", ids("g", "t")), ("1", "exon", 0, 5, "+", ids("g", "t"))])
    path.write_text(path.read_text() + '1\tx\texon\tten\t20\t.\t+\t.\tgene_id "g";\n1\tx\texon\n')
    with pytest.raises(InputError) as caught:
        read_gtf(path)
    for told in ("a.gtf:2: start 9 and end 5", "a.gtf:3: start 0", "a.gtf:4: start 'ten'", "a.gtf:5: 3 tab-separated"):
        assert told in str(caught.value)


def test_no_usable_gene_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no usable gene"):
        read_gtf(gtf(tmp_path / "a.gtf", [("1", "exon", 1, 9, "+", "ID=g;Parent=t")]))
    with pytest.raises(InputError, match="no usable gene"):
        read_gtf(gtf(tmp_path / "b.gtf", [("1", "exon", 1, 9, ".", ids("g", "t"))]))


def test_unstranded_genes_are_noted_and_left_out(tmp_path: Path) -> None:
    found = read_gtf(gtf(tmp_path / "a.gtf", [("1", "gene", 1, 9, ".", ids("odd")), ("1", "gene", 1, 9, "+", ids("g"))]))
    assert found.unstranded == ["odd"]
    assert [transcript.gene_id for transcript in found.transcripts] == ["g"]


@pytest.mark.shared_data
def test_human_annotation_of_two_builds(shared_data: Path) -> None:
    """Gene and row counts told by grep; exons of every transcript add up to the exon rows."""
    for build, transcripts, genes in (("grch37", 20274, 20246), ("grch38", 19305, 19285)):
        path = shared_data / "human" / "annot" / f"{build}_canonical.gtf.gz"
        found = read_gtf(path).transcripts
        with gzip.open(path, "rt") as handle:
            exons = sum(line.split("\t")[2] == "exon" for line in handle)
        assert len(found) == transcripts
        assert len({transcript.gene_id for transcript in found}) == genes
        assert sum(len(transcript.exons) for transcript in found) == exons
        assert all(transcript.exons[0][0] >= transcript.start for transcript in found)
