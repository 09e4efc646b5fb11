"""Outputs appear whole or not at all."""

import pytest

from regdecode.io.atomic import atomic_path


def test_a_file_appears_only_when_the_block_ends(tmp_path):
    final = tmp_path / "new" / "out.tsv"
    with atomic_path(final) as temporary:
        temporary.write_text("done")
        assert not final.exists()
        assert temporary.suffix == ".tsv"
    assert final.read_text() == "done"
    assert [path.name for path in final.parent.iterdir()] == ["out.tsv"]


def test_an_error_leaves_the_old_content_and_no_rest(tmp_path):
    final = tmp_path / "out.tsv"
    final.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(final) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert final.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.tsv"]


def test_a_folder_replaces_a_folder(tmp_path):
    final = tmp_path / "model"
    for content in ("first", "second"):
        with atomic_path(final) as temporary:
            temporary.mkdir()
            (temporary / content).touch()
    assert [path.name for path in final.iterdir()] == ["second"]
    with pytest.raises(RuntimeError), atomic_path(final) as temporary:
        temporary.mkdir()
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
