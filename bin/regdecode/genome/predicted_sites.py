"""Predicted sites: promoters joined into stretches of genome, motifs scanned over them once."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regdecode.errors import Faults, InputError
from regdecode.genome.motif_regulators import ScanSettings, regulators_of
from regdecode.genome.scan import OTHER, Hits, Tail, encode, find_hits, letter_frequencies, log_odds, other_strand, score_tail, word_indexer
from regdecode.genome.sequences import reverse_complement
from regdecode.io.fasta import FastaRecord
from regdecode.io.meme import Motif
from regdecode.io.notes import Notes

PLACE = re.compile(r"^(\S+):(\d+)-(\d+)\(([+-])\)")
SOME = 5


class Stretches(NamedTuple):
    """Promoters joined where they overlap or touch. K stretches one after another in `codes`, a gap of one code 4 between them."""

    codes: NDArray[np.uint8]
    chrom: list[str]
    offset: NDArray[np.int64]
    start: NDArray[np.int64]


class Site(NamedTuple):
    """One predicted site, 0-based half-open; `score` is -100 log10 p, at most 1000."""

    chrom: str
    start: int
    end: int
    regulator: str
    score: int
    strand: str


def join_promoters(records: Iterable[FastaRecord], where: str) -> Stretches:
    """Lay promoters on the genome, so that a base which several promoters share is scanned once.

    Parameters
    ----------
    records
        Promoters 5' to 3', each described by `chrom:start-end(strand)`.
    where
        Name of the file, for messages.

    Raises
    ------
    InputError
        A header without such a place, or a place of another length than the letters; all at once.
    """
    faults = Faults()
    pieces: list[tuple[str, int, int, bytes]] = []
    for record in records:
        match = PLACE.match(record.description)
        if not match:
            faults.add(
                f"the header of {record.name} does not go on with chrom:start-end(strand)",
                where,
                "give the promoters.fa that reference.py wrote",
            )
            continue
        start, end = int(match.group(2)), int(match.group(3))
        if end - start != len(record.sequence):
            faults.add(
                f"{record.name} has {len(record.sequence)} letters on {start}-{end}", where, "give the promoters.fa that reference.py wrote"
            )
            continue
        pieces.append((match.group(1), start, end, record.sequence if match.group(4) == "+" else reverse_complement(record.sequence)))
    faults.raise_if_any()
    pieces.sort(key=lambda piece: piece[:3])
    joined: list[tuple[str, int, bytearray]] = []
    for chrom, start, end, letters in pieces:
        if joined and joined[-1][0] == chrom and start <= joined[-1][1] + len(joined[-1][2]):
            reach = joined[-1][1] + len(joined[-1][2])
            joined[-1][2].extend(letters[reach - start :] if end > reach else b"")
        else:
            joined.append((chrom, start, bytearray(letters)))
    sizes = np.array([len(letters) + 1 for _, _, letters in joined], dtype=np.int64)
    gap = np.array([OTHER], dtype=np.uint8)
    codes = (
        np.concatenate([part for _, _, letters in joined for part in (encode(bytes(letters)), gap)]) if joined else np.zeros(0, np.uint8)
    )
    return Stretches(
        codes, [chrom for chrom, _, _ in joined], np.cumsum(sizes) - sizes, np.array([start for _, start, _ in joined], dtype=np.int64)
    )


def predict_sites(stretches: Stretches, motifs: Sequence[Motif], settings: ScanSettings, notes: Notes, where: str) -> list[Site]:
    """Scan motifs over stretches of genome, both strands.

    Parameters
    ----------
    stretches
        See `join_promoters`.
    motifs
        Motifs of all sets, in the order in which their spellings count.
    settings
        See `scan_settings`.
    notes
        Takes what was scanned and dropped.
    where
        Names of the motif files, for messages.

    Returns
    -------
    list of Site
        By chromosome, start, end, regulator, strand; where several motifs of a regulator hit the same bases of a strand, the best of
        them once.

    Raises
    ------
    InputError
        No motif is kept, or no site is found.
    """
    kept = _kept(motifs, settings, where)
    background = _background(stretches, settings)
    index = word_indexer(stretches.codes)
    best: dict[tuple[str, int, int, str, str], int] = {}
    unreachable = []
    for motif, regulator in kept:
        scores = log_odds(motif.probabilities, motif.sites, background, settings.pseudocount)
        tail = score_tail(scores, background)
        threshold = tail.threshold(settings.p_value)
        if threshold is None:
            unreachable.append(motif.motif_id)
            continue
        for strand, matrix in (("+", scores), ("-", other_strand(scores))):
            hits = find_hits(stretches.codes, index, matrix, threshold)
            for chrom, start, score in _on_genome(stretches, hits, tail):
                key = (chrom, start, start + len(scores), regulator, strand)
                best[key] = max(score, best.get(key, 0))
    _account(kept, len(motifs), unreachable, best, len(stretches.codes), notes)
    if not best:
        raise InputError(
            f"no site of {len(kept)} motifs at p <= {settings.p_value:g}",
            where,
            "raise `p_value`, or check that motifs and genome belong together",
        )
    return [
        Site(chrom, start, end, regulator, best[chrom, start, end, regulator, strand], strand)
        for chrom, start, end, regulator, strand in sorted(best)
    ]


def _kept(motifs: Sequence[Motif], settings: ScanSettings, where: str) -> list[tuple[Motif, str]]:
    """Motifs that have a regulator, with it; at least one."""
    regulators = regulators_of(motifs, settings)
    kept = [(motif, regulator) for motif, regulator in zip(motifs, regulators, strict=True) if regulator]
    if not kept:
        raise InputError(
            f"none of {len(motifs)} motifs matches motif_keep {settings.keep.pattern if settings.keep else ''!r}",
            where,
            "correct `motif_keep`",
        )
    return kept


def _background(stretches: Stretches, settings: ScanSettings) -> NDArray[np.float64]:
    """(4,) letter frequencies that a motif is set against."""
    background = np.full(4, 0.25) if settings.uniform else np.maximum(letter_frequencies(stretches.codes), 1e-3)
    return background / background.sum()


def _on_genome(stretches: Stretches, hits: Hits, tail: Tail) -> Iterator[tuple[str, int, int]]:
    """Chromosome, start and site score (-100 log10 p, at most 1000) of each hit of a motif."""
    stretch = np.searchsorted(stretches.offset, hits.start, side="right") - 1
    starts = stretches.start[stretch] + hits.start - stretches.offset[stretch]
    weight = np.minimum(np.rint(-100 * np.log10(np.maximum(tail.p_values(hits.score), 1e-300))), 1000).astype(np.int64)
    for which, start, score in zip(stretch.tolist(), starts.tolist(), weight.tolist(), strict=True):
        yield stretches.chrom[which], start, score


def _account(
    kept: list[tuple[Motif, str]],
    read: int,
    unreachable: list[str],
    best: dict[tuple[str, int, int, str, str], int],
    bases: int,
    notes: Notes,
) -> None:
    regulators = {regulator for _, regulator in kept}
    with_site = {key[3] for key in best}
    notes.add("motifs scanned", len(kept) - len(unreachable), f"of {len(regulators)} regulators, over {bases} bases, both strands")
    if read > len(kept):
        notes.add("motifs left out by motif_keep", read - len(kept), kind="dropped")
    if unreachable:
        notes.add(
            "motifs that cannot reach the p-value",
            len(unreachable),
            f"too short or too loose, such as {', '.join(unreachable[:SOME])}",
            "dropped",
        )
    if none := sorted(regulators - with_site):
        notes.add("regulators without a predicted site", len(none), f"such as {', '.join(none[:SOME])}", "dropped")
    notes.add("predicted sites", len(best), f"of {len(with_site)} regulators")
