#!/usr/bin/env python3
"""EVALUATE_PEOPLE: person models -> accuracy for every person and gene, and the controls that say what it is worth."""

import click

from regdecode.cli import command, existing_file, existing_folder, option_seed, option_threads


@command
@click.option("--model", "models", type=existing_folder, required=True, multiple=True, help="Person model of an arm; repeat, one is `all`.")
@click.option("--features", type=existing_file, required=True, multiple=True, help="features.h5ad of BIN_SITES; repeat.")
@click.option("--expression", type=existing_file, required=True, help="<cohort>.expression.h5ad of EXPRESSION.")
@click.option("--splits", type=existing_file, required=True, help="<fold>.splits.tsv that the models were trained with.")
@click.option("--reference", type=existing_file, help="expression.h5ad of the tissues, for the variance between groups.")
@click.option("--genes", type=existing_file, required=True, help="genes.tsv of REFERENCE.")
@click.option("--other-expression", type=existing_file, multiple=True, help="Expression of another cohort with a column person; repeat.")
@click.option("--other-predictions", type=existing_file, multiple=True, help="Predictions of those cohorts, in the same order; repeat.")
@click.option("--cohort", required=True, help="Id of the cohort.")
@click.option("--organism", required=True, help="Id of the organism.")
@click.option("--fold", required=True, help="Name of the fold.")
@option_seed
@option_threads
@click.option("--out", type=click.Path(), required=True, help="Folder to write.")
def main(
    models, features, expression, splits, reference, genes, other_expression, other_predictions, cohort, organism, fold, seed, threads, out
):
    """Score person models on held-out genes."""
    from regdecode.errors import InputError
    from regdecode.io.gene_table import read_genes
    from regdecode.training.people_evaluation import PeopleInputs, evaluate_people
    from regdecode.training.people_files import write_people

    if other_predictions and len(other_predictions) != len(other_expression):
        raise InputError(
            f"{len(other_predictions)} --other-predictions for {len(other_expression)} --other-expression",
            "evaluate_people.py",
            "give one of each a cohort, in the same order, or no predictions",
        )
    others = list(zip(other_expression, other_predictions or [None] * len(other_expression), strict=True))
    inputs = PeopleInputs(list(models), list(features), expression, splits, reference, others)
    labels = {"system": "decode", "organism": organism, "fold": fold}
    write_people(out, evaluate_people(inputs, read_genes(genes), cohort, labels, seed, threads), labels)


if __name__ == "__main__":
    main()
