"""Formulas as organism files write them: which columns they name, and that they hold nothing but names, numbers and known functions."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable

import numpy as np
from patsy import ModelDesc, PatsyError

from regdecode.errors import InputError

FUNCTIONS = {"log": np.log, "log2": np.log2, "sqrt": np.sqrt, "exp": np.exp}
CODINGS = {"C", "Q", "I", "center", "standardize", "scale", "bs", "cr", "cc", "poly", "Treatment", "Sum", "Poly", "Diff", "Helmert"}
_NODES: tuple[type, ...] = (ast.Expression, ast.Call, ast.Name, ast.Load, ast.Constant, ast.keyword, ast.List, ast.Tuple)
_NODES += (ast.BinOp, ast.operator, ast.UnaryOp, ast.unaryop)


def near(name: str, known: Iterable[str]) -> str:
    """Say which known names come near to one that is unknown, for a message."""
    names = [str(one) for one in known]
    lower = {one.lower(): one for one in names}
    close = [lower[one] for one in difflib.get_close_matches(name.lower(), list(lower), 3, 0.5)]
    return f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(names[:12])}"


def parse_formula(text: str) -> ModelDesc:
    """Read a formula such as ``~ age + C(sex)``.

    Raises
    ------
    InputError
        The formula cannot be read, or names an outcome.
    """
    try:
        described = ModelDesc.from_formula(text)
    except (PatsyError, SyntaxError) as error:
        message = str(error).splitlines()[0]
        raise InputError(f"the formula {text!r} cannot be read ({message})", "design", "write it as '~ age + sex'") from None
    if described.lhs_termlist:
        raise InputError(f"the formula {text!r} names an outcome left of ~", "design", "write it as '~ age + sex'")
    return described


def variables_of(code: str) -> list[str]:
    """Names of the columns that one factor of a formula uses.

    Raises
    ------
    InputError
        The factor does anything but arithmetic and the known functions.
    """
    tree = ast.parse(code, mode="eval")
    found: list[str] = []
    called: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, _NODES):
            raise InputError(f"{code!r} is not allowed in a formula", "design", f"use names, numbers and {', '.join(sorted(FUNCTIONS))}")
        if isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Name) or node.func.id not in CODINGS | set(FUNCTIONS):
                name = ast.unparse(node.func)
                known = sorted(CODINGS | set(FUNCTIONS))
                raise InputError(f"{name} is no function of a formula", "design", f"use one of {', '.join(known)}")
            called.add(id(node.func))
            if node.func.id == "Q" and node.args and isinstance(node.args[0], ast.Constant):
                found.append(str(node.args[0].value))
        elif isinstance(node, ast.Name) and id(node) not in called and node.id not in CODINGS | {"None", "True", "False"}:
            found.append(node.id)
    return list(dict.fromkeys(found))
