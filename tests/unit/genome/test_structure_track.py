"""Gene structure as links, against numbers by hand."""

import numpy as np

from regdecode.genome.structure_track import FEATURES, structure_links
from regdecode.io.gene_table import GeneTable


def test_values_are_log2_of_one_more_and_zeros_are_no_links():
    names = np.array(["spliced", "single"])
    zero = np.zeros(2, np.int64)
    start, end, length = np.array([0, 100]), np.array([10_000, 1_600]), np.array([3_000, 1_500])
    genes = GeneTable(names, names, names, start, end, np.array(["+", "-"]), zero, zero, length, np.array([4, 1]), names, names)

    links = structure_links(genes)

    table = np.zeros((2, len(FEATURES)))
    table[links.gene, links.regulator] = links.value
    np.testing.assert_allclose(table, [[2.0, 3.0, 2.0], [0.0, 0.0, np.log2(2.5)]])
    assert len(links) == 4
    assert links.regulators.tolist() == sorted(FEATURES)
