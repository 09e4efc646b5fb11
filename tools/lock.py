#!/usr/bin/env python3
"""Write requirements.lock with uv from pyproject.toml, and of every image the requirements (what its script imports) and the lock.

torch, and what only torch needs, stay out: each machine takes the build of torch that fits it. The images' locks hold
the versions of the main lock, so that images share their layers.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

from imports import third_party

ROOT = Path(__file__).resolve().parents[1]
# An image starts from the first layer of which it needs something.
LAYERS: dict[str, set[str]] = {"torch": {"torch"}, "learn": {"safetensors", "xgboost-cpu"}, "tables": {"numba", "polars"}, "base": set()}
HEADER = "# Written by `make lock`; torch and what only torch needs are left out on purpose.\n"
Block = tuple[str, str, set[str]]  # package, its lines, what asked for it


def compile_lock(requirements: str, constraints: str = "") -> str:
    """Resolve requirements for Python 3.11-3.13; returns the annotated lock of everything, torch included."""
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    with tempfile.TemporaryDirectory() as folder:
        source, limits = Path(folder, "requirements.in"), Path(folder, "constraints.txt")
        source.write_text(requirements)
        limits.write_text(constraints)
        command = [
            uv,
            "pip",
            "compile",
            "--quiet",
            "--universal",
            "--generate-hashes",
            "--no-header",
            "--fork-strategy",
            "fewest",
            "--python-version",
            "3.11",
            "--annotation-style",
            "line",
            "--constraint",
            str(limits),
            str(source),
        ]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        except FileNotFoundError:
            raise SystemExit("regdecode: `make lock` needs uv: pip install uv") from None
    if answer.returncode:
        raise SystemExit(answer.stderr)
    return without_common_marker(answer.stdout)


def without_common_marker(lock: str) -> str:
    """Drop the marker that merely repeats the environments of [tool.uv]: every line carries it."""
    markers = Counter(re.findall(r" ; [^\\\n]*?(?= \\)", lock))
    return lock.replace(markers.most_common(1)[0][0], "") if markers else lock


def blocks(lock: str) -> list[Block]:
    """Cut a lock into one block a package."""
    found = []
    for text in re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.M):
        name = re.match(r"[\w.-]+", text)
        if name:
            via = re.search(r"# via (.+)", text)
            asked_by = {item for item in re.split(r",\s*", via[1].strip()) if not item.startswith("-c ")} if via else set()
            found.append((name[0], text, asked_by))
    return found


def without_torch(lock: str) -> str:
    """Drop torch and what nothing but torch asks for."""
    parts = blocks(lock)
    gone = {"torch"}
    while more := {name for name, _, via in parts if name not in gone and via and via <= gone}:
        gone |= more
    return "".join(re.sub(r"\n?\s*# via .*", "", text).rstrip(" \\\n") + "\n" for name, text, _ in parts if name not in gone)


def pins(lock: str) -> str:
    """The versions of a lock alone, as constraints."""
    return "\n".join(re.findall(r"^[\w.-]+==[^\\\n]+", lock, flags=re.M))


def requirements_of(script: Path, declared: dict[str, str]) -> str:
    """The requirements.in of a script's image: the layer it starts from, and what it imports."""
    needs = third_party(script)
    layer = next(layer for layer, marks in LAYERS.items() if needs & marks or not marks)
    return "\n".join([f"# layer: {layer}", *(declared.get(name, name) for name in sorted(needs))]) + "\n"


def main() -> None:
    with open(ROOT / "pyproject.toml", "rb") as handle:
        project = tomllib.load(handle)["project"]
    everything = compile_lock("\n".join([*project["dependencies"], *project["optional-dependencies"]["dev"]]))
    (ROOT / "requirements.lock").write_text(HEADER + without_torch(everything))
    declared = {re.split(r"[<>=]", item)[0]: item for item in project["dependencies"]}
    for script in sorted((ROOT / "bin").glob("*.py")):
        source = ROOT / "containers" / script.stem / "requirements.in"
        source.parent.mkdir(exist_ok=True)
        source.write_text(requirements_of(script, declared))
    for source in sorted((ROOT / "containers").glob("*/requirements.in")):
        lock = compile_lock(source.read_text(), pins(everything))
        source.with_name("requirements.lock").write_text(HEADER + without_torch(lock))
        print(source.parent.name)


if __name__ == "__main__":
    main()
