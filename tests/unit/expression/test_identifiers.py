"""Gene ids as matrices spell them."""

import numpy as np
import pytest

from regdecode.expression.identifiers import match_identifiers, without_version

IDS = np.array(["ENSG00000000003", "ENSG00000000005.6", "YAL001C", "b0001", "ENSG1", "ENSG2"])
NAMES = np.array(["TSPAN6", "TNMD", "TFC3", "thrL", "TWIN", "TWIN"])


@pytest.mark.parametrize(
    ("written", "row", "how"),
    [
        ("ENSG00000000003", 0, "id"),
        ("ENSG00000000003.14", 0, "id without version"),
        ("ENSG00000000005.9", 1, "id without version"),
        ("ENSG00000000003_TSPAN6", 0, "part of an id"),
        ("ENSG00000000003.14_TSPAN6", 0, "part of an id"),
        ("TSPAN6|7105", 0, "part of an id"),
        ("TFC3", 2, "name"),
        ("b0001", 3, "id"),
        ("TWIN", -1, ""),
        ("ENSG00000000003.14_PAR_Y", -1, ""),
        ("ENSG9", -1, ""),
        ("_", -1, ""),
    ],
)
def test_every_form(written, row, how):
    matched = match_identifiers(np.array([written]), IDS, NAMES)
    assert (matched.row[0], matched.how[0]) == (row, how)


def test_versions_are_taken_off_but_not_systematic_names():
    assert without_version("ENSG00000000003.14") == "ENSG00000000003"
    assert without_version("YAL069W-A") == "YAL069W-A"
    assert without_version("ENSG00000002586.18_PAR_Y") == "ENSG00000002586.18_PAR_Y"
