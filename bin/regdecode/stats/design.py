"""A design from a sample sheet: formula to columns, terms and contrasts to hypotheses, and what cannot be estimated named.

Axes: S samples, C design columns, K hypotheses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from patsy import DesignInfo, EvalEnvironment, PatsyError, dmatrix

from regdecode.errors import Faults, InputError
from regdecode.stats.formula import FUNCTIONS, near, parse_formula, variables_of

Array = NDArray[np.float64]
WHERE = "design"
_SHOWN = 8


@dataclass(frozen=True)
class Design:
    """What each gene is fitted on, and what is tested.

    Attributes
    ----------
    matrix
        (S, C).
    columns
        Name of each column.
    samples
        (S,) names.
    hypotheses
        (C, K) weights of the columns.
    names
        Name of each hypothesis: the term where it is one column, else the column ("tissue[T.skin]"), or the contrast's name.
    meanings
        What a positive effect of each hypothesis means.
    """

    matrix: Array
    columns: list[str]
    samples: NDArray[np.str_]
    hypotheses: Array
    names: list[str]
    meanings: list[str]

    def select(self, rows: NDArray[np.int64]) -> Design:
        """Keep some of the samples."""
        return replace(self, matrix=self.matrix[rows], samples=self.samples[rows])

    def with_columns(self, extra: Array, names: Sequence[str]) -> Design:
        """Append columns (S, L) that are adjusted for and not tested."""
        wider = np.vstack([self.hypotheses, np.zeros((extra.shape[1], self.hypotheses.shape[1]))])
        return replace(self, matrix=np.column_stack([self.matrix, extra]), columns=[*self.columns, *names], hypotheses=wider)

    def check(self) -> None:
        """Refuse what the samples cannot estimate; see `check_matrix`."""
        check_matrix(self.matrix, self.columns)


def build_design(
    sheet: Mapping[str, NDArray],
    samples: NDArray[np.str_],
    formula: str,
    test: Sequence[str] = (),
    contrasts: Mapping[str, str] | None = None,
) -> Design:
    """Make the design of a formula on a sample sheet.

    Parameters
    ----------
    sheet
        Columns of S cells: numbers (NaN: missing) or text ("" or NA: missing). Text is a factor; its first level in sorted order is the
        reference.
    samples
        (S,) names, for messages.
    formula
        Such as "~ age + sex", "~ C(batch) + age".
    test
        Terms, columns, or sheet columns to test; empty tests every term but the intercept where no contrast is given.
    contrasts
        Name to a linear combination of columns, such as "tissue[T.skin] - tissue[T.lung]".

    Raises
    ------
    InputError
        Unknown columns (with near names), missing values (samples named), a factor of one level, a constant or collinear column (named),
        no residual degree of freedom, a term or contrast that is not in the design; as many as can be told at once.
    """
    described = parse_formula(formula)
    factors = dict.fromkeys(factor.code for term in described.rhs_termlist for factor in term.factors)
    used = {code: variables_of(code) for code in factors}
    needed = list(dict.fromkeys(name for names in used.values() for name in names))
    data = _checked_columns(sheet, samples, needed)
    try:
        built = dmatrix(described, data, eval_env=EvalEnvironment([dict(FUNCTIONS)]), NA_action="raise")
    except (PatsyError, ValueError, TypeError, ArithmeticError) as error:
        raise InputError(f"{formula!r} cannot be evaluated ({str(error).splitlines()[0]})", WHERE, "check the formula") from None
    matrix = np.ascontiguousarray(built, dtype=np.float64)
    if matrix.shape[0] != len(samples):
        matrix = np.repeat(matrix[:1], len(samples), axis=0)
    info: DesignInfo = built.design_info
    check_matrix(matrix, info.column_names)
    hypotheses, names, meanings = _hypotheses(info, used, test, contrasts or {}, data)
    return Design(matrix, list(info.column_names), np.asarray(samples), hypotheses, names, meanings)


def _checked_columns(sheet: Mapping[str, NDArray], samples: NDArray[np.str_], needed: Sequence[str]) -> dict[str, NDArray]:
    """Columns that the formula uses, as numbers or text, without a missing cell."""
    faults = Faults()
    if needed and not sheet:
        raise InputError(f"the design names {', '.join(needed)}, and there is no sample sheet", WHERE, "give the sample sheet")
    data: dict[str, NDArray] = {}
    for name in needed:
        if name not in sheet:
            faults.add(f"the sample sheet has no column {name!r}; {near(name, sheet)}", WHERE, "name a column of the sheet")
            continue
        data[name] = _cells(name, sheet[name], samples, faults)
    faults.raise_if_any()
    return data


def _cells(name: str, column: NDArray, samples: NDArray[np.str_], faults: Faults) -> NDArray:
    """Cells as numbers or as text; missing ones, and a column that does not vary, are faults."""
    texts = np.array(["" if _missing(cell) else str(cell) for cell in column])
    empty = texts == ""
    if empty.any():
        fix = "fill them in, or remove the samples from the sheet and the matrix"
        faults.add(f"{name} is missing for {_list(samples[empty])} ({int(empty.sum())} of {len(samples)} samples)", WHERE, fix)
    numbers = np.array([_number(text) for text in texts])
    numeric = np.isfinite(numbers)
    kinds = sorted(set(texts[~empty].tolist()))
    if not numeric[~empty].all() and numeric.sum() > 0.5 * len(texts):
        odd = ~numeric & ~empty
        shown = ", ".join(f"{sample} ({text!r})" for sample, text in zip(samples[odd][:_SHOWN], texts[odd].tolist(), strict=False))
        faults.add(f"{name} is a number in most samples, but not in {shown}", WHERE, "correct the cells, or name every level by a word")
    elif len(kinds) == 1 and not empty.any():
        what = f"{name} is {kinds[0]!r} in every sample: it has one level" if not numeric.all() else f"{name} is {kinds[0]} in every sample"
        faults.add(what, WHERE, "leave it out of the design, or add samples of another value")
    return numbers if numeric.all() else texts.astype(object)


def _missing(cell: object) -> bool:
    return cell is None or str(cell).strip().lower() in ("", "na", "nan", "none", "<na>")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _list(names: Sequence[str] | NDArray, shown: int = _SHOWN) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(str(name) for name in names[:shown]) + more


def check_matrix(matrix: Array, columns: Sequence[str]) -> None:
    """Refuse a design that its samples cannot estimate.

    Raises
    ------
    InputError
        Columns that do not vary or follow from others, all named; no more samples than columns.
    """
    n_samples, n_columns = matrix.shape
    faults = Faults()
    if n_samples <= n_columns:
        what = f"{n_samples} samples cannot fit {n_columns} design columns ({_list(list(columns))}) and leave a residual"
        raise InputError(what, WHERE, "use fewer covariates, or more samples")
    scale = np.sqrt((matrix**2).mean(0))
    scaled = matrix / np.where(scale > 0, scale, 1.0)
    kept: list[int] = []
    for c, name in enumerate(columns):
        basis = scaled[:, kept]
        weights = np.linalg.lstsq(basis, scaled[:, c], rcond=None)[0] if kept else np.zeros(0)
        left = scaled[:, c] - basis @ weights
        if scale[c] > 0 and np.sqrt((left**2).mean()) > 1e-7:
            kept.append(c)
            continue
        others = [columns[k] for k, weight in zip(kept, weights, strict=True) if abs(weight) > 1e-6]
        constant = scale[c] == 0 or all(other == "Intercept" for other in others)
        what = f"{name} does not vary" if constant else f"{name} is collinear: it follows from {', '.join(others)}"
        faults.add(what, WHERE, "leave it out of the design")
    faults.raise_if_any()


def _hypotheses(
    info: DesignInfo, used: Mapping[str, list[str]], test: Sequence[str], contrasts: Mapping[str, str], data: Mapping[str, NDArray]
) -> tuple[Array, list[str], list[str]]:
    """Weights (C, K), names and meanings of what is tested."""
    faults = Faults()
    rows: list[Array] = []
    names: list[str] = []
    meanings: list[str] = []
    columns = list(info.column_names)
    terms = [name for name in info.term_names if name != "Intercept"]
    for wanted in test or ([] if contrasts else terms):
        found = _columns_of(info, used, wanted)
        if not found:
            what = f"{wanted!r} is tested but is not in the design; {near(wanted, [*terms, *columns])}"
            faults.add(what, WHERE, "name a term of the formula under test")
        for c in found:
            rows.append(np.eye(len(columns))[c])
            names.append(wanted if len(found) == 1 else columns[c])
            meanings.append(_meaning(columns[c], data))
    for name, text in contrasts.items():
        try:
            weights = np.asarray(info.linear_constraint(text).coefs, float)
        except (PatsyError, ValueError) as error:
            what = f"contrast {name!r} ({text}) cannot be read: {str(error).splitlines()[0]}"
            faults.add(what, WHERE, f"combine the columns {', '.join(columns)}")
            continue
        if len(weights) != 1 or not weights.any():
            faults.add(f"contrast {name!r} ({text}) is not one combination of columns", WHERE, f"combine {', '.join(columns)}")
            continue
        rows.append(weights[0])
        names.append(name)
        meanings.append(f"larger {text}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        faults.add(f"{', '.join(twice)} is tested twice", WHERE, "name each term and contrast once")
    faults.raise_if_any()
    return np.array(rows).reshape(len(rows), len(columns)).T, names, meanings


def _columns_of(info: DesignInfo, used: Mapping[str, list[str]], wanted: str) -> list[int]:
    """Columns of a term, of a column's own name, or of the terms whose only variable it is."""
    if wanted in info.term_name_slices:
        span = info.term_name_slices[wanted]
        return list(range(span.start, span.stop))
    if wanted in info.column_names:
        return [info.column_names.index(wanted)]
    found: list[int] = []
    for term, span in info.term_slices.items():
        variables = {name for factor in term.factors for name in used.get(factor.code, [])}
        if variables == {wanted} and len(term.factors) == 1:
            found += range(span.start, span.stop)
    return found


def _meaning(column: str, data: Mapping[str, NDArray]) -> str:
    """Say what a positive effect of a column means."""
    for name, cells in data.items():
        if cells.dtype == object and f"{name}[T." in column:
            level = column.split("[T.")[1].rstrip("])")
            return f"higher in {name} {level} than in {sorted(set(cells))[0]}"
    return f"higher with more {column}"
