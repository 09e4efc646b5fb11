"""The simulated cohort: what is planted stands in the files and is found in actual expression; without it p-values are uniform."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats
from tests.data.make_cohort import AGE_GENES, SEX_GENES, choose_genes, log_expression, make_cohort, make_people, planted_acts


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    organism = make_cohort(folder, people=40, ids=("cohort_a", "cohort_b"), genes_per_chromosome=60)
    return folder, yaml.safe_load(organism.read_text())


def t_values(logs, *terms):
    """t of every term (columns of a design with intercept and batch) for every gene, ordinary least squares."""
    X = np.column_stack([np.ones(logs.shape[1]), *terms])
    inverse = np.linalg.inv(X.T @ X)
    beta = logs @ X @ inverse
    residual = logs - beta @ X.T
    variance = (residual**2).sum(1) / (X.shape[0] - X.shape[1])
    return beta / np.sqrt(variance[:, None] * np.diag(inverse)), X.shape[0] - X.shape[1]


def terms_of(sheet):
    return np.asarray(sheet["age"], float), (np.asarray(sheet["sex"]) == "M") * 1.0, (np.asarray(sheet["batch"]) == "b2") * 1.0


def test_files_agree_with_each_other_and_with_the_organism_file(cohort):
    folder, organism = cohort
    assert [entry["id"] for entry in organism["individuals"]] == ["cohort_a", "cohort_b"]
    for entry in organism["individuals"]:
        matrix = pd.read_csv(folder / entry["matrix"], sep="\t", index_col=0)
        sheet = pd.read_csv(folder / entry["samples"], sep="\t")
        assert list(matrix.columns) == list(sheet["sample"]) and matrix.shape == (300, 40) and (matrix.to_numpy() >= 0).all()
        assert sheet["sex"].value_counts().to_dict() == {"F": 20, "M": 20} and sheet["age"].between(20, 80).all()
    truth = json.loads((folder / "cohort_a.truth.json").read_text())
    with gzip.open(folder / "genes.gtf.gz", "rt") as handle:
        text = handle.read()
    for regulator, gene in truth["regulator_genes"].items():
        assert f'gene_id "{gene}"; transcript_id "{gene}.t1"; gene_name "{regulator}";' in text


def test_planted_genes_lead_in_actual_expression(cohort):
    folder, _ = cohort
    truth = json.loads((folder / "cohort_a.truth.json").read_text())
    matrix = pd.read_csv(folder / "cohort_a.tpm.tsv.gz", sep="\t", index_col=0)
    sheet = pd.read_csv(folder / "cohort_a.samples.tsv", sep="\t")
    t, _ = t_values(np.log2(matrix.to_numpy() + 0.25), *terms_of(sheet))
    for column, direct, regulator in ((1, "age_genes", "age_regulator"), (2, "sex_genes", "sex_regulator")):
        planted = {*truth[direct], *truth["acts_on"][truth[regulator]], truth["regulator_genes"][truth[regulator]]}
        size = pd.Series(np.abs(t[:, column]), index=matrix.index)
        auroc = stats.mannwhitneyu(size[list(planted)], size.drop(list(planted)))[0] / (len(planted) * (len(size) - len(planted)))
        assert auroc > 0.9
    pair = np.log2(matrix.loc[truth["driver_pair"]].to_numpy() + 0.25)
    assert stats.spearmanr(*pair)[0] > 0.5
    own = np.log2(matrix.loc[truth["regulator_genes"][truth["driver"]]].to_numpy() + 0.25)
    assert abs(stats.spearmanr(own, pair[0])[0]) > 0.5


def test_without_anything_planted_p_values_are_uniform():
    genes, acts = planted_acts(40, 0)
    chosen = choose_genes(genes, acts)
    assert len(chosen["sex_genes"]) == SEX_GENES and len(chosen["age_genes"]) == AGE_GENES and len(chosen["driver_pair"]) == 2
    found = {1: [], 2: []}
    for seed in range(5):
        rng = np.random.default_rng(seed)
        sheet = make_people(30, rng, "p")
        t, free = t_values(log_expression(acts, chosen, sheet, True, 0.35, rng), *terms_of(sheet))
        for column, p in found.items():
            p.extend(2 * stats.t.sf(np.abs(t[:, column]), free))
    for p in found.values():
        assert len(p) == 1000 and stats.kstest(p, "uniform").pvalue > 0.001


def test_same_seed_same_bytes_and_another_seed_draws_other_people_on_the_same_genes(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        make_cohort(tmp_path / name, people=10, seed=seed, genes_per_chromosome=30)
    one, two, other = ((tmp_path / name / "cohort_a.tpm.tsv.gz").read_bytes() for name in "abc")
    assert one == two != other
    assert (tmp_path / "a" / "tf.bed.gz").read_bytes() == (tmp_path / "c" / "tf.bed.gz").read_bytes()
