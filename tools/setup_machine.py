#!/usr/bin/env python3
"""Prepare this machine and print the path of what was asked for: `python`, `java` or `nextflow`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))


def main(what: str) -> None:
    if what == "python":
        from python_env import python

        print(python())
    elif what == "java":
        from nextflow_env import java

        print(java())
    elif what == "nextflow":
        from nextflow_env import nextflow

        print(nextflow())
    else:
        raise SystemExit("usage: setup_machine.py python|java|nextflow")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) == 2 else "")
