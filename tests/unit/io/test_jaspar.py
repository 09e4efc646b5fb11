"""JASPAR files: with letters and brackets or bare, told from MEME files by their first line."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from regdecode.errors import InputError
from regdecode.io.jaspar import read_jaspar
from regdecode.io.motif_file import read_motifs

LETTERED = (
    ">MA0001.1\tAGL3\nA  [ 0  3 79 ]\nC  [94 75  4 ]\nG  [ 1  0  3 ]\nT  [ 2 19 11 ]\n\n>MA0002.1 RUNX1\nA [10]\nC [0]\nG [0]\nT [10]\n"
)
BARE = ">MA0001.1 AGL3\n0 3 79\n94 75 4\n1 0 3\n2 19 11\n>MA0002.1 RUNX1\n10\n0\n0\n10\n"


@pytest.mark.parametrize("text", [LETTERED, BARE])
def test_counts_become_probabilities(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.jaspar").write_text(text)
    first, second = read_motifs(tmp_path / "a.jaspar")
    assert (first.motif_id, first.alternate, first.sites, first.line) == ("MA0001.1", "AGL3", 97.0, 1)
    assert first.probabilities == pytest.approx(np.array([[0, 94, 1, 2], [3, 75, 0, 19], [79, 4, 3, 11]]) / 97)
    assert second.probabilities.tolist() == [[0.5, 0, 0, 0.5]]


def test_the_first_line_tells_the_format(tmp_path: Path) -> None:
    meme = "MEME version 5\nMOTIF a\nletter-probability matrix:\n1 0 0 0\n0 1 0 0\n"
    (tmp_path / "a.meme").write_text("\n" + meme)
    assert read_motifs(tmp_path / "a.meme")[0].motif_id == "a"
    with gzip.open(tmp_path / "b.gz", "wt") as handle:
        handle.write("\n" + BARE)
    assert read_motifs(tmp_path / "b.gz")[1].motif_id == "MA0002.1"
    (tmp_path / "c").write_text("a motif\n")
    with pytest.raises(InputError, match=r"c:1: the first line .*\n.*MEME or JASPAR"):
        read_motifs(tmp_path / "c")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no motif"),
        ("A [1]\n>a\n", r"a\.jaspar:1: a line before"),
        (">\n1\n1\n1\n1\n", r"a\.jaspar:1: a motif without a name"),
        (">a\n1\n1\n1\n>b\n1\n1\n1\n1\n", r"a\.jaspar:1: motif a has 3 rows"),
        (">a\n1 2\n1\n1\n1\n", "motif a have 2, 1, 1, 1 counts"),
        (">a\nA [ ]\nC [ ]\nG [ ]\nT [ ]\n", "motif a have 0, 0, 0, 0 counts"),
        (">a\n1\nx\n1\n1\n", r"a\.jaspar:3: 'x' is not a row of counts"),
        (">a\nA [1]\nG [1]\nC [1]\nT [1]\n", r"a\.jaspar:3: a row of G where C is due"),
        (">a\n1 0\n1 0\n1 0\n1 0\n", "motif a has a negative count, or a position without any"),
        (">a\n1\n-1\n1\n1\n", "motif a has a negative count"),
        (">a\n1\n1\n1\n>b\n1\n", "2 faults"),
    ],
)
def test_malformed(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "a.jaspar").write_text(text)
    with pytest.raises(InputError, match=told):
        read_jaspar(tmp_path / "a.jaspar")
