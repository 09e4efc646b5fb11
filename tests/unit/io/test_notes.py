"""The account of a step survives its file."""

from regdecode.io.notes import Notes, read_notes


def test_notes_survive(tmp_path):
    notes = Notes("reference")
    notes.add("genes", 12)
    notes.add("genes on two loci", 2, "the longest model is kept", "dropped")
    notes.write(tmp_path / "n.json")
    assert read_notes(tmp_path / "n.json") == notes
