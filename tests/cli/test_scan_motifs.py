"""scan_motifs.py from files to files: planted sites, same bytes, and what it refuses."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import scan_motifs
from regdecode.io.meme import read_meme
from regdecode.io.notes import read_notes

WORD = "ACGGTCATTG"
MEME = "MEME version 4\n\nALPHABET= ACGT\n\nMOTIF M1 LexA_x\nlog-odds matrix: alength= 4 w= 10 E= 0\n" + "1 2 3 4\n" * 10
MATRIX = "letter-probability matrix: alength= 4 w= 10 nsites= 20 E= 0\n" + "".join(
    " ".join("1" if letter == here else "0" for letter in "ACGT") + "\n" for here in WORD
)
OTHER = "MEME version 4\n\nMOTIF lexa\n" + MATRIX + "\nMOTIF tiny\nletter-probability matrix: alength= 4 w= 2\n1 0 0 0\n1 0 0 0\n"
CONFIG = {"class": "motif", "on": "promoter", "p_value": 1e-5, "motif_name": "^([^_]+)"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two promoters that share a planted word, and two motif sets that both hold it."""
    letters = np.random.default_rng(5).choice(list("ACGT"), 300).tolist()
    letters[100:110] = WORD
    text = "".join(letters)
    (tmp_path / "promoters.fa").write_text(f">g1 chr1:1050-1150(+)\n{text[50:150]}\n>g2 chr1:1090-1200(+)\n{text[90:200]}\n")
    (tmp_path / "a.meme").write_text(MEME + "\n" + MATRIX)
    (tmp_path / "b.meme").write_text(OTHER)
    return tmp_path


def run(folder: Path, config: dict[str, Any] = CONFIG, promoters: str = "promoters.fa", out: str = "tf.bed.gz") -> Result:
    """Run the script."""
    (folder / "config.json").write_text(json.dumps(config))
    return CliRunner().invoke(
        scan_motifs.main,
        [
            "--promoters",
            str(folder / promoters),
            "--motifs",
            str(folder / "a.meme"),
            "--motifs",
            str(folder / "b.meme"),
            "--config",
            str(folder / "config.json"),
            "--out",
            str(folder / out),
        ],
    )


def refused(folder: Path, result: Result, *told: str) -> None:
    """One message with all of `told`, exit code 2, nothing written."""
    assert result.exit_code == 2, result.output
    for part in (*told, "fix:"):
        assert part in result.output
    assert "Traceback" not in result.output
    assert not [path for path in folder.iterdir() if "bed" in path.name or "notes" in path.name]


def test_planted_site_stands_once_in_genome_coordinates(folder: Path) -> None:
    result = run(folder)
    assert result.exit_code == 0, result.output
    rows = gzip.decompress((folder / "tf.bed.gz").read_bytes()).decode().splitlines()
    assert [row.split("\t")[:4] + row.split("\t")[5:] for row in rows] == [["chr1", "1100", "1110", "LexA", "+"]]
    assert 500 <= int(rows[0].split("\t")[4]) <= 700
    notes = read_notes(folder / "scan.tf.notes.json")
    assert notes.stage == "scan_motifs motif"
    assert {note.what: note.n for note in notes.notes}["motifs that cannot reach the p-value"] == 1


def test_same_inputs_same_bytes_plain_or_gzipped(folder: Path) -> None:
    run(folder)
    first = (folder / "tf.bed.gz").read_bytes()
    run(folder)
    assert (folder / "tf.bed.gz").read_bytes() == first
    run(folder, out="tf.bed")
    assert (folder / "tf.bed").read_bytes() == gzip.decompress(first)


def test_broken_motif_files_are_told_together(folder: Path) -> None:
    (folder / "b.meme").write_text(OTHER.replace("1 0 0 0\n1 0 0 0\n", "1 0 0 0\nx\n"))
    (folder / "a.meme").write_text("MEME version 4\nMOTIF a\n" + MATRIX.replace("w= 10", "w= 11"))
    refused(
        folder,
        run(folder),
        "2 faults",
        f"{folder / 'a.meme'}:3: motif a has 10 rows of w= 11",
        f"{folder / 'b.meme'}:19: row 2 of the 2 rows of motif tiny",
    )


def test_no_motif_file_at_all(folder: Path) -> None:
    (folder / "a.meme").write_text(">x\nACGT\n")
    refused(folder, run(folder), "a.meme:1", "motif x has 1 rows, not four")
    (folder / "a.meme").write_text("x ACGT\n")
    refused(folder, run(folder), "a.meme:1", "MEME version")


def test_jaspar_and_meme_files_give_the_same_sites(folder: Path) -> None:
    assert run(folder).exit_code == 0
    before = gzip.decompress((folder / "tf.bed.gz").read_bytes())
    for name in ("a.meme", "b.meme"):
        told = ""
        for motif in read_meme(folder / name):
            rows = [" ".join(map(str, row)) for row in (motif.probabilities.T * motif.sites).tolist()]
            told += "\n".join([f">{motif.motif_id} {motif.alternate}", *rows, ""])
        (folder / name).write_text(told)
    assert run(folder).exit_code == 0
    assert gzip.decompress((folder / "tf.bed.gz").read_bytes()) == before


def test_all_sites_filtered_away(folder: Path) -> None:
    (folder / "promoters.fa").write_text(">g1 chr1:0-60(+)\n" + "T" * 60 + "\n")
    refused(folder, run(folder), "no site of 3 motifs", "p_value")
    refused(folder, run(folder, {**CONFIG, "motif_keep": "nothing"}), "none of 3 motifs")


def test_promoters_without_places(folder: Path) -> None:
    (folder / "promoters.fa").write_text(">g1\nACGTACGTACGTA\n")
    refused(folder, run(folder), "promoters.fa", "header of g1")


def test_truncated_promoters(folder: Path) -> None:
    (folder / "p.fa.gz").write_bytes(gzip.compress((folder / "promoters.fa").read_bytes())[:-20])
    refused(folder, run(folder, promoters="p.fa.gz"), "p.fa.gz", "truncated")


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"p_value": 2}, "p_value is 2"),
        ({"p_value": "low"}, "p_value is 'low'"),
        ({"background": "genome"}, "background"),
        ({"motif_name": "["}, "motif_name"),
    ],
)
def test_bad_settings(folder: Path, config: dict[str, Any], told: str) -> None:
    refused(folder, run(folder, {**CONFIG, **config}), told)
