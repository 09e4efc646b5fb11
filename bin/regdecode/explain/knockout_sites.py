"""What a knock-out can take away from a gene: its bins, or its regulators.

Every site of a gene (an entry of a track's counts) belongs to at most one part. Axes: E sites of a gene in one track, K parts, B bins.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regdecode.genome.structure_track import FEATURES as STRUCTURE
from regdecode.io.records import Track

STAYS = -1
"""Part of a site that no knock-out takes away."""


@dataclass(frozen=True)
class Sites:
    """The sites of one gene in one track.

    Parameters
    ----------
    bin, regulator, value
        (E,) bin of the gene, column of the track, bases covered (or the link's value); values are not 0.
    """

    bin: NDArray[np.int64]
    regulator: NDArray[np.int64]
    value: NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """What of one gene is taken away, each part as a whole.

    Parameters
    ----------
    gene
        Gene id.
    tracks
        Tracks of this gene alone.
    sites
        Its sites, by track.
    part
        (E,) a track: which part each site belongs to; `STAYS` for none.
    table
        (K rows) what the parts are. Bins: track, bin, start, end, regulators (their number). Regulators: regulator, class, tracks, bins.
    """

    gene: str
    tracks: tuple[Track, ...]
    sites: tuple[Sites, ...]
    part: tuple[NDArray[np.int64], ...]
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)


def sites_of(track: Track) -> Sites:
    """List the sites of a track that holds one gene."""
    found = track.counts.tocoo()
    real = found.data != 0
    return Sites(found.row[real].astype(np.int64), found.col[real].astype(np.int64), found.data[real].astype(np.float64))


def is_structure(track: Track) -> bool:
    """Whether a track holds how the gene is built: no regulator, nothing to knock out."""
    return track.on == "gene" and len(track.regulators) > 0 and set(track.regulators.tolist()) <= set(STRUCTURE)


def bin_parts(tracks: Sequence[Track], gene: str) -> Parts:
    """Bins of a gene's promoter and RNA that hold a site of any regulator.

    Tracks of one region with the same bins share them: an emptied bin is empty in each. Links have no bins and stay. Bins without a
    site are no part, since nothing changes when they are emptied.

    Parameters
    ----------
    tracks
        The model's tracks.
    gene
        Gene id.
    """
    mine = tuple(track.select(np.array([gene])) for track in tracks)
    sites = tuple(sites_of(track) for track in mine)
    regions: dict[tuple[object, ...], list[int]] = {}
    for t, track in enumerate(mine):
        if track.on != "gene":
            regions.setdefault((track.on, track.starts.tobytes(), track.ends.tobytes()), []).append(t)
    part = [np.full(len(one.bin), STAYS, np.int64) for one in sites]
    tables: list[pd.DataFrame] = []
    before = 0
    for members in regions.values():
        track = mine[members[0]]
        used = np.unique(np.concatenate([sites[t].bin for t in members]))
        number = np.full(len(track.starts), STAYS, np.int64)
        number[used] = before + np.arange(len(used))
        bound = np.zeros(len(used), np.int64)
        for t in members:
            part[t] = number[sites[t].bin]
            bound += np.bincount(part[t] - before, minlength=len(used))
        name = ",".join(mine[t].name for t in members)
        tables.append(pd.DataFrame({"track": name, "bin": used, "start": track.starts[used], "end": track.ends[used], "regulators": bound}))
        before += len(used)
    columns = ["track", "bin", "start", "end", "regulators"]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)
    return Parts(gene, mine, sites, tuple(part), table)


def regulator_parts(tracks: Sequence[Track], gene: str) -> Parts:
    """Regulators with a site on a gene; one in several tracks or classes is one regulator, taken away everywhere.

    How the gene is built stays.

    Parameters
    ----------
    tracks
        The model's tracks.
    gene
        Gene id.
    """
    mine = tuple(track.select(np.array([gene])) for track in tracks)
    sites = tuple(sites_of(track) for track in mine)
    found: dict[str, dict[str, set[object]]] = {}
    for t, (track, one) in enumerate(zip(mine, sites, strict=True)):
        if is_structure(track):
            continue
        for b, r in zip(one.bin, one.regulator, strict=True):
            about = found.setdefault(str(track.regulators[r]), {"class": set(), "tracks": set(), "bins": set()})
            about["class"].add(track.cls)
            about["tracks"].add(track.name)
            about["bins"].add((t, int(b)))
    names = sorted(found)
    number = {name: k for k, name in enumerate(names)}
    part = tuple(
        np.array([STAYS if is_structure(track) else number[str(track.regulators[r])] for r in one.regulator], np.int64)
        for track, one in zip(mine, sites, strict=True)
    )
    table = pd.DataFrame(
        {
            "regulator": names,
            "class": [",".join(sorted(map(str, found[name]["class"]))) for name in names],
            "tracks": [",".join(sorted(map(str, found[name]["tracks"]))) for name in names],
            "bins": [len(found[name]["bins"]) for name in names],
        }
    )
    return Parts(gene, mine, sites, part, table)
