"""baselines_deeprage.py and select_deeprage.py on a made compendium: what is written, what is read back, what is refused."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import regdecode
from regdecode.errors import InputError
from regdecode.genome.promoters import Promoters, stack_promoters
from regdecode.io.fasta import read_fasta
from regdecode.io.h5ad import read_cell_predictions, write_cells, write_expression
from regdecode.io.records import Cells, Expression
from regdecode.training.deeprage_learned import load_member, load_recipe
from regdecode.training.model_folder import load_decode

BIN = Path(__file__).parents[2] / "bin"
N_GENES, N_CONDITIONS, N_REGULATORS = 90, 20, 5
GENES = np.array([f"g{i:02d}" for i in range(N_GENES)])
CONDITIONS = np.array([f"c{k}" for k in range(N_CONDITIONS)])
SITE = "AAGGCTAC"
HPARAMS = """model: default
network: {filters: 4, width: 8, regulator_units: 4, rank: 2, dense: [4]}
fit: {epochs: 1, batch_genes: 16}
"""
MEME = "MEME version 4\n\nALPHABET= ACGT\n\nMOTIF {name}\nletter-probability matrix: alength= 4 w= 8 nsites= 50\n{rows}\n"


def script(name):
    spec = importlib.util.spec_from_file_location(f"script_{name}", BIN / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def split_of(regime: str) -> np.ndarray:
    genes = np.where(np.arange(N_GENES) % 5 == 0, 2, np.where(np.arange(N_GENES) % 5 == 1, 1, 0))
    conditions = np.where(np.arange(N_CONDITIONS) % 5 == 0, 2, np.where(np.arange(N_CONDITIONS) % 5 == 1, 1, 0))
    rows, columns = np.repeat(genes[:, None], N_CONDITIONS, 1), np.repeat(conditions[None], N_GENES, 0)
    return {
        "new_gene": rows,
        "new_condition": columns,
        "random_pair": np.random.default_rng(0).choice([0, 0, 0, 0, 1, 2], size=rows.shape),
        "new_gene_and_condition": np.where(rows == columns, rows, -1),
    }[regime].astype(np.int8)


def make(folder: Path, regime: str, width: int = 60) -> np.ndarray:
    """Genes that hold the site follow the first regulator, which is itself no such gene; one value is missing."""
    rng = np.random.default_rng(2)
    letters = rng.choice(list("ACGT"), (N_GENES, width))
    holds = rng.random(N_GENES) < 0.5
    holds[:N_REGULATORS] = False
    letters[holds, 30:38] = list(SITE)
    values = 0.2 * rng.normal(size=(N_GENES, N_CONDITIONS))
    values[:N_REGULATORS] = rng.normal(size=(N_REGULATORS, N_CONDITIONS))
    values[holds] += values[0]
    values[50, 3] = np.nan
    write_expression(folder / "e.h5ad", Expression(GENES, CONDITIONS, values, None, "log_ratio", {}))
    (folder / "s.fa").write_text("".join(f">{g}\n{''.join(row)}\n" for g, row in zip(GENES, letters, strict=True)))
    (folder / "coding.fa").write_text("".join(f">{g}\nATG{'GCT' * (3 + k % 4)}TAA\n" for k, g in enumerate(GENES)))
    head = "gene_id gene_name chrom start end strand tss start_codon length n_exons unit unit_leader".split()
    table = ["\t".join(head)] + [f"{g}\tN{g}\tchr1\t{k * 10}\t{k * 10 + 9}\t+\t{k * 10}\tNA\t9\t1\t{g}\t{g}" for k, g in enumerate(GENES)]
    (folder / "genes.tsv").write_text("\n".join(table) + "\n")
    (folder / "r.txt").write_text("\n".join(GENES[:N_REGULATORS]) + "\n")
    (folder / "c.json").write_text("{}")
    (folder / "h.yml").write_text(HPARAMS)
    rows = "\n".join(" ".join("0.97" if base == letter else "0.01" for base in "ACGT") for letter in SITE)
    (folder / "m.meme").write_text(MEME.format(name="SITE", rows=rows))
    split = np.where(np.isfinite(values), split_of(regime), -1).astype(np.int8)
    write_cells(folder / "cells.h5ad", Cells(GENES, CONDITIONS, split, {"regime": regime, "fold": "0", "missing": "drop"}))
    return values


def run(name: str, folder: Path, *more: str):
    given = {
        "expression": "e.h5ad",
        "sequences": "s.fa",
        "genes": "genes.tsv",
        "config": "c.json",
        "regulators": "r.txt",
        "cells": "cells.h5ad",
    }
    arguments = [part for key, file in given.items() for part in (f"--{key}", str(folder / file))]
    return CliRunner().invoke(script(name), [*arguments, *(str(part) for part in more)])


def r_on(values: np.ndarray, told: np.ndarray, split: np.ndarray) -> float:
    test = (split == 2) & np.isfinite(values)
    return float(np.corrcoef(values[test], told[test])[0, 1])


@pytest.mark.parametrize("regime", ["new_gene", "new_condition", "random_pair", "new_gene_and_condition"])
def test_the_ensemble_learns_and_is_read_back(tmp_path, regime):
    values = make(tmp_path, regime)
    trained = run("train_deeprage", tmp_path, "--hparams", tmp_path / "h.yml", "--device", "cpu", "--out", tmp_path / "net")
    assert trained.exit_code == 0, trained.output
    more = ["--motifs", tmp_path / "m.meme", "--coding", tmp_path / "coding.fa", "--model", tmp_path / "net", "--out", tmp_path / "out"]
    result = run("select_deeprage", tmp_path, *more)
    assert result.exit_code == 0, result.output
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert min(one["weight"] for one in config["learned"] + config["members"]) >= 0
    assert config["uses_completion"] == (regime == "random_pair")
    assert config["uses_coding"] == any(one["weight"] > 0 for one in config["learned"] if one["name"].startswith("coding"))
    assert "new_gene" in regime or not config["uses_coding"]
    written = read_cell_predictions(tmp_path / "out" / "predictions.h5ad")
    assert (written.attrs["model"], written.attrs["member"]) == ("default", "ensemble")
    assert r_on(values, written.values, split_of(regime)) > 0.5
    assert (tmp_path / "out" / "promoter.predictions.h5ad").is_file()

    ensemble = regdecode.load_model(tmp_path / "out")
    promoters = stack_promoters(read_fasta(tmp_path / "s.fa"), "s.fa")
    coding = {record.name: record.sequence for record in read_fasta(tmp_path / "coding.fa")}
    inputs = np.nan_to_num(values[:N_REGULATORS]).T
    told = ensemble.predict(promoters, inputs, CONDITIONS.tolist(), coding)
    assert told[split_of(regime) == 2] == pytest.approx(written.values[split_of(regime) == 2], abs=1e-3)
    if regime != "new_condition":
        order = np.arange(N_GENES)[::-1]
        turned = ensemble.predict(Promoters(promoters.genes[order], promoters.codes[order]), inputs, CONDITIONS.tolist(), coding)
        assert turned == pytest.approx(told[order], abs=1e-3)


@pytest.mark.parametrize("regime", ["new_gene", "new_condition", "random_pair", "new_gene_and_condition"])
def test_no_test_value_is_read(tmp_path, regime):
    """Of levels, whose targets are told from a median of the gene; by the network and every member."""
    for name, change in (("a", 0.0), ("b", 1e5)):
        (tmp_path / name).mkdir()
        values = make(tmp_path / name, regime)
        hidden = np.where(split_of(regime) == 2, values + change, values)
        regulators = np.arange(N_GENES) < N_REGULATORS  # their values are inputs of every regime
        hidden[regulators] = values[regulators]
        levels = Expression(GENES, CONDITIONS, hidden, np.nanmedian(hidden, axis=1), "log2", {})
        write_expression(tmp_path / name / "e.h5ad", levels)
        net = tmp_path / name / "net"
        assert (
            run("train_deeprage", tmp_path / name, "--hparams", tmp_path / name / "h.yml", "--device", "cpu", "--out", net).exit_code == 0
        )
        more = ["--motifs", tmp_path / name / "m.meme", "--coding", tmp_path / name / "coding.fa", "--model", net]
        assert run("select_deeprage", tmp_path / name, *more, "--out", tmp_path / name / "out").exit_code == 0
    for file in ("net/predictions.h5ad", "out/predictions.h5ad", "out/promoter.predictions.h5ad"):
        one, other = (read_cell_predictions(tmp_path / name / file).values for name in "ab")
        assert np.array_equal(one, other), file


def test_same_seed_same_bytes(tmp_path):
    make(tmp_path, "new_gene")
    for name in ("one", "other"):
        assert run("select_deeprage", tmp_path, "--motifs", tmp_path / "m.meme", "--out", tmp_path / name).exit_code == 0
    for path in (p for p in (tmp_path / "one").rglob("*") if p.is_file() and p.suffix != ".h5ad"):
        assert path.read_bytes() == (tmp_path / "other" / path.relative_to(tmp_path / "one")).read_bytes(), path.name


def test_networks_alone_say_whether_they_remember_genes(tmp_path):
    make(tmp_path, "random_pair")
    for memory in ("auto", "none"):
        (tmp_path / "h.yml").write_text(HPARAMS.replace("{filters", f"{{memory: {memory}, filters"))
        net, out = tmp_path / f"net_{memory}", tmp_path / f"out_{memory}"
        assert run("train_deeprage", tmp_path, "--hparams", tmp_path / "h.yml", "--device", "cpu", "--out", net).exit_code == 0
        assert run("select_deeprage", tmp_path, "--networks-only", "--model", net, "--out", out).exit_code == 0
        assert json.loads((out / "config.json").read_text())["uses_completion"] == (memory == "auto")


def test_a_network_loads_like_any_model(tmp_path):
    values = make(tmp_path, "new_gene")
    assert run("train_deeprage", tmp_path, "--hparams", tmp_path / "h.yml", "--device", "cpu", "--out", tmp_path / "net").exit_code == 0
    model, promoters = regdecode.load_model(tmp_path / "net"), stack_promoters(read_fasta(tmp_path / "s.fa"), "s.fa")
    assert model.regulators == GENES[:N_REGULATORS].tolist()
    assert model.predict(promoters, np.nan_to_num(values[:N_REGULATORS]).T).shape == (N_GENES, N_CONDITIONS)
    with pytest.raises(InputError, match="reads promoters"):
        load_decode(tmp_path / "net")
    with pytest.raises(InputError, match="is not a model folder"):
        regdecode.load_model(tmp_path)


def test_members_and_recipe_stand_alone(tmp_path):
    make(tmp_path, "new_gene")
    assert run("select_deeprage", tmp_path, "--motifs", tmp_path / "m.meme", "--out", tmp_path / "out").exit_code == 0
    assert load_recipe(tmp_path / "out" / "learned").motifs[0].name == "SITE"
    names = [load_member(path)[0] for path in sorted((tmp_path / "out" / "learned").iterdir()) if path.is_dir()]
    assert names == ["promoter_ridge", "promoter_trees"]
    assert not list((tmp_path / "out").rglob("*.pkl"))


def test_baselines_of_a_regime(tmp_path):
    values = make(tmp_path, "new_gene")
    result = run("baselines_deeprage", tmp_path, "--motifs", tmp_path / "m.meme", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    found = {path.name.split(".")[0]: read_cell_predictions(path) for path in (tmp_path / "out").iterdir()}
    assert set(found) == {"majority", "mean", "kmer_ridge", "motif_ridge", "sequence_ridge", "geneclass", "xgboost"}
    assert all(one.attrs["model"] == name and one.attrs["regime"] == "new_gene" for name, one in found.items())
    assert min(r_on(values, found[name].values, split_of("new_gene")) for name in ("motif_ridge", "sequence_ridge")) > 0.6
    assert r_on(values, found["geneclass"].values, split_of("new_gene")) > 0.6


@pytest.mark.parametrize(
    ("change", "arguments", "told"),
    [
        ("baseline", ["--baseline", "svd"], "nothing to learn from in the regime new_gene"),
        ("baseline", ["--baseline", "motif_ridge"], "needs motifs"),
        ("meme", ["--motifs", "{}/m.meme"], "MEME version"),
        ("letters", [], "'Q'"),
        ("regulators", [], "not in the expression matrix"),
        ("nan", [], "c4 has no measured value"),
    ],
)
def test_bad_input_of_the_baselines(tmp_path, change, arguments, told):
    values = make(tmp_path, "new_gene")
    if change == "meme":
        (tmp_path / "m.meme").write_text("MOTIF SITE\n")
    if change == "letters":
        (tmp_path / "s.fa").write_text((tmp_path / "s.fa").read_text().replace("A", "Q", 1))
    if change == "regulators":
        (tmp_path / "r.txt").write_text("no1\nno2\ng01\n")
    if change == "nan":
        values[:, 4] = np.nan
        write_expression(tmp_path / "e.h5ad", Expression(GENES, CONDITIONS, values, None, "log_ratio", {}))
    result = run("baselines_deeprage", tmp_path, *(part.format(tmp_path) for part in arguments), "--out", tmp_path / "out")
    assert result.exit_code == 2, result.output
    assert told in result.output and "Traceback" not in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("change", ["no member", "no network", "other fold", "other genes", "no validation"])
def test_bad_input_of_the_selection(tmp_path, change):
    make(tmp_path, "new_gene")
    arguments: list = ["--model", tmp_path / "net"]
    assert run("train_deeprage", tmp_path, "--hparams", tmp_path / "h.yml", "--device", "cpu", "--out", tmp_path / "net").exit_code == 0
    split, attrs, genes = split_of("new_gene"), {"regime": "new_gene", "fold": "0", "missing": "drop"}, GENES
    if change == "no member":
        arguments, told = ["--networks-only"], "there is no member"
    if change == "no network":
        (tmp_path / "net" / "config.json").write_text("{}")
        told = "holds no DeepRAGE network"
    if change == "other fold":
        attrs["fold"], told = "3", "fold is 0, the cells are of 3"
    if change == "other genes":
        split, genes, told = split[1:], GENES[1:], "other genes or conditions"
    if change == "no validation":
        split, told = np.where(split == 1, -1, split).astype(np.int8), "no validation cell"
    write_cells(tmp_path / "cells.h5ad", Cells(genes, CONDITIONS, split, attrs))
    result = run("select_deeprage", tmp_path, *arguments, "--out", tmp_path / "out")
    assert result.exit_code == 2, result.output
    assert told in result.output and "Traceback" not in result.output
    assert not (tmp_path / "out").exists()
