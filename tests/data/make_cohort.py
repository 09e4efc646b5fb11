"""Make a cohort of people on the mini-organism: age, sex, a driver pair and mediators are planted, so that every step after has an answer.

    python tests/data/make_cohort.py FOLDER [--people 60] [--seed 0] [--null] [--ids cohort_a cohort_b] [--genes-per-chromosome 200]

Writes the mini-organism (make_mini.py) and beside it, for every id, <id>.tpm.tsv.gz (genes x people), <id>.samples.tsv (sample, person,
age, sex, batch) and <id>.truth.json; pairs.tsv holds the driver pair; genes.gtf.gz names the genes of the planted regulators after them;
mini_people.yml is the organism file. What is planted:

- TF01's strength grows with age, TF02's with sex (M +, F -): both act in the tissues too, which is what transfer can use;
- MOTIF1's and RBP2's strength vary over people by themselves: genes that carry RBP2 move together, `driver_pair` names two test genes;
- the gene of each of the four regulators is expressed in proportion to its strength: the mediators of that co-expression;
- `SEX_GENES` and `AGE_GENES` genes that depend on sex and age directly, by no regulator's doing;
- a batch that shifts every gene by its own amount.

With --null nothing depends on age, sex or a regulator's strength: what is found then is chance.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))  # this file's neighbour, also for those who import it
from make_mini import EFFECTS, make_genes, make_genome, make_gtf, make_mini, place_rbps, place_tfs, write_gz

AGE, SEX, FREE = "TF01", "TF02", ("MOTIF1", "RBP2")
STRENGTH = {AGE: 0.6, SEX: 0.6, "MOTIF1": 0.5, "RBP2": 0.8}  # log2 units a standard deviation of age, half the sexes' difference, ...
OWN = 1.0  # log2 units by which a regulator's own gene moves with its strength
SEX_GENES, AGE_GENES = 10, 10
DIRECT = 1.5  # log2 effect of sex (M against F), of one standard deviation of age
NOISE, BATCH = 0.35, 0.3  # standard deviation of a sample, of a gene's batch shift
COHORT = """\
  - {{ id: {id}, name: "Simulated cohort {id}", matrix: {id}.tpm.tsv.gz, kind: tpm, samples: {id}.samples.tsv,
      filter: {{ min: 1, min_share: 0.5 }},
      covariates: [batch], design: "~ age + sex", test: [age, sex], model: true, pairs: pairs.tsv }}
"""


def planted_acts(genes_per_chromosome: int, seed: int) -> tuple[list[dict], dict[str, np.ndarray]]:
    """Genes of the mini-organism and, for each regulator, (G,) whether it acts: the same draws as `make_mini`."""
    rng = np.random.default_rng(seed)
    genes = make_genes(genes_per_chromosome, rng)
    _, acts = place_tfs(genes, rng)
    _, rbp_acts = place_rbps(genes, rng)
    _, motif_acts = make_genome(genes, rng)
    links = {f"mir-{k}": (rng.random(len(genes)) < 0.2).astype(float) for k in range(1, 7)}
    return genes, acts | rbp_acts | motif_acts | links


def choose_genes(genes: list[dict], acts: dict[str, np.ndarray]) -> dict:
    """Which genes carry what, the same in every cohort: genes of regulators, direct genes, the driver pair (test genes, chromosome 5)."""
    planted = np.sum([acts[name] for name in STRENGTH], axis=0)
    bare = [g for g in np.flatnonzero(planted == 0) if genes[g]["chrom"] < 4]
    only = (acts["RBP2"] > 0) & (planted == 1)
    pair = [int(g) for g in np.flatnonzero(only) if genes[g]["chrom"] == 5][:2]
    return {
        "regulator_genes": {name: int(bare[k]) for k, name in enumerate(STRENGTH)},
        "sex_genes": [int(g) for g in bare[4 : 4 + SEX_GENES]],
        "age_genes": [int(g) for g in bare[4 + SEX_GENES : 4 + SEX_GENES + AGE_GENES]],
        "driver_pair": pair,
    }


def make_people(n: int, rng: np.random.Generator, prefix: str) -> dict[str, np.ndarray]:
    """Sheet of n people: half of each sex, ages 20 to 80, two batches."""
    return {
        "sample": np.array([f"{prefix}_{k:03d}" for k in range(n)]),
        "person": np.array([f"{prefix}_person_{k:03d}" for k in range(n)]),
        "age": rng.integers(20, 81, n),
        "sex": rng.permutation(np.array(["F", "M"])[np.arange(n) % 2]),
        "batch": rng.permutation(np.array(["b1", "b2"])[np.arange(n) % 2]),
    }


def strengths(sheet: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """(S,) strength of each planted regulator in each person, in its own standard deviations."""
    age = (sheet["age"] - sheet["age"].mean()) / sheet["age"].std()
    sex = np.where(sheet["sex"] == "M", 1.0, -1.0)
    drawn = {name: rng.normal(0, 1, len(age)) for name in FREE}
    return {AGE: age, SEX: sex, **drawn}


def log_expression(
    acts: dict[str, np.ndarray], chosen: dict, sheet: dict, null: bool, noise: float, rng: np.random.Generator
) -> np.ndarray:
    """(G, S) log2 expression of a cohort."""
    strength = strengths(sheet, rng)
    n_genes = len(acts[AGE])
    level = 5.0 + sum(effect * acts[name] for name, (effect, where) in EFFECTS.items() if where == "level")
    logs = np.tile(level[:, None], (1, len(sheet["age"])))
    if not null:
        for name, size in STRENGTH.items():
            logs += size * acts[name][:, None] * strength[name]
            logs[chosen["regulator_genes"][name]] += OWN * strength[name]
        logs[chosen["sex_genes"]] += DIRECT * strength[SEX] / 2
        logs[chosen["age_genes"]] += DIRECT * strength[AGE] / 2
    logs += rng.normal(0, BATCH, n_genes)[:, None] * (sheet["batch"] == "b2")
    return logs + rng.normal(0, noise, logs.shape)


def write_cohort(folder: Path, name: str, genes: list[dict], logs: np.ndarray, sheet: dict[str, np.ndarray], truth: dict) -> None:
    """Write matrix, sample sheet and truth of one cohort."""
    tpm = np.maximum(2.0**logs - 0.25, 0)
    rows = [f"{gene['id']}\t" + "\t".join(f"{value:.4f}" for value in tpm[g]) for g, gene in enumerate(genes)]
    write_gz(folder / f"{name}.tpm.tsv.gz", "gene_id\t" + "\t".join(sheet["sample"]) + "\n" + "\n".join(rows) + "\n")
    lines = ["\t".join(sheet), *("\t".join(str(column[k]) for column in sheet.values()) for k in range(len(sheet["sample"])))]
    (folder / f"{name}.samples.tsv").write_text("\n".join(lines) + "\n")
    (folder / f"{name}.truth.json").write_text(json.dumps(truth, indent=1) + "\n")


def make_cohort(
    folder: Path,
    people: int = 60,
    seed: int = 0,
    null: bool = False,
    ids: tuple[str, ...] = ("cohort_a",),
    genes_per_chromosome: int = 200,
    noise: float = NOISE,
    mini_seed: int = 0,
) -> Path:
    """Write the mini-organism and cohorts into `folder`; return the organism file. `seed` draws the people, `mini_seed` the organism."""
    organism = make_mini(folder, genes_per_chromosome, mini_seed).read_text()
    genes, acts = planted_acts(genes_per_chromosome, mini_seed)
    chosen = choose_genes(genes, acts)
    gtf = make_gtf(genes)
    for name, g in chosen["regulator_genes"].items():
        gtf = gtf.replace(f'gene_name "{genes[g]["id"].lower()}"', f'gene_name "{name}"')
    write_gz(folder / "genes.gtf.gz", gtf)
    for k, name in enumerate(ids):
        rng = np.random.default_rng([seed, k])
        sheet = make_people(people, rng, name)
        logs = log_expression(acts, chosen, sheet, null, noise, rng)
        truth = {
            "null": null,
            "age_regulator": AGE,
            "sex_regulator": SEX,
            "free_regulators": list(FREE),
            "driver": "RBP2",
            "driver_pair": [genes[g]["id"] for g in chosen["driver_pair"]],
            "regulator_genes": {regulator: genes[g]["id"] for regulator, g in chosen["regulator_genes"].items()},
            "sex_genes": [genes[g]["id"] for g in chosen["sex_genes"]],
            "age_genes": [genes[g]["id"] for g in chosen["age_genes"]],
            "acts_on": {regulator: [genes[g]["id"] for g in np.flatnonzero(acts[regulator])] for regulator in STRENGTH},
        }
        write_cohort(folder, name, genes, logs, sheet, truth)
    (folder / "pairs.tsv").write_text("gene_a\tgene_b\n" + "\t".join(genes[g]["id"] for g in chosen["driver_pair"]) + "\n")
    organism = organism.replace("id: mini\n", "id: mini_people\n").replace("(simulated)", "with people (simulated)")
    path = folder / "mini_people.yml"
    path.write_text(organism + "individuals:\n" + "".join(COHORT.format(id=name) for name in ids))
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--null", action="store_true")
    parser.add_argument("--ids", nargs="+", default=["cohort_a", "cohort_b"])
    parser.add_argument("--genes-per-chromosome", type=int, default=200)
    given = parser.parse_args()
    print(make_cohort(given.folder, given.people, given.seed, given.null, tuple(given.ids), given.genes_per_chromosome))
