"""GFF3: genes, transcripts, exons and coding parts by ID and Parent."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from regdecode.errors import Faults, InputError
from regdecode.io.annotation import Annotation, Part, Transcript, TranscriptSet, resolve
from regdecode.io.gff_lines import Feature, read_features

EXONS = frozenset({"exon", "pseudogenic_exon"})
PARTS = EXONS | {
    "CDS",
    "five_prime_UTR",
    "three_prime_UTR",
    "UTR",
    "start_codon",
    "stop_codon",
    "intron",
    "stop_codon_redefined_as_selenocysteine",
}
RNA = frozenset({"mRNA", "transcript", "ncRNA", "lnc_RNA", "tRNA", "rRNA", "snRNA", "snoRNA", "tmRNA", "SRP_RNA", "RNase_P_RNA", "miRNA"})
WHOLE = frozenset({"region", "chromosome"})
NAME_KEYS = ("Name", "gene_name", "gene", "Alias")
BIOTYPE_KEYS = ("biotype", "gene_biotype", "gene_type")


class Node(NamedTuple):
    """One row with its parsed attributes."""

    feature: Feature
    attributes: dict[str, str]
    parents: tuple[str, ...]


def parse_attributes(text: str) -> dict[str, str]:
    """Return the attributes of the ninth column; values are unquoted but for commas, which still separate lists."""
    pairs = (item.split("=", 1) for item in text.strip().split(";") if "=" in item)
    return {key.strip(): unquote(value.strip()) if "%" in value else value.strip() for key, value in pairs}


def read_gff3(path: str | Path, gene_attribute: str | None = None) -> Annotation:
    """Read a GFF3 file, plain or gzipped.

    Parameters
    ----------
    path
        File.
    gene_attribute
        Attribute of the gene rows that holds the gene id; None takes `gene_id`, else the ID without its `gene:` or `gene-`.

    Returns
    -------
    Annotation
        Genes are rows of type gene, pseudogene and *_gene, and RNA or CDS rows without a Parent. A gene whose parts name it directly
        (bacterial CDS) is one transcript; a gene without parts is there by its span.

    Raises
    ------
    InputError
        Malformed rows, Parents that no row has as ID, transcript ids used twice, or no gene; all at once.
    """
    faults, found = Faults(), Annotation([])
    nodes = _read_nodes(path, faults, found)
    gene_of = _genes(nodes, gene_attribute, found)
    genes, transcripts = TranscriptSet(str(path), faults, "gene"), TranscriptSet(str(path), faults)
    by_id: dict[str, Node] = {}
    for node in nodes:
        if "ID" in node.attributes:
            by_id.setdefault(node.attributes["ID"], node)
    for node in nodes:
        _place(node, by_id, gene_of, genes, transcripts, found, faults, str(path))
    found.transcripts = resolve(genes, transcripts)
    found.unstranded = sorted(set(found.unstranded) - {transcript.gene_id for transcript in found.transcripts})
    faults.raise_if_any()
    if not found.transcripts:
        raise InputError(
            f"no usable gene among {len(nodes)} rows: none of type gene, *_gene or RNA with a strand",
            path,
            'check `kind` (gtf writes attributes as key "value") and the feature types in column 3',
        )
    return found


def _read_nodes(path: str | Path, faults: Faults, found: Annotation) -> list[Node]:
    nodes = []
    for feature in read_features(path, faults, found.lengths):
        if feature.kind in WHOLE and feature.start == 0:
            found.lengths.setdefault(feature.chrom, feature.end)
        else:
            attributes = parse_attributes(feature.attributes)
            parents = tuple(attributes["Parent"].split(",")) if attributes.get("Parent") else ()
            nodes.append(Node(feature, attributes, parents))
    return nodes


def _is_gene(node: Node) -> bool:
    kind = node.feature.kind
    if kind in ("gene", "pseudogene") or kind.endswith("_gene"):
        return "ID" in node.attributes or "gene_id" in node.attributes
    return not node.parents and "ID" in node.attributes and (kind in RNA or kind == "CDS")


def _genes(nodes: list[Node], gene_attribute: str | None, found: Annotation) -> dict[str, str]:
    """Return gene row ID -> gene id, noting names and biotypes."""
    gene_of = {}
    for node in nodes:
        if not _is_gene(node):
            continue
        own = node.attributes.get("ID", node.attributes.get("gene_id", ""))
        bare = own.removeprefix("gene:").removeprefix("gene-")
        named = (
            node.attributes.get(gene_attribute)
            if gene_attribute
            else node.attributes.get("gene_id", node.attributes.get("locus_tag") if node.feature.kind == "CDS" else None)
        )
        gene = gene_of[own] = named or bare
        name = next((node.attributes[key] for key in NAME_KEYS if node.attributes.get(key)), "")
        if name:
            found.names.setdefault(gene, name.split(",")[0])
        found.biotypes.setdefault(gene, next((node.attributes[key] for key in BIOTYPE_KEYS if node.attributes.get(key)), ""))
    return gene_of


def _gene_above(name: str, by_id: dict[str, Node], gene_of: dict[str, str]) -> str | None:
    """Climb from a row's ID to the gene above it; None where there is none."""
    climbed = set()
    while name not in gene_of:
        if name in climbed or name not in by_id or not by_id[name].parents:
            return None
        climbed.add(name)
        name = by_id[name].parents[0]
    return gene_of[name]


def _place(
    node: Node,
    by_id: dict[str, Node],
    gene_of: dict[str, str],
    genes: TranscriptSet,
    transcripts: TranscriptSet,
    found: Annotation,
    faults: Faults,
    path: str,
) -> None:
    """File one row as a gene, a transcript or a part."""
    feature, own = node.feature, node.attributes.get("ID", "")
    where = (feature.chrom, feature.strand, feature.start, feature.end, feature.line)
    stranded = feature.strand in ("+", "-")
    if _is_gene(node):
        gene = gene_of[node.attributes.get("ID", node.attributes.get("gene_id", ""))]
        if not stranded:
            found.unstranded.append(gene)
            return
        genes.declare(Transcript(gene, gene, *where))
        if feature.kind == "CDS":
            genes.take(Part(gene, gene, *where, coding=True))
    elif feature.kind not in PARTS:
        above = _gene_above(node.parents[0], by_id, gene_of) if node.parents else None
        if above is not None and own and stranded:
            transcripts.declare(Transcript(own, above, *where))
    elif (feature.kind in EXONS or feature.kind == "CDS") and stranded:
        for parent in node.parents:
            above = _gene_above(parent, by_id, gene_of)
            if parent not in by_id:
                faults.add(
                    f"Parent {parent} of this {feature.kind} is the ID of no row",
                    f"{path}:{feature.line}",
                    "restore the parent row or the ID",
                )
            elif above is not None:
                owner, target = (above, genes) if parent in gene_of else (parent, transcripts)
                target.take(Part(owner, above, *where, coding=feature.kind == "CDS"))
