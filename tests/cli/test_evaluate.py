"""evaluate.py from model folders and baselines to tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from scipy import stats
from tests.cli.test_select_models import members
from tests.cli.test_train_decode import script

from regdecode.io.h5ad import read_predictions, write_predictions
from regdecode.stats.evaluation import METRIC_COLUMNS
from regdecode.training.dataset import load_dataset

TABLES = ["ablation.tsv", "comparisons.tsv", "metrics.tsv", "output_matrix.tsv", "per_gene.tsv", "per_output.tsv", "predictions.h5ad"]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], Result]:
    """Two replicates, trees, their ensemble, a shuffled arm, a single task and baselines, evaluated once."""
    folder = tmp_path_factory.mktemp("evaluate")
    plans = [
        ("a", ["--replicate", "1"]),
        ("b", ["--replicate", "2"]),
        ("t", ["--family", "trees"]),
        ("sa", ["--arm", "shuffled_all"]),
        ("so", ["--arm", "single_task:1/2"]),
    ]
    data, models = members(folder, *plans)
    assert CliRunner().invoke(script("select_models"), [*models[:6], *data, "--out", str(folder / "ensemble")]).exit_code == 0
    assert (
        CliRunner()
        .invoke(script("baselines"), [*data, "--out", str(folder / "base"), "--baseline", "mean", "--baseline", "ridge"])
        .exit_code
        == 0
    )
    arguments = ["--model", str(folder / "ensemble"), *models[6:], *data, "--organism", "mini", "--fold", "chr1"]
    arguments += [word for name in ("mean", "ridge") for word in ("--predictions", str(folder / "base" / f"{name}.predictions.h5ad"))]
    return folder, arguments, CliRunner().invoke(script("evaluate"), [*arguments, "--out", str(folder / "out")])


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "out" / f"{name}.tsv", sep="\t")


def test_writes_every_table(evaluated):
    folder, _, result = evaluated
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (folder / "out").iterdir()) == TABLES
    metrics = table(folder, "metrics")
    assert list(metrics.columns) == METRIC_COLUMNS
    rows = set(zip(metrics["model"], metrics["member"], metrics["arm"], strict=True))
    model = metrics["model"][0]
    assert {(model, member, "all") for member in ("ensemble", "best", "r1", "r2", "t1")} | {
        ("mean", "single", "all"),
        ("ridge", "single", "all"),
    } < rows
    assert any(arm.startswith("single_task") for _, _, arm in rows) and (model, "r1", "shuffled_all") in rows
    single = metrics[metrics["arm"].str.startswith("single_task")]
    assert not set(single["output"]) & {"fold_change", "all"}
    assert set(metrics["split"]) == {"test", "validation"} and set(metrics["organism"]) == {"mini"}


def test_figures_are_those_of_the_predictions(evaluated):
    folder, arguments, _ = evaluated
    found = read_predictions(folder / "out" / "predictions.h5ad")
    assert found.attrs["member"] == "ensemble"
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    features = [value for key, value in zip(arguments[::2], arguments[1::2], strict=True) if key == "--features"]
    data = load_dataset(features, given["--expression"], given["--splits"])
    test = data.split == "test"
    expected = stats.spearmanr(found.values[test, 0], data.targets[test, 0])[0]
    metrics = (
        table(folder, "metrics").query("member == 'ensemble' and split == 'test' and metric == 'spearman'").set_index("output")["value"]
    )
    assert metrics[str(data.outputs[0])] == pytest.approx(expected, abs=1e-5)
    genes = table(folder, "per_gene")
    np.testing.assert_allclose(genes["level_actual"], data.targets[:, -1], rtol=1e-4)


def test_comparisons_and_matrix(evaluated):
    folder, _, _ = evaluated
    comparisons = table(folder, "comparisons")
    assert set(comparisons["baseline"]) == {"mean", "ridge"} and set(comparisons["output"]) == {"level", "fold_change"}
    metrics = table(folder, "metrics")
    test = metrics[(metrics["split"] == "test") & (metrics["metric"] == "spearman") & (metrics["output"] == "fold_change")]
    values = test.set_index(["model", "member"])["value"]
    row = comparisons[(comparisons["baseline"] == "ridge") & (comparisons["output"] == "fold_change")].iloc[0]
    ensemble = test[test["member"] == "ensemble"]["value"].iloc[0]
    assert row["difference"] == pytest.approx(ensemble - values["ridge", "single"], abs=1e-5)
    assert row["low"] <= row["difference"] <= row["high"]
    matrix = table(folder, "output_matrix")
    assert list(matrix.columns) == ["predicted", "actual", "spearman", "permutation_p"] and "level" not in set(matrix["predicted"])
    ablation = table(folder, "ablation")
    assert set(ablation["test"]) == {"paired_t", "sign"} and set(ablation["arm_b"]) == {"shuffled_all", "single_task"}


def test_same_input_same_bytes(evaluated):
    folder, arguments, _ = evaluated
    assert CliRunner().invoke(script("evaluate"), [*arguments, "--out", str(folder / "again")]).exit_code == 0
    for name in TABLES[:-1]:
        assert (folder / "out" / name).read_bytes() == (folder / "again" / name).read_bytes(), name


def test_bad_input_is_refused(evaluated, tmp_path):
    _, arguments, _ = evaluated
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(script("evaluate"), [*arguments, "--model", str(tmp_path / "empty"), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2 and "not a model folder" in result.output and "Traceback" not in result.output
    at = arguments.index("--predictions") + 1
    found = read_predictions(arguments[at])
    write_predictions(tmp_path / "few.h5ad", type(found)(found.genes[:3], found.split[:3], found.outputs, found.values[:3], found.attrs))
    result = CliRunner().invoke(
        script("evaluate"), [*arguments, "--predictions", str(tmp_path / "few.h5ad"), "--out", str(tmp_path / "out")]
    )
    assert result.exit_code == 2 and "holds no prediction of" in result.output
    assert not (tmp_path / "out").exists()
