"""split.py from files to files."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from scipy.sparse import csr_matrix

import split
from regdecode.io.gene_table import GeneTable, write_genes
from regdecode.io.h5ad import write_expression, write_features
from regdecode.io.notes import read_notes
from regdecode.io.records import Expression, Track
from regdecode.io.splits import read_splits

N = 120


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """genes.tsv, an expression file that lacks the last gene, and links that leave out the first."""
    ids = np.array([f"g{i:03d}" for i in range(N)])
    start = np.arange(N, dtype=np.int64) * 10_000
    one = np.ones(N, dtype=np.int64)
    chrom = np.repeat(["chr1", "chr2", "chr3"], N // 3)
    write_genes(
        GeneTable(ids, ids, chrom, start, start + 500, np.array(["+"] * N), start, start, one * 500, one, ids, ids), tmp_path / "genes.tsv"
    )
    values = np.random.default_rng(0).normal(size=(N - 1, 2))
    write_expression(tmp_path / "e.h5ad", Expression(ids[:-1], np.array(["a", "b"]), values, np.median(values, axis=1), "tpm"))
    links = csr_matrix((np.arange(N) > 0).astype(np.float32)[:, None])
    write_features(
        tmp_path / "f.h5ad",
        Track(
            "tf_promoter",
            "tf",
            "gene",
            1,
            1,
            ids,
            np.array(["A"]),
            links,
            np.arange(N + 1),
            np.ones(N, np.int32),
            np.zeros(N, np.int64),
            np.ones(N, np.int64),
        ),
    )
    return tmp_path


def run(folder: Path, table: Path | None = None, **config: object) -> Result:
    (folder / "c.json").write_text(json.dumps(config))
    arguments = [
        "--genes",
        folder / "genes.tsv",
        "--expression",
        folder / "e.h5ad",
        "--features",
        folder / "f.h5ad",
        "--config",
        folder / "c.json",
        "--out",
        folder / "out",
    ]
    arguments += ["--table", table] if table else []
    return CliRunner().invoke(split.main, [str(argument) for argument in arguments])


def test_folds_leakage_and_notes(folder):
    result = run(folder, by="chromosome", test=[["chr1"], ["chr2", "chr3"]], validation=0.2, required=["tf"])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "chr1.splits.tsv",
        "chr2+chr3.splits.tsv",
        "leakage.tsv",
        "split.notes.json",
    ]
    genes, parts = read_splits(folder / "out" / "chr1.splits.tsv")
    assert len(genes) == N - 2 and np.sum(parts == "test") == 39 and sorted(genes[parts == "test"])[-1] == "g039"
    leaks = pd.read_csv(folder / "out" / "leakage.tsv", sep="\t")
    assert list(leaks.columns) == ["fold", "check", "a", "b", "n", "of", "detail"] and set(leaks["fold"]) == {"chr1", "chr2+chr3"}
    assert leaks[leaks["check"] == "same gene id"]["n"].sum() == 0
    notes = {note.what: note for note in read_notes(folder / "out" / "split.notes.json").notes}
    assert notes["genes without any tf site"].n == 1 and notes["genes of fold chr1"].why == "train 63, validation 16, test 39"


def test_folds_file(folder):
    table = folder / "folds.csv"
    table.write_text("gene_id,fold\n" + "".join(f"g{i:03d},{i % 4}\n" for i in range(100)))
    assert run(folder, table, by="folds", file="folds.csv", test=[0], validation="next").exit_code == 0
    genes, parts = read_splits(folder / "out" / "0.splits.tsv")
    assert len(genes) == 100 and {int(gene[1:]) % 4 for gene in genes[parts == "validation"]} == {1}
    notes = {note.what: note.n for note in read_notes(folder / "out" / "split.notes.json").notes}
    assert notes["genes in no split of fold 0"] == 19


def test_same_seed_same_bytes(folder):
    run(folder, by="random", test=0.2, validation=0.1)
    first = (folder / "out" / "random.splits.tsv").read_bytes()
    run(folder, by="random", test=0.2, validation=0.1)
    assert first == (folder / "out" / "random.splits.tsv").read_bytes()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"by": "chromosome", "test": ["chrX"], "validation": 0.1}, "test chromosome chrX holds no gene"),
        ({"by": "chromosome", "test": ["chr1"]}, "validation is not named"),
        ({"by": "folds", "file": "absent.tsv", "test": [0], "validation": [1]}, "absent.tsv: there is no such file"),
        ({"by": "chromosome", "test": ["chr1"], "validation": ["chr2"], "required": ["rbp"]}, "class rbp is required but has no features"),
        ({"by": "sorcery"}, "by is 'sorcery'"),
    ],
)
def test_bad_configs_are_refused(folder, config, message):
    result = run(folder, **config)
    assert result.exit_code == 2 and message in result.output and "Traceback" not in result.output
    assert not (folder / "out").exists()
