#!/usr/bin/env python3
"""BASELINES: the comparators, on the same genes, features and splits as the networks."""

import click

from regdecode.cli import command, existing_file, option_seed, option_threads

NAMES = ("mean", "ridge", "xgboost", "perceptron", "shuffled")


@command
@click.option("--features", type=existing_file, required=True, multiple=True, help="features.h5ad of BIN_SITES; repeat.")
@click.option("--expression", type=existing_file, required=True, help="expression.h5ad of EXPRESSION.")
@click.option("--splits", type=existing_file, required=True, help="splits.tsv of one fold.")
@click.option("--baseline", type=click.Choice(NAMES), multiple=True, default=NAMES, help="Which; repeat.")
@option_seed
@option_threads
@click.option("--out", type=click.Path(), required=True, help="Folder to write <baseline>.predictions.h5ad to.")
def main(features: tuple[str, ...], expression: str, splits: str, baseline: tuple[str, ...], seed: int, threads: int, out: str) -> None:
    """Train the comparators and predict every gene."""
    import logging

    from regdecode.genome.summaries import summarise
    from regdecode.io.atomic import atomic_path
    from regdecode.io.h5ad import write_predictions
    from regdecode.io.records import Predictions
    from regdecode.models.baselines import BASELINES, BaselineData
    from regdecode.training.dataset import load_dataset

    data = load_dataset(list(features), expression, splits)
    problem = BaselineData(summarise(data.tracks).X, summarise(data.tracks, 1).X, data.targets, data.split, data.has_level, seed, threads)
    with atomic_path(out) as folder:
        folder.mkdir()
        for name in dict.fromkeys(baseline):
            logging.info("baseline %s on %d genes x %d features", name, *problem.X.shape)
            attrs = {"system": "decode", "model": name, "member": "single", "arm": "all"}
            values = BASELINES[name](problem)
            write_predictions(folder / f"{name}.predictions.h5ad", Predictions(data.genes, data.split, data.outputs, values, attrs))


if __name__ == "__main__":
    main()
