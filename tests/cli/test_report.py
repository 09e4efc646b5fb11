"""The script of REPORT."""

import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner
from tests.unit.report.make_inputs import make_inputs

from report import main

SCRIPT = Path(__file__).resolve().parents[2] / "bin" / "report.py"


def test_writes_page_figures_and_multiqc(tmp_path):
    inputs = make_inputs(tmp_path / "inputs", n_outputs=5)
    result = CliRunner().invoke(main, ["--inputs", str(inputs), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.html", "notes.tsv", "figures", "multiqc"}
    assert "report.html" in result.output
    notes = (tmp_path / "out" / "notes.tsv").read_text().splitlines()
    assert notes[0].split("\t") == ["step", "kind", "what", "n", "why"] and len(notes) == 8
    assert notes[2].split("\t") == ["reference", "dropped", "genes on a second locus", "20", "the longest model is kept: GENE1, GENE2"]


def test_bad_input_is_one_message_and_nothing_is_written(tmp_path):
    inputs = make_inputs(tmp_path / "inputs", n_outputs=5)
    for spoil in (
        lambda: (inputs / "metrics.tsv").unlink(),
        lambda: (inputs / "run.json").write_text("[]"),
        lambda: (inputs / "run.json").unlink(),
    ):
        spoil()
        result = CliRunner().invoke(main, ["--inputs", str(inputs), "--out", str(tmp_path / "out")])
        assert result.exit_code == 2
        assert "fix:" in result.output and "Traceback" not in result.output
        assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".*"))


def test_no_fold_is_named(tmp_path):
    import shutil

    inputs = make_inputs(tmp_path / "inputs", n_outputs=5)
    shutil.rmtree(inputs / "folds")
    result = CliRunner().invoke(main, ["--inputs", str(inputs), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2 and "no fold" in result.output


def run(lines: list[str]) -> str:
    start = ["import runpy, sys", f"sys.path.insert(0, {str(SCRIPT.parent)!r})"]
    return subprocess.run([sys.executable, "-c", "\n".join(start + lines)], capture_output=True, check=True, text=True).stdout


def test_help_is_light():
    show = [
        "sys.argv = ['report.py', '--help']",
        "try:",
        f"    runpy.run_path({str(SCRIPT)!r}, run_name='__main__')",
        "except SystemExit:",
        "    pass",
    ]
    assert "Usage" in run([*show, "assert not {'matplotlib', 'pandas', 'scipy', 'torch'} & set(sys.modules)"])


def test_report_knows_no_model():
    run(["import regdecode.report.page", "assert not {'torch', 'anndata', 'xgboost', 'numba'} & set(sys.modules)"])
