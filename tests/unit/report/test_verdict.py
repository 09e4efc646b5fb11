"""The verdict follows from the tables, in every direction."""

import pandas as pd
import pytest

from regdecode.report.accuracy import Row, Score
from regdecode.report.verdict import Verdict, judge, overall


def row(model: str, kind: str, value: float, half: float = 0.02) -> Row:
    scores = {output: Score(value, value - half, value + half, 700) for output in ("level", "fold_change")}
    return Row(model, "ensemble" if kind == "ensemble" else "single", "all", kind, model.capitalize(), scores)


def paired(baseline: str, difference: float, half: float = 0.01) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "baseline": baseline,
                "output": output,
                "metric": "spearman",
                "difference": difference,
                "low": difference - half,
                "high": difference + half,
                "p": 0.01,
            }
            for output in ("level", "fold_change")
        ]
    )


@pytest.mark.parametrize(
    ("difference", "standing", "words"),
    [(0.04, "above", "clearly better than"), (0.005, "level", "not different from"), (-0.04, "below", "worse than")],
)
def test_paired_bootstrap_decides(difference, standing, words):
    found = [row("default", "ensemble", 0.3 + difference), row("ridge", "baseline", 0.2), row("xgboost", "baseline", 0.3)]
    verdict = judge("f", found, paired("xgboost", difference))
    assert verdict.standing == standing
    assert all(finding.standing == standing and finding.baseline == "xgboost" for finding in verdict.findings)
    assert all(words in sentence for sentence in verdict.sentences[:2])
    assert bool(verdict.advice) == (standing != "above")


def test_the_pair_with_the_best_baseline_counts_not_with_any():
    found = [row("default", "ensemble", 0.31), row("ridge", "baseline", 0.2), row("xgboost", "baseline", 0.3)]
    both = pd.concat([paired("ridge", 0.11), paired("xgboost", 0.0)])
    assert judge("f", found, both).standing == "level"


def test_without_pairs_intervals_decide():
    found = [row("default", "ensemble", 0.40), row("ridge", "baseline", 0.30)]
    verdict = judge("f", found, None)
    assert verdict.standing == "above"
    assert "no paired test" in verdict.sentences[0]
    assert judge("f", [row("default", "ensemble", 0.32), row("ridge", "baseline", 0.30)], None).standing == "level"


def test_controls_are_judged():
    found = [row("default", "ensemble", 0.4), row("ridge", "baseline", 0.3), row("shuffled", "control", 0.01)]
    assert "near zero, as it should be" in judge("f", found, paired("ridge", 0.1)).sentences[-1]
    leaking = [*found[:2], row("shuffled", "control", 0.25)]
    verdict = judge("f", leaking, paired("ridge", 0.1))
    assert "not near zero" in verdict.sentences[-1]
    assert any("leakage" in line for line in verdict.advice)


def test_nothing_to_compare_is_said():
    assert judge("f", [row("default", "ensemble", 0.4)], None).standing == "unknown"
    assert judge("f", [row("ridge", "baseline", 0.4)], None).advice


def test_several_folds_are_counted():
    def verdict(fold: str, difference: float) -> Verdict:
        return judge(fold, [row("default", "ensemble", 0.3), row("ridge", "baseline", 0.3)], paired("ridge", difference))

    text = overall([verdict("a", 0.05), verdict("b", 0.05), verdict("c", 0.0)])
    assert "above the best baseline on 2 and on a par with the best baseline on 1 of 3 test sets" in text
    assert overall([verdict("a", -0.05), verdict("b", -0.05)]).startswith("Fold changes: below the best baseline on all 2 test sets")
