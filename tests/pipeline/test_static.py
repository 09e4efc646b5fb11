"""The shape of the house: modules, images, parameters, import floors. Nothing is run but Nextflow's own checks."""

import ast
import json
import os
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "bin" / "regdecode"
MODULES = sorted(path for path in (ROOT / "modules" / "local").glob("*") if path.is_dir())
SCRIPTS = sorted((ROOT / "bin").glob("*.py"))
PROFILES = [
    "docker",
    "podman",
    "apptainer",
    "singularity",
    "gpu",
    "slurm",
    "awsbatch",
    "google_batch",
    "k8s",
    "test",
    "demo",
    "docker,gpu",
    "slurm,apptainer,gpu",
]
FLOORS = {
    "report": 4,
    "training": 3,
    "explain": 3,
    "models": 2,
    "genome": 1,
    "expression": 1,
    "pairs": 1,
    "stats": 1,
    "io": 0,
    "errors": 0,
    "cli": 0,
}
sys.path.insert(0, str(ROOT / "tools"))
from conftest import Nextflow  # noqa: E402

from imports import DISTRIBUTIONS, imports, third_party  # noqa: E402
from lock import LAYERS  # noqa: E402
from regdecode.expression.deeprage_settings import REGIMES  # noqa: E402
from regdecode.models.deeprage_baselines import EVERYWHERE, NEED_MOTIFS, REGISTRY  # noqa: E402

ALIASES = {"ATTRIBUTE_PEOPLE": "ATTRIBUTE"}
ORGANISMS = re.compile(r"\b(ecoli|e_coli|yeast|human|saccharomyces|homo_sapiens)\b(?!-)", re.I)


# ---------------------------------------------------------------------------------------------------------------- helpers
def module_name(path: Path) -> str:
    parts = list(path.relative_to(ROOT / "bin").with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text(), flags=re.M))


def layer_of(process: str) -> str:
    return (ROOT / "containers" / process / "requirements.in").read_text().splitlines()[0].removeprefix("# layer: ")


def wanted(process: str) -> set[str]:
    lines = (ROOT / "containers" / process / "requirements.in").read_text().splitlines()
    return {re.split(r"[<>=]", line)[0] for line in lines if line and not line.startswith("#")}


# ---------------------------------------------------------------------------------------------------------------- modules
@pytest.mark.parametrize("folder", MODULES, ids=lambda folder: folder.name)
def test_a_module_is_complete(folder: Path) -> None:
    text = (folder / "main.nf").read_text()
    name = folder.name
    script = ROOT / "bin" / f"{name}.py"
    assert f"process {name.upper()} {{" in text
    assert "script:" in text and "stub:" in text and re.search(r"^\s+tag ", text, re.M) and re.search(r"^\s+label ", text, re.M)
    assert re.search(rf"\b{name}\.py ", text), "the script is not a word of the script block: an edit of it would not rerun the task"
    assert not re.search(r"\bparams\.|task\.ext|publishDir|\bwhen:", text)
    assert os.access(script, os.X_OK) and script.read_text().startswith("#!/usr/bin/env python3\n")
    assert f"regdecode/{name}:" in text
    assert (folder / "meta.yml").exists()


@pytest.mark.parametrize("folder", MODULES, ids=lambda folder: folder.name)
def test_a_module_is_documented(folder: Path) -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    assert any(re.search(rf"\b{folder.name.upper()}\b", page.read_text()) for page in pages), (
        f"no page of docs/ names {folder.name.upper()}"
    )


def test_the_page_on_gpus_names_the_processes_that_use_one() -> None:
    using = {folder.name.upper() for folder in MODULES if "'process_gpu'" in (folder / "main.nf").read_text()}
    row = re.search(r"^\| `gpu` \|.*$", (ROOT / "docs" / "gpu_and_hpc.md").read_text(), re.M)[0]
    assert set(re.findall(r"`([A-Z_]+)`", row)) == using


def test_every_script_has_its_module() -> None:
    assert {path.stem for path in SCRIPTS} == {folder.name for folder in MODULES}


def test_no_script_shadows_the_standard_library() -> None:
    """bin/ is the first place Python looks for imports when a script of it runs."""
    assert not {path.stem for path in SCRIPTS} & sys.stdlib_module_names


def test_images_carry_the_version_of_the_library() -> None:
    version = re.search(r'__version__ = "(.+)"', (LIBRARY / "__init__.py").read_text())[1]
    manifest = re.search(r"^\s*version\s*=\s*'(.+)'", (ROOT / "nextflow.config").read_text(), re.M)[1]
    tags = {re.search(r"regdecode/\w+:([\d.]+)", (folder / "main.nf").read_text())[1] for folder in MODULES}
    assert tags == {version} and manifest == version


# ---------------------------------------------------------------------------------------------------------------- images
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_an_image_holds_what_its_script_imports_and_asks_for_no_more(script: Path) -> None:
    assert wanted(script.stem) == third_party(script), "run `make lock`"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_an_image_starts_from_the_smallest_layer_that_will_do(script: Path) -> None:
    wanted_of = [name for name, marks in LAYERS.items() if third_party(script) & marks]
    assert layer_of(script.stem) == (wanted_of or ["base"])[0]


def test_locks_agree_so_that_images_share_their_layers() -> None:
    main = pins(ROOT / "requirements.lock")
    for lock in sorted((ROOT / "containers").glob("*/requirements.lock")):
        differing = {name: version for name, version in pins(lock).items() if main.get(name) != version}
        assert not differing, f"{lock}: run `make lock`"
        assert wanted(lock.parent.name) - {"torch"} <= set(pins(lock)), f"{lock} is older than its requirements.in: run `make lock`"


def test_locks_leave_torch_out() -> None:
    for lock in [ROOT / "requirements.lock", *(ROOT / "containers").glob("*/requirements.lock")]:
        assert not [name for name in pins(lock) if name == "torch" or name.startswith(("nvidia-", "cuda-", "triton"))]


def test_the_library_declares_what_it_imports() -> None:
    declared = {re.split(r"[<>=]", item)[0] for item in project_table()["dependencies"]}
    imported = {
        DISTRIBUTIONS.get(name.split(".")[0], name.split(".")[0]) for path in [*LIBRARY.rglob("*.py"), *SCRIPTS] for name in imports(path)
    }
    assert {name for name in imported if name not in sys.stdlib_module_names and name != "regdecode"} == declared


def test_the_project_declares_what_its_tests_import() -> None:
    project = project_table()
    declared = {re.split(r"[<>=]", item)[0] for item in [*project["dependencies"], *project["optional-dependencies"]["dev"]]}
    own = {path.stem for folder in (ROOT / "tests", ROOT / "tools", ROOT / "bin") for path in folder.rglob("*.py")} | {"regdecode", "tests"}
    imported = {name.split(".")[0] for path in (ROOT / "tests").rglob("*.py") for name in imports(path)} - own - sys.stdlib_module_names
    assert {DISTRIBUTIONS.get(name, name) for name in imported} <= declared


def project_table() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_dockerfile_needs_no_registry_features() -> None:
    text = (ROOT / "containers" / "Dockerfile").read_text()
    assert "# syntax" not in text and "<<" not in text and "@sha256" not in text and "procps" in text


# ---------------------------------------------------------------------------------------------------------------- library
@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.py")), ids=module_name)
def test_a_floor_imports_only_floors_below(path: Path) -> None:
    def floor(name: str) -> int | None:
        parts = name.split(".")
        return FLOORS.get(parts[1]) if len(parts) > 1 and parts[0] == "regdecode" else None

    mine = floor(module_name(path))
    if mine is None:
        return
    above = [name for name in imports(path) if (floor(name) or 0) > mine]
    assert not above, f"floor {mine} imports {above}"


@pytest.mark.parametrize(
    "path", [*sorted(LIBRARY.rglob("*.py")), *SCRIPTS, *sorted((ROOT / "tools").glob("*.py"))], ids=lambda path: str(path.relative_to(ROOT))
)
def test_code_is_small_named_well_and_catches_what_it_names(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert text.count("\n") <= 300
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < 60, f"{node.name} is longer than 60 lines"
        if isinstance(node, ast.ExceptHandler):
            assert getattr(node.type, "id", "named") not in {"Exception", "BaseException"} and node.type is not None, (
                f"line {node.lineno} catches everything"
            )
    assert not {name.split(".")[0] for name in imports(path)} & {"pickle", "dill", "joblib", "cloudpickle"}
    code = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert not [line for line in code if ORGANISMS.search(line)], "code names an organism"


# ---------------------------------------------------------------------------------------------------------------- nextflow
def test_parameters_are_those_of_the_schema() -> None:
    text = (ROOT / "nextflow.config").read_text()
    block = re.search(r"^params \{\n(.*?)^\}", text, re.M | re.S)[1]
    given = dict(re.findall(r"^\s+(\w+)\s*=\s*([^/\n]+?)\s*$", block, re.M))
    schema = {
        name: entry
        for group in json.loads((ROOT / "nextflow_schema.json").read_text())["$defs"].values()
        for name, entry in group["properties"].items()
    }
    assert set(given) == set(schema)
    for name, entry in schema.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name) and entry.get("description") is not None
        value = json.loads(given[name].replace("'", '"'))
        assert value == entry.get("default"), f"{name}: {value} in nextflow.config, {entry.get('default')} in the schema"


def test_baselines_of_sequence_models_are_one_list() -> None:
    """Script, workflow, schema and handbook name the library's, and the workflow knows where each can run."""
    names = list(REGISTRY)
    script = ast.parse((ROOT / "bin" / "baselines_deeprage.py").read_text()).body
    (asked,) = [ast.literal_eval(node.value) for node in script if isinstance(node, ast.Assign) and node.targets[0].id == "NAMES"]
    assert list(asked) == names
    groups = json.loads((ROOT / "nextflow_schema.json").read_text())["$defs"].values()
    (entry,) = [group["properties"]["deeprage_baselines"] for group in groups if "deeprage_baselines" in group["properties"]]
    assert entry["items"]["enum"] == names
    row = re.search(r"^\| `--deeprage_baselines` \|.*$", (ROOT / "docs" / "usage.md").read_text(), re.M)[0]
    assert re.findall(r"`(\w+)`", row) == names
    plan = re.search(r"^def cellBaselines\(.*?^}", (ROOT / "subworkflows/local/utils/plan.nf").read_text(), re.M | re.S)[0]
    where = {name: tuple(re.findall(r"'(\w+)'", regimes)) for name, regimes in re.findall(r"(\w+): \[(.*?)\]", plan)}
    assert where == {name: regimes for name, (_, regimes) in REGISTRY.items() if regimes != EVERYWHERE}
    assert tuple(re.findall(r"'(\w+)'", re.search(r"motifs \|\| !\(name in \[(.*?)\]", plan)[1])) == NEED_MOTIFS
    assert EVERYWHERE == REGIMES


def test_profiles_set_known_parameters_alone() -> None:
    schema = {name for group in json.loads((ROOT / "nextflow_schema.json").read_text())["$defs"].values() for name in group["properties"]}
    for path in sorted((ROOT / "conf").glob("*.config")):
        text = path.read_text()
        block = re.search(r"^params \{\n(.*?)^\}", text, re.M | re.S)
        used = set(re.findall(r"params\.(\w+)", text)) | set(re.findall(r"^\s+(\w+)\s*=", block[1], re.M) if block else [])
        assert used <= schema, path.name


@pytest.mark.pipeline
@pytest.mark.parametrize("profile", PROFILES)
def test_config_parses_for_every_profile(tmp_path: Path, nextflow: Nextflow, profile: str) -> None:
    answer = nextflow.call("config", "-profile", profile, ROOT, "-o", "json", cwd=tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.pipeline
def test_config_of_the_ci_names_every_profile() -> None:
    """25.04 looks profiles up in the last config file alone, which is ci.config."""
    text = (ROOT / "nextflow.config").read_text()
    profiles = re.findall(r"^    (\w+)\s*\{", re.search(r"^profiles \{\n(.*?)^\}", text, re.M | re.S)[1], re.M)
    ci = re.findall(r"^    (\w+)\s*\{", (ROOT / "tests" / "nextflow" / "ci.config").read_text(), re.M)
    assert set(profiles) == set(ci) == {name for names in PROFILES for name in names.split(",")}


@pytest.mark.pipeline
def test_lint_finds_nothing(tmp_path: Path, nextflow: Nextflow) -> None:
    answer = nextflow.call("lint", *(ROOT / name for name in ("main.nf", "workflows", "subworkflows", "modules")), cwd=tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.pipeline
@pytest.mark.parametrize("parser", ["v1", "v2"])
def test_inspect_names_an_image_for_every_process(tmp_path: Path, nextflow: Nextflow, mini: Path, parser: str) -> None:
    options = ["-profile", "test", "--organism", mini / "mini.yml", "--data_dir", mini]
    answer = nextflow.call("inspect", ROOT / "main.nf", *options, cwd=tmp_path, env={"NXF_SYNTAX_PARSER": parser})
    assert answer.returncode == 0, answer.stdout + answer.stderr
    found = {
        entry["name"].split(":")[-1]: entry["container"] for entry in json.loads(answer.stdout[answer.stdout.index("{") :])["processes"]
    }
    found = {ALIASES.get(name, name): image for name, image in found.items()}
    assert set(found) == {folder.name.upper() for folder in MODULES} and all(
        image.startswith(f"regdecode/{name.lower()}:") for name, image in found.items()
    )
