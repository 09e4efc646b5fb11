"""Letters of a genome: those that name a base, those that name several, and those that mean that the file is no DNA."""

from pathlib import Path

from regdecode.errors import Faults, InputError
from regdecode.io.fasta import FastaEntry, FastaRecord, read_fasta
from regdecode.io.notes import Notes

KNOWN = b"ACGTN"
AMBIGUOUS = b"RYSWKMBDHV"
LARGEST_SHARE = 0.02
"""Of the letters other than N, how many may be ambiguous: sites that differ between the two copies of an outbred genome, where they are
spelled so, are seldom more than 1 in 100; one base spelled otherwise throughout is at least 1 in 10."""
FIX = "give DNA: A, C, G, T, and N (or another IUPAC letter, seldom) for a base that is not known"


def list_genome(path: str | Path, notes: Notes) -> list[FastaEntry]:
    """Return names, descriptions and lengths of a genome's sequences, once their letters are found to be DNA.

    Parameters
    ----------
    path
        FASTA file.
    notes
        Takes the number of ambiguous letters, which all that follows reads as N.

    Raises
    ------
    InputError
        A sequence holds a letter that is none of IUPAC's for DNA (each such sequence is named), too many are ambiguous, or all are N.
    """
    entries: list[FastaEntry] = []
    faults = Faults()
    counts = dict.fromkeys(AMBIGUOUS, 0)
    known, first = 0, ""
    for record in read_fasta(path):
        entries.append(FastaEntry(record.name, record.description, len(record.sequence)))
        odd = record.sequence.translate(None, KNOWN)
        if foreign := len(odd.translate(None, AMBIGUOUS)):
            more = f", one of {foreign} letters that are not DNA" if foreign > 1 else ", which is not DNA"
            faults.add(_first(record, KNOWN + AMBIGUOUS) + more, path, FIX.replace("T,", "T (not U),") if b"U" in odd else FIX)
        elif odd:
            first = first or _first(record, KNOWN)
            counts = {letter: n + odd.count(letter) for letter, n in counts.items()}
        known += len(record.sequence) - len(odd) - record.sequence.count(b"N")
    faults.raise_if_any()
    _judge(counts, known, first, str(path), notes)
    return entries


def _first(record: FastaRecord, allowed: bytes) -> str:
    """Place of the first letter that is not allowed."""
    at = len(record.sequence) - len(record.sequence.lstrip(allowed))
    return f"base {at + 1} of {record.name} is {chr(record.sequence[at])!r}"


def _judge(counts: dict[int, int], known: int, first: str, where: str, notes: Notes) -> None:
    """Note ambiguous letters; refuse a genome that holds too many of them, or no base."""
    total = sum(counts.values())
    told = ", ".join(f"{chr(letter)} {n}" for letter, n in counts.items() if n)
    if total > LARGEST_SHARE * (total + known):
        share = f"{100 * total / (total + known):.1f} % of letters name several bases ({told}), more than {100 * LARGEST_SHARE:g} %"
        raise InputError(f"{share}; {first}, the first", where, FIX)
    if not known:
        raise InputError("every base is N", where, "give a genome that is not masked")
    if total:
        notes.add("letters of the genome that name several bases, read as N", total, f"{told}; {first}, the first")
