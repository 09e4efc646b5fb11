#!/usr/bin/env python3
"""Build the container images: regdecode/<process>:<version>, and with --gpu the -gpu ones of the processes that use a GPU."""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONTAINERS = ROOT / "containers"


def version() -> str:
    """The version every image carries."""
    found = re.search(r'__version__ = "(.+)"', (ROOT / "bin" / "regdecode" / "__init__.py").read_text())
    if not found:
        raise SystemExit("regdecode: no __version__ in bin/regdecode/__init__.py")
    return found[1]


def layers() -> dict[str, str]:
    """Process to the layer its image starts from: the first line of its requirements.in."""
    found = {}
    for source in sorted(CONTAINERS.glob("[!_]*/requirements.in")):
        first = source.read_text().splitlines()[0]
        if not first.startswith("# layer: "):
            raise SystemExit(f"regdecode: {source} does not begin with '# layer: NAME'")
        found[source.parent.name] = first.removeprefix("# layer: ").strip()
    return found


def uses_gpu(process: str) -> bool:
    """Whether the process's module carries the GPU label."""
    module = ROOT / "modules" / "local" / process / "main.nf"
    return module.exists() and "process_gpu" in module.read_text()


def engine_command(name: str) -> str:
    """Path of the docker or podman client, or one line on what to install."""
    found = shutil.which(name)
    if not found:
        raise SystemExit(
            f"regdecode: no {name} on PATH: install Docker (or Podman, with --engine podman), or name the client with --engine"
        )
    answer = subprocess.run([found, "info"], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(
            f"regdecode: {name} does not answer: start its engine, or ask for access to it "
            f"({(answer.stderr.strip().splitlines() or ['no reason given'])[-1]})"
        )
    return found


def build(engine: str, process: str, layer: str, tag: str, torch_index: str | None) -> None:
    """Build one image."""
    options = {"LAYER": layer, "PROCESS": process, "TORCH_INDEX": torch_index, "PIP_INDEX_URL": os.environ.get("PIP_INDEX_URL")}
    arguments = [word for name, value in options.items() if value for word in ("--build-arg", f"{name}={value}")]
    command = [engine, "build", *arguments, "-t", tag, "-f", str(CONTAINERS / "Dockerfile"), str(CONTAINERS)]
    answer = subprocess.run(
        command, env={**os.environ, "DOCKER_BUILDKIT": "1"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if answer.returncode:
        sys.stderr.write("\n".join(answer.stdout.splitlines()[-30:]) + "\n")
        raise SystemExit(f"regdecode: {tag} could not be built; the lines above say why")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("processes", nargs="*", help="which images; all by default")
    parser.add_argument("--gpu", action="store_true", help="build the -gpu images too")
    parser.add_argument(
        "--torch-index", help="index that torch comes from in the images without -gpu: one with CPU wheels makes them small"
    )
    parser.add_argument("--gpu-torch-index", help="index that torch comes from in the -gpu images")
    parser.add_argument("--engine", default=os.environ.get("ENGINE", "docker"), help="docker, podman, or the path of either")
    given = parser.parse_args()
    known = layers()
    if unknown := sorted(set(given.processes) - set(known)):
        raise SystemExit(f"regdecode: no image {', '.join(unknown)}; there are {', '.join(known)}")
    engine = engine_command(given.engine)
    for process in sorted(given.processes or known, key=lambda name: (["base", "tables", "learn", "torch"].index(known[name]), name)):
        tags = [(f"regdecode/{process}:{version()}", given.torch_index)]
        if given.gpu and uses_gpu(process):
            tags.append((f"{tags[0][0]}-gpu", given.gpu_torch_index))
        for tag, index in tags:
            print(tag, flush=True)
            build(engine, process, known[process], tag, index)


if __name__ == "__main__":
    main()
