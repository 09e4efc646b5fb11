"""Numbers and lists as a reader wants to see them."""

import math
from collections.abc import Sequence


def number(value: object, digits: int = 3) -> str:
    """Format a figure with `digits` decimals; counts with thin thousands; missing as an en dash."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if hasattr(value, "dtype") and value.dtype.kind in "iu":
        return count(int(value))  # type: ignore[call-overload]
    if not isinstance(value, int | float) and not hasattr(value, "dtype"):
        return str(value)
    figure = float(value)  # type: ignore[arg-type]
    if math.isnan(figure):
        return "–"
    if math.isinf(figure):
        return "∞" if figure > 0 else "−∞"
    if figure == int(figure) and (isinstance(value, int) or abs(figure) >= 1000):
        return count(int(figure))
    if figure != 0 and (abs(figure) < 10**-digits or abs(figure) >= 1e6):
        return scientific(figure)
    return f"{figure:.{digits}f}".replace("-", "−")


def count(value: float) -> str:
    """Format a count: 15,685."""
    return f"{int(value):,}".replace("-", "−")


def scientific(value: float) -> str:
    """Format 3.1e-08 as 3.1 × 10⁻⁸."""
    mantissa, exponent = f"{value:.1e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa.replace('-', '−')} × 10{raised}"


def interval(low: float, high: float, digits: int = 3) -> str:
    """Format a 95 % interval; a dash where there is none."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return "–"
    return f"{number(float(low), digits)} to {number(float(high), digits)}"


def p_value(p: float) -> str:
    """Format p: 'p = 0.03', 'p < 0.001'."""
    if p is None or math.isnan(p):
        return "p not defined"
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"


def listed(items: Sequence[str], most: int = 6) -> str:
    """Join names as prose: a, b and c; beyond `most`, and 4 more."""
    names = [str(item) for item in items]
    if not names:
        return "none"
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def plural(n: int, one: str, many: str = "") -> str:
    """Format '1 gene', '2 genes'."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"


def shorten(name: str, most: int) -> str:
    """Cut a long name in the middle."""
    return name if len(name) <= most else f"{name[: most - most // 3 - 1]}…{name[-(most // 3) :]}"
