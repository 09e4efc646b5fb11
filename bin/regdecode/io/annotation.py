"""What every annotation reader yields: transcripts of genes, and how files that repeat an id are read."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from regdecode.errors import Faults


@dataclass(slots=True)
class Transcript:
    """One transcript at one place; positions 0-based half-open.

    Parameters
    ----------
    transcript_id, gene_id, chrom, strand
        Names as in the file; strand "+" or "-".
    start, end
        Span.
    line
        Line of the file that first names it.
    exons, cds
        (start, end) parts, in any order.
    """

    transcript_id: str
    gene_id: str
    chrom: str
    strand: str
    start: int
    end: int
    line: int
    exons: list[tuple[int, int]] = field(default_factory=list)
    cds: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Annotation:
    """What a reader found.

    Parameters
    ----------
    transcripts
        Every transcript; of a gene without any, the gene's own span.
    names, biotypes, units
        Gene id -> display name, biotype, transcription unit (where the file tells).
    start_codons
        Gene id -> 0-based position of the first translated base, where a table names it.
    lengths
        Chromosome -> bases, where the file tells.
    unstranded
        Ids of genes left out, since their strand is neither + nor -.
    """

    transcripts: list[Transcript]
    names: dict[str, str] = field(default_factory=dict)
    biotypes: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    start_codons: dict[str, int] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    unstranded: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Part:
    """An exon or a coding part (`coding`) and the transcript it names."""

    owner: str
    gene_id: str
    chrom: str
    strand: str
    start: int
    end: int
    line: int
    coding: bool


class TranscriptSet:
    """Transcripts by id, where one id may stand at several places (copies of a gene), with their parts in any order.

    An id belongs to one gene, and is declared once at one place; both are told otherwise as faults. A part goes to the copy that
    contains it
    (the last one declared before it, where copies overlap). Parts of an id nobody declared make a transcript of their own for each
    chromosome and strand.
    """

    def __init__(self, path: str, faults: Faults, kind: str = "transcript") -> None:
        self.path, self.faults, self.kind = path, faults, kind
        self.copies: dict[str, list[Transcript]] = {}
        self.parts: list[Part] = []

    def declare(self, transcript: Transcript) -> None:
        """Take a transcript row."""
        for other in self.copies.setdefault(transcript.transcript_id, []):
            if self._clash(other.gene_id, other.line, transcript.transcript_id, transcript.gene_id, transcript.line):
                return
            if (other.chrom, other.strand, other.start, other.end) == (
                transcript.chrom,
                transcript.strand,
                transcript.start,
                transcript.end,
            ):
                if self.kind == "gene":
                    return
                self.faults.add(
                    f"transcript id {transcript.transcript_id} of gene {transcript.gene_id} is already on line {other.line}",
                    f"{self.path}:{transcript.line}",
                    "give each transcript its own id, or remove the repeated row",
                )
                return
        self.copies[transcript.transcript_id].append(transcript)

    def take(self, part: Part) -> None:
        """Take an exon or coding part: at once where its transcript is known already, else when all rows are read."""
        for copy in reversed(self.copies.get(part.owner, ())):
            if copy.gene_id == part.gene_id and _holds(copy, part):
                (copy.cds if part.coding else copy.exons).append((part.start, part.end))
                return
        self.parts.append(part)

    def _clash(self, gene: str, line: int, transcript: str, other_gene: str, other_line: int) -> bool:
        if gene == other_gene:
            return False
        self.faults.add(
            f"transcript id {transcript} belongs to gene {gene} (line {line}) and to gene {other_gene}",
            f"{self.path}:{other_line}",
            "give each transcript its own id",
        )
        return True

    def finish(self) -> list[Transcript]:
        """Give every part to its transcript and return all transcripts in the order of their first lines."""
        undeclared: dict[tuple[str, str, str], Transcript] = {}
        owners: dict[str, tuple[str, int]] = {name: (copies[0].gene_id, copies[0].line) for name, copies in self.copies.items() if copies}
        clashing: set[tuple[str, str]] = set()
        for part in self.parts:
            gene, line = owners.setdefault(part.owner, (part.gene_id, part.line))
            if gene != part.gene_id and (part.owner, part.gene_id) not in clashing:
                clashing.add((part.owner, part.gene_id))
                self._clash(gene, line, part.owner, part.gene_id, part.line)
            transcript = self._copy_of(part)
            if transcript is None:
                key = (part.owner, part.chrom, part.strand)
                transcript = undeclared.setdefault(
                    key, Transcript(part.owner, part.gene_id, part.chrom, part.strand, part.start, part.end, part.line)
                )
                transcript.start, transcript.end = min(transcript.start, part.start), max(transcript.end, part.end)
            (transcript.cds if part.coding else transcript.exons).append((part.start, part.end))
        return sorted([*self._declared(), *undeclared.values()], key=lambda transcript: transcript.line)

    def _declared(self) -> Iterator[Transcript]:
        for copies in self.copies.values():
            yield from copies

    def _copy_of(self, part: Part) -> Transcript | None:
        fitting = [copy for copy in self.copies.get(part.owner, ()) if _holds(copy, part)]
        before = [copy for copy in fitting if copy.line <= part.line]
        return before[-1] if before else fitting[0] if fitting else None


def _holds(copy: Transcript, part: Part) -> bool:
    return copy.start <= part.start and part.end <= copy.end and copy.chrom == part.chrom and copy.strand == part.strand


def resolve(genes: TranscriptSet, transcripts: TranscriptSet) -> list[Transcript]:
    """Return all transcripts; where a gene has none, its own rows (with the parts that name the gene itself) stand in."""
    own = transcripts.finish()
    with_transcript = {transcript.gene_id for transcript in own}
    return own + [row for row in genes.finish() if row.gene_id not in with_transcript]
