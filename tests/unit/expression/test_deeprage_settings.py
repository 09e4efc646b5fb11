"""The deeprage block."""

import json
from pathlib import Path

import pytest

from regdecode.errors import InputError
from regdecode.expression.deeprage_settings import deeprage_settings


def test_ways_to_write_a_regime() -> None:
    found = deeprage_settings(
        {
            "series": "trt",
            "regimes": {
                "random_pair": {"share": 0.2, "seed": 0, "over": "matrix", "missing": "zero"},
                "new_condition": "series",
                "new_gene": {"file": "f.tsv", "folds": [0, 3]},
                "new_gene_and_condition": True,
            },
        }
    )
    gene, condition, pair, both = found.regimes
    assert (gene.name, gene.file, gene.folds, gene.missing) == ("new_gene", "f.tsv", ("0", "3"), "drop")
    assert (condition.by, condition.n, condition.columns) == ("series", 5, ("condition_id", "fold"))
    assert (pair.share, pair.seed, pair.over, pair.missing) == (0.2, 0, "matrix", "zero")
    assert both.name == "new_gene_and_condition"
    assert found.classes == {"thresholds": [-0.5, 0.5]}


def test_every_fault_at_once() -> None:
    with pytest.raises(InputError) as told:
        deeprage_settings(
            {
                "missing": "mean",
                "colour": 1,
                "classes": {"bins": 2},
                "regimes": {"new_genes": True, "new_condition": "series", "random_pair": {"share": 0.7}, "new_gene": {"n": 2}},
            },
            "o.json",
        )
    for part in ("colour", "missing is 'mean'", "classes is", "new_genes", "no series is known", "share is 0.7", "n is 2"):
        assert part in str(told.value)


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ({"classes": [-0.5, 0.5]}, r"^o.json: classes is \[-0.5, 0.5\]\n  fix: give \{thresholds"),
        ({"classes": "three"}, r"^o.json: classes is 'three'\n  fix: give \{thresholds"),
        ({"regimes": {"new_gene": {"columns": "x"}}}, r"^o.json: regimes.new_gene: columns is 'x'\n  fix: name them: \{gene_id: "),
        ({"regimes": {"new_gene": {"folds": 3.5}}}, r"^o.json: regimes.new_gene: folds is 3.5\n  fix: name folds"),
        ({"regimes": {"new_gene": {"folds": [0, True]}}}, r"^o.json: regimes.new_gene: folds is \[0, True\]\n  fix: name folds"),
    ],
)
def test_a_value_of_another_kind_is_one_message(block, told) -> None:
    with pytest.raises(InputError, match=told):
        deeprage_settings(block, "o.json")


@pytest.mark.parametrize(("given", "read"), [(0, ("0",)), ("a", ("a",)), ([2, "b"], ("2", "b")), ([], ()), (None, ())])
def test_ways_to_name_folds(given, read) -> None:
    (regime,) = deeprage_settings({"regimes": {"new_gene": {"folds": given}}}).regimes
    assert regime.folds == read


def test_the_cross_needs_both_folds() -> None:
    with pytest.raises(InputError, match="needs the folds of new_gene and new_condition"):
        deeprage_settings({"regimes": {"new_gene": "random", "new_gene_and_condition": True}})


def test_every_key_of_the_organism_file_is_one_of_the_config() -> None:
    schema = json.loads((Path(__file__).parents[3] / "assets" / "organism_schema.json").read_text())
    with pytest.raises(InputError, match="unknown setting 'colour'") as told:
        deeprage_settings({"colour": 1})
    assert set(schema["properties"]["deeprage"]["properties"]) == set(str(told.value).split("use one of ")[1].split(", "))
    assert deeprage_settings({"coding": False, "expression": {"group_by": []}, "attribute": {"genes": ["g1"]}}).missing == "drop"
