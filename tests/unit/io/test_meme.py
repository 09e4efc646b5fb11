"""MEME files: log-odds blocks do not disturb, broken matrices are named; memelite reads the same."""

from pathlib import Path

import numpy as np
import pytest

from regdecode.errors import InputError
from regdecode.io.meme import read_meme

HEAD = "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies (from x):\n A 0.3 C 0.2 G 0.2 T 0.3\n\n"
ODDS = "log-odds matrix: alength= 4 w= 2 E= 0\n  100 -100 0 0\n -10000 200 0 0\n\n"
PROBABILITIES = "letter-probability matrix: alength= 4 w= 2 nsites= 7 E= 0\n 0.7 0.1 0.1 0.1 \n0.0\t1.0\t0.0\t0.0\nURL http://x\n"


def write(path: Path, text: str) -> Path:
    """Write a motif file."""
    path.write_text(text)
    return path


@pytest.mark.parametrize("body", [ODDS + PROBABILITIES, PROBABILITIES + ODDS, PROBABILITIES])
def test_probabilities_are_found_wherever_they_stand(tmp_path: Path, body: str) -> None:
    first, second = read_meme(write(tmp_path / "a.meme", HEAD + "MOTIF id1 Alt\n\n" + body + "\nMOTIF id2\n" + body))
    assert (first.motif_id, first.alternate, first.sites, first.line) == ("id1", "Alt", 7.0, 10)
    assert (second.motif_id, second.alternate) == ("id2", "")
    assert np.allclose(first.probabilities, [[0.7, 0.1, 0.1, 0.1], [0, 1, 0, 0]])


def test_log_odds_alone_are_turned_back_with_the_background(tmp_path: Path) -> None:
    (motif,) = read_meme(write(tmp_path / "a.meme", HEAD + "MOTIF a\n" + ODDS))
    expected = np.array([0.3, 0.2, 0.2, 0.3]) * 2.0 ** np.array([[1, -1, 0, 0], [-100, 2, 0, 0]])
    assert np.allclose(motif.probabilities, expected / expected.sum(1, keepdims=True))


def test_width_and_sites_may_be_missing(tmp_path: Path) -> None:
    (motif,) = read_meme(write(tmp_path / "a.meme", "MEME version 5\nMOTIF a\nletter-probability matrix:\n1 0 0 0\n0 1 0 0\n"))
    assert (motif.probabilities.shape, motif.sites) == ((2, 4), 20.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (">a\nACGT\n", r"a\.meme:1: the first line"),
        (HEAD, "no motif"),
        (HEAD + "MOTIF a\n", r"a\.meme:10: motif a has no matrix"),
        (
            HEAD + "MOTIF a\nletter-probability matrix: alength= 4 w= 3\n1 0 0 0\n0 1 0 0\nMOTIF b\n",
            r"a\.meme:14: row 3 of the 3 rows of motif a is 'MOTIF b'",
        ),
        (HEAD + "MOTIF a\nletter-probability matrix: alength= 4 w= 2\n1 0 0 0\n0 1 0\n", r"a\.meme:13: row 2 .* is 3 numbers"),
        (HEAD + "MOTIF a\nletter-probability matrix: alength= 4 w= 2\n1 0 0 0\n", r"a\.meme:11: motif a has 1 rows of w= 2"),
        (HEAD + "MOTIF a\nletter-probability matrix: alength= 4 w= 1\n1 x 0 0\n", r"a\.meme:12: row 1"),
        (HEAD + "MOTIF a\nletter-probability matrix: alength= 4 w= 1\n1 1 0 0\n", r"a\.meme:11: row 1 of motif a sums to 2"),
        (HEAD + "MOTIF a\nletter-probability matrix: alength= 20 w= 1\n", r"a\.meme:11: motif a has alength= 20"),
        (HEAD + "MOTIF a\nletter-probability matrix: alength= 4 w= two\n", r"a\.meme:11: motif a has w= two"),
        (HEAD + "letter-probability matrix: alength= 4 w= 1\n1 0 0 0\n", r"a\.meme:10: a matrix before"),
        ("MEME version 4\nALPHABET= ACDEFGHIKLMNPQRSTVWY\n", r"a\.meme:2: the alphabet"),
        (HEAD + "MOTIF\n", r"a\.meme:10: a motif without a name"),
    ],
)
def test_malformed(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_meme(write(tmp_path / "a.meme", text))


@pytest.mark.shared_data
def test_real_sets_read_as_memelite_reads_them(shared_data: Path) -> None:
    memelite = pytest.importorskip("memelite.io")
    counts = {
        "SwissRegulon_e_coli": 97,
        "collectf": 84,
        "dpinteract": 68,
        "prodoric": 201,
        "regtransbase": 141,
        "JASPAR2026_fungi_core_latest": 193,
        "yetfasco_all": 1883,
        "YEASTRACT_20130918": 732,
        "macisaac_yeast.v1": 124,
        "yeast_uniprobe_GR09": 89,
        "SwissRegulon_s_cer": 158,
        "scpd_matrix": 24,
    }
    for path in [*(shared_data / "ecoli").glob("*.meme"), *(shared_data / "yeast" / "motifs").glob("*.meme")]:
        motifs = read_meme(path)
        assert len(motifs) == counts[path.name.removesuffix(".meme")]
        theirs = {name.split()[0]: matrix for name, matrix in memelite.read_meme(str(path)).items()}
        for motif in motifs:
            if motif.motif_id in theirs and theirs[motif.motif_id].shape[1] == len(motif.probabilities):
                assert np.allclose(theirs[motif.motif_id].T, motif.probabilities, atol=0.02)
