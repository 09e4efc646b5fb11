"""Promoter windows and spliced coordinates on both strands, by hand and base by base."""

from types import SimpleNamespace

import numpy as np
import pytest

from regdecode.genome.windows import Windows, clip_windows, promoter_windows, spliced_segments


def test_windows_on_both_strands_hold_the_anchor_as_first_downstream_base() -> None:
    genes = SimpleNamespace(
        chrom=np.array(["1", "1", "1"]), strand=np.array(["+", "-", "+"]), tss=np.array([100, 100, 3]), start_codon=np.array([110, 90, -1])
    )
    windows = promoter_windows(genes, 5, 3, "tss")
    assert windows.start.tolist() == [95, 98, -2]
    assert windows.end.tolist() == [103, 106, 6]
    assert promoter_windows(genes, 5, 3, "start_codon").start.tolist() == [105, 88, -2]
    with pytest.raises(ValueError, match="anchor"):
        promoter_windows(genes, 5, 3, "tes")


def test_windows_count_as_many_bases_upstream_and_downstream_as_asked() -> None:
    genes = SimpleNamespace(chrom=np.array(["1", "1"]), strand=np.array(["+", "-"]), tss=np.array([50, 50]), start_codon=np.array([-1, -1]))
    windows = promoter_windows(genes, 20, 10)
    plus, minus = (range(int(start), int(end)) for start, end in zip(windows.start, windows.end, strict=True))
    assert (sum(p < 50 for p in plus), sum(p >= 50 for p in plus)) == (20, 10)
    assert (sum(p > 50 for p in minus), sum(p <= 50 for p in minus)) == (20, 10)


def test_clipping() -> None:
    windows = Windows(np.array(["a", "a", "a", "b"]), np.array([-5, 90, 120, -3]), np.array([5, 110, 130, 9]), np.array(["+"] * 4))
    clipped = clip_windows(windows, {"a": 100})
    assert list(zip(clipped.start.tolist(), clipped.end.tolist(), strict=True)) == [(0, 5), (90, 100), (100, 100), (0, 9)]


def test_spliced_coordinates_number_the_bases_5_to_3() -> None:
    models = SimpleNamespace(
        strand=np.array(["+", "-"]),
        chrom=np.array(["1", "1"]),
        exon_offsets=np.array([0, 2, 5]),
        exon_start=np.array([10, 30, 100, 110, 130]),
        exon_end=np.array([13, 34, 102, 115, 131]),
    )
    segments = spliced_segments(models)
    coordinates: dict[int, dict[int, int]] = {0: {}, 1: {}}
    for gene, start, end, strand, offset in zip(segments.gene, segments.start, segments.end, segments.strand, segments.offset, strict=True):
        for base in range(start, end):
            coordinates[int(gene)][base] = int(offset + (base - start if strand == "+" else end - 1 - base))
    assert [base for base, _ in sorted(coordinates[0].items(), key=lambda item: item[1])] == [10, 11, 12, 30, 31, 32, 33]
    assert sorted(coordinates[0].values()) == list(range(7))
    assert [base for base, _ in sorted(coordinates[1].items(), key=lambda item: item[1])] == [130, 114, 113, 112, 111, 110, 101, 100]
    assert sorted(coordinates[1].values()) == list(range(8))
