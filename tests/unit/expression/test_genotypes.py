"""The marker nearest a gene."""

import numpy as np
import pytest

from regdecode.errors import InputError
from regdecode.expression.genotypes import match_chromosomes, nearest_markers
from regdecode.io.gene_table import GeneTable
from regdecode.io.genotypes import Genotypes, read_genotypes


def genes() -> GeneTable:
    ids, at = np.array(["g1", "g2", "g3"]), np.array([100, 900, 100], np.int64)
    chrom = np.array(["chrII", "chrII", "chrIV"])
    return GeneTable(ids, np.array(["LEU2", "URA3", "AMN-1"]), chrom, at, at + 100, np.array(["+"] * 3), at, at, at, at, ids, ids)


def markers() -> Genotypes:
    values = np.array([[1, 1, 1], [1, 2, 1], [2, 1, np.nan], [2, 1, 1], [1, 2, 2.0]])
    chrom, position = np.array(["2", "2", "2", "2", "4"]), np.array([150, 260, 140, 880, 5000])
    return Genotypes(np.array(["m0", "m1", "m2", "m3", "m4"]), chrom, position, np.array(["a", "b", "c"]), values)


def test_nearest_marker_that_varies_and_is_known():
    found = nearest_markers(markers(), genes(), ["LEU2", "URA3", "AMN-1"], np.array(["c", "a", "b"]))
    assert [(m.column, m.marker, m.distance) for m in found] == [
        ("marker_LEU2", "m1", 60),
        ("marker_URA3", "m3", 21),
        ("marker_AMN_1", "m4", 4800),
    ]
    assert found[0].values.tolist() == [1, 1, 2]


def test_chromosome_names():
    assert match_chromosomes(["1", "10"], ["chrI", "chrX", "chrIV"], {}) == {"1": "chrI", "10": "chrX"}
    assert match_chromosomes(["chr1", "X"], ["1", "X"], {}) == {"chr1": "1", "X": "X"}
    assert match_chromosomes(["a"], ["chr1"], {"a": "chr1"}) == {"a": "chr1"}


def test_bad_input():
    with pytest.raises(InputError, match=r"1 samples have no genotypes: z"):
        nearest_markers(markers(), genes(), ["LEU2"], np.array(["a", "z"]))
    with pytest.raises(InputError, match="gene NOPE is not in the annotation"):
        nearest_markers(markers(), genes(), ["NOPE"], np.array(["a", "b", "c"]))
    with pytest.raises(InputError, match="no marker that varies is on chrIV"):
        nearest_markers(markers()._replace(chrom=np.array(["2"] * 5)), genes(), ["AMN-1"], np.array(["a", "b", "c"]))


def test_reading(tmp_path):
    matrix, positions = tmp_path / "g.tsv", tmp_path / "p.tsv"
    matrix.write_text("\ta\tb\nm0\t1\t2\nm1\t2\tNA\n")
    positions.write_text("\tchrom\tpos\nm1\t2\t7\nm0\t1\t5\n")
    found = read_genotypes(matrix, positions)
    assert found.position.tolist() == [5, 7] and found.chrom.tolist() == ["1", "2"] and np.isnan(found.values[1, 1])
    positions.write_text("\tchrom\tpos\nm1\t2\tx\n")
    with pytest.raises(InputError, match=r"(?s)position of marker m1 is 'x'.*have no position, first 'm0'"):
        read_genotypes(matrix, positions)
