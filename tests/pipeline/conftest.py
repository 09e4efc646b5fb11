"""Drive nextflow from pytest: a command, a run with its trace, copies of the project that a test may edit."""

import csv
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = ("main.nf", "nextflow.config", "nextflow_schema.json", "workflows", "subworkflows", "modules", "conf", "assets", "bin")


@dataclass(frozen=True)
class Run:
    """One finished nextflow run.

    Parameters
    ----------
    code
        Exit status.
    text
        What nextflow printed.
    out
        The results' folder.
    """

    code: int
    text: str
    out: Path

    def trace(self) -> list[dict[str, str]]:
        """Rows of trace.txt; `process` without the workflows around it."""
        with (self.out / "pipeline_info" / "trace.txt").open(newline="") as lines:
            return [row | {"process": row["process"].split(":")[-1]} for row in csv.DictReader(lines, delimiter="\t")]

    def counts(self) -> Counter[str]:
        """Tasks a process."""
        return Counter(row["process"] for row in self.trace())

    def executed(self) -> set[str]:
        """Processes of which at least one task ran, rather than came from the cache."""
        return {row["process"] for row in self.trace() if row["status"] != "CACHED"}


@dataclass(frozen=True)
class Nextflow:
    """A nextflow command."""

    command: str

    def call(self, *args: str | Path, cwd: Path, env: dict[str, str] | None = None, timeout: int = 800) -> subprocess.CompletedProcess[str]:
        """Run it, with the Python of these tests first on PATH."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | {"PATH": path, "NXF_ANSI_LOG": "false"} | (env or {})
        return subprocess.run(
            [self.command, *map(str, args)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    def run(
        self,
        folder: Path,
        *args: str | Path,
        project: Path = ROOT,
        env: dict[str, str] | None = None,
        outdir: str = "out",
        **params: object,
    ) -> Run:
        """`nextflow run` in `folder` with `--name value` of every further keyword; results in its `outdir`."""
        folder.mkdir(parents=True, exist_ok=True)
        pairs = [word for name, value in params.items() for word in (f"--{name}", str(value))]
        done = self.call("run", project / "main.nf", "-output-dir", outdir, "--outdir", outdir, *args, *pairs, cwd=folder, env=env)
        return Run(done.returncode, done.stdout + done.stderr, folder / outdir)


@pytest.fixture(scope="session")
def nextflow() -> Nextflow:
    """The command that `make test` exports, else the one the set-up finds or fetches."""
    command = os.environ.get("NEXTFLOW")
    if not command:
        found = subprocess.run(
            [sys.executable, ROOT / "tools" / "setup_machine.py", "nextflow"], capture_output=True, text=True, check=True
        )
        command = found.stdout.strip().splitlines()[-1]
    return Nextflow(command)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the pipeline, without what git ignores, that the test may edit."""
    copy = tmp_path / "project"
    copy.mkdir()
    for name in PIPELINE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    return copy


@pytest.fixture(scope="session")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the mini-organism: mini.yml and its files."""
    folder = tmp_path_factory.mktemp("mini")
    subprocess.run([sys.executable, ROOT / "tests" / "data" / "make_mini.py", folder], check=True, capture_output=True)
    return folder


COHORTS = """\
individuals:
  - { id: second, matrix: second.tsv, samples: second.sheet.tsv, kind: counts, design: "~ age + sex", test: [age, sex], pairs: pairs.tsv }
  - { id: first, matrix: first.tsv, samples: first.sheet.tsv, kind: tpm, design: "~ age + C(sex)", test: [age], covariates: [batch] }
  - id: crosses
    matrix: crosses.tsv
    kind: log2
    model: false
    design: "~ marker_gene1"
    test: [marker_gene1, effect]
    contrasts: { effect: "marker_gene1 - Intercept" }
    genotypes: { matrix: genotypes.tsv, positions: positions.tsv, near: [gene1] }
"""


@pytest.fixture(scope="session")
def cohorts(mini: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the mini-organism with three cohorts, two of them with a model; the cohorts' files are empty: for stub runs."""
    folder = tmp_path_factory.mktemp("cohorts")
    shutil.copytree(mini, folder, dirs_exist_ok=True)
    (folder / "mini.yml").write_text((mini / "mini.yml").read_text() + COHORTS)
    for name in ("second", "first", "crosses"):
        (folder / f"{name}.tsv").touch()
        (folder / f"{name}.sheet.tsv").touch()
    for name in ("pairs", "genotypes", "positions"):
        (folder / f"{name}.tsv").touch()
    return folder


@pytest.fixture(scope="session")
def preset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default preset with one network and one forest: what `--models` takes where a test needs no ensemble."""
    spec = yaml.safe_load((ROOT / "assets" / "decode" / "default.yml").read_text())
    path = tmp_path_factory.mktemp("preset") / "small.yml"
    path.write_text(yaml.safe_dump(spec | {"members": {"network": 1, "trees": 1}}, sort_keys=False))
    return path


def named_files(spec: dict) -> list[str]:
    """Every file that an organism file names."""
    names = [
        spec["reference"]["annotation"]["file"],
        spec["reference"].get("fasta"),
        spec["expression"]["matrix"],
        spec["expression"].get("samples"),
    ]
    for entry in spec["regulators"]:
        links = entry.get("links")
        names += [
            entry.get("sites"),
            links["file"] if isinstance(links, dict) else links,
            entry.get("annotation", {}).get("file"),
            *entry.get("motifs", []),
        ]
    for entry in spec.get("individuals", []):
        markers = entry.get("genotypes", {})
        pairs = entry.get("pairs", "auto")
        names += [
            entry["matrix"],
            entry.get("samples"),
            markers.get("matrix"),
            markers.get("positions"),
            None if pairs == "auto" else pairs,
        ]
    deep = spec.get("deeprage", {})
    names += [deep.get("regulators"), deep.get("known_targets", {}).get("file"), *deep.get("motifs", [])]
    names += [deep.get("regimes", {}).get(regime, {}).get("file") for regime in ("new_gene", "new_condition")]
    return [name for name in names if name]


def empty_files(organism: str, folder: Path) -> Path:
    """A data folder with an empty file for every name of a shipped organism: all that a stub run needs."""
    spec = yaml.safe_load(
        (ROOT / "assets" / "organisms" / f"{organism}.yml").read_text().replace(" on: ", " 'on': ").replace("\n    on:", "\n    'on':")
    )
    for name in named_files(spec):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder
