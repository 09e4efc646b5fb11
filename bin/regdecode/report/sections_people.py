"""Parts about people: do cohorts agree, how well a person is predicted, what moves with their traits."""

from pathlib import Path

import numpy as np
import pandas as pd

from regdecode.report import figures_people as figures
from regdecode.report.accuracy import FOLD_CHANGE, LEVEL, OUTPUT_LABELS
from regdecode.report.inputs_people import Cohort, People
from regdecode.report.numbers import count, listed, number, p_value, plural
from regdecode.report.part import Part
from regdecode.report.sections_activity import activity_table
from regdecode.report.tables import from_frame

KINDS = {"actual": "measured expression", "predicted": "predicted expression", "activity": "regulator activity"}
BASELINES = {"mean": "Training mean", "ridge": "Ridge regression", "scratch": "Networks on people alone"}
ARMS = {"shuffled_rna": "RNA sites shuffled", "shuffled_promoter": "Promoter sites shuffled", "shuffled_all": "All sites shuffled"}
MOST_TERMS = 4
AGREEMENT = [
    ("n", "n", 0),
    ("rho", "ρ", 3),
    ("low", "low", 3),
    ("high", "high", 3),
    ("null_high", "95 % of permutations below", 3),
    ("p_permutation", "p (permutation)", 4),
    ("top_k", "top", 0),
    ("overlap", "shared", 0),
    ("expected", "by chance", 1),
    ("p_hypergeometric", "p (overlap)", 4),
    ("same_sign", "same sign", 2),
]


def verdict_of(row: pd.Series) -> str:
    """Word one agreement: above its null or not."""
    null, p = row.get("null_high", np.nan), row.get("p_permutation", np.nan)
    if not np.isfinite(null):
        return f"ρ = {number(float(row['rho']))}, without a null"
    where = "above" if row["rho"] > null else "within"
    return f"ρ = {number(float(row['rho']))}, {where} its null (95 % of permutations below {number(float(null))}, {p_value(float(p))})"


def replication_part(people: People, folder: Path, prefix: str) -> Part:
    """The headline: what one cohort finds in another, for measured and predicted expression and for regulators."""
    part = Part()
    table = people.table("replication/replication", "cohort_a", "cohort_b", "kind", "term", "rho", "low", "high", "n")
    if table is None:
        why = "there is one cohort" if len(people.cohorts) == 1 else "no two cohorts share a tested term"
        part.lacks("Replication between cohorts", why if people.cohorts else "there are no cohorts")
        return part
    table = table.assign(null_high=table.get("null_high", np.nan))
    for (term, kind), rows in table.groupby(["term", "kind"], sort=False):
        best = rows.sort_values("rho", ascending=False)
        said = [f"{row['cohort_a']} and {row['cohort_b']}: {verdict_of(row)}" for _, row in best.head(3).iterrows()]
        part.sentences.append(f"{term}, {KINDS.get(kind, kind)} - {'; '.join(said)}.")
    label = table["term"] + ", " + table["kind"].map(KINDS).fillna(table["kind"])
    if len(table[["cohort_a", "cohort_b"]].drop_duplicates()) > 1:
        label += " · " + table["cohort_a"] + " ~ " + table["cohort_b"]
    question = "Does what moves with a trait in one cohort move with it in the other?"
    shown = table.assign(label=label).head(30)
    part.pictures.append(figures.agreement(shown, "Replication between cohorts", question, folder, f"{prefix}people_replication"))
    columns = [("term", "term", None), ("kind", "of", None), ("cohort_a", "a", None), ("cohort_b", "b", None), *AGREEMENT]
    part.tables.append(from_frame(table, f"{prefix}replication", "Replication between cohorts", columns))
    matrix = people.table("replication/rank_matrix", "predicted", "actual", "term", "rho")
    if matrix is not None:
        columns = [
            ("term", "term", None), ("predicted", "predicted in", None), ("actual", "measured in", None), ("rank", "rank", 0),
            *AGREEMENT,
        ]  # fmt: skip
        part.tables.append(from_frame(matrix, f"{prefix}rank-matrix", "Predicted t of each cohort against measured t of each", columns))
    accuracy = people.table("replication/accuracy", "cohort_a", "cohort_b", "rho", "low", "high", "n")
    if accuracy is not None:
        columns = [("cohort_a", "a", None), ("cohort_b", "b", None), *AGREEMENT]
        part.tables.append(
            from_frame(accuracy, f"{prefix}accuracy-agreement", "Are the same genes well predicted in both cohorts?", columns)
        )
    _direction(part, people, prefix)
    return part


def _direction(part: Part, people: People, prefix: str) -> None:
    table = people.table("replication/direction", "regulator", "mean_rho", "consistent")
    if table is None:
        part.lacks("Regulators whose activity follows their expression in several cohorts", "it takes two cohorts with a model")
        return
    steady = table["consistent"].astype(str).str.lower() == "true"
    part.sentences.append(
        f"Activity follows the regulator's own expression in the same direction in at least two cohorts for {count(steady.sum())} "
        f"of {plural(len(table), 'regulator')}."
    )
    columns = [
        ("regulator", "regulator", None),
        ("class", "class", None),
        ("n_cohorts", "cohorts", 0),
        ("n_positive", "positive", 0),
        ("n_negative", "negative", 0),
        ("mean_rho", "mean ρ", 3),
    ]
    shown = table[steady].sort_values("mean_rho", key=np.abs, ascending=False).head(100)
    part.tables.append(from_frame(shown, f"{prefix}direction", "Activity follows expression in several cohorts", columns, searchable=True))


def sheet_part(cohort: Cohort, name: str) -> Part:
    """Who is in the cohort: the columns of the design."""
    part = Part()
    table = cohort.table("association/design", "sample")
    if table is None:
        part.lacks("The sample sheet", "ASSOCIATE left no design.tsv")
        return part
    rows = []
    for column in [column for column in table.columns if column not in ("sample", "Intercept")]:
        values = pd.to_numeric(table[column], errors="coerce")
        binary = set(values.dropna().unique()) <= {0, 1}
        spread = (
            f"{count((values == 1).sum())} of {count(len(values))}"
            if binary
            else f"{number(float(values.min()), 1)} to {number(float(values.max()), 1)}, median {number(float(values.median()), 1)}"
        )
        rows.append({"column": column, "spread": spread})
    model = "A person model was tuned to them" if cohort.modelled else "No person model: association on measured expression alone"
    part.sentences.append(f"{name}: {plural(len(table), 'sample')}. {model}.")
    columns = [("column", "column of the design", None), ("spread", "values (for 0/1 columns: how many have 1)", None)]
    part.tables.append(from_frame(pd.DataFrame(rows), f"design-{cohort.name}", "Design", columns))
    return part


def accuracy_part(cohort: Cohort, folder: Path, prefix: str) -> Part:
    """How well held-out genes of a person are predicted, beside comparators and the control."""
    part = Part()
    metrics = cohort.table("people/metrics", "model", "member", "arm", "split", "output", "metric", "value", "low", "high", "n")
    if metrics is None:
        why = "the organism file says model: false" if not cohort.modelled else "EVALUATE_PEOPLE left no metrics.tsv"
        part.lacks("Accuracy of the person model", why)
        return part
    test = metrics[(metrics["split"] == "test") & (metrics["metric"] == "spearman")]
    for output in (FOLD_CHANGE, LEVEL):
        rows = compared(test[test["output"] == output])
        if len(rows):
            title = "Fold changes of people, mean over people" if output == FOLD_CHANGE else OUTPUT_LABELS[LEVEL]
            part.pictures.append(figures.accuracy(rows, title, folder, f"{prefix}people_{cohort.name}_{output}"))
    _control(part, cohort, metrics, folder, prefix)
    _spread(part, cohort)
    columns = [
        ("arm_a", "a", None), ("arm_b", "b", None), ("mean_a", "mean ρ of a", 3), ("mean_b", "mean ρ of b", 3), ("p", "p", 4),
        ("share_of_all", "b as a share of a", 2),
    ]  # fmt: skip
    ablation = cohort.table("people/ablation", "arm_a", "arm_b")
    if ablation is None:
        part.lacks("Which sites carry the people's differences", "no arms were trained (--ablation, and classes on both RNA and promoters)")
    else:
        part.tables.append(
            from_frame(ablation, f"people-ablation-{cohort.name}", "Sites of one side shuffled: paired t over people", columns)
        )
    drivers = cohort.table("people/drivers_of_accuracy", "driver", "lmg")
    if drivers is not None:
        columns = [
            ("driver", "property of the gene", None), ("lmg", "part of R²", 4), ("low", "low", 4), ("high", "high", 4),
            ("spearman", "ρ with accuracy", 3), ("n", "genes", 0),
        ]  # fmt: skip
        part.tables.append(from_frame(drivers, f"people-drivers-{cohort.name}", "What makes a gene predictable over people", columns))
    _same_person(part, cohort)
    return part


def compared(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of one output as a reader compares them: the ensemble, its arms, the baselines."""
    own = rows[(rows["member"] == "ensemble") & (rows["arm"].isin(["all", *ARMS]))]
    other = rows[rows["member"] == "single"]
    labels = own["arm"].map(ARMS).fillna("Person model")
    names = other["model"].str.split(".").str[-1]
    both = pd.concat([own.assign(label=labels, own=own["arm"] == "all"), other.assign(label=names.map(BASELINES).fillna(names), own=False)])
    return both.dropna(subset=["value"]).drop_duplicates("label")


def _control(part: Part, cohort: Cohort, metrics: pd.DataFrame, folder: Path, prefix: str) -> None:
    table = cohort.table("people/unrelated", "own", "others_mean")
    if table is None:
        part.lacks("Unrelated people as a control", "EVALUATE_PEOPLE left no unrelated.tsv")
        return
    p = metrics.loc[metrics["metric"] == "unrelated_signed_rank_p", "value"]
    mine, others = float(table["own"].mean()), float(table["others_mean"].mean())
    said = f"Signed-rank test {p_value(float(p.iloc[0]))}." if len(p) else ""
    shown = table.dropna(subset=["own", "others_mean"])
    part.pictures.append(figures.unrelated(shown, said, folder, f"{prefix}people_{cohort.name}_unrelated"))
    verdict = (
        "A prediction fits its own person best"
        if mine > others and len(p) and float(p.iloc[0]) < 0.05
        else "A prediction fits its own person no better than others"
    )
    part.sentences.append(f"{verdict}: mean ρ {number(mine)} with the person, {number(others)} with everybody else. {said}")


def _spread(part: Part, cohort: Cohort) -> None:
    table = cohort.table("people/variance", "source", "within_mean", "between_mean", "ratio_of_means")
    if table is None:
        part.lacks("Variance within and between", "EVALUATE_PEOPLE left no variance.tsv")
        return
    first = table.iloc[0]
    part.sentences.append(
        f"People differ by {number(100 * float(first['ratio_of_means']), 0)} % of the variance between the outputs of the tissue model "
        f"(mean over {count(first['n_genes'])} genes): the smaller it is, the harder the task."
    )
    columns = [
        ("source", "of", None), ("n_genes", "genes", 0), ("within_mean", "variance over people", 3),
        ("between_mean", "between tissues", 3), ("ratio_of_means", "ratio", 3), ("share_below_quarter", "genes below a quarter", 2),
    ]  # fmt: skip
    part.tables.append(from_frame(table, f"variance-{cohort.name}", "Variance within and between", columns))


def _same_person(part: Part, cohort: Cohort) -> None:
    table = cohort.table("people/concordance", "kind", "auroc", "note")
    table = None if table is None else table[table["note"] == ""]
    if table is None or table.empty:
        part.lacks("The same person twice", "no two tissues or cohorts hold the same people (a column person in both sheets)")
        return
    columns = [
        ("kind", "of", None), ("group_a", "a", None), ("group_b", "b", None), ("mean_same", "mean ρ, same person", 3),
        ("mean_different", "different people", 3), ("auroc", "AUROC", 3), ("p", "p", 4),
    ]  # fmt: skip
    part.tables.append(from_frame(table, f"same-person-{cohort.name}", "Is a person like themselves elsewhere?", columns))


def traits_part(cohort: Cohort, folder: Path, prefix: str) -> Part:
    """Volcano plots, predicted against measured, and regulators by trait."""
    part = Part()
    for kind, what in (("actual", "genes, measured"), ("predicted", "genes, predicted"), ("activity", "regulators, activity")):
        table = cohort.table(f"association/{kind}", "output", "effect", "statistic", "p", "q")
        if table is None:
            part.lacks(f"Association of {KINDS[kind]}", "there is no person model" if kind != "actual" else "ASSOCIATE left no table")
            continue
        name = "regulator" if kind == "activity" else "gene_name" if "gene_name" in table else "target"
        table = table.assign(name=table[name].astype(str)).dropna(subset=["effect", "p"])
        found = table[table["q"] < 0.05].groupby("output", sort=False).size()
        terms = list(dict.fromkeys(table["output"]))
        said = listed([f"{count(found.get(term, 0))} with {term}" for term in terms])
        part.sentences.append(f"{KINDS[kind].capitalize()}, at 5 % false discoveries: {said}.")
        for term in terms[:MOST_TERMS] if kind != "activity" else []:
            mine = table[table["output"] == term].reset_index(drop=True)
            if len(mine):
                part.pictures.append(figures.volcano(mine, term, what, folder, f"{prefix}people_{cohort.name}_{kind}_{_safe(term)}"))
        _leaders(part, cohort, table, kind)
    _concordance(part, cohort, folder, prefix)
    _follows(part, cohort)
    return part


def _leaders(part: Part, cohort: Cohort, table: pd.DataFrame, kind: str, most: int = 50) -> None:
    shown = table.assign(size=table["statistic"].abs()).sort_values("size", ascending=False, kind="stable").groupby("output", sort=False)
    columns = [
        ("output", "term", None), ("name", "regulator" if kind == "activity" else "gene", None), ("class", "class", None),
        ("effect", "effect (log2)", 4), ("se", "se", 4), ("statistic", "t", 2), ("p", "p", 4), ("q", "q", 4),
    ]  # fmt: skip
    title = {"actual": "Genes, measured", "predicted": "Genes, predicted", "activity": "Regulators by activity"}[kind]
    caption = f"The {most} largest |t| of each term; all are in {kind}.tsv of the association."
    frame = shown.head(most).reset_index(drop=True)
    part.tables.append(from_frame(frame, f"{kind}-{cohort.name}", title, columns, caption, searchable=True))


def _concordance(part: Part, cohort: Cohort, folder: Path, prefix: str) -> None:
    table = cohort.table("association/concordance", "output", "split", "rho", "low", "high", "n")
    if table is None:
        part.lacks("Predicted against measured t", "there is no person model")
        return
    table = table.assign(null_high=table.get("null_high", np.nan), label=table["output"] + ", " + table["split"] + " genes")
    test = table[table["split"] == "test"]
    for _, row in test.iterrows():
        part.sentences.append(f"{row['output']}: predicted and measured t on held-out genes agree with {verdict_of(row)}.")
    said = "t-statistics of predicted against measured expression."
    part.pictures.append(
        figures.agreement(table, "Predicted and measured associations", said, folder, f"{prefix}people_{cohort.name}_concordance")
    )
    columns = [("output", "term", None), ("split", "genes", None), *AGREEMENT]
    part.tables.append(from_frame(table, f"concordance-{cohort.name}", "Predicted against measured t", columns))


def _follows(part: Part, cohort: Cohort) -> None:
    part_table = activity_table(cohort.table("activity/activity", "regulator", "rho", "q"), f"activity-{cohort.name}")
    if part_table is None:
        part.lacks("Regulator activity against expression", "there is no person model, or no regulator's own gene is measured")
        return
    sentence, table = part_table
    part.sentences.append(f"Over people, {sentence}")
    part.tables.append(table)


def _safe(text: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in text)
