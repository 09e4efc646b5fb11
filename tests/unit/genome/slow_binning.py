"""The obvious twin of the binning kernel: sets of bases, one site and one base at a time."""

from collections import defaultdict


def slow_counts(sites, genes, bin_size, stranded):
    """Count bases by marking each one.

    Parameters
    ----------
    sites
        (regulator, chromosome, start, end, strand) tuples; strand "+", "-" or ".".
    genes
        (chromosome, strand, list of the region's bases 5' to 3') tuples; None stands for a base beyond the chromosome.

    Returns
    -------
    dict
        (gene, bin, regulator) -> bases.
    """
    covered = defaultdict(set)
    for regulator, chrom, start, end, strand in sites:
        for base in range(start, end):
            covered[regulator, chrom, strand].add(base)
    counts = defaultdict(int)
    for regulator in {key[0] for key in covered}:
        for g, (chrom, gene_strand, bases) in enumerate(genes):
            strands = (gene_strand, ".") if stranded else ("+", "-", ".")
            for position, base in enumerate(bases):
                if base is not None and any(base in covered.get((regulator, chrom, strand), ()) for strand in strands):
                    counts[g, position // bin_size, regulator] += 1
    return dict(counts)


def promoter_bases(anchor, strand, upstream, downstream, length):
    """The bases of a promoter 5' to 3', None beyond the chromosome."""
    step = 1 if strand == "+" else -1
    bases = [anchor + step * offset for offset in range(-upstream, downstream)]
    return [base if 0 <= base < length else None for base in bases]


def rna_bases(exons, strand):
    """The bases of a spliced RNA 5' to 3'."""
    bases = [base for start, end in sorted(exons) for base in range(start, end)]
    return bases if strand == "+" else bases[::-1]
