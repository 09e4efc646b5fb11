#!/usr/bin/env python3
"""EVALUATE_DEEPRAGE: networks, ensembles and baselines of one fold -> accuracy on its test cells, compared, with intervals."""

import click

from regdecode.cli import command, existing_file, existing_folder, option_seed


@command
@click.option("--model", "models", type=existing_folder, multiple=True, help="Folder of train_deeprage.py (or an ensemble's); repeat.")
@click.option("--predictions", type=existing_file, multiple=True, help="Predictions of cells (h5ad); repeat. The first model leads.")
@click.option("--expression", type=existing_file, required=True, help="expression.h5ad of EXPRESSION.")
@click.option("--cells", type=existing_file, required=True, help="<regime>.<fold>.cells.h5ad of SPLIT_CELLS.")
@click.option("--genes", type=existing_file, required=True, help="genes.tsv of REFERENCE, for the genes' names.")
@click.option("--config", type=existing_file, required=True, help="JSON: the deeprage block of the organism file.")
@click.option("--organism", required=True, help="Id of the organism.")
@click.option("--resamples", type=click.IntRange(2), default=1000, help="Bootstrap resamples.")
@option_seed
@click.option("--out", type=click.Path(), required=True, help="Folder to write.")
def main(models, predictions, expression, cells, genes, config, organism, resamples, seed, out):
    """Score predictions of genes in conditions."""
    from regdecode.errors import InputError
    from regdecode.expression.deeprage_settings import deeprage_settings
    from regdecode.io.config import read_config
    from regdecode.training.deeprage_evaluation import read_candidate, read_truth, write_cell_evaluation

    if not models and not predictions:
        raise InputError("nothing to evaluate", "evaluate_deeprage.py", "give --model or --predictions")
    truth = read_truth(expression, cells, genes, deeprage_settings(read_config(config), config))
    candidates = [read_candidate(path, truth) for path in (*models, *predictions)]
    write_cell_evaluation(out, truth, candidates, organism, seed, resamples)


if __name__ == "__main__":
    main()
