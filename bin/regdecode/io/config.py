"""JSON slices of an organism file, as the workflow hands them to scripts."""

import json
from pathlib import Path
from typing import Any

from regdecode.errors import InputError


def read_config(path: str | Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    InputError
        The file is not JSON (line told), or holds something else than an object.
    """
    try:
        config = json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", f"{path}:{error.lineno}", "give a JSON object") from error
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text", path, "give a JSON object") from error
    if not isinstance(config, dict):
        raise InputError(f"holds a {type(config).__name__}, not an object", path, "give a JSON object")
    return config
