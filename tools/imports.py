"""What a script of bin/ imports from outside the project, followed through the library: what its image has to hold."""

import ast
import functools
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "pyyaml", "xgboost": "xgboost-cpu"}


@functools.cache
def imports(path: Path) -> frozenset[str]:
    """Dotted names that a file imports, wherever in it the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def source_of(name: str) -> Path | None:
    """File of `regdecode.a.b`, or of the module that holds the symbol `regdecode.a.b`."""
    parts = name.split(".")
    while len(parts) > 1:
        for path in (ROOT / "bin" / Path(*parts).with_suffix(".py"), ROOT / "bin" / Path(*parts) / "__init__.py"):
            if path.exists():
                return path
        parts.pop()
    return None


def third_party(script: Path) -> set[str]:
    """Distributions that a script imports, through the library too."""
    seen: set[Path] = set()
    todo, found = [script], set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in imports(path):
            top = name.split(".")[0]
            if top == "regdecode":
                source = source_of("regdecode.training.model_folder" if name == "regdecode.load_model" else name)
                todo += [source] if source else []
            elif top not in sys.stdlib_module_names:
                found.add(DISTRIBUTIONS.get(top, top))
    return found
