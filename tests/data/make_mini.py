"""Make the mini-organism: a small genome with planted regulators, so that every stage has a known answer.

    python tests/data/make_mini.py FOLDER [--genes-per-chromosome 200] [--seed 0]

Writes genome.fa.gz (chromosomes named 1..5), genes.gtf.gz and the BED files (named chr1..chr5), tf.bed.gz, rbp.bed.gz, mirna.tsv.gz,
motifs.meme, tpm.tsv.gz (two samples a tissue, versioned gene ids), samples.tsv, truth.json and mini.yml, the organism file; for sequence
models regulators.txt, targets.tsv and promoters.yml, the same organism with a deeprage block. What is planted stands in `EFFECTS`; every
other regulator does nothing.
"""

import argparse
import gzip
import json
from pathlib import Path

import numpy as np

TISSUES = ("liver", "brain", "blood", "kidney", "muscle", "skin")
UPSTREAM, DOWNSTREAM = 1000, 200
# regulator: (log2 effect, tissue or "level")
EFFECTS = {
    "TF01": (2.0, "liver"),
    "TF02": (-2.0, "brain"),
    "TF03": (2.0, "blood"),
    "MOTIF1": (2.0, "kidney"),
    "RBP1": (1.5, "level"),
    "RBP2": (1.5, "brain"),
    "mir-1": (-1.5, "level"),
}
NEAR = 200  # TF03 acts only where it binds within NEAR bases of the TSS
NOISE = 0.15  # standard deviation of a sample, log2
MOTIFS = {"MOTIF1": "TGACGTCATCGG", "MOTIF2": "CCGGAAGTACTA", "MOTIF3": "GATTACAGGCAT"}
ORGANISM = """\
id: mini
name: Mini organism (simulated)
reference:
  fasta: genome.fa.gz
  annotation: { file: genes.gtf.gz, kind: gtf }
windows: { decode: { promoter: [1000, 200], bin: 100, anchor: tss, unit: gene } }
expression: { matrix: tpm.tsv.gz, kind: tpm, samples: samples.tsv, group_by: [tissue], filter: { min: 1, min_outputs: 1 } }
regulators:
  - { class: tf, on: promoter, sites: tf.bed.gz, min_genes: 20 }
  - { class: motif, on: promoter, motifs: [motifs.meme], p_value: 0.000001, min_genes: 20 }
  - { class: rbp, on: rna, sites: rbp.bed.gz, min_genes: 20 }
  - { class: mirna, on: rna, links: mirna.tsv.gz, min_genes: 20 }
splits: { genes: { by: chromosome, test: [chr5], validation: [chr4] } }
"""
DEEPRAGE = """\
deeprage:
  regulators: regulators.txt
  expression: { group_by: [] }
  missing: drop
  classes: { thresholds: [-0.5, 0.5] }
  series: tissue
  motifs: [motifs.meme]
  known_targets: { file: targets.tsv, tf: tf, target: gene }
  regimes:
    new_gene: { by: random, n: 5 }
    new_condition: { by: series, n: 3 }
    random_pair: { share: 0.1, over: used }
    new_gene_and_condition: true
  explain: { permutations: 5 }
"""
REGULATORS = 40  # of the genes whose expression sequence models read


def write_gz(path: Path, text: str) -> None:
    """Write with a fixed time stamp, so that the same seed gives the same bytes."""
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed:
        packed.write(text.encode())


def make_genes(per_chromosome: int, rng: np.random.Generator) -> list[dict]:
    """Genes of one to four exons on both strands, far enough apart that no promoter meets a neighbour's."""
    genes = []
    for chromosome in range(1, 6):
        position = UPSTREAM + 200
        for _ in range(per_chromosome):
            lengths, introns = rng.integers(120, 400, rng.integers(1, 5)), rng.integers(60, 150, 4)
            exons, at = [], position
            for length, intron in zip(lengths, introns, strict=False):
                exons.append((at, at + int(length)))
                at += int(length + intron)
            genes.append({"id": f"MINI{len(genes):05d}", "chrom": chromosome, "strand": "+-"[rng.integers(2)], "exons": exons})
            position = exons[-1][1] + 2 * UPSTREAM + 200
    return genes


def promoter(gene: dict) -> tuple[int, int]:
    """0-based half-open promoter of a gene."""
    start, end = gene["exons"][0][0], gene["exons"][-1][1]
    return (start - UPSTREAM, start + DOWNSTREAM) if gene["strand"] == "+" else (end - DOWNSTREAM, end + UPSTREAM)


def place_tfs(genes: list[dict], rng: np.random.Generator) -> tuple[list[str], dict[str, np.ndarray]]:
    """Sites of 12 TFs, and for each (G,) whether it acts."""
    lines, acts = [], {}
    for name in (f"TF{k:02d}" for k in range(1, 13)):
        acts[name] = np.zeros(len(genes))
        for g in np.flatnonzero(rng.random(len(genes)) < 0.3):
            low, high = promoter(genes[g])
            start = int(rng.integers(low, high - 40))
            lines.append(f"chr{genes[g]['chrom']}\t{start}\t{start + 40}\t{name}\t0\t.")
            tss = low + UPSTREAM if genes[g]["strand"] == "+" else high - UPSTREAM
            acts[name][g] = name != "TF03" or abs(start + 20 - tss) < NEAR
    return lines, acts


def place_rbps(genes: list[dict], rng: np.random.Generator) -> tuple[list[str], dict[str, np.ndarray]]:
    """Sites of 5 RBPs inside exons; as many decoys on the other strand must not count."""
    lines, acts = [], {}
    for name in (f"RBP{k}" for k in range(1, 6)):
        acts[name] = np.zeros(len(genes))
        for strand_matters in (True, False):
            for g in np.flatnonzero(rng.random(len(genes)) < 0.3):
                low, high = genes[g]["exons"][rng.integers(len(genes[g]["exons"]))]
                start = int(rng.integers(low, high - 30))
                strand = genes[g]["strand"] if strand_matters else "+-"[genes[g]["strand"] == "+"]
                lines.append(f"chr{genes[g]['chrom']}\t{start}\t{start + 30}\t{name}\t0\t{strand}")
                acts[name][g] += strand_matters
    return lines, acts


def make_genome(genes: list[dict], rng: np.random.Generator) -> tuple[str, dict[str, np.ndarray]]:
    """FASTA text with two of the motifs written into promoters, and for each motif (G,) whether it acts."""
    acts = {name: np.zeros(len(genes)) for name in MOTIFS}
    parts = []
    for chromosome in range(1, 6):
        mine = [g for g, gene in enumerate(genes) if gene["chrom"] == chromosome]
        sequence = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, genes[mine[-1]]["exons"][-1][1] + UPSTREAM + 200)].copy()
        for name in ("MOTIF1", "MOTIF2"):
            for g in (g for g in mine if rng.random() < 0.3):
                low, high = promoter(genes[g])
                start = int(rng.integers(low, high - 12))
                sequence[start : start + 12] = np.frombuffer(MOTIFS[name].encode(), np.uint8)
                acts[name][g] = 1
        parts.append(f">{chromosome}\n{sequence.tobytes().decode()}\n")
    return "".join(parts), acts


def make_gtf(genes: list[dict]) -> str:
    """Gene, transcript and exon rows, 1-based closed."""
    rows = []
    for gene in genes:
        tags = f'gene_id "{gene["id"]}"; transcript_id "{gene["id"]}.t1"; gene_name "{gene["id"].lower()}";'
        spans = [("gene", gene["exons"][0][0], gene["exons"][-1][1]), ("transcript", gene["exons"][0][0], gene["exons"][-1][1])]
        for kind, start, end in spans + [("exon", *exon) for exon in gene["exons"]]:
            rows.append(f"chr{gene['chrom']}\tmini\t{kind}\t{start + 1}\t{end}\t.\t{gene['strand']}\t.\t{tags}")
    return "\n".join(rows) + "\n"


def make_meme() -> str:
    """A minimal MEME file: 0.97 on the consensus base."""
    parts = ["MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\nA 0.25 C 0.25 G 0.25 T 0.25\n"]
    for name, consensus in MOTIFS.items():
        parts.append(f"\nMOTIF {name}\nletter-probability matrix: alength= 4 w= {len(consensus)} nsites= 100 E= 0\n")
        parts += [" ".join("0.97" if base == letter else "0.01" for letter in "ACGT") + "\n" for base in consensus]
    return "".join(parts)


def make_expression(genes: list[dict], acts: dict[str, np.ndarray], rng: np.random.Generator) -> tuple[str, str]:
    """TPM of two samples a tissue (tsv) and the sample sheet (tsv). Three genes have no place in the annotation."""
    level, change = np.full(len(genes), 4.0), np.zeros((len(genes), len(TISSUES)))
    for name, (effect, where) in EFFECTS.items():
        if where == "level":
            level += effect * acts[name]
        else:
            change[:, TISSUES.index(where)] += effect * acts[name]
    samples = [f"{tissue}_{k}" for tissue in TISSUES for k in (1, 2)]
    logs = (level[:, None] + change)[:, np.repeat(np.arange(len(TISSUES)), 2)] + rng.normal(0, NOISE, (len(genes), len(samples)))
    tpm = np.maximum(2.0**logs - 0.25, 0)
    rows = [f"{gene['id']}.{1 + g % 3}\t" + "\t".join(f"{value:.4f}" for value in tpm[g]) for g, gene in enumerate(genes)]
    rows += [f"LOST{k}\t" + "\t".join("5.0" for _ in samples) for k in range(3)]
    sheet = "sample\ttissue\n" + "".join(f"{sample}\t{sample[:-2]}\n" for sample in samples)
    return "gene_id\t" + "\t".join(samples) + "\n" + "\n".join(rows) + "\n", sheet


def make_mini(folder: Path, genes_per_chromosome: int = 200, seed: int = 0) -> Path:
    """Write the mini-organism into `folder`; return its organism file."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    genes = make_genes(genes_per_chromosome, rng)
    tf_lines, acts = place_tfs(genes, rng)
    rbp_lines, rbp_acts = place_rbps(genes, rng)
    genome, motif_acts = make_genome(genes, rng)
    links = {f"mir-{k}": (rng.random(len(genes)) < 0.2).astype(float) for k in range(1, 7)}
    acts = acts | rbp_acts | motif_acts | links
    tpm, sheet = make_expression(genes, acts, rng)
    write_gz(folder / "genome.fa.gz", genome)
    write_gz(folder / "genes.gtf.gz", make_gtf(genes))
    write_gz(folder / "tf.bed.gz", "\n".join(tf_lines) + "\n")
    write_gz(folder / "rbp.bed.gz", "\n".join(rbp_lines) + "\n")
    link_lines = [f"{name}\t{genes[g]['id']}\t1\n" for name, on in links.items() for g in np.flatnonzero(on)]
    write_gz(folder / "mirna.tsv.gz", "regulator\tgene_id\tvalue\n" + "".join(link_lines))
    write_gz(folder / "tpm.tsv.gz", tpm)
    (folder / "motifs.meme").write_text(make_meme())
    (folder / "samples.tsv").write_text(sheet)
    (folder / "truth.json").write_text(json.dumps({"effects": EFFECTS, "genes": len(genes)}, indent=1) + "\n")
    (folder / "mini.yml").write_text(ORGANISM)
    (folder / "regulators.txt").write_text("".join(f"{gene['id']}\n" for gene in genes[:: max(1, len(genes) // REGULATORS)]))
    targets = [f"{name}\t{genes[g]['id']}\n" for name in ("MOTIF1", "MOTIF2") for g in np.flatnonzero(motif_acts[name])]
    (folder / "targets.tsv").write_text("tf\tgene\n" + "".join(targets))
    windows = ORGANISM.replace("unit: gene } }", "unit: gene }, sequence: { length: 1200, anchor: tss, downstream: 200 } }")
    (folder / "promoters.yml").write_text(windows + DEEPRAGE)
    return folder / "mini.yml"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--genes-per-chromosome", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(make_mini(arguments.folder, arguments.genes_per_chromosome, arguments.seed))
