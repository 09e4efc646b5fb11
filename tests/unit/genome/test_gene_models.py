"""One model a gene: longest spliced, ties, loci, fallbacks, units."""

import numpy as np

from regdecode.genome.models import gene_models, gene_table, merge_parts, model_of, representatives, units_of
from regdecode.io.annotation import Transcript
from regdecode.io.gene_table import NO_POSITION

RANK = {"1": 0, "2": 1}


def transcript(
    name: str, gene: str, exons: list[tuple[int, int]], chrom: str = "1", strand: str = "+", cds: list[tuple[int, int]] | None = None
) -> Transcript:
    """A transcript that spans its exons."""
    return Transcript(name, gene, chrom, strand, exons[0][0], exons[-1][1], 1, exons, cds or [])


def test_parts_are_united() -> None:
    assert merge_parts([(5, 9), (1, 3), (8, 12), (12, 14), (20, 21)]) == [(1, 3), (5, 14), (20, 21)]


def test_exons_then_coding_parts_then_span() -> None:
    whole = Transcript("t", "g", "1", "+", 0, 100, 1)
    assert (model_of(whole).exons, model_of(whole).coding, model_of(whole).source) == ([(0, 100)], None, "span")
    whole.cds = [(50, 60), (10, 20)]
    assert (model_of(whole).exons, model_of(whole).coding, model_of(whole).source) == ([(10, 20), (50, 60)], (10, 60), "cds")
    whole.exons = [(5, 30), (40, 70)]
    assert (model_of(whole).exons, model_of(whole).coding, model_of(whole).source) == ([(5, 30), (40, 70)], (10, 60), "exon")


def test_most_spliced_bases_win_not_the_widest_span_and_ties_go_to_the_smallest_id() -> None:
    found = representatives(
        [transcript("t2", "g", [(0, 10), (90, 100)]), transcript("t3", "g", [(20, 60)]), transcript("t1", "g", [(30, 70)])], RANK
    )
    assert found.models[0].exons == [(30, 70)]
    assert found.several_loci == []


def test_gene_on_several_loci_keeps_the_longest() -> None:
    copies = [
        transcript("t", "g", [(0, 10)]),
        transcript("t", "g", [(500, 520)], "2", "-"),
        transcript("u", "h", [(0, 5)]),
        transcript("v", "h", [(50, 55)]),
        transcript("w", "k", [(0, 50)]),
        transcript("w", "k", [(20, 60)]),
    ]
    found = representatives(copies, RANK)
    assert found.several_loci == ["g", "h", "k"]
    assert [(model.gene_id, model.chrom, model.exons) for model in found.models] == [
        ("h", "1", [(0, 5)]),
        ("k", "1", [(0, 50)]),
        ("g", "2", [(500, 520)]),
    ]


def test_overlapping_isoforms_are_one_locus() -> None:
    assert representatives([transcript("a", "g", [(0, 10), (40, 50)]), transcript("b", "g", [(45, 70)])], RANK).several_loci == []


def test_table_and_models() -> None:
    found = representatives(
        [
            transcript("a", "p", [(10, 20), (30, 45)], cds=[(15, 20), (30, 40)]),
            transcript("b", "m", [(60, 70), (80, 99)], strand="-", cds=[(65, 70), (80, 90)]),
            transcript("c", "n", [(5, 8)], "2", "-"),
        ],
        RANK,
    ).models
    genes = gene_table(found, {"p": "P"}, ["u", "u", "n"], ["p", "p", "n"], {"n": 6})
    assert genes.gene_id.tolist() == ["p", "m", "n"]
    assert genes.gene_name.tolist() == ["P", "m", "n"]
    assert genes.tss.tolist() == [10, 98, 7]
    assert genes.start_codon.tolist() == [15, 89, 6]
    assert (genes.length.tolist(), genes.n_exons.tolist()) == ([25, 29, 3], [2, 2, 1])
    assert gene_table(found[2:], {}, ["n"], ["n"], {}).start_codon.tolist() == [NO_POSITION]
    models = gene_models(found)
    assert models.exon_offsets.tolist() == [0, 2, 4, 5]
    assert np.array_equal(models.length, genes.length)
    assert (models.thick_start.tolist(), models.thick_end.tolist()) == ([15, 65, 5], [40, 90, 5])


def test_units_are_led_by_their_first_gene_on_each_strand() -> None:
    models = representatives(
        [
            transcript("a", "a", [(0, 10)]),
            transcript("b", "b", [(20, 30)]),
            transcript("c", "c", [(40, 50)], strand="-"),
            transcript("d", "d", [(60, 90)], strand="-"),
            transcript("e", "e", [(70, 80)], strand="-"),
            transcript("f", "f", [(0, 9)], "2"),
            transcript("g", "g", [(900, 910)]),
        ],
        RANK,
    ).models
    units, leaders = units_of(models, dict.fromkeys("abcdef", "U"))
    assert dict(zip((model.gene_id for model in models), leaders, strict=True)) == {
        "a": "a",
        "b": "a",
        "c": "d",
        "d": "d",
        "e": "d",
        "f": "f",
        "g": "g",
    }
    assert dict(zip((model.gene_id for model in models), units, strict=True)) == {
        "a": "U",
        "b": "U",
        "c": "U/2",
        "d": "U/2",
        "e": "U/2",
        "f": "U/3",
        "g": "g",
    }


def test_units_break_at_wide_gaps_when_asked() -> None:
    models = representatives([transcript(name, name, [(at, at + 10)]) for name, at in (("a", 0), ("b", 15), ("c", 500))], RANK).models
    assert units_of(models, dict.fromkeys("abc", "U"))[1] == ["a", "a", "a"]
    assert units_of(models, dict.fromkeys("abc", "U"), 100) == (["U", "U", "U/2"], ["a", "a", "c"])
