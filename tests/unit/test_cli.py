"""What every script shares."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from regdecode import __version__, cli
from regdecode.errors import InputError, ToleranceError

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "bin").glob("*.py"))
HEAVY = ("numpy", "torch", "numba", "anndata", "polars", "pandas", "scipy", "xgboost", "shap", "matplotlib", "sklearn")


@pytest.mark.parametrize(("error", "code"), [(InputError("bad", "f.bed:3", "mend it"), 2), (ToleranceError("off"), 3)])
def test_known_errors_end_in_one_message_and_their_code(error, code):
    @cli.command
    def script() -> None:
        """Fail."""
        raise error

    result = CliRunner().invoke(script, [])
    assert result.exit_code == code
    assert result.output.startswith(f"error: {error}")
    assert "Traceback" not in result.output


def test_version_and_help():
    @cli.command
    @click.option("--n", default=3, help="A number.")
    def script(n: int) -> None:
        """Do it."""

    assert CliRunner().invoke(script, ["--version"]).output.strip() == __version__
    assert "[default: 3]" in CliRunner().invoke(script, ["--help"]).output


@pytest.mark.parametrize(
    ("options", "given", "used"), [([], {}, 1), (["--threads", "2"], {}, 2), (["--threads", "2"], {"OMP_NUM_THREADS": "1"}, 1)]
)
def test_linear_algebra_takes_no_more_threads_than_given(options, given, used):
    probe = (
        "from regdecode import cli\n"
        "@cli.command\n"
        "@cli.option_threads\n"
        "def script(threads):\n"
        "    import os\n"
        "    print(os.environ['OMP_NUM_THREADS'])\n"
        "script()"
    )
    clean = {name: value for name, value in os.environ.items() if name not in cli.THREADS}
    done = subprocess.run(
        [sys.executable, "-c", probe, *options], capture_output=True, text=True, cwd=ROOT / "bin", check=True, env=clean | given
    )
    assert int(done.stdout) == used


@pytest.mark.parametrize(("options", "details"), [([], []), (["--verbose"], ["regdecode.part details"])])
def test_verbose_logs_the_details_of_regdecode_alone(options, details):
    probe = (
        "import logging\n"
        "from regdecode import cli\n"
        "@cli.command\n"
        "def script():\n"
        "    for name in ('regdecode.part', 'numba'):\n"
        "        logging.getLogger(name).debug(name + ' details')\n"
        "        logging.getLogger(name).info(name + ' news')\n"
        "    print(logging.getLogger().level)\n"
        "script()"
    )
    done = subprocess.run([sys.executable, "-c", probe, *options], capture_output=True, text=True, cwd=ROOT / "bin", check=True)
    assert [line.split(" ", 1)[1] for line in done.stderr.splitlines()] == [*details, "regdecode.part news", "numba news"]
    assert int(done.stdout) == logging.INFO  # the root logger, with or without --verbose


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_help_and_version_import_nothing_heavy(path):
    probe = (
        "import runpy, sys; sys.argv = ['x', '--help']\n"
        f"try: runpy.run_path({str(path)!r}, run_name='__main__')\n"
        "except SystemExit: pass\n"
        f"print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, cwd=ROOT / "bin", check=True)
    assert done.stderr.strip().endswith("[]"), done.stderr
    assert "Usage:" in done.stdout
