"""Reference of a run: settings, names joined across files, filters, promoter letters."""

from typing import Any

import pytest

from regdecode.errors import InputError
from regdecode.genome.reference import build_reference
from regdecode.genome.reference_settings import reference_settings
from regdecode.genome.sequences import padded_sequences, promoter_sequences, proteins_of, reverse_complement
from regdecode.io.annotation import Annotation, Transcript
from regdecode.io.fasta import FastaEntry, FastaRecord
from regdecode.io.notes import Notes


def annotation(*places: tuple[str, str, str, int, int]) -> Annotation:
    """Genes (id, chrom, strand, start, end) with one exon each."""
    return Annotation(
        [
            Transcript(gene, gene, chrom, strand, start, end, line, [(start, end)])
            for line, (gene, chrom, strand, start, end) in enumerate(places, 1)
        ]
    )


def settings(**more: Any) -> Any:
    """Checked settings."""
    return reference_settings({"kind": "gtf", **more}, "c.json")


def test_settings_are_refused_at_once() -> None:
    with pytest.raises(InputError) as caught:
        reference_settings(
            {
                "kind": "gft",
                "colums": {},
                "chromosomes": {"onyl": 1, "from_description": "x"},
                "windows": {"decode": {"promoter": [10]}},
                "strip_version": 1.5,
            },
            "c.json",
        )
    for told in ("'colums'", "'gft'", "'chromosomes.onyl'", "no group", "promoter is [10]", "strip_version"):
        assert told in str(caught.value)


@pytest.mark.parametrize(
    "decode", [{"promoter": [-1, 5]}, {"promoter": [0, 0]}, {"promoter": "10"}, {"promoter": [10, 5], "anchor": "tes"}]
)
def test_windows_are_checked(decode: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"windows\.decode"):
        settings(windows={"decode": decode})


def test_names_of_fasta_annotation_and_bed_meet() -> None:
    notes = Notes("reference")
    entries = [FastaEntry("ref|NC_2|", "[chromosome=II]", 90), FastaEntry("ref|NC_1|", "[chromosome=I]", 100)]
    made = build_reference(
        annotation(("a", "I", "+", 10, 20), ("b", "II", "-", 10, 20), ("c", "IX", "+", 1, 2)),
        settings(),
        entries,
        [["IX", "NC_9"]],
        notes,
        "a.gtf",
    )
    assert [(c.name, c.length) for c in made.chromosomes] == [("II", 90), ("I", 100), ("IX", None)]
    assert {"chrI", "1", "ref|NC_1|", "NC_1"} <= set(made.chromosomes[1].aliases)
    assert "NC_9" in made.chromosomes[2].aliases
    assert made.sequence_of == {"I": "ref|NC_1|", "II": "ref|NC_2|"}
    assert any(note.kind == "warning" and "IX" in note.why for note in notes.notes)


def test_alias_file_joins_accessions() -> None:
    made = build_reference(
        annotation(("a", "CM001", "+", 10, 20)), settings(), [FastaEntry("chrA", "", 50)], [["chrA", "CM001"]], Notes("r"), "a.gtf"
    )
    assert made.sequence_of == {"CM001": "chrA"}


def test_names_that_never_meet_are_refused_with_both_sides() -> None:
    with pytest.raises(InputError, match=r"cannot be reconciled: the annotation has weird, the FASTA has chr1"):
        build_reference(annotation(("a", "weird", "+", 10, 20)), settings(), [FastaEntry("chr1", "", 50)], [], Notes("r"), "a.gtf")


def test_only_and_exclude_take_any_spelling() -> None:
    genes = annotation(("a", "chr1", "+", 10, 20), ("b", "chr2", "-", 10, 20), ("c", "chrX", "-", 10, 20))
    assert build_reference(genes, settings(chromosomes={"only": [1, "X"]}), [], [], Notes("r"), "a").genes.gene_id.tolist() == ["a", "c"]
    assert build_reference(genes, settings(chromosomes={"exclude": ["X"]}), [], [], Notes("r"), "a").genes.gene_id.tolist() == ["a", "b"]
    with pytest.raises(InputError, match="chromosome 7 of `chromosomes` is not in the annotation"):
        build_reference(genes, settings(chromosomes={"only": ["7"]}), [], [], Notes("r"), "a")


def test_another_build_is_refused_but_a_gene_across_the_origin_is_dropped() -> None:
    many = [(f"g{i}", "1", "+", 900 + i, 1500) for i in range(10)]
    with pytest.raises(InputError, match=r"g0 .line 1. ends at 1500 of 1, which has 1000 bases"):
        build_reference(annotation(*many), settings(), [FastaEntry("1", "", 1000)], [], Notes("r"), "a")
    notes = Notes("r")
    made = build_reference(
        annotation(("a", "1", "+", 10, 20), ("round", "1", "+", 990, 1010)), settings(), [FastaEntry("1", "", 1000)], [], notes, "a"
    )
    assert made.genes.gene_id.tolist() == ["a"]
    assert any(note.kind == "dropped" and note.n == 1 for note in notes.notes)


def test_versions_are_stripped_from_ensembl_ids_alone() -> None:
    versioned = annotation(("ENSG00000000003.14", "1", "+", 1, 9), ("ENSG00000000005.6_PAR_Y", "1", "+", 21, 29))
    versioned.names = {"ENSG00000000003.14": "TSPAN6"}
    made = build_reference(versioned, settings(), [], [], Notes("r"), "a").genes
    assert (made.gene_id.tolist(), made.gene_name.tolist()) == (["ENSG00000000003", "ENSG00000000005"], ["TSPAN6", "ENSG00000000005"])
    assert build_reference(annotation(("AC1.1", "1", "+", 1, 9)), settings(), [], [], Notes("r"), "a").genes.gene_id.tolist() == ["AC1.1"]
    assert build_reference(
        annotation(("AC1.1", "1", "+", 1, 9)), settings(strip_version=True), [], [], Notes("r"), "a"
    ).genes.gene_id.tolist() == ["AC1"]


def test_biotypes() -> None:
    genes = annotation(("a", "1", "+", 1, 9), ("b", "1", "+", 21, 29))
    genes.biotypes = {"a": "protein_coding", "b": "tRNA"}
    assert build_reference(genes, settings(biotypes=["tRNA"]), [], [], Notes("r"), "a").genes.gene_id.tolist() == ["b"]
    with pytest.raises(InputError, match="no gene of biotype rRNA; the file has protein_coding, tRNA"):
        build_reference(genes, settings(biotypes=["rRNA"]), [], [], Notes("r"), "a")


def test_promoter_letters_on_both_strands_and_at_the_ends() -> None:
    letters = b"AACCGGTTACGTNACCTTGA"
    chosen = settings(windows={"decode": {"promoter": [4, 2], "anchor": "tss"}})
    made = build_reference(
        annotation(("p", "1", "+", 6, 10), ("m", "1", "-", 6, 12), ("edge", "1", "+", 2, 5), ("none", "2", "+", 5, 9)),
        chosen,
        [FastaEntry("chr1", "", 20)],
        [],
        Notes("r"),
        "a",
    )
    notes = Notes("r")
    found = dict(
        promoter_sequences(made.genes, chosen.promoter, made.chromosomes, made.sequence_of, [FastaRecord("chr1", "", letters)], notes)
    )
    assert found == {"edge 1:0-4(+)": letters[0:4], "p 1:2-8(+)": letters[2:8], "m 1:10-16(-)": reverse_complement(letters[10:16])}
    assert {note.what: note.n for note in notes.notes} == {
        "promoters clipped at the end of a chromosome": 1,
        "promoter sequences": 3,
        "genes without promoter sequence": 1,
    }


def test_windows_of_one_length_are_filled_with_n_on_the_side_that_is_missing() -> None:
    letters = b"AACCGGTTACGTRACCTTGA"
    chosen = settings(windows={"sequence": {"length": 6, "downstream": 2, "anchor": "tss"}})
    made = build_reference(
        annotation(("p", "1", "+", 2, 10), ("m", "1", "-", 6, 12), ("end", "1", "-", 12, 18), ("none", "2", "+", 5, 9)),
        chosen,
        [FastaEntry("chr1", "", 20)],
        [],
        Notes("r"),
        "a",
    )
    notes = Notes("r")
    assert chosen.sequence is not None
    found = dict(
        padded_sequences(made.genes, chosen.sequence, made.chromosomes, made.sequence_of, [FastaRecord("chr1", "", letters)], notes)
    )
    assert found == {
        "p 1:0-4(+)": b"NN" + letters[:4],
        "m 1:10-16(-)": reverse_complement(letters[10:16]).replace(b"Y", b"N"),
        "end 1:16-20(-)": b"NN" + reverse_complement(letters[16:20]),
    }
    assert {note.what: note.n for note in notes.notes} == {
        "windows clipped at the end of a chromosome": 2,
        "window sequences": 3,
        "genes without window sequence": 1,
    }


def test_genes_of_an_operon_have_the_sequence_of_its_first_gene() -> None:
    letters = b"AACCGGTTACGTAACCTTGAGATTACA"
    read = annotation(
        ("a", "1", "+", 6, 8), ("b", "1", "+", 9, 12), ("alone", "1", "+", 14, 18), ("d", "1", "-", 19, 20), ("c", "1", "-", 21, 23)
    )
    read.units.update({"a": "ab", "b": "ab", "c": "cd", "d": "cd"})
    chosen = settings(windows={"sequence": {"length": 4, "anchor": "tss", "unit": "operon"}})
    made = build_reference(read, chosen, [FastaEntry("chr1", "", 27)], [], Notes("r"), "a")
    assert chosen.sequence is not None
    records = [FastaRecord("chr1", "", letters)]
    found = dict(padded_sequences(made.genes, chosen.sequence, made.chromosomes, made.sequence_of, records, Notes("r")))
    assert found == {
        "a 1:2-6(+)": letters[2:6],
        "b 1:2-6(+)": letters[2:6],
        "alone 1:10-14(+)": letters[10:14],
        "d 1:23-27(-)": reverse_complement(letters[23:27]),
        "c 1:23-27(-)": reverse_complement(letters[23:27]),
    }


@pytest.mark.parametrize(
    "window",
    [
        {"length": 0},
        {"length": 10, "downstream": 11},
        {"length": "1kb"},
        {"length": 9, "anchor": "atg"},
        {"length": 9, "unit": "exon"},
    ],
)
def test_sequence_windows_that_cannot_be(window: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"windows\.sequence"):
        settings(windows={"sequence": window})


def test_reverse_complement() -> None:
    assert reverse_complement(b"AACGTNRYKMSWBDHV") == b"BDHVWSKMRYNACGTT"


def test_proteins_are_named_by_gene_and_the_longest_kept() -> None:
    genes = annotation(("a", "1", "+", 1, 9), ("b", "1", "+", 21, 29), ("c", "1", "+", 41, 49), ("d", "1", "+", 61, 69))
    genes.names = {"b": "B", "c": "twice", "d": "twice"}
    table = build_reference(genes, settings(), [], [], Notes("r"), "a").genes
    notes = Notes("r")
    records = [
        FastaRecord(name, "", letters) for name, letters in (("B", b"MK"), ("a.1", b"M"), ("a", b"MKV"), ("twice", b"M"), ("x", b"M"))
    ]
    assert proteins_of(table, records, notes, "p.fa") == [("a", b"MKV"), ("b", b"MK")]
    assert [note.n for note in notes.notes] == [2, 2]
    with pytest.raises(InputError, match="none of 1 proteins"):
        proteins_of(table, records[-1:], notes, "p.fa")
