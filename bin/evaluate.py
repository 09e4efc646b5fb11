#!/usr/bin/env python3
"""EVALUATE: model folders and baselines -> accuracy on held-out genes, compared, with intervals over genes."""

import click

from regdecode.cli import command, existing_file, existing_folder, option_seed, option_threads


@command
@click.option("--model", "models", type=existing_folder, required=True, multiple=True, help="Model folder; repeat.")
@click.option("--predictions", type=existing_file, multiple=True, help="Predictions of a baseline; repeat.")
@click.option("--features", type=existing_file, required=True, multiple=True, help="features.h5ad of BIN_SITES; repeat.")
@click.option("--expression", type=existing_file, required=True, help="expression.h5ad of EXPRESSION.")
@click.option("--splits", type=existing_file, required=True, help="splits.tsv of one fold.")
@click.option("--organism", required=True, help="Id of the organism.")
@click.option("--fold", required=True, help="Name of the fold.")
@option_seed
@option_threads
@click.option("--out", type=click.Path(), required=True, help="Folder to write.")
def main(
    models: tuple[str, ...],
    predictions: tuple[str, ...],
    features: tuple[str, ...],
    expression: str,
    splits: str,
    organism: str,
    fold: str,
    seed: int,
    threads: int,
    out: str,
) -> None:
    """Score models and baselines on held-out genes."""
    from pathlib import Path

    from regdecode.stats.evaluation import Truth, evaluate
    from regdecode.training.candidates import file_candidate, folder_candidates
    from regdecode.training.dataset import load_dataset
    from regdecode.training.evaluation_files import write_evaluation

    data = load_dataset(list(features), expression, splits)
    candidates = [candidate for folder in models for candidate in folder_candidates(Path(folder), data)]
    candidates += [file_candidate(path, data) for path in predictions]
    truth = Truth(data.genes, data.split, data.outputs, data.targets)
    labels = {"system": "decode", "organism": organism, "fold": fold}
    write_evaluation(out, evaluate(truth, candidates, labels, seed, threads), seed)


if __name__ == "__main__":
    main()
