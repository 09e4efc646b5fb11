"""Whether a regulator's activity follows its own expression: over tissues on the page of regulators, over people on theirs."""

import pandas as pd

from regdecode.report.numbers import count, plural
from regdecode.report.tables import Table, from_frame


def activity_table(table: pd.DataFrame | None, id: str) -> tuple[str, Table] | None:
    """Sentence and table of activity.tsv: whose activity follows their own expression."""
    if table is None:
        return None
    table = table[table["outputs"] == "all"] if "outputs" in table else table
    strong = (table["q"] < 0.05) & (table["rho"].abs() > 0.3)
    up, down = int((strong & (table["rho"] > 0)).sum()), int((strong & (table["rho"] < 0)).sum())
    sentence = (
        f"activity follows the regulator's own expression for {count(up)} and opposes it for {count(down)} "
        f"of {plural(len(table), 'regulator')} (|ρ| above 0.3 at 5 % false discoveries)."
    )
    columns = [
        ("regulator", "regulator", None), ("class", "class", None), ("gene_name", "gene", None), ("n", "n", 0), ("rho", "ρ", 3),
        ("p", "p", 4), ("q", "q", 4),
    ]  # fmt: skip
    shown = table.sort_values("p").head(200)
    return sentence, from_frame(shown, id, "Regulator activity against its own expression", columns, searchable=True)
