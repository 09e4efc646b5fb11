"""How a gene is built, as features beside its regulators: exon junctions, intron and mature RNA length.

Junctions recruit the exon junction complex and stabilise the RNA, and long introns delay it, so the structure says much about a gene's
level and little about where it changes. As one-bin links the features go wherever those of a regulator go: models, baselines, attribution.
"""

import numpy as np

from regdecode.io.gene_table import GeneTable
from regdecode.io.links import Links

FEATURES = ("exon_junctions", "intron_kb", "rna_kb")


def structure_links(genes: GeneTable) -> Links:
    """Links of every gene to the features of its structure.

    Parameters
    ----------
    genes
        (G,) genes, each by its representative transcript.

    Returns
    -------
    Links
        ``log2(1 + v)`` of the number of exon junctions, of intron kilobases and of spliced kilobases; nothing where v is 0.
    """
    sizes = np.stack([genes.n_exons - 1.0, (genes.end - genes.start - genes.length) / 1000, genes.length / 1000], axis=1)
    values = np.log2(1 + np.maximum(sizes, 0))
    gene, feature = np.nonzero(values)
    return Links(np.array(FEATURES), genes.gene_id, feature.astype(np.int32), gene.astype(np.int32), values[gene, feature], None)
