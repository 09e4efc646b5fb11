"""Parts about what the filters of sequence models learnt: motifs, knock-outs against known targets, bases of chosen promoters."""

from pathlib import Path

import numpy as np
import pandas as pd

from regdecode.report import figures_deeprage as figures
from regdecode.report.inputs_deeprage import FilterSet
from regdecode.report.numbers import count, listed, number, plural, scientific
from regdecode.report.part import Part
from regdecode.report.tables import from_frame

GALLERY = 24
PROMOTERS = 12
MATCH_COLUMNS = ["match", "motif", "q", "matched", "own"]
NULLS = {"genes permuted": "genes permuted", "permuted among genes of like degree": "permuted, like degree"}


def motifs_part(found: FilterSet, folder: Path, prefix: str) -> Part:
    """The gallery: filters that match known motifs, the strongest first, and those that match none, apart; together if none is known."""
    part = Part()
    filters = found.table("filters", "model", "filter", "consensus", "effect", "matched", "match", "q", "n_sites", "origin")
    if filters is None:
        part.lacks("Motifs of the filters", "MOTIFS left no filters.tsv")
        return part
    ordered = filters.sort_values("effect", ascending=False, kind="stable")
    said, galleries = _galleries(ordered, found)
    part.sentences.append(said)
    for rows, name, title, caption in galleries:
        entries = [(heading(row), motif) for _, row in rows.iterrows() if (motif := _motif(found, row)) is not None][:GALLERY]
        if entries:
            part.pictures.append(figures.gallery(entries, title, caption, folder, f"{prefix}motifs_{name}"))
        else:
            part.lacks(title, "there is none")
    columns: list[tuple[str, str, int | None]] = [
        ("model", "network", None), ("filter", "filter", None), ("origin", "started as", None),
        ("start", "started from", None), ("cluster", "cluster", None),
        ("consensus", "consensus", None), ("ic", "bits", 1), ("n_sites", "sites", 0), ("match", "nearest motif of", None),
        ("motif", "motif", None), ("q", "q", 4), ("matched", "matched", 0), ("effect", "change without it (log2)", 4),
        ("top_condition", "most in", None),
    ]  # fmt: skip
    id_ = f"filters-{found.fold}-{found.preset}"
    part.tables.append(
        from_frame(_named(ordered, found), id_, "Every filter", columns, "All knock-outs are in knockout.tsv.", searchable=True)
    )
    pairs = found.table("pairs", "unit", "regulator", "interaction")
    if pairs is not None:
        columns = [
            ("model", "network", None), ("unit", "filter or cluster", None), ("match", "its motif", None), ("name", "regulator", None),
            ("own", "motif of this regulator", 0), ("interaction", "change that needs both", 5), ("unit_alone", "filter alone", 4),
            ("regulator_alone", "regulator alone", 4),
        ]  # fmt: skip
        title = "Filters and regulators that act together"
        part.tables.append(
            from_frame(_named(pairs.head(200), found), f"pairs-{found.fold}-{found.preset}", title, columns, searchable=True)
        )
    return part


def _galleries(ordered: pd.DataFrame, found: FilterSet) -> tuple[str, list[tuple[pd.DataFrame, str, str, str]]]:
    """What is said of the matches, and (filters, file, title, caption) of each gallery."""
    new = ordered[(ordered["matched"] == 0) & (ordered["n_sites"] > 0)].drop_duplicates("consensus")
    by_effect = "those whose knock-out changes predictions most first"
    if not _compared(found):
        alive = count(int((ordered["n_sites"] > 0).sum()))
        said = f"No known motifs were given, so none of the {plural(len(ordered), 'filter')} ({alive} answer somewhere) has a name."
        return said, [(new, "new", "Motifs of the filters", f"One filter a consensus, {by_effect}.")]
    known = ordered[ordered["matched"] == 1].drop_duplicates("match")
    return _matched(ordered, found), [
        (known, "known", "Filters that match known motifs", f"One filter a regulator, {by_effect}; above each its match and q."),
        (new, "new", "Filters that match no known motif", f"One filter a consensus, {by_effect}; above each the nearest motif and its q."),
    ]


def _compared(found: FilterSet) -> bool:
    """Whether the filters were compared with known motifs: without any there are no figures of matches."""
    metrics = found.table("metrics", "metric", "value")
    return metrics is None or bool(metrics["metric"].str.startswith("filters_matched").any())


def _named(table: pd.DataFrame, found: FilterSet) -> pd.DataFrame:
    """The table without the columns about known motifs where none were given."""
    return table if _compared(found) else table.drop(columns=MATCH_COLUMNS, errors="ignore")


def _matched(filters: pd.DataFrame, found: FilterSet) -> str:
    """How many filters match known motifs, and which do so with the largest effects."""
    named, alive = filters[filters["matched"] == 1], filters[filters["n_sites"] > 0]
    scratch = filters[filters["origin"] != "motif"]
    fresh = int((scratch["matched"] == 1).sum())
    said = (
        f"{count(len(named))} of {plural(len(filters), 'filter')} ({count(len(alive))} answer somewhere) match a known motif, of "
        f"{plural(named['match'].nunique(), 'regulator')}; {count(fresh)} of the {count(len(scratch))} that did not "
        f"start from one{_by_chance(found)}."
    )
    if len(named):
        strongest = named.sort_values("effect", ascending=False)["match"].drop_duplicates().head(8)
        said += f" The strongest: {listed(strongest.tolist(), 8)}."
    return said


def _by_chance(found: FilterSet) -> str:
    """How many filters drawn at random match in the place of those that did not start from a motif, on average."""
    metrics = found.table("metrics", "metric", "value")
    if metrics is None:
        return ""
    drawn = metrics[metrics["metric"] == "filters_matched_by_chance"]["value"]
    return f" ({number(float(drawn.sum()), 1)} of as many drawn at random do on average)" if len(drawn) else ""


def heading(row: pd.Series) -> str:
    """What stands above a logo: filter, nearest motif, q."""
    near = f" · {row['match']} q {_rounded(float(row['q']))}" if row["match"] else ""
    return f"{row['filter']}{near}"


def _rounded(q: float) -> str:
    """Two decimals where they tell something, else a power of ten."""
    return number(q, 2) if q >= 0.05 or q == 0 else scientific(q)


def _motif(found: FilterSet, row: pd.Series) -> np.ndarray | None:
    motif = found.motifs.get(str(row["filter"])) or found.motifs.get(f"{row['model']}.{row['filter']}")
    return None if motif is None else motif.probabilities


def knock_out_part(found: FilterSet, folder: Path, prefix: str) -> Part:
    """Do known targets change more when the filter of their regulator is knocked out, and would a permuted table say the same."""
    part = Part()
    null = found.table("null", "model", "table", "q", "pairs", "regulators")
    table = found.table("validation", "model", "unit", "regulator", "auc", "q_rank_sum", "own")
    if null is None or table is None:
        part.lacks("Knock-outs against known targets", "the organism file names no known_targets, or MOTIFS tested no filter against them")
        return part
    own = table[table["own"] == 1]
    for model, rows in null.groupby("model", sort=False):
        known = rows[rows["table"] == "known"].iloc[0]
        drawn = {
            NULLS.get(str(kind), str(kind)): {what: draws[what].to_numpy(float) for what in ("pairs", "regulators")}
            for kind, draws in rows[rows["table"] != "known"].groupby("table", sort=False)
        }
        said = listed([f"{number(float(values['regulators'].mean()), 1)} with {kind}" for kind, values in drawn.items()])
        mine = own[own["model"] == model]
        hits = mine.loc[mine["q_rank_sum"] <= known["q"], "regulator"].nunique()
        part.sentences.append(
            f"{model}: targets of {plural(int(known['regulators']), 'regulator')} change more than other genes without some filter "
            f"(q ≤ {known['q']:g} over all {plural(int((table['model'] == model).sum()), 'pair')}); "
            f"permuted tables confirm {said} on average."
        )
        if len(mine):
            part.sentences[-1] += (
                f" Of {plural(mine['regulator'].nunique(), 'regulator')} with a filter of their own motif, {count(hits)} "
                f"{'is' if hits == 1 else 'are'} confirmed by it."
            )
        counts = {"pairs": int(known["pairs"]), "regulators": int(known["regulators"])}
        name = f"{prefix}knock_out_{str(model).replace('.', '_')}"
        part.pictures.append(figures.permuted(counts, drawn, f"Known targets and filter knock-outs, {model}", folder, name))
    columns: list[tuple[str, str, int | None]] = [
        ("model", "network", None), ("unit", "filter or cluster", None), ("match", "its motif", None), ("regulator", "regulator", None),
        ("own", "motif of this regulator", 0), ("n_targets", "targets", 0), ("auc", "AUC", 3), ("p_rank_sum", "p (rank sum)", 4),
        ("q_rank_sum", "q", 4), ("found", "targets among the top", 0), ("expected", "by chance", 1), ("q_fisher", "q (Fisher)", 4),
    ]  # fmt: skip
    shown = pd.concat([own, table.head(200)]).drop_duplicates(["model", "unit", "regulator"])
    first = "Pairs of a filter with the regulator whose motif it is, then the" if len(own) else "The"
    caption = f"{first} smallest p; all are in validation.tsv."
    id_ = f"validation-{found.fold}-{found.preset}"
    part.tables.append(from_frame(_named(shown, found), id_, "Knock-outs against known targets", columns, caption, searchable=True))
    return part


def promoters_part(tables: dict[str, pd.DataFrame], name: str, folder: Path, prefix: str) -> Part:
    """Bases and regulators behind the predictions of chosen or the best predicted genes."""
    part = Part()
    bases, changes, sums = tables.get("bases"), tables.get("saturation"), tables.get("additivity")
    if bases is None or bases.empty:
        part.lacks("Bases of chosen promoters", "ATTRIBUTE_DEEPRAGE left no bases.tsv")
        return part
    entries, substitutions = [], []
    cells = list(bases.groupby(["gene", "condition"], sort=False))
    for (gene, condition), rows in cells[:PROMOTERS]:
        title = f"{rows['name'].iloc[0] or gene} in {condition}"
        entries.append((title, "".join(rows["base"]), rows["contribution"].to_numpy(float), int(rows["position"].iloc[0])))
        if changes is not None and not changes.empty:
            mine = changes[(changes["gene"] == gene) & (changes["condition"] == condition)]
            matrix = mine.pivot(index="position", columns="alt", values="effect").reindex(index=rows["position"], columns=list("ACGT"))
            substitutions.append(matrix.fillna(0).to_numpy(float))
    part.pictures.append(figures.promoters(entries, substitutions, folder, f"{prefix}promoters"))
    if len(cells) > PROMOTERS:
        part.sentences.append(f"Drawn are the first {PROMOTERS} of {plural(len(cells), 'gene')} in a condition; all are in bases.tsv.")
    if sums is not None and not sums.empty:
        part.sentences.append(
            "Contributions add up to the prediction less that of background letters with every regulator at 0; the largest residual is "
            f"{scientific(float(sums['relative'].max()))} of it."
        )
    regulators = tables.get("regulators")
    if regulators is not None and not regulators.empty:
        columns: list[tuple[str, str, int | None]] = [
            ("name", "gene", None), ("condition", "condition", None), ("regulator_name", "regulator", None),
            ("value", "its log2 ratio", 3), ("contribution", "contribution", 4),
        ]  # fmt: skip
        shown = regulators.groupby(["gene", "condition"], sort=False).head(15)
        title = "Regulators behind these predictions"
        part.tables.append(from_frame(shown, f"promoter-regulators-{name}", title, columns, "The 15 largest of each.", searchable=True))
    return part
