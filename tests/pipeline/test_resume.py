"""What -resume reruns: nothing when nothing changed, else what uses the change and what follows from it."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from conftest import Nextflow, Run

pytestmark = pytest.mark.pipeline

LEARN = {"TRAIN_DECODE", "SELECT_MODELS", "BASELINES", "EVALUATE", "ATTRIBUTE", "ACTIVITY", "REPORT"}


def edit(path: Path, old: str, new: str) -> None:
    """Replace in a file; the old text must be there."""
    text = path.read_text()
    assert old in text, f"{path} lacks {old!r}"
    path.write_text(text.replace(old, new, 1))


def append(path: Path, text: str) -> None:
    """Add to a file's end."""
    path.write_text(path.read_text() + text)


@pytest.fixture
def again(nextflow: Nextflow, project: Path, mini: Path, tmp_path: Path) -> Callable[..., Run]:
    """One command, given again and again: the stub run of an editable copy of the pipeline on an editable organism file."""
    shutil.copy(mini / "mini.yml", tmp_path / "mini.yml")
    params = {"data_dir": mini, "models": "default", "replicates": 1, "ablation": "false", "baselines": "mean"}
    return partial(nextflow.run, tmp_path / "run", "-stub-run", "-resume", project=project, organism=tmp_path / "mini.yml", **params)


def test_what_resume_reruns(again: Callable[..., Run], project: Path, tmp_path: Path) -> None:
    def executed(**more: int) -> set[str]:
        run = again(**more)
        assert run.code == 0, run.text
        return run.executed()

    module = project / "modules" / "local" / "evaluate" / "main.nf"
    sound = module.read_text()
    edit(module, 'stub:\n    """\n', 'stub:\n    """\n    exit 3\n')
    failed = again()
    assert failed.code != 0 and "EVALUATE" in failed.text and "-resume" in failed.text
    assert not (failed.out / "metrics.tsv").exists() and not (failed.out / "report.html").exists()

    module.write_text(sound)
    mended = executed()
    assert (
        {"EVALUATE", "REPORT"} <= mended <= {"EVALUATE", "ATTRIBUTE", "ACTIVITY", "REPORT"}
    )  # the failure may have come before ATTRIBUTE's start
    assert executed(max_cpus=1) == set()

    append(project / "bin" / "regdecode" / "report" / "__init__.py", "\n# edited\n")
    assert executed() == {"REPORT"}
    append(project / "bin" / "regdecode" / "explain" / "deeplift.py", "\n# edited\n")
    assert executed() == {"ATTRIBUTE", "ACTIVITY", "REPORT"}
    append(project / "assets" / "decode" / "default.yml", "\n# a comment is an edit\n")
    assert executed() == LEARN - {"BASELINES"}
    append(project / "bin" / "regdecode" / "genome" / "binning_kernel.py", "\n# edited\n")
    assert executed() == {"BIN_SITES", "SPLIT"} | LEARN
    edit(tmp_path / "mini.yml", "p_value: 0.000001", "p_value: 0.00001")
    assert executed() == {"SCAN_MOTIFS", "BIN_SITES", "SPLIT"} | LEARN
    assert executed(seed=1) == {"SPLIT"} | LEARN


def test_an_edit_of_a_design_reruns_what_follows_from_it(nextflow: Nextflow, cohorts: Path, preset: Path, tmp_path: Path) -> None:
    organism = shutil.copy(cohorts / "mini.yml", tmp_path / "mini.yml")
    params = {"organism": organism, "data_dir": cohorts, "models": preset, "ablation": "false", "baselines": "mean"}

    def executed() -> set[str]:
        run = nextflow.run(tmp_path / "run", "-stub-run", "-resume", **params)
        assert run.code == 0, run.text
        return run.executed()

    assert {"FINETUNE_DECODE", "ASSOCIATE", "MEDIATE"} <= executed()
    edit(Path(organism), 'design: "~ age + sex"', 'design: "~ age * sex"')
    assert executed() == {"ASSOCIATE", "REPLICATE", "REPORT"}
    edit(Path(organism), "covariates: [batch]", "covariates: [batch, centre]")
    assert executed() == {"EXPRESSION", "FINETUNE_DECODE", "EVALUATE_PEOPLE", "ATTRIBUTE_PEOPLE", "ACTIVITY"} | {
        "ASSOCIATE", "REPLICATE", "KNOCK_OUT", "MEDIATE", "REPORT"
    }  # fmt: skip
    assert executed() == set()
