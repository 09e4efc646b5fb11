"""The tables of KNOCK_OUT, from effects in memory."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regdecode.explain.knockout import PairEffects, Tested
from regdecode.explain.knockout_data import Cohort
from regdecode.explain.knockout_pairs import GeneNames
from regdecode.stats.coexpression import EDGES, SIGNS, Recovered, Screen, Separation
from regdecode.stats.comparisons import benjamini_hochberg
from regdecode.stats.rank_rows import spearman_to

SIGNIFICANT = 0.05
BIN_COLUMNS = ["pair", "gene", "track", "bin", "start", "end", "effect", "se", "t", "p", "p_bonferroni", "regulators"]
DRIVER_COLUMNS = ["system", "regulator", "target", "output", "effect", "se", "statistic", "p", "q", "pair", "p_bonferroni", "driver",
                  "class", "tracks", "bins"]  # fmt: skip
METRICS = ["system", "organism", "fold", "model", "member", "arm", "split", "output", "metric", "value", "low", "high", "n"]


def pair_name(pair: tuple[str, str]) -> str:
    """Name of a pair in every table."""
    return f"{pair[0]}~{pair[1]}"


def _fitted(tested: Sequence[Tested]) -> pd.DataFrame:
    """Both genes of a pair; Bonferroni over all that was tested in the pair."""
    tables = []
    tests = sum(len(one.parts) for one in tested)
    for one in tested:
        fit = one.fit
        figures = {"effect": fit.effect, "se": fit.se, "statistic": fit.statistic, "p": fit.p}
        tables.append(one.parts.table.assign(gene=one.parts.gene, **figures, p_bonferroni=np.minimum(fit.p * tests, 1.0)))
    return pd.concat(tables, ignore_index=True)


def disruption_table(results: Sequence[PairEffects]) -> pd.DataFrame:
    """site_disruption.tsv: what emptying a bin adds to rho."""
    tables = [_fitted(result.bins).assign(pair=pair_name(result.pair)) for result in results]
    if not tables:
        return pd.DataFrame(columns=BIN_COLUMNS)
    return pd.concat(tables, ignore_index=True).rename(columns={"statistic": "t"})[BIN_COLUMNS]


def driver_table(results: Sequence[PairEffects], cohort: str) -> pd.DataFrame:
    """drivers.tsv: what taking a regulator away adds to rho, strongest first within a pair."""
    tables = []
    for result in results:
        table = _fitted(result.regulators).assign(pair=pair_name(result.pair))
        tables.append(table.iloc[np.lexsort([table["regulator"], -table["statistic"].abs()])])
    if not tables:
        return pd.DataFrame(columns=DRIVER_COLUMNS)
    table = pd.concat(tables, ignore_index=True).rename(columns={"gene": "target"})
    driver = np.where(table["p_bonferroni"] < SIGNIFICANT, "yes", "no")
    q = benjamini_hochberg(table["p"].to_numpy())
    return table.assign(system="decode", output=cohort, q=q, driver=driver)[DRIVER_COLUMNS]


def pair_table(results: Sequence[PairEffects], cohort: Cohort, names: GeneNames, source: str) -> pd.DataFrame:
    """pairs.tsv: the pairs, their rho predicted and in the data, and how much was tested."""
    place = {gene: g for g, gene in enumerate(cohort.data.genes.tolist())}
    rows = []
    for result in results:
        at = [place[gene] for gene in result.pair]
        both = cohort.actual[at][:, np.isfinite(cohort.actual[at]).all(0)]
        row: dict[str, object] = {"pair": pair_name(result.pair)}
        for k, letter in enumerate("ab"):
            row |= {f"gene_{letter}": result.pair[k], f"name_{letter}": names.label(result.pair[k])}
        row |= {"source": source, "predicted_rho": result.rho, "people": both.shape[1]}
        row["actual_rho"] = float(spearman_to(both[:1], both[1])[0]) if both.shape[1] > 2 else np.nan
        for k, letter in enumerate("ab"):
            regulators, bins = result.regulators[k], result.bins[k]
            row |= {f"split_{letter}": cohort.data.split[at[k]], f"regulators_{letter}": len(regulators.parts)}
            row |= {f"bins_{letter}": len(bins.parts), f"r2_regulators_{letter}": regulators.fit.r_squared}
            row |= {f"r2_bins_{letter}": bins.fit.r_squared}
        rows.append(row)
    columns = ["pair", *(f"{what}_{k}" for what in ("gene", "name", "split") for k in "ab"), "source", "people", "predicted_rho"]
    columns += ["actual_rho", *(f"{what}_{k}" for what in ("regulators", "bins", "r2_regulators", "r2_bins") for k in "ab")]
    return pd.DataFrame(rows, columns=columns)


class Recovery(NamedTuple):
    """Scores of one arm."""

    signs: dict[str, Recovered]
    separation: Separation


def recovery_table(scores: dict[str, Recovery]) -> pd.DataFrame:
    """recovery.tsv: co-expressed pairs found again, by arm and sign, beside the share of all pairs that chance would find."""
    rows = []
    for arm, score in scores.items():
        for sign, one in score.signs.items():
            area = score.separation
            rows.append({"arm": arm, "sign": sign, **one._asdict(), "auroc": area.auroc, "auroc_low": area.low, "auroc_high": area.high})
    columns = ["arm", "sign", *Recovered._fields, "auroc", "auroc_low", "auroc_high"]
    return pd.DataFrame(rows, columns=columns)


def density_table(screen: Screen) -> pd.DataFrame:
    """recovery_density.tsv: how predicted rho is distributed over positive, negative and all other pairs, by arm."""
    rows = []
    width = EDGES[1] - EDGES[0]
    for arm, predicted in screen.predicted.items():
        counts = {sign: np.histogram(predicted[mine], EDGES)[0] for sign, mine in zip(SIGNS, (screen.actual > 0, screen.actual < 0))}
        counts["other"] = screen.all_pairs[arm] - counts["positive"] - counts["negative"]
        for sign, count in counts.items():
            total = count.sum()
            density = count / total / width if total else np.full(len(count), np.nan)
            rows.append(pd.DataFrame({"arm": arm, "sign": sign, "low": EDGES[:-1], "high": EDGES[1:], "pairs": count, "density": density}))
    return pd.concat(rows, ignore_index=True)


def metric_table(scores: dict[str, Recovery], labels: dict[str, str]) -> pd.DataFrame:
    """metrics.tsv: recovered shares and the area under the curve, by arm."""
    rows = []
    for arm, score in scores.items():
        same = {**labels, "arm": arm, "split": "test", "output": "coexpression"}
        for sign, one in score.signs.items():
            rows.append({**same, "metric": f"recovered_{sign}", "value": one.share, "low": one.low, "high": one.high, "n": one.pairs})
        area = score.separation
        n = area.positive + area.negative
        rows.append({**same, "metric": "auroc", "value": area.auroc, "low": area.low, "high": area.high, "n": n})
    return pd.DataFrame(rows, columns=METRICS)
