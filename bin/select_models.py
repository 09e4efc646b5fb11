#!/usr/bin/env python3
"""Choose the best member of a model and weigh the ensemble of all, on validation genes."""

import click

from regdecode.cli import command, existing_file, existing_folder


@command
@click.option("--model", "models", type=existing_folder, required=True, multiple=True, help="Model folder of one member; repeat.")
@click.option(
    "--features", "features", type=existing_file, required=True, multiple=True, help="features.h5ad of one regulator class; repeat."
)
@click.option("--expression", type=existing_file, required=True, help="expression.h5ad.")
@click.option("--splits", type=existing_file, required=True, help="<fold>.splits.tsv.")
@click.option("--out", type=click.Path(), required=True, help="Ensemble folder to write, its members inside.")
def main(models, features, expression, splits, out):
    """Write the ensemble of a model's members, with the best one named."""
    from regdecode.training.dataset import load_dataset
    from regdecode.training.ensemble import select_models

    select_models(list(models), load_dataset(list(features), expression, splits), out)


if __name__ == "__main__":
    main()
