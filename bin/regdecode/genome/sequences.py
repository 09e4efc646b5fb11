"""Pieces of chromosomes: the promoter of each gene, read along its own strand."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from regdecode.errors import InputError
from regdecode.genome.chromosomes import Chromosome
from regdecode.genome.reference_settings import PromoterSettings
from regdecode.genome.windows import Windows, clip_windows, leader_rows, promoter_windows
from regdecode.io.fasta import FastaRecord
from regdecode.io.gene_table import GeneTable
from regdecode.io.notes import Notes

UNKNOWN = bytes(letter if letter in b"ACGT" else ord("N") for letter in range(256))
COMPLEMENT = bytes.maketrans(b"ACGTUMRWSYKVHDBN", b"TGCAAKYWSRMBDHVN")


def promoter_sequences(
    genes: GeneTable,
    promoter: PromoterSettings,
    chromosomes: Sequence[Chromosome],
    sequence_of: Mapping[str, str],
    records: Iterable[FastaRecord],
    notes: Notes,
) -> Iterator[tuple[str, bytes]]:
    """Yield each gene's promoter 5' to 3' with its header `gene chrom:start-end(strand)`, by FASTA sequence, then in the genes' order.

    Windows are clipped at the ends of chromosomes and not padded, so that header and letters always agree; a gene whose window has no
    base left,
    or whose chromosome has no sequence, yields nothing. `notes` takes how many were clipped, and how many yield nothing.
    """
    lengths = {chromosome.name: chromosome.length for chromosome in chromosomes if chromosome.length is not None}
    windows = clip_windows(_whole_windows(genes, promoter), lengths)
    clipped = int((windows.end - windows.start < promoter.upstream + promoter.downstream).sum())
    if clipped:
        notes.add("promoters clipped at the end of a chromosome", clipped)
    written = 0
    on_sequence: dict[str, list[int]] = {}
    for i, chrom in enumerate(windows.chrom.tolist()):
        on_sequence.setdefault(sequence_of.get(chrom, ""), []).append(i)
    for record in records:
        for i in on_sequence.get(record.name, ()):
            start, end = int(windows.start[i]), int(windows.end[i])
            if end > start:
                header = f"{genes.gene_id[i]} {windows.chrom[i]}:{start}-{end}({windows.strand[i]})"
                letters = record.sequence[start:end]
                written += 1
                yield header, letters if windows.strand[i] == "+" else reverse_complement(letters)
    notes.add("promoter sequences", written)
    if written < len(genes):
        notes.add(
            "genes without promoter sequence",
            len(genes) - written,
            "their chromosome is not in the FASTA, or ends before the window",
            "warning",
        )


def _whole_windows(genes: GeneTable, promoter: PromoterSettings) -> Windows:
    """Windows before they are clipped."""
    leader = leader_rows(genes.gene_id, genes.unit_leader) if promoter.by_unit else None
    return promoter_windows(genes, promoter.upstream, promoter.downstream, promoter.anchor, leader)


def padded_sequences(
    genes: GeneTable,
    window: PromoterSettings,
    chromosomes: Sequence[Chromosome],
    sequence_of: Mapping[str, str],
    records: Iterable[FastaRecord],
    notes: Notes,
) -> Iterator[tuple[str, bytes]]:
    """Yield each gene's window, all of one length and of A C G T N alone, for models that read bases; else as `promoter_sequences`.

    What a window lacks beyond the end of its chromosome is N, on the side where it lacks; the header tells the bases that exist. `notes`
    takes the windows that are N throughout.

    Raises
    ------
    InputError
        Every window is N throughout.
    """
    lengths = {chromosome.name: chromosome.length for chromosome in chromosomes if chromosome.length is not None}
    whole = _whole_windows(genes, window)
    clipped = clip_windows(whole, lengths)
    place = {gene: i for i, gene in enumerate(genes.gene_id.tolist())}
    account = Notes(notes.stage)
    written = masked = 0
    for header, letters in promoter_sequences(genes, window, chromosomes, sequence_of, records, account):
        i = place[header.split(" ", 1)[0]]
        left, right = int(clipped.start[i] - whole.start[i]), int(whole.end[i] - clipped.end[i])
        if whole.strand[i] == "-":
            left, right = right, left
        bases = letters.translate(UNKNOWN)
        written += 1
        masked += not bases.strip(b"N")
        yield header, b"N" * left + bases + b"N" * right
    for note in account.notes:
        notes.add(note.what.replace("promoter", "window"), note.n, note.why or "filled with N" * ("clipped" in note.what), note.kind)
    if masked and masked == written:
        raise InputError(f"all {written} windows are N throughout", "windows.sequence", "give a genome whose promoters are not masked")
    if masked:
        notes.add("windows that are N throughout", masked, "a model learns nothing from them", "warning")


def proteins_of(genes: GeneTable, records: Iterable[FastaRecord], notes: Notes, where: str) -> list[tuple[str, bytes]]:
    """Return (gene id, letters) of the proteins whose header names a gene by id or, where that is one gene's alone, by display name; the
    longest of each gene.

    Raises
    ------
    InputError
        No protein names a gene.
    """
    times = Counter(genes.gene_name.tolist())
    gene_of = {name: gene for name, gene in zip(genes.gene_name.tolist(), genes.gene_id.tolist(), strict=True) if times[name] == 1}
    gene_of |= {gene: gene for gene in genes.gene_id.tolist()}
    longest: dict[str, bytes] = {}
    read = unknown = 0
    for record in records:
        read += 1
        gene = gene_of.get(record.name) or gene_of.get(record.name.split(".")[0])
        unknown += gene is None
        if gene is not None and len(record.sequence) > len(longest.get(gene, b"")):
            longest[gene] = record.sequence
    if not longest:
        raise InputError(
            f"none of {read} proteins is named by a gene id or gene name of the annotation",
            where,
            "name each protein by its gene: `>gene_id`",
        )
    notes.add("proteins", len(longest))
    if unknown:
        notes.add("proteins of no gene of the annotation", unknown, kind="dropped")
    return [(gene, longest[gene]) for gene in genes.gene_id.tolist() if gene in longest]


def reverse_complement(letters: bytes) -> bytes:
    """Return the other strand, 5' to 3'; the ambiguity letters of IUPAC are complemented too."""
    return letters.translate(COMPLEMENT)[::-1]
