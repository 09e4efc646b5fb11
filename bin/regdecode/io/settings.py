"""Settings of a step: the JSON that the pipeline cuts from the organism file."""

import json
from pathlib import Path
from typing import Any

from regdecode.errors import InputError
from regdecode.io.text import read_bytes


def read_settings(path: str | Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    InputError
        The file is not JSON, or no object.
    """
    try:
        settings = json.loads(read_bytes(path))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(f"not JSON ({error})", f"{path}{line}", "write the settings as a JSON object") from error
    if not isinstance(settings, dict):
        raise InputError(f"a JSON {type(settings).__name__}, not an object", path, "write the settings as a JSON object")
    return settings


def write_settings(settings: dict[str, Any], path: Path) -> None:
    """Write a JSON object with sorted keys."""
    path.write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n", encoding="utf-8")
