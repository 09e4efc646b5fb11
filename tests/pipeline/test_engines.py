"""The mini-organism through a container engine and through a scheduler; skipped where there is none."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Nextflow

from images import layers, uses_gpu, version

SETTINGS = ["-profile", "test,{}", "--models", "default", "--replicates", "1"]


def answers(*command: str) -> bool:
    """Whether a client is here and its engine or controller answers."""
    if not shutil.which(command[0]):
        return False
    try:
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


@pytest.fixture(scope="session")
def docker() -> str:
    """A docker client whose engine answers and which has the images."""
    candidates = [path for folder in os.environ["PATH"].split(os.pathsep) if (path := shutil.which("docker", path=folder))]
    client = next((path for path in candidates if answers(path, "info")), None)
    if not client:
        pytest.skip("no Docker engine answers")
    missing = [name for name in layers() if not answers(client, "image", "inspect", f"regdecode/{name}:{version()}")]
    if missing:
        pytest.skip(f"no image of {', '.join(missing)}: make images")
    return client


@pytest.fixture(scope="session")
def slurm() -> None:
    if not answers("sinfo", "-h"):
        pytest.skip("no SLURM controller answers")


def organism(mini: Path) -> list[str]:
    return ["--organism", str(mini / "mini.yml"), "--data_dir", str(mini)]


def settings(engine: str) -> list[str]:
    return [word.format(engine) for word in SETTINGS]


@pytest.mark.docker
@pytest.mark.pipeline
def test_an_image_has_ps_and_runs_its_script(docker: str) -> None:
    """Nextflow's metrics need ps; a script answers from inside its image with the library mounted beside it."""
    folder = Path(__file__).resolve().parents[2] / "bin"
    for name in layers():
        inside = f"command -v ps >/dev/null && {name}.py --version && {name}.py --help >/dev/null"
        command = [
            docker,
            "run",
            "--rm",
            "-v",
            f"{folder}:/bin_of_regdecode:ro",
            "-e",
            "PATH=/bin_of_regdecode:/usr/local/bin:/usr/bin:/bin",
            f"regdecode/{name}:{version()}",
        ]
        answer = subprocess.run([*command, "bash", "-c", inside], capture_output=True, text=True, check=False)
        assert answer.returncode == 0 and answer.stdout.strip() == version(), f"{name}: {answer.stderr}"


@pytest.mark.docker
@pytest.mark.pipeline
@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_docker_runs_the_whole_pipeline(docker: str, nextflow: Nextflow, mini: Path, tmp_path: Path) -> None:
    path = f"{Path(docker).parent}{os.pathsep}{os.environ['PATH']}"
    run = nextflow.run(tmp_path, *settings("docker"), *organism(mini), env={"PATH": path})
    assert run.code == 0, run.text
    assert (run.out / "report.html").exists()
    assert set(run.counts()) >= {
        "REFERENCE",
        "BIN_SITES",
        "EXPRESSION",
        "SPLIT",
        "TRAIN_DECODE",
        "SELECT_MODELS",
        "BASELINES",
        "EVALUATE",
        "ATTRIBUTE",
        "REPORT",
    }
    scripts = [path.read_text() for path in (tmp_path / "work").rglob(".command.run")]
    assert scripts and all("docker run" in script for script in scripts)
    assert all(path.stat().st_uid == os.getuid() for path in run.out.rglob("*"))


@pytest.mark.docker
@pytest.mark.pipeline
def test_the_gpu_reaches_the_processes_that_use_it_alone(docker: str, nextflow: Nextflow, mini: Path, tmp_path: Path) -> None:
    answer = nextflow.call(
        "inspect", Path(__file__).resolve().parents[2] / "main.nf", "-profile", "test,docker,gpu", *organism(mini), cwd=tmp_path
    )
    if "no image" in answer.stdout + answer.stderr:
        pytest.skip("no -gpu images: make images GPU=1")
    assert answer.returncode == 0, answer.stderr
    for line in answer.stdout.splitlines():
        if '"container"' in line:
            name = line.split("regdecode/")[1].split(":")[0]
            assert ("-gpu" in line) == uses_gpu(name), line


@pytest.mark.slurm
@pytest.mark.pipeline
@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_slurm_runs_the_whole_pipeline(slurm: None, nextflow: Nextflow, mini: Path, tmp_path: Path) -> None:
    run = nextflow.run(tmp_path, *settings("slurm"), "--max_cpus", "2", "--max_memory", "4.GB", *organism(mini))
    assert run.code == 0, run.text
    assert (run.out / "report.html").exists()
    scripts = [path.read_text() for path in (tmp_path / "work").rglob(".command.run")]
    assert sum("#SBATCH" in script for script in scripts) == len(run.trace()), "tasks ran beside the scheduler"
