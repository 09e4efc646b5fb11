"""Predicted sites: promoters joined, coordinates on the genome, names of regulators."""

import re

import numpy as np
import pytest

from regdecode.errors import InputError
from regdecode.genome.motif_regulators import ScanSettings, regulators_of, scan_settings
from regdecode.genome.predicted_sites import join_promoters, predict_sites
from regdecode.genome.sequences import reverse_complement
from regdecode.io.fasta import FastaRecord
from regdecode.io.meme import Motif
from regdecode.io.notes import Notes

GENOME = np.random.default_rng(1).choice(list(b"ACGT"), 400).astype(np.uint8).tobytes()
WORD = b"ACGGTCATTG"


def motif(name: str, alternate: str = "", word: bytes = WORD) -> Motif:
    """A motif of one word."""
    return Motif(name, alternate, np.eye(4)[["ACGT".index(chr(letter)) for letter in word]], 20.0, 1)


def promoter(name: str, start: int, end: int, strand: str = "+", genome: bytes = GENOME) -> FastaRecord:
    """A promoter as REFERENCE writes it."""
    letters = genome[start:end]
    return FastaRecord(name, f"c:{start}-{end}({strand})", letters if strand == "+" else reverse_complement(letters))


def planted(*places: tuple[int, bytes]) -> bytes:
    """The genome with words put in."""
    letters = bytearray(GENOME)
    for at, word in places:
        letters[at : at + len(word)] = word
    return bytes(letters)


def test_overlapping_and_touching_promoters_are_joined_with_every_base_once() -> None:
    joined = join_promoters(
        [promoter("b", 50, 150, "-"), promoter("a", 0, 60), promoter("c", 80, 100), promoter("d", 150, 160, "-"), promoter("e", 200, 300)],
        "p.fa",
    )
    assert joined.start.tolist() == [0, 200]
    assert joined.offset.tolist() == [0, 161]
    assert bytes(np.frombuffer(b"ACGTN", np.uint8)[joined.codes]) == GENOME[:160] + b"N" + GENOME[200:300] + b"N"


@pytest.mark.parametrize(("description", "told"), [("", "header of x"), ("c:1-5(+)", "x has 10 letters on 1-5"), ("c:1-11", "header of x")])
def test_other_headers_are_refused(description: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        join_promoters([FastaRecord("x", description, b"A" * 10)], "p.fa")


def test_sites_stand_where_they_were_planted_on_their_strand_and_once() -> None:
    genome = planted((30, WORD), (120, reverse_complement(WORD)), (250, WORD))
    records = [promoter("a", 20, 100, "-", genome), promoter("b", 25, 140, "+", genome), promoter("c", 200, 255, "+", genome)]
    notes = Notes("scan")
    sites = predict_sites(join_promoters(records, "p"), [motif("M", "Reg")], ScanSettings(p_value=1e-5), notes, "m")
    assert [(site.chrom, site.start, site.end, site.regulator, site.strand) for site in sites] == [
        ("c", 30, 40, "Reg", "+"),
        ("c", 120, 130, "Reg", "-"),
    ]
    assert all(site.score == pytest.approx(100 * np.log10(4.0**10), abs=60) for site in sites)
    assert notes.notes[-1].n == 2


def test_a_site_across_two_touching_promoters_is_found() -> None:
    genome = planted((96, WORD))
    sites = predict_sites(
        join_promoters([promoter("a", 20, 100, "+", genome), promoter("b", 100, 180, "+", genome)], "p"),
        [motif("M")],
        ScanSettings(p_value=1e-5),
        Notes("s"),
        "m",
    )
    assert [(site.start, site.end) for site in sites] == [(96, 106)]


def test_motifs_of_one_regulator_do_not_repeat_a_site() -> None:
    genome = planted((30, WORD))
    sites = predict_sites(
        join_promoters([promoter("a", 0, 100, "+", genome)], "p"),
        [motif("1", "LexA"), motif("2", "lexa"), motif("3", "Other")],
        ScanSettings(p_value=1e-5),
        Notes("s"),
        "m",
    )
    assert [site.regulator for site in sites] == ["LexA", "Other"]


def test_nothing_left_is_refused() -> None:
    stretches = join_promoters([FastaRecord("a", "c:0-50(+)", b"A" * 50)], "p")
    with pytest.raises(InputError, match="no site of 1 motifs"):
        predict_sites(stretches, [motif("M")], ScanSettings(p_value=1e-5), Notes("s"), "m")
    with pytest.raises(InputError, match="none of 1 motifs matches motif_keep 'x'"):
        predict_sites(stretches, [motif("M")], ScanSettings(keep=re.compile("x")), Notes("s"), "m")


def test_a_motif_that_cannot_reach_the_p_value_is_noted() -> None:
    notes = Notes("s")
    predict_sites(
        join_promoters([promoter("a", 0, 100, "+", planted((30, WORD)))], "p"),
        [motif("M"), motif("short", word=b"ACG")],
        ScanSettings(p_value=1e-5),
        notes,
        "m",
    )
    assert [note.n for note in notes.notes if note.kind == "dropped"] == [1, 1]


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({}, ["LexA_E.coli", "ada", "CRP_25-12", "H_NS_28-14", "DinR/LexA", "NA_1"]),
        ({"motif_name": "^(H_NS|[^_/]+)", "motif_rename": {"H_NS": "hns"}}, ["LexA", "ada", "CRP", "hns", "DinR", "NA"]),
        ({"motif_by": "motif"}, ["LexA_E.coli_EXPREG_1", "ada", "CRP_25-12", "H_NS_28-14", "DinR/LexA_MX1", "NA_1"]),
        ({"motif_keep": "E.coli|^ada"}, ["LexA_E.coli", "ada", None, None, None, None]),
    ],
)
def test_names(config: dict[str, object], names: list[str | None]) -> None:
    motifs = [
        motif("EXPREG_1", "LexA_E.coli"),
        motif("ada"),
        motif("CRP_25-12"),
        motif("H_NS_28-14"),
        motif("MX1", "DinR/LexA"),
        motif("NA_1", "NA"),
    ]
    assert regulators_of(motifs, scan_settings(config, "c")) == names


def test_spellings_that_differ_in_case_are_one_in_the_first_spelling() -> None:
    assert regulators_of([motif("CRP"), motif("crp"), motif("x", "Crp")], ScanSettings()) == ["CRP"] * 3


def test_settings_are_refused_at_once() -> None:
    with pytest.raises(InputError) as caught:
        scan_settings(
            {"p_value": 1, "pseudocount": 0, "motif_by": "set", "background": "none", "motif_name": "a", "motif_keep": "("}, "c.json"
        )
    for told in (
        "p_value is 1",
        "pseudocount is 0",
        "motif_by is 'set'",
        "background is 'none'",
        "motif_name 'a' has no group",
        "motif_keep is '('",
    ):
        assert told in str(caught.value)
