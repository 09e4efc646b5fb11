"""What -resume reruns: nothing when nothing changed, else what uses the change and what follows from it."""

from pathlib import Path

import pytest
from conftest import Nextflow, Run

pytestmark = pytest.mark.pipeline

PREPARE = {"REFERENCE", "EXPRESSION", "SCAN_MOTIFS", "BIN_SITES", "SPLIT"}
LEARN = {"TRAIN_DECODE", "SELECT_MODELS", "BASELINES", "EVALUATE", "ATTRIBUTE", "REPORT"}
FROM_TRAIN = LEARN - {"BASELINES"}


def edit(path: Path, old: str, new: str) -> None:
    """Replace in a file; the old text must be there."""
    text = path.read_text()
    assert old in text, f"{path} lacks {old!r}"
    path.write_text(text.replace(old, new, 1))


def append(path: Path, text: str) -> None:
    """Add to a file's end."""
    path.write_text(path.read_text() + text)


def test_what_an_edit_reruns(nextflow: Nextflow, project: Path, mini: Path, tmp_path: Path) -> None:
    organism = tmp_path / "mini.yml"
    organism.write_text((mini / "mini.yml").read_text())

    def again(*more: str) -> Run:
        run = nextflow.run(tmp_path / "run", "-stub-run", "-resume", "--organism", organism, "--data_dir", mini, "--models", "default", "--replicates", "1", "--ablation", "false", "--baselines", "mean", *more,
                           project=project)
        assert run.code == 0, run.text
        return run

    assert again().executed() == PREPARE | LEARN
    assert again().executed() == set()
    append(project / "assets" / "decode" / "default.yml", "\n# a comment is an edit\n")
    assert again().executed() == FROM_TRAIN
    append(project / "bin" / "regdecode" / "report" / "__init__.py", "\n# edited\n")
    assert again().executed() == {"REPORT"}
    append(project / "bin" / "regdecode" / "explain" / "deeplift.py", "\n# edited\n")
    assert again().executed() == {"ATTRIBUTE", "REPORT"}
    append(project / "bin" / "regdecode" / "genome" / "binning_kernel.py", "\n# edited\n")
    edited = again()
    assert edited.executed() == {"BIN_SITES", "SPLIT"} | LEARN
    edit(organism, "p_value: 0.000001", "p_value: 0.00001")
    assert again().executed() >= {"SCAN_MOTIFS", "BIN_SITES", "SPLIT", "TRAIN_DECODE"}
    assert again("--seed", "1").executed() == {"SPLIT", "TRAIN_DECODE", "SELECT_MODELS", "BASELINES", "EVALUATE", "ATTRIBUTE", "REPORT"}
    assert again("--seed", "1", "--max_cpus", "1").executed() == set()


def test_a_failed_run_continues_where_it_stopped(nextflow: Nextflow, project: Path, mini: Path, tmp_path: Path) -> None:
    args = ("-stub-run", "--organism", mini / "mini.yml", "--models", "default", "--replicates", "1", "--ablation", "false", "--baselines", "mean")
    module = project / "modules" / "local" / "evaluate" / "main.nf"
    sound = module.read_text()
    head, stub = sound.split("stub:")
    module.write_text(head + "stub:" + stub.replace('"""\n', '"""\n    exit 3\n', 1))
    failed = nextflow.run(tmp_path / "run", *args, project=project)
    assert failed.code != 0 and "EVALUATE" in failed.text
    assert not (failed.out / "metrics.tsv").exists() and not (failed.out / "report.html").exists()
    module.write_text(sound)
    mended = nextflow.run(tmp_path / "run", "-resume", *args, project=project)
    assert mended.code == 0, mended.text
    assert mended.executed() == {"EVALUATE", "REPORT"}
