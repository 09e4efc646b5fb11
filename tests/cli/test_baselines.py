"""baselines.py from files to files."""

from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result
from tests.cli.test_train_decode import script, write_inputs

from regdecode.io.h5ad import read_expression, read_predictions


def run(folder: Path, data: list[str], *more: str) -> Result:
    return CliRunner().invoke(script("baselines"), [*data, "--out", str(folder / "out"), *more])


def test_writes_one_file_a_baseline(tmp_path):
    result = run(tmp_path, write_inputs(tmp_path))
    assert result.exit_code == 0, result.output
    names = ["mean", "perceptron", "ridge", "shuffled", "xgboost"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{name}.predictions.h5ad" for name in names]
    targets = read_expression(tmp_path / "e.h5ad").target_names().tolist()
    for name in names:
        found = read_predictions(tmp_path / "out" / f"{name}.predictions.h5ad")
        assert found.attrs["model"] == name and found.outputs.tolist() == targets
        assert set(found.split) == {"train", "validation", "test"} and np.isfinite(found.values).all()


def test_chosen_baselines_only_and_same_seed_same_predictions(tmp_path):
    data = write_inputs(tmp_path)
    assert run(tmp_path, data, "--baseline", "shuffled", "--seed", "5").exit_code == 0
    first = read_predictions(tmp_path / "out" / "shuffled.predictions.h5ad").values
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["shuffled.predictions.h5ad"]
    run(tmp_path, data, "--baseline", "shuffled", "--seed", "5")
    np.testing.assert_array_equal(first, read_predictions(tmp_path / "out" / "shuffled.predictions.h5ad").values)


def test_bad_input_is_refused(tmp_path):
    data = write_inputs(tmp_path)
    assert run(tmp_path, data, "--baseline", "oracle").exit_code == 2
    at = data.index("--splits") + 1
    (tmp_path / "bad.tsv").write_text("gene_id\tsplit\nnobody\ttrain\n")
    result = run(tmp_path, [*data[:at], str(tmp_path / "bad.tsv"), *data[at + 1 :]])
    assert result.exit_code == 2 and "nobody" in result.output and "Traceback" not in result.output
    assert not (tmp_path / "out").exists()
