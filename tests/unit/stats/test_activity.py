"""Regulator activity against the regulator's own expression."""

import numpy as np
import pandas as pd
from scipy import stats

from regdecode.stats.activity import activity_table, direction_table


def test_planted_signs_and_the_correlation():
    rng = np.random.default_rng(0)
    expression = rng.normal(size=(12, 30))
    activity = rng.normal(size=(12, 30))
    activity[0], activity[1] = expression[0] + 0.3 * activity[0], -expression[1] + 0.3 * activity[1]
    activity[2] = 1.0
    names = pd.DataFrame({"regulator": [f"R{i}" for i in range(12)], "class": "tf"})
    table = activity_table(names, activity, expression, pd.DataFrame({"gene": names["regulator"], "gene_name": "x"}), "all")
    assert table["sign"].tolist()[:2] == [1, -1] and "R2" not in set(table["regulator"])
    rho, p = stats.spearmanr(activity[3], expression[3])
    row = table.set_index("regulator").loc["R3"]
    assert np.isclose(row["rho"], rho) and np.isclose(row["p"], p, rtol=1e-6)
    direction = direction_table({"a": table, "b": table, "c": table.assign(sign=0)}).set_index("regulator")
    assert direction.loc["R0", "consistent"] and direction.loc["R0", "n_positive"] == 2 and direction.loc["R1", "n_negative"] == 2
    assert not direction.loc["R3", "consistent"]
    opposed = direction_table({"a": table, "b": table.assign(sign=-table["sign"])}).set_index("regulator")
    assert not opposed.loc["R0", "consistent"]
