"""GFF3: Ensembl's, NCBI's bacterial and minimal shapes; broken hierarchies."""

from pathlib import Path

import pytest

from regdecode.errors import InputError
from regdecode.io.gff3 import parse_attributes, read_gff3


def gff(path: Path, rows: list[tuple[str, int, int, str, str]], head: str = "##gff-version 3\n") -> Path:
    """Write (type, start, end, strand, attributes) rows on chromosome 1."""
    path.write_text(
        head + "".join(f"1\tx\t{kind}\t{start}\t{end}\t.\t{strand}\t.\t{attributes}\n" for kind, start, end, strand, attributes in rows)
    )
    return path


def test_attributes_are_unquoted() -> None:
    assert parse_attributes("ID=a;Note=x%3By;flag; Parent=b,c") == {"ID": "a", "Note": "x;y", "Parent": "b,c"}


def test_ensembl_shape(tmp_path: Path) -> None:
    rows = [
        ("gene", 1, 100, "+", "ID=gene:G1;Name=abc;biotype=protein_coding;gene_id=G1"),
        ("mRNA", 1, 100, "+", "ID=transcript:T1;Parent=gene:G1"),
        ("mRNA", 1, 60, "+", "ID=transcript:T2;Parent=gene:G1"),
        ("exon", 1, 40, "+", "Parent=transcript:T1,transcript:T2"),
        ("exon", 61, 100, "+", "Parent=transcript:T1"),
        ("CDS", 10, 40, "+", "ID=c;Parent=transcript:T1"),
        ("five_prime_UTR", 1, 9, "+", "Parent=transcript:T1"),
    ]
    found = read_gff3(gff(tmp_path / "a.gff3", rows, "##gff-version 3\n##sequence-region 1 1 500\n"))
    assert [(t.transcript_id, t.gene_id, t.exons, t.cds) for t in found.transcripts] == [
        ("transcript:T1", "G1", [(0, 40), (60, 100)], [(9, 40)]),
        ("transcript:T2", "G1", [(0, 40)], []),
    ]
    assert (found.names, found.biotypes, found.lengths) == ({"G1": "abc"}, {"G1": "protein_coding"}, {"1": 500})


def test_bacterial_shape_takes_coding_parts_that_name_the_gene(tmp_path: Path) -> None:
    rows = [
        ("region", 1, 900, "+", "ID=r;Is_circular=true"),
        ("gene", 11, 40, "-", "ID=gene-b1;gene=abc;locus_tag=b1"),
        ("CDS", 11, 40, "-", "ID=cds-1;Parent=gene-b1"),
        ("gene", 50, 60, "+", "ID=gene-b2;locus_tag=b2"),
        ("tRNA", 50, 60, "+", "ID=rna-b2;Parent=gene-b2"),
        ("exon", 50, 60, "+", "Parent=rna-b2"),
        ("pseudogene", 70, 80, "+", "ID=gene-b3"),
    ]
    found = read_gff3(gff(tmp_path / "a.gff3", rows))
    assert {t.gene_id: (t.exons, t.cds, t.strand) for t in found.transcripts} == {
        "b1": ([], [(10, 40)], "-"),
        "b2": ([(49, 60)], [], "+"),
        "b3": ([], [], "+"),
    }
    assert found.lengths == {"1": 900}
    assert {t.gene_id for t in read_gff3(tmp_path / "a.gff3", "gene").transcripts} == {"abc", "b2", "b3"}


def test_rows_without_parent_and_deep_hierarchies(tmp_path: Path) -> None:
    rows = [
        ("CDS", 1, 9, "+", "ID=p1;locus_tag=L1"),
        ("mRNA", 21, 29, "+", "ID=m1"),
        ("gene", 41, 60, "+", "ID=mir"),
        ("primary_transcript", 41, 60, "+", "ID=pri;Parent=mir"),
        ("miRNA", 45, 50, "+", "ID=mat;Parent=pri"),
        ("exon", 45, 50, "+", "Parent=mat"),
    ]
    found = read_gff3(gff(tmp_path / "a.gff3", rows))
    assert {(t.gene_id, t.transcript_id) for t in found.transcripts} == {("L1", "L1"), ("m1", "m1"), ("mir", "pri"), ("mir", "mat")}


def test_same_gene_id_in_two_places_is_two_loci(tmp_path: Path) -> None:
    rows = [
        ("pseudogene", 1, 9, "+", "ID=g"),
        ("pseudogene", 21, 40, "+", "ID=g"),
        ("CDS", 1, 9, "+", "ID=c;Parent=g"),
        ("CDS", 21, 40, "+", "ID=c;Parent=g"),
    ]
    assert [t.cds for t in read_gff3(gff(tmp_path / "a.gff3", rows)).transcripts] == [[(0, 9)], [(20, 40)]]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            [("gene", 1, 9, "+", "ID=g"), ("mRNA", 1, 9, "+", "ID=t;Parent=g"), ("mRNA", 1, 9, "+", "ID=t;Parent=g")],
            r"a\.gff3:4: transcript id t",
        ),
        ([("gene", 1, 9, "+", "ID=g"), ("exon", 1, 9, "+", "Parent=lost")], r"a\.gff3:3: Parent lost"),
        ([("gene", 9, 1, "+", "ID=g")], r"a\.gff3:2: start 9"),
        ([("repeat", 1, 9, "+", "ID=g")], "no usable gene"),
        ([("gene", 1, 9, "+", 'gene_id "g"')], "no usable gene"),
    ],
)
def test_refused(tmp_path: Path, rows: list[tuple[str, int, int, str, str]], told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_gff3(gff(tmp_path / "a.gff3", rows))


def test_sequence_part_is_not_read(tmp_path: Path) -> None:
    path = gff(tmp_path / "a.gff3", [("gene", 1, 9, "+", "ID=g")])
    path.write_text(path.read_text() + "##FASTA\n>1\nACGT\n")
    assert len(read_gff3(path).transcripts) == 1


@pytest.mark.shared_data
def test_real_files(shared_data: Path) -> None:
    yeast = read_gff3(shared_data / "yeast" / "genome" / "R64-1-1.99.gff3.gz")
    assert sum(biotype == "protein_coding" for biotype in yeast.biotypes.values()) == 6600
    assert sum(len(t.exons) for t in yeast.transcripts) == 7507
    assert yeast.lengths["XVI"] == 948066
    ecoli = read_gff3(shared_data / "ecoli" / "genome.gff3.gz")
    by_gene = {t.gene_id: t for t in ecoli.transcripts}
    assert len(by_gene) == 4566
    assert by_gene["b0002"].cds == [(336, 2799)]
