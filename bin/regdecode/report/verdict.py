"""The sentence that says whether the model learnt something, computed from the tables, and what to do when it did not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from regdecode.report.accuracy import FOLD_CHANGE, LEVEL, Row, best, of_kind, outputs_of
from regdecode.report.numbers import interval, listed, number, p_value

Standing = Literal["above", "level", "below", "unknown"]
NEAR_ZERO = 0.1
"""A shuffled-input figure above this, with an interval that leaves zero out, is a leak."""
NAN = float("nan")
UNKNOWN: Standing = "unknown"
WORDS: dict[Standing, str] = {"above": "clearly better than", "level": "not different from", "below": "worse than", "unknown": "beside"}
_NAMES = {LEVEL: "expression level", FOLD_CHANGE: "fold changes"}


def standing_of(low: float, high: float) -> Standing:
    """Where a difference stands whose 95 % interval is low to high."""
    return "above" if low > 0 else "below" if high < 0 else "level"


def worst(standings: Iterable[Standing]) -> Standing:
    """The one that a run is judged by; unknown where there is none."""
    order: list[Standing] = ["below", "unknown", "level", "above"]
    return min(standings, key=order.index, default=UNKNOWN)


@dataclass(frozen=True)
class Finding:
    """The ensemble against the best baseline in one figure."""

    output: str
    standing: Standing
    value: float
    low: float
    high: float
    n: int
    baseline: str
    baseline_value: float
    difference: float
    difference_low: float
    difference_high: float
    p: float
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """What one fold shows.

    Parameters
    ----------
    standing
        The worst of the findings.
    headline, sentences, advice
        One short line; one sentence a finding and control; what to do, empty when all is well.
    """

    fold: str
    standing: Standing
    headline: str
    findings: list[Finding]
    sentences: list[str]
    advice: list[str]


def judge(fold: str, found: list[Row], comparisons: pd.DataFrame | None) -> Verdict:
    """Compare the ensemble with the best baseline and the controls of one fold.

    Parameters
    ----------
    found
        From `accuracy.rows`.
    comparisons
        Paired bootstrap over genes: baseline, output, difference, low, high, p. Without it only overlapping intervals can be judged.
    """
    ensemble = of_kind(found, "ensemble")
    if not ensemble:
        return Verdict(
            fold,
            UNKNOWN,
            "No ensemble was evaluated",
            [],
            ["metrics.tsv holds no figure of the selected ensemble."],
            ["Look for a failed EVALUATE task."],
        )
    findings = [_finding(output, ensemble[0], of_kind(found, "baseline"), comparisons) for output in outputs_of(ensemble)]
    control_sentence, leaking = _controls(found)
    order: list[Standing] = ["below", "unknown", "level", "above"]
    standing: Standing = min((finding.standing for finding in findings), key=order.index, default=UNKNOWN)
    sentences = [finding.sentence for finding in findings] + ([control_sentence] if control_sentence else [])
    return Verdict(fold, standing, _headline(findings), findings, sentences, _advice(findings, leaking))


def _finding(output: str, ensemble: Row, baselines: list[Row], comparisons: pd.DataFrame | None) -> Finding:
    own = ensemble.scores[output]
    rival = best(baselines, output)
    name = _NAMES[output]
    told = f"{name[0].upper()}{name[1:]}: ρ = {number(own.value)} on {own.n:,} genes never seen in training"
    if rival is None:
        alone = f"{told}; no baseline was run, so there is nothing to compare it with."
        return Finding(output, UNKNOWN, own.value, own.low, own.high, own.n, "", NAN, NAN, NAN, NAN, NAN, alone)
    other = rival.scores[output]
    difference, low, high, p = own.value - other.value, float("nan"), float("nan"), float("nan")
    paired = _paired(comparisons, rival.model, output)
    if paired is not None:
        difference, low, high, p = paired
        standing = standing_of(low, high)
    else:
        standing = "above" if own.low > other.high else "below" if own.high < other.low else "level"
    words = WORDS[standing]
    test = (
        f"difference {number(difference)}, paired bootstrap {interval(low, high)}, {p_value(p)}"
        if paired is not None
        else "judged by whether the intervals overlap; no paired test was found"
    )
    rival_name = rival.label[0].lower() + rival.label[1:]
    sentence = f"{told}, {words} the best baseline, {rival_name} (ρ = {number(other.value)}; {test})."
    return Finding(output, standing, own.value, own.low, own.high, own.n, rival_name, other.value, difference, low, high, p, sentence)


def _paired(comparisons: pd.DataFrame | None, baseline: str, output: str) -> tuple[float, float, float, float] | None:
    if comparisons is None or not {"baseline", "output", "difference", "low", "high"} <= set(comparisons.columns):
        return None
    part = comparisons[(comparisons["baseline"] == baseline) & (comparisons["output"] == output)]
    if "metric" in part:
        part = part[part["metric"] == "spearman"]
    if part.empty:
        return None
    first = part.iloc[0]
    return float(first["difference"]), float(first["low"]), float(first["high"]), float(first.get("p", float("nan")))


def _controls(found: list[Row]) -> tuple[str, list[str]]:
    """Say what shuffled input gives, and name the figures in which it should not."""
    shuffled = [row for row in found if row.model == "shuffled"]
    if not shuffled:
        return "", []
    row = shuffled[0]
    values = [f"{number(score.value)} for {_NAMES[output]}" for output, score in row.scores.items()]
    leaking = [output for output, score in row.scores.items() if score.value > NEAR_ZERO and not score.low <= 0]
    ends = (
        "near zero, as it should be: the accuracy comes from where regulators bind"
        if not leaking
        else "not near zero: something other than binding sites tells the test genes apart"
    )
    return f"With binding sites shuffled between genes the same procedure reaches {listed(values)}, {ends}.", leaking


def _headline(findings: list[Finding]) -> str:
    if any(finding.standing == "unknown" for finding in findings) or not findings:
        return "The model was not compared with a baseline"
    above = [_NAMES[finding.output] for finding in findings if finding.standing == "above"]
    below = [_NAMES[finding.output] for finding in findings if finding.standing == "below"]
    if below:
        rest = f", above it for {listed(above)}" if above else ""
        return f"Below the best baseline for {listed(below)}{rest}"
    if len(above) == len(findings):
        return f"Above every baseline for {listed(above)}"
    return f"Above every baseline for {listed(above)}, on a par with the best for the rest" if above else "On a par with the best baseline"


def _advice(findings: list[Finding], leaking: list[str]) -> list[str]:
    advice = []
    behind = [finding for finding in findings if finding.standing in ("below", "level")]
    if any(finding.standing == "below" for finding in behind):
        advice.append(
            "Use the best baseline's predictions for now. Look at the training curves: a validation loss that rises "
            "early asks for more dropout or a smaller network; "
            "one still falling at the last epoch asks for more epochs."
        )
    if behind:
        advice.append(
            "Add replicates to the ensemble, or a trees member: both are options of the run, and weights are chosen on validation genes. "
            "With few training genes (under about 2,000) simple models are hard to beat; more genes or more regulators help most."
        )
    if any(finding.value < NEAR_ZERO for finding in findings):
        advice.append(
            "A figure this low usually means that ids or coordinates do not fit. Check under “What was dropped” how "
            "many genes have a site of each class and how many sites fell on no gene."
        )
    if leaking:
        advice.append(
            "Read the leakage report: paralogues, shared units or gene length may tell the test genes apart. Hold "
            "out whole chromosomes, and compare with the figures of the shuffled control rather than with zero."
        )
    return advice


def overall(verdicts: list[Verdict]) -> str:
    """One line over all folds."""
    if len(verdicts) == 1:
        return verdicts[0].headline
    words: dict[Standing, str] = {
        "above": "above the best baseline",
        "level": "on a par with the best baseline",
        "below": "below the best baseline",
        "unknown": "not compared",
    }
    parts = []
    for output in (FOLD_CHANGE, LEVEL):
        standings = [finding.standing for verdict in verdicts for finding in verdict.findings if finding.output == output]
        found = [(standing, standings.count(standing)) for standing in words if standing in standings]
        if len(found) == 1:
            parts.append(f"{_NAMES[output]}: {words[found[0][0]]} on all {found[0][1]} test sets")
        elif found:
            parts.append(
                f"{_NAMES[output]}: " + listed([f"{words[standing]} on {n}" for standing, n in found]) + f" of {len(standings)} test sets"
            )
    text = "; ".join(parts) or "no test set was evaluated"
    return text[0].upper() + text[1:]
