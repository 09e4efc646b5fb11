"""motifs.py and attribute_deeprage.py: from a trained network to tables, or one message."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file, save_file
from tests.cli.test_train_deeprage import SITE, make, script, train

from regdecode.io.meme import read_meme
from regdecode.report.inputs_deeprage import read_deeprage
from regdecode.report.sections_motifs import knock_out_part, motifs_part

FILES = {"sequences": "s.fa", "genes": "genes.tsv", "expression": "e.h5ad", "cells": "new_gene.0.cells.h5ad"}
EXPLAIN = {"sites": 40, "top": 20, "permutations": 5, "pair_genes": 20, "pair_units": 3}


def database(path: Path) -> None:
    """The planted site, and 40 random motifs."""
    rng = np.random.default_rng(5)
    lines = ["MEME version 4", "", "ALPHABET= ACGT", ""]
    site = np.full((len(SITE), 4), 0.02) + 0.92 * np.eye(4)[["ACGT".index(letter) for letter in SITE]]
    for name, matrix in [("known Ng5", site), *((f"other{k}", rng.dirichlet(np.full(4, 0.3), 8)) for k in range(40))]:
        lines += [f"MOTIF {name}", f"letter-probability matrix: alength= 4 w= {len(matrix)} nsites= 50"]
        lines += [" ".join(f"{value:.5f}" for value in row) for row in matrix]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def case(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("motifs")
    make(folder)
    assert train(folder).exit_code == 0
    database(folder / "db.meme")
    carriers = [line[1:] for line, text in _pairs((folder / "s.fa").read_text()) if text[20:28] == SITE]
    others = [line[1:] for line, text in _pairs((folder / "s.fa").read_text()) if text[20:28] != SITE]
    rows = [f"ng5\t{gene}" for gene in carriers] + [f"N{others[0]}\t{gene}" for gene in others[:30:2] + carriers[:15]]
    (folder / "t.tsv").write_text("\n".join(["tf\ttarget", *rows, "ng5\tnowhere"]) + "\n")
    (folder / "ex.json").write_text(json.dumps({"series": "trt", "explain": EXPLAIN}))
    return folder


def _pairs(text: str):
    lines = text.splitlines()
    return zip(lines[::2], lines[1::2], strict=True)


def run(name: str, folder: Path, *more: str, out: str = "out", **replaced: str):
    given = [part for key, value in (FILES | replaced).items() for part in (f"--{key}", str(folder / value))]
    return CliRunner().invoke(script(name), [*given, "--device", "cpu", "--out", str(folder / out), *more])


def motifs(folder: Path, *more: str, model: str = "m", meme: str = "db.meme", targets: str = "t.tsv", config: str = "ex.json", **rest: str):
    given = {"model": model, "motifs": meme, "targets": targets, "config": config}
    parts = [part for key, value in given.items() if value for part in (f"--{key}", str(folder / value))]
    return run("motifs", folder, *parts, "--organism", "mini", *more, **rest)


@pytest.fixture(scope="module")
def known(case) -> Path:
    """Folder of a run with known targets."""
    result = motifs(case, "--fold", "new_gene.0")
    assert result.exit_code == 0, result.output
    return case / "out"


def test_filters_are_named_knocked_out_and_confirmed(case, known) -> None:
    out = known
    tables = {path.stem: pd.read_csv(path, sep="\t", keep_default_na=False, na_values=["NA"]) for path in out.glob("*.tsv")}
    assert set(tables) == {"filters", "knockout", "validation", "null", "pairs", "de_novo", "metrics"}
    filters = tables["filters"]
    assert len(filters) == 8
    named = filters[filters["matched"] == 1]
    assert "Ng5" in set(named["match"])
    assert set(named["database"]) == {"db.meme"}
    unit = named[named["match"] == "Ng5"].sort_values("effect")["filter"].iloc[-1]
    rows = tables["validation"]
    own = rows[(rows["unit"] == unit) & (rows["regulator"] == "Ng5")].iloc[0]
    assert own["own"] == 1
    assert own["q_rank_sum"] < 1e-3
    assert own["auc"] > 0.7
    assert rows["regulator"].iloc[0] == "Ng5"
    assert rows["q_fisher"].iloc[0] < 1e-3
    first = tables["knockout"][(tables["knockout"]["unit"] == unit) & (tables["knockout"]["rank"] <= 20)]
    assert first["size"].is_monotonic_decreasing
    metrics = tables["metrics"].set_index("metric")
    assert metrics["value"]["filters_matched"] == len(named)
    assert metrics["value"]["regulators_confirmed"] >= 1 > metrics["value"]["regulators_confirmed_permuted"]
    assert list(tables["metrics"].columns) == "system organism fold model member arm split output metric value low high n".split()
    assert set(tables["metrics"]["fold"]) == {"new_gene.0"}
    pairs = tables["pairs"]
    best = pairs.iloc[0]
    assert best["name"] == "Ng5"
    assert pairs["interaction"].is_monotonic_decreasing
    assert {one.motif_id for one in read_meme(out / "filters.meme")} == set(filters[filters["consensus"] != ""]["filter"])
    again = motifs(case, out="again")
    assert again.exit_code == 0
    for path in sorted(out.iterdir()):
        assert path.read_bytes() == (case / "again" / path.name).read_bytes(), path.name


def undocumented(folder: Path) -> list[str]:
    """Columns of a folder's tables, and metrics, that the sequence models' part of docs/output.md does not name."""
    text = (Path(__file__).parents[2] / "docs" / "output.md").read_text().split("## Sequence models")[1].split("\n## ")[0]
    rows = {line.split("|")[1].strip(" `"): line.split("|")[2] for line in text.splitlines() if line.startswith("| `")}
    absent = []
    for path in folder.glob("*.tsv"):
        table = pd.read_csv(path, sep="\t")
        if path.name == "metrics.tsv":
            plain = table["metric"].str.replace(r"_permuted.*", "", regex=True)
            absent += [name for name in plain.unique() if f"`{name}`" not in text]
        else:
            absent += [f"{path.name}: {name}" for name in table.columns if not re.search(rf"\b{name}\b", rows[path.name])]
    return absent


def test_every_column_is_documented(case, known) -> None:
    assert undocumented(known) == []
    result = run("attribute_deeprage", case, "--model", str(case / "m"), "--gene", "g4", "--condition", "c2", out="told")
    assert result.exit_code == 0, result.output
    assert undocumented(case / "told") == []
    headers = [path.read_text().splitlines()[0] for path in (case / "m").glob("history.tsv")]
    assert headers == ["stage\tepoch\ttrain_loss\tvalidation_loss\tseconds"]


def test_without_targets_and_with_two_replicates(case) -> None:
    assert train(case, "--replicate", "2", "--out", str(case / "m2")).exit_code == 0
    result = motifs(case, "--model", str(case / "m2"), targets="", out="two")
    assert result.exit_code == 0, result.output
    assert not (case / "two" / "validation.tsv").exists()
    assert pd.read_csv(case / "two" / "filters.tsv", sep="\t")["model"].unique().tolist() == ["default.r1", "default.r2"]
    assert read_meme(case / "two" / "filters.meme")[0].motif_id.startswith("default.r")


def test_no_pairs_where_none_is_asked_for(case, known) -> None:
    (case / "none.json").write_text(json.dumps({"series": "trt", "explain": EXPLAIN | {"pair_units": 0}}))
    result = motifs(case, config="none.json", out="none")
    assert result.exit_code == 0, result.output
    pairs, others = (pd.read_csv(folder / "pairs.tsv", sep="\t") for folder in (case / "none", known))
    assert pairs.empty and list(pairs.columns) == list(others.columns)
    assert (case / "none" / "filters.tsv").read_bytes() == (known / "filters.tsv").read_bytes()


def test_a_network_whose_filters_answer_nowhere(case, known, tmp_path) -> None:
    shutil.copytree(case / "m", tmp_path / "dead")
    weights = load_file(tmp_path / "dead" / "model.safetensors")
    name = next(key for key in weights if key.endswith("trunk.conv.weight"))
    save_file(
        weights | {name: 0 * weights[name], name.replace("weight", "bias"): -np.ones(8, np.float32)},
        tmp_path / "dead" / "model.safetensors",
    )
    result = motifs(case, model=str(tmp_path / "dead"), out=str(tmp_path / "motifs" / "new_gene.0.default"))
    assert result.exit_code == 0, result.output
    (found,) = read_deeprage(tmp_path).filters
    for name in ("filters", "knockout", "validation", "null", "pairs", "de_novo", "metrics"):
        table = found.tables[name]
        assert list(table.columns) == list(pd.read_csv(known / f"{name}.tsv", sep="\t").columns), name
        assert table.empty == (name in ("knockout", "validation", "pairs", "de_novo")), name
    assert found.tables["filters"]["n_sites"].eq(0).all() and found.motifs == {}
    assert "0 of 8 filters (0 answer somewhere)" in motifs_part(found, tmp_path, "").sentences[0]
    assert knock_out_part(found, tmp_path, "").absent


def test_without_known_motifs_every_filter_is_new(case, known) -> None:
    """Motifs, clusters, knock-outs and tests of targets are those of the run with motifs; nothing has a name."""
    result = motifs(case, meme="", out="plain")
    assert result.exit_code == 0, result.output
    assert {path.name for path in (case / "plain").iterdir()} == {path.name for path in known.iterdir()}
    assert undocumented(case / "plain") == []
    plain, told = ({path.stem: pd.read_csv(path, sep="\t") for path in folder.glob("*.tsv")} for folder in (case / "plain", known))
    filters = plain["filters"]
    assert list(filters.columns) == list(told["filters"].columns) and (filters["matched"] == 0).all()
    assert filters[["match", "motif", "p", "q", "q_within", "strand", "database"]].isna().all(axis=None)
    same = ["filter", "cluster", "consensus", "ic", "n_sites", "effect", "top_condition"]
    pd.testing.assert_frame_equal(filters[same], told["filters"][same])
    assert set(plain["de_novo"]["filter"]) == set(filters[(filters["n_sites"] > 0) & filters["consensus"].notna()]["filter"])
    pd.testing.assert_frame_equal(plain["knockout"].drop(columns="match"), told["knockout"].drop(columns="match"))
    tests = ["unit", "regulator", "auc", "q_rank_sum"]
    pd.testing.assert_frame_equal(plain["validation"][tests], told["validation"][tests])
    assert plain["validation"]["own"].eq(0).all() and plain["pairs"]["own"].eq(0).all()
    assert set(told["metrics"]["metric"]) - set(plain["metrics"]["metric"]) == {
        *(f"filters_matched{more}" for more in ("", "_within", "_from_scratch", "_by_chance")),
        *("regulators_matched", "own_regulators_confirmed", "own_target_auc", "other_target_auc"),
    }
    notes = {one["what"]: one for one in json.loads((case / "plain" / "motifs.notes.json").read_text())["notes"]}
    assert notes["known motifs"]["n"] == 0 and "none are given" in notes["known motifs"]["why"]


def test_attributions_of_the_planted_site(case) -> None:
    result = run("attribute_deeprage", case, "--model", str(case / "m"), "--best-genes", "3", out="a")
    assert result.exit_code == 0, result.output
    tables = {path.stem: pd.read_csv(path, sep="\t") for path in (case / "a").glob("*.tsv")}
    assert set(tables) == {"bases", "regulators", "saturation", "effects", "additivity"}
    text = {head[1:]: letters for head, letters in _pairs((case / "s.fa").read_text())}
    additivity = tables["additivity"]
    assert len(additivity) == 3
    assert (additivity["part"] == "test").all()
    assert additivity["relative"].max() <= 1e-9
    notes = {one["what"]: one for one in json.loads((case / "a" / "attribute.notes.json").read_text())["notes"]}
    assert notes["genes in conditions explained"]["n"] == 3
    assert notes["largest residual, as a part of f(x) - f(reference)"]["n"] <= 1e-9
    bases, saturation = tables["bases"], tables["saturation"]
    for gene in additivity["gene"]:
        own = bases[bases["gene"] == gene]
        assert "".join(own["base"]) == text[gene]
        inside = own["position"].between(-28, -21)
        changes = saturation[(saturation["gene"] == gene)]
        assert len(changes) == 3 * 48
        if text[gene][20:28] == SITE:
            assert own[inside]["contribution"].abs().mean() > 2 * own[~inside]["contribution"].abs().mean()
            at = changes["position"].between(-28, -21)
            assert changes[at]["effect"].abs().mean() > 2 * changes[~at]["effect"].abs().mean()
        whole = own["contribution"].sum() + tables["regulators"][tables["regulators"]["gene"] == gene]["contribution"].sum()
        assert whole == pytest.approx(additivity[additivity["gene"] == gene]["sum"].iloc[0], abs=1e-4)
    effects = tables["effects"]
    assert list(effects.columns) == ["system", "regulator", "target", "output", "effect", "se", "statistic", "p", "q"]
    assert set(effects["system"]) == {"deeprage"}
    named = run("attribute_deeprage", case, "--model", str(case / "m"), "--gene", "Ng8", "--gene", "g4", "--condition", "c2", out="b")
    assert named.exit_code == 0, named.output
    assert pd.read_csv(case / "b" / "additivity.tsv", sep="\t")[["gene", "condition"]].to_numpy().tolist() == [["g8", "c2"], ["g4", "c2"]]


@pytest.mark.parametrize(
    ("name", "text", "option", "told"),
    [
        (
            "bad.meme",
            "MEME version 4\n\nMOTIF a\nletter-probability matrix: alength= 4 w= 2\n0.2 0.2 0.2 0.1\n1 0 0 0\n",
            "meme",
            "sums to 0.7",
        ),
        ("none.tsv", "tf\ttarget\nX\tYAL001C\n", "targets", "none of the 1 target genes (YAL001C)"),
        ("few.tsv", "tf\ttarget\nX\tg1\n", "targets", "no regulator has 5 targets"),
        ("cols.tsv", "a\tb\nX\tg1\n", "targets", "no column is the regulator"),
        ("k.json", '{"explain": {"sights": 3, "q": 2, "top": 0}}', "config", "unknown setting explain.sights"),
    ],
)
def test_bad_input_is_one_message(case, name, text, option, told) -> None:
    (case / name).write_text(text)
    result = motifs(case, out="bad", **{option: name})
    assert result.exit_code == 2, result.output
    assert told in result.output
    assert "Traceback" not in result.output
    assert not (case / "bad").exists()


def test_models_that_do_not_fit(case, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    result = motifs(case, model=str(tmp_path / "empty"))
    assert result.exit_code == 2
    assert "holds no network with sequence filters" in result.output
    assert motifs(case, "--fold", "new_gene.3").exit_code == 2
    shutil.copytree(case / "m", tmp_path / "other")
    config = json.loads((tmp_path / "other" / "config.json").read_text())
    (tmp_path / "other" / "config.json").write_text(json.dumps(config | {"fold": "7"}))
    result = motifs(case, model=str(tmp_path / "other"))
    assert "was trained on fold new_gene.7" in result.output
    twice = motifs(case, "--model", str(case / "m"))
    assert "one name twice" in twice.output
    (tmp_path / "other" / "config.json").write_text(json.dumps(config | {"regulators": ["g5", "g8", "absent"]}))
    result = motifs(case, model=str(tmp_path / "other"))
    assert result.exit_code == 2 and "regulators are absent: absent" in result.output


def test_genes_and_conditions_that_are_not_there(case) -> None:
    strange = [part for k in range(1, 11) for part in ("--gene", f"YFG{k}", "--condition", f"mars {k}")]
    result = run("attribute_deeprage", case, "--model", str(case / "m"), "--gene", "g4", *strange, out="c")
    assert result.exit_code == 2
    told = " ".join(result.output.split())
    assert all(f"YFG{k}" in told and f"mars {k}" in told for k in range(1, 11)) and "g4," not in told
    assert "attribute.genes" in told and "attribute.conditions" in told
    assert not (case / "c").exists()


def test_targets_without_a_header(case, known) -> None:
    rows = [line.split("\t") for line in (case / "t.tsv").read_text().splitlines()[1:]]
    (case / "bare.txt").write_text("\n".join(f'"{gene}";"{tf}"' for tf, gene in rows) + "\n")
    config = {"known_targets": {"tf": 2, "target": 1, "separator": ";"}, "explain": EXPLAIN}
    (case / "bare.json").write_text(json.dumps(config))
    result = motifs(case, targets="bare.txt", config="bare.json", out="bare")
    assert result.exit_code == 0, result.output
    pd.testing.assert_frame_equal(*(pd.read_csv(folder / "validation.tsv", sep="\t") for folder in (case / "bare", known)))
