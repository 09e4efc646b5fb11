"""Bad parameters and organism files: every fault named at once, before any task starts."""

import os
import shutil
from pathlib import Path

import pytest
from conftest import Nextflow

pytestmark = pytest.mark.pipeline


def refused(run) -> str:
    """The message of a run that was refused, with nothing published."""
    assert run.code == 2
    assert not (run.out / "metrics.tsv").exists()
    assert "Exception" not in run.text
    return run.text


def with_changes(text: str, *changes: tuple[str, str]) -> str:
    """The text with each (old, new) made once, in order; every old must be there."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_every_bad_parameter_is_named(nextflow: Nextflow, tmp_path: Path) -> None:
    wrong = {
        "organsim": "yeast",
        "publish_dir_mode": "cpy",
        "ablation_replicates": 0,
        "seed": "one",
        "data_dir": tmp_path / "absent",
        "baselines": "mean,rigde",
        "models": "defualt",
        "ablation": "maybe",
        "max_memory": "lots",
        "deeprage_models": "defalt",
        "deeprage_regimes": "new_gen",
        "deeprage_baselines": "mean,svdd",
        "deeprage_folds": 0,
        "systems": "people",
    }
    run = nextflow.run(tmp_path, **wrong)
    text = refused(run)
    assert "14 faults in the parameters" in text
    for said in (
        "--organsim: unknown; did you mean organism?",
        "--publish_dir_mode cpy: did you mean copy?",
        "--ablation_replicates 0: less than 1",
        "--seed one: not a whole number",
        "absent: no such folder",
        "--baselines: no 'rigde'; did you mean ridge?",
        "--models: no preset 'defualt'",
        "--ablation maybe: neither true nor false",
        "--max_memory lots: not of the form 8.GB",
        "--deeprage_models: no preset 'defalt'",
        "--deeprage_regimes: no 'new_gen'; did you mean new_gene?",
        "--deeprage_baselines: no 'svdd'; did you mean svd?",
        "--deeprage_folds 0: less than 1",
        "--systems people: people's models start from those of decode",
    ):
        assert said in text


def test_unknown_organism_is_named_with_the_nearest(nextflow: Nextflow, tmp_path: Path) -> None:
    message = refused(nextflow.run(tmp_path, organism="yaest"))
    assert "--organism yaest: neither a shipped organism nor a file; did you mean yeast?" in message


def test_typos_of_an_organism_file_are_named_with_line_and_nearest_key(nextflow: Nextflow, mini: Path, tmp_path: Path) -> None:
    lines = (mini / "mini.yml").read_text().splitlines()
    wrong = tmp_path / "wrong.yml"
    text = (
        "\n".join(lines)
        .replace("anchor: tss", "anchor: tssx")
        .replace("min_genes: 20", "min_gene: 20", 1)
        .replace("kind: tpm", "kind: tpn")
        .replace("validation:", "validatoin:")
    )
    wrong.write_text(text + "\nextra: 1\n")
    message = refused(nextflow.run(tmp_path, "--organism", wrong, "--data_dir", mini))
    number = {
        word: 1 + next(i for i, line in enumerate(text.splitlines()) if word in line) for word in ("tssx", "min_gene:", "tpn", "validatoin")
    }
    for said in (
        f"line {number['tssx']}, windows.decode.anchor: 'tssx' is not one of its values; did you mean tss?",
        f"line {number['min_gene:']}, regulators[0]: the key 'min_genes' is missing",
        f"line {number['min_gene:']}, regulators[0].min_gene: unknown key 'min_gene'; did you mean min_genes?",
        f"line {number['tpn']}, expression.kind: 'tpn' is not one of its values; did you mean tpm?",
        f"line {number['validatoin']}, splits.genes.validatoin: unknown key 'validatoin'; did you mean validation?",
        f"line {len(lines) + 1}, extra: unknown key 'extra'",
    ):
        assert said in message


def test_a_broken_or_repeated_key_is_named(nextflow: Nextflow, mini: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text("id: [mini\nname: x\n")
    assert "not YAML" in refused(nextflow.run(tmp_path, "--organism", broken))
    twice = tmp_path / "twice.yml"
    twice.write_text((mini / "mini.yml").read_text() + "id: again\n")
    assert "the key 'id' stands twice" in refused(nextflow.run(tmp_path, "--organism", twice, "--data_dir", mini))


def test_missing_files_name_their_key_source_and_fix(nextflow: Nextflow, mini: Path, tmp_path: Path) -> None:
    message = refused(nextflow.run(tmp_path, "--organism", "human_genome"))
    assert "13 faults" in message and message.count("--data_dir") == 13 and message.count("leave people out with --systems decode") == 8
    assert "regulators[0].links: no file tf/tf_gene_links.tsv.gz" in message and "TFEA.ChIP" in message
    part = tmp_path / "part"
    shutil.copytree(mini, part)
    (part / "rbp.bed.gz").unlink()
    message = refused(nextflow.run(tmp_path, "--organism", part / "mini.yml"))
    assert "one fault" in message and "no file rbp.bed.gz" in message and str(part) in message


def test_faults_of_cohorts_are_named_with_the_nearest(nextflow: Nextflow, cohorts: Path, tmp_path: Path) -> None:
    text = with_changes(
        (cohorts / "mini.yml").read_text(),
        ("id: second", "id: first"),
        ("test: [age, sex]", "test: [age, sexx]"),
        ("covariates: [batch]", "covariates: [batch, age]"),
        ('design: "~ marker_gene1"', 'design: "~ marker_gene2 + batch"'),
        ("contrasts: {", "contrast: {"),
    )
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(text)
    message = refused(nextflow.run(tmp_path, "--organism", wrong, "--data_dir", cohorts))
    assert "individuals[2].contrast: unknown key 'contrast'; did you mean contrasts?" in message
    wrong.write_text(text.replace("contrast: {", "contrasts: {"))
    message = refused(nextflow.run(tmp_path, "--organism", wrong, "--data_dir", cohorts))
    number = {word: 1 + next(i for i, line in enumerate(text.splitlines()) if word in line) for word in ("sexx", "marker_gene2")}
    for said in (
        "two cohorts are called first",
        f"line {number['sexx']}, individuals[0].test: 'sexx' is neither in the design nor a contrast; did you mean sex?",
        "individuals[1].covariates: 'age' is regressed out of the expression",
        f"line {number['marker_gene2']}, individuals[2].design: no genotype marker_gene2; did you mean marker_gene1?",
        "individuals[2].design: 'batch' is a column of a sample sheet, and there is none",
        "individuals[2].test: 'marker_gene1' is neither in the design nor a contrast; did you mean marker_gene2?",
    ):
        assert said in message


def test_faults_of_sequence_models_are_named(nextflow: Nextflow, mini: Path, tmp_path: Path) -> None:
    text = (mini / "promoters.yml").read_text()
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(
        text.replace("thresholds: [-0.5, 0.5]", "quantiles: 1")
        .replace("by: random, n: 5", "by: random, n: 2")
        .replace("series: t", "serie: t")
        .replace("  explain:", "  attribute: { genes: g1, conditions: [37], gene: [g1] }\n  explain:")
    )
    message = refused(nextflow.run(tmp_path, "--organism", wrong, "--data_dir", mini))
    for said in (
        "deeprage.classes.quantiles: 1 is less than 2",
        "deeprage.regimes.new_gene.n: 2 is less than 3",
        "deeprage.serie: unknown key 'serie'; did you mean series?",
        "deeprage.attribute.genes: a string where array belongs",
        "deeprage.attribute.conditions[0]: a integer where string belongs",
        "deeprage.attribute.gene: unknown key 'gene'; did you mean genes?",
    ):
        assert said in message
    text = with_changes(
        text,
        (", sequence: { length: 1200, anchor: tss, downstream: 200 }", ""),
        ("  fasta: genome.fa.gz\n", ""),
        ("  series: tissue\n", ""),
        ("    new_gene: { by: random, n: 5 }\n", ""),
        ("expression: { group_by: [] }", "expression: { group_by: [tissue] }"),
        ("over: used", "over: matrix"),
    )
    wrong.write_text(text)
    message = refused(nextflow.run(tmp_path, "--organism", wrong, "--data_dir", mini))
    for said in (
        "windows.sequence is missing",
        "sequence models read a genome: reference.fasta is missing",
        "name the column of the sample sheet that holds them (deeprage.series)",
        "it crosses the folds of new_gene and new_condition: give both",
        "no pair is a cell of the matrix: over: used",
    ):
        assert said in message
    number = 1 + next(i for i, line in enumerate(text.splitlines()) if "over: matrix" in line)
    assert f"line {number}, deeprage.regimes.random_pair.over" in message


def test_units_that_nothing_tells_are_named(nextflow: Nextflow, tmp_path: Path) -> None:
    text = with_changes(
        (Path(__file__).resolve().parents[2] / "assets" / "organisms" / "ecoli.yml").read_text(),
        (", unit: operon }\nwindows:", " }\nwindows:"),
        ("anchor: start_codon, unit: operon }     ", "anchor: start_codon }     "),
        ("new_condition: { by: series, n: 5 }", "new_condition: { by: unit, n: 5 }"),
    )
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(text)
    message = refused(nextflow.run(tmp_path, "--organism", wrong))
    assert "windows.sequence.unit is operon: name the column that holds it" in message
    assert "conditions have no transcription units: by: series or random" in message
    wrong.write_text(with_changes(text, ("anchor: start_codon, unit: operon }", "anchor: start_codon }")))
    assert "deeprage.regimes.new_gene is by unit: name the column that holds it" in refused(nextflow.run(tmp_path, "--organism", wrong))


def test_a_missing_image_is_named_before_any_task_with_both_ways_out(nextflow: Nextflow, mini: Path, tmp_path: Path) -> None:
    """The image of MOTIFS too where no motifs are known."""
    (tmp_path / "mini.yml").write_text((mini / "promoters.yml").read_text().replace("  motifs: [motifs.meme]\n", ""))
    engine = tmp_path / "bin" / "docker"
    engine.parent.mkdir()
    engine.write_text('#!/bin/sh\ncase "$*" in *train_decode*|*motifs*) exit 1 ;; esac\nexit 0\n')
    engine.chmod(0o755)
    path = {"PATH": f"{engine.parent}{os.pathsep}{os.environ['PATH']}"}
    run = nextflow.run(tmp_path, "-profile", "docker,gpu", env=path, organism=tmp_path / "mini.yml", data_dir=mini)
    message = refused(run)
    assert "no image of regdecode/motifs:0.1.0-gpu, regdecode/scan_motifs:" in message and "regdecode/train_decode:0.1.0-gpu" in message
    assert "make images" in message and "docker.registry" in message
    assert not list(tmp_path.rglob(".command.run"))


def test_help_lists_every_parameter(nextflow: Nextflow, tmp_path: Path) -> None:
    run = nextflow.run(tmp_path, "--help")
    assert run.code == 0 and "--attribution_engine" in run.text and "(regdecode | shap)" in run.text
