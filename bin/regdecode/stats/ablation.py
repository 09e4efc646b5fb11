"""ablation.tsv: what arms cost, and single-task against multi-task training, from an evaluation in memory."""

from __future__ import annotations

import pandas as pd

from regdecode.stats.comparisons import OutputTest, paired_t, sign_test
from regdecode.stats.evaluation import SINGLE, Evaluation
from regdecode.stats.metrics import LEVEL


def ablation_table(result: Evaluation) -> pd.DataFrame:
    """ablation.tsv: arms against each other (paired t over outputs), single task against multi-task (sign test over outputs).

    Figures are Spearman correlations on test genes, each the mean over replicates; ensembles are left out.
    """
    frame = _members(result)
    rows: list[dict[str, object]] = []
    for model, part in frame.groupby("model"):
        arms = part[~part["arm"].str.startswith(SINGLE)]
        wide = arms[arms["output"] != LEVEL].groupby(["output", "arm"])["value"].mean().unstack()
        names = sorted(wide.columns, key=lambda arm: (arm != "all", arm))
        replicates, seconds = arms.groupby("arm")["member"].nunique(), arms.groupby("arm")["seconds"].mean()
        for i, a in enumerate(names):
            for b in names[i + 1 :]:
                test = paired_t(wide[a].to_numpy(), wide[b].to_numpy())
                rows.append(_row(str(model), "paired_t", a, b, test, replicates, seconds))
        rows += _single_rows(str(model), part)
    columns = [
        "model",
        "test",
        "arm_a",
        "arm_b",
        "n_outputs",
        "mean_a",
        "mean_b",
        "difference",
        "statistic",
        "p",
        "replicates_a",
        "replicates_b",
        "seconds_a",
        "seconds_b",
    ]
    return pd.DataFrame(rows, columns=columns)


def _members(result: Evaluation) -> pd.DataFrame:
    """Spearman of single members: model, member, arm, output, value, seconds.

    Members trained in the arm `all` alone are left out: like is compared with like.
    """
    rows = []
    for (model, member, arm), accuracy in result.accuracy.items():
        candidate = result.candidates[(model, member, arm)]
        if candidate.baseline or member in ("ensemble", "best"):
            continue
        rows += [
            {"model": model, "member": member, "arm": arm, "output": str(name), "value": value, "seconds": candidate.seconds}
            for name, value in zip(candidate.outputs, accuracy.spearman, strict=True)
        ]
    frame = pd.DataFrame(rows, columns=["model", "member", "arm", "output", "value", "seconds"])
    return frame.groupby(["model", "member"]).filter(lambda part: (part["arm"] != "all").any()) if len(frame) else frame


def _single_rows(model: str, part: pd.DataFrame) -> list[dict[str, object]]:
    """Run the sign test of multi-task against single-task models of the same outputs."""
    alone = part[part["arm"].str.startswith(SINGLE)]
    single = alone.groupby("output")["value"].mean()
    multi = part[part["arm"] == "all"].groupby("output")["value"].mean().reindex(single.index).dropna()
    if multi.empty:
        return []
    test = sign_test(multi.to_numpy(), single[multi.index].to_numpy())
    together = part[part["arm"] == "all"]
    replicates = pd.Series({"all": together["member"].nunique(), "single_task": alone["member"].nunique()})
    all_outputs = alone.groupby(["output", "member"])["seconds"].first().groupby("member").sum(min_count=1).mean()
    seconds = pd.Series({"all": together.groupby("member")["seconds"].first().mean(), "single_task": all_outputs})
    return [_row(model, "sign", "all", "single_task", test, replicates, seconds)]


def _row(model: str, name: str, a: str, b: str, test: OutputTest, replicates: pd.Series, seconds: pd.Series) -> dict[str, object]:
    return {
        "model": model,
        "test": name,
        "arm_a": a,
        "arm_b": b,
        "n_outputs": test.n,
        "mean_a": test.mean_a,
        "mean_b": test.mean_b,
        "difference": test.mean_a - test.mean_b,
        "statistic": test.statistic,
        "p": test.p,
        "replicates_a": int(replicates[a]),
        "replicates_b": int(replicates[b]),
        "seconds_a": float(seconds[a]),
        "seconds_b": float(seconds[b]),
    }
