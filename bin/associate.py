#!/usr/bin/env python3
"""ASSOCIATE: a cohort's expression, predictions and regulator activities -> moderated t-tests of what its sample sheet says."""

import click

from regdecode.cli import command, existing_file, option_seed


@command
@click.option("--cohort", required=True, help="Id of the cohort.")
@click.option("--organism", required=True, help="Id of the organism.")
@click.option("--fold", default="NA", help="Name of the fold of the person model.")
@click.option("--actual", type=existing_file, required=True, help="expression.h5ad of the cohort.")
@click.option("--predicted", type=existing_file, help="predictions.h5ad of EVALUATE_PEOPLE.")
@click.option("--activity", type=existing_file, help="regulator_by_output.tsv of ATTRIBUTE on the person model.")
@click.option("--genes", type=existing_file, help="genes.tsv of REFERENCE, for names and markers.")
@click.option("--genotypes", type=existing_file, help="Markers x people.")
@click.option("--positions", type=existing_file, help="Marker, chrom, pos.")
@click.option("--config", type=existing_file, required=True, help="JSON: the cohort's entry of `individuals`.")
@option_seed
@click.option("--out", type=click.Path(), required=True, help="Folder to write.")
def main(
    cohort: str,
    organism: str,
    fold: str,
    actual: str,
    predicted: str | None,
    activity: str | None,
    genes: str | None,
    genotypes: str | None,
    positions: str | None,
    config: str,
    seed: int,
    out: str,
) -> None:
    """Test every gene and regulator against the sample sheet."""
    from regdecode.errors import InputError
    from regdecode.explain.association_files import write_association
    from regdecode.explain.association_run import Cohort, run_association
    from regdecode.io.config import read_config
    from regdecode.io.effects import read_regulators
    from regdecode.io.gene_table import read_genes
    from regdecode.io.genotypes import read_genotypes
    from regdecode.io.h5ad import read_expression, read_predictions
    from regdecode.stats.association_settings import parse_association

    settings = parse_association(read_config(config))
    if bool(genotypes) != bool(positions):
        raise InputError("genotypes come with marker positions", "--genotypes, --positions", "give both files")
    data = Cohort(
        read_expression(actual),
        read_predictions(predicted) if predicted else None,
        read_regulators(activity) if activity else None,
        read_genes(genes) if genes else None,
        read_genotypes(genotypes, positions) if genotypes and positions else None,
    )
    label = {"system": "decode", "organism": organism, "fold": fold, "model": f"people.{cohort}"}
    write_association(out, run_association(data, settings, label, seed), {"cohort": cohort, **label})


if __name__ == "__main__":
    main()
