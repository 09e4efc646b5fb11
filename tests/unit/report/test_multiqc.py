"""MultiQC's custom content: a header of comments, then a table with a sample a row."""

import json

import pandas as pd
from tests.unit.report.make_inputs import make_inputs

from regdecode.report import accuracy, multiqc
from regdecode.report.inputs import read_inputs


def test_files(tmp_path):
    inputs = read_inputs(make_inputs(tmp_path / "inputs", folds=("chr16", "chr19"), n_outputs=4))
    found = {fold.name: accuracy.rows(inputs.metrics, fold.name, inputs.presets) for fold in inputs.folds}
    names = multiqc.write(tmp_path / "multiqc", inputs, found)
    assert names == ["regdecode_general_mqc.tsv", "regdecode_models_mqc.tsv", "regdecode_training_mqc.tsv"]
    for name in names:
        lines = (tmp_path / "multiqc" / name).read_text().splitlines()
        header = dict(line[2:].split(": ", 1) for line in lines if line.startswith("#"))
        assert json.loads(header["id"]) == name.removesuffix("_mqc.tsv")
        table = pd.read_csv(tmp_path / "multiqc" / name, sep="\t", comment="#")
        assert table["Sample"].is_unique and table["Sample"].str.startswith("made.").all()
    general = pd.read_csv(tmp_path / "multiqc" / names[0], sep="\t", comment="#").set_index("Sample")
    assert general.loc["made.chr16", "level"] == 0.73
