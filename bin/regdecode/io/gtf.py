"""GTF: genes, transcripts, exons and coding parts by the attributes gene_id and transcript_id."""

import re
from pathlib import Path

from regdecode.errors import Faults, InputError
from regdecode.io.annotation import Annotation, Part, Transcript, TranscriptSet, resolve
from regdecode.io.gff_lines import Feature, read_features

WANTED = frozenset({"gene", "transcript", "mRNA", "exon", "CDS", "stop_codon"})
CODING = frozenset({"CDS", "stop_codon"})
DECLARING = frozenset({"gene", "transcript", "mRNA"})


def attribute(text: str, name: str) -> str:
    """Return the value of one GTF attribute, quoted or bare; empty where there is none."""
    at = text.find(f'{name} "')
    if at == 0 or (at > 0 and text[at - 1] in " ;\t"):
        start = at + len(name) + 2
        return text[start : text.find('"', start)]
    match = re.search(rf'(?:^|;)\s*{re.escape(name)}\s+(?:"([^"]*)"|([^;"\s]+))', text) if name in text else None
    return (match.group(1) or match.group(2) or "") if match else ""


def read_gtf(path: str | Path, gene_attribute: str = "gene_id") -> Annotation:
    """Read a GTF file, plain or gzipped.

    Parameters
    ----------
    path
        File.
    gene_attribute
        Attribute that holds the gene id.

    Returns
    -------
    Annotation
        A gene without transcript, exon and CDS rows is there by its span. Exons without transcript_id make one transcript named as the
        gene.

    Raises
    ------
    InputError
        Malformed rows, transcript ids used twice, or no row with a gene id; all at once.
    """
    faults, found = Faults(), Annotation([])
    genes, transcripts = TranscriptSet(str(path), faults, "gene"), TranscriptSet(str(path), faults)
    rows = 0
    for feature in read_features(path, faults, found.lengths, WANTED):
        rows += 1
        gene = attribute(feature.attributes, gene_attribute)
        if not gene:
            continue
        if feature.strand not in ("+", "-"):
            found.unstranded.append(gene)
            continue
        _take(feature, gene, genes, transcripts, found)
    found.transcripts = resolve(genes, transcripts)
    found.unstranded = sorted(set(found.unstranded) - {transcript.gene_id for transcript in found.transcripts})
    faults.raise_if_any()
    if not found.transcripts:
        raise InputError(
            f"no usable gene: {rows} rows of type {', '.join(sorted(WANTED))}, none stranded with the attribute {gene_attribute}",
            path,
            "check `kind` (gff3 writes attributes as key=value) and the attribute's name (key `gene_id` of the annotation)",
        )
    return found


def _take(feature: Feature, gene: str, genes: TranscriptSet, transcripts: TranscriptSet, found: Annotation) -> None:
    transcript = attribute(feature.attributes, "transcript_id") if feature.kind != "gene" else ""
    if gene not in found.names or (feature.kind in DECLARING and not found.names[gene]):
        found.names[gene] = attribute(feature.attributes, "gene_name") or attribute(feature.attributes, "gene")
        found.biotypes[gene] = attribute(feature.attributes, "gene_biotype") or attribute(feature.attributes, "gene_type")
    if feature.kind == "gene":
        genes.declare(Transcript(gene, gene, feature.chrom, feature.strand, feature.start, feature.end, feature.line))
    elif feature.kind in DECLARING:
        transcripts.declare(Transcript(transcript or gene, gene, feature.chrom, feature.strand, feature.start, feature.end, feature.line))
    else:
        owner, target = (transcript, transcripts) if transcript else (gene, genes)
        target.take(Part(owner, gene, feature.chrom, feature.strand, feature.start, feature.end, feature.line, feature.kind in CODING))
