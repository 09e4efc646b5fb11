"""Spellings of chromosome names: what is one, what stays apart, what is ambiguous."""

import pytest

from regdecode.genome.chromosomes import name_key, names_in_description, reconcile, roman_value, spellings

YEAST = dict.fromkeys("I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI Mito".split(), ())
HUMAN = {f"chr{name}": () for name in [*range(1, 23), "X", "Y", "M"]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("chr1", "1"),
        ("Chr01", "1"),
        ("chromosome_7", "7"),
        ("chrM", "MT"),
        ("Mito", "chrMT"),
        ("NC_001133.9", "ref|NC_001133|"),
        ("gi|330443482|ref|NC_001134.8|", "NC_001134"),
        ("chrUn_KI270742v1", "Un_KI270742v1"),
        ("CHRX", "X"),
        ("Pt", "chloroplast"),
    ],
)
def test_one_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("chr1", "chr11"), ("X", "10"), ("chr", "1"), ("1", "I"), ("10", "1"), ("GL000008.2", "GL000009.2"), ("2L", "2R")]
)
def test_different_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


def test_roman_numerals() -> None:
    numerals = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx xxi".split()
    assert [roman_value(numeral) for numeral in numerals] == list(range(1, 22))
    assert [roman_value(word) for word in ("", "mt", "iiii", "2l", "vx", "1")] == [None] * 6


def test_yeast_names_in_every_style() -> None:
    for names in (["chrI", "chrX", "chrXVI", "chrM"], ["1", "10", "16", "MT"], ["chr1", "chr10", "chr16", "Mito"]):
        assert list(reconcile(names, YEAST).mapping.values()) == [reconcile([name], YEAST).mapping[name] for name in sorted(names)]
        assert sorted(reconcile(names, YEAST).mapping.values()) == ["I", "Mito", "X", "XVI"]


def test_roman_names_against_arabic_ones() -> None:
    known = {str(number): () for number in range(1, 17)}
    assert reconcile(["chrIV", "chrX", "chrXVI"], known).mapping == {"chrIV": "4", "chrX": "10", "chrXVI": "16"}


def test_the_x_chromosome_is_no_number() -> None:
    assert reconcile(["X", "10", "chrV"], HUMAN) == ({"X": "chrX", "10": "chr10"}, ["chrV"])


def test_aliases_go_before_spellings_and_ambiguity_stays_unknown() -> None:
    assert reconcile(["1", "b"], {"A": ("1",), "B": ("b",), "chr1": ()}).mapping == {"1": "A", "b": "B"}
    assert reconcile(["01"], {"chr1": (), "1": ()}).unknown == ["01"]
    assert reconcile(["1", "chr1"], {"chr1": (), "1": ()}).mapping == {"1": "1", "chr1": "chr1"}


@pytest.mark.parametrize(
    ("description", "pattern", "names"),
    [
        ("[org=S] [chromosome=IV]", r"chromosome=(\w+)", ["IV"]),
        ("[org=S] [location=mitochondrion] [top=circular]", r"chromosome=(\w+)", ["MT"]),
        ("Homo sapiens chromosome 1, GRCh38.p14 Primary Assembly", None, ["1"]),
        ("dna:chromosome chromosome:GRCh38:X:1:156040895:1 REF", None, ["X"]),
        ("Escherichia coli str. K-12, complete genome", None, []),
        ("Homo sapiens mitochondrion, complete genome", None, ["MT"]),
        ("chromosome:R64-1-1:II:1:813184:1", None, ["II"]),
    ],
)
def test_names_in_fasta_descriptions(description: str, pattern: str | None, names: list[str]) -> None:
    assert names_in_description(description, pattern) == names


def test_spellings_lead_back_to_the_name() -> None:
    for known, roman in ((YEAST, True), (HUMAN, False), ({"NC_000913.3": ()}, False)):
        for name in known:
            for spelling in spellings(name, roman):
                assert reconcile([spelling], known).mapping == {spelling: name}
