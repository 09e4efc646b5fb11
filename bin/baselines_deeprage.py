#!/usr/bin/env python3
"""BASELINES_DEEPRAGE: the comparators of one fold of one test regime, on the same cells as the networks."""

import click

from regdecode.cli import command, existing_file, option_seed, option_threads

NAMES = (
    "majority",
    "mean",
    "svd",
    "chained_ridge",
    "kmer_ridge",
    "motif_ridge",
    "sequence_ridge",
    "regulator_ridge",
    "geneclass",
    "xgboost",
)


@command
@click.option("--expression", type=existing_file, required=True, help="expression.h5ad of EXPRESSION.")
@click.option("--sequences", type=existing_file, required=True, help="sequences.fa of REFERENCE.")
@click.option("--genes", type=existing_file, required=True, help="genes.tsv of REFERENCE.")
@click.option("--regulators", type=existing_file, required=True, help="Regulators: gene ids or names, one a line or a column.")
@click.option("--cells", type=existing_file, required=True, help="<regime>.<fold>.cells.h5ad of SPLIT_CELLS.")
@click.option("--config", type=existing_file, required=True, help="JSON: the deeprage block of the organism file.")
@click.option("--motifs", type=existing_file, multiple=True, help="MEME or JASPAR file of known motifs; repeat.")
@click.option("--baseline", type=click.Choice(NAMES), multiple=True, help="Which; repeat. All that the regime can have by default.")
@option_seed
@option_threads
@click.option("--out", type=click.Path(), required=True, help="Folder to write <baseline>.predictions.h5ad to.")
def main(expression, sequences, genes, regulators, cells, config, motifs, baseline, seed, threads, out):
    """Fit the comparators and predict every cell."""
    import logging

    from regdecode.expression.deeprage_settings import deeprage_settings
    from regdecode.io.atomic import atomic_path
    from regdecode.io.config import read_config
    from regdecode.io.h5ad import write_cell_predictions
    from regdecode.io.motif_file import read_motifs
    from regdecode.io.records import CellPredictions
    from regdecode.models.deeprage_baselines import baselines_for, predict_baseline
    from regdecode.training.deeprage_data import load_cell_data
    from regdecode.training.deeprage_stack import problem_of, table_of

    settings = deeprage_settings(read_config(config), config)
    found = [motif for path in motifs for motif in read_motifs(path)]
    data = load_cell_data(expression, sequences, genes, regulators, cells, settings)
    regime = data.cells.attrs["regime"]
    names = baselines_for(regime, bool(found), baseline)
    problem = problem_of(data, table_of(data, found)[1], seed, threads)
    told = {
        "system": "deeprage",
        "member": "single",
        "arm": "all",
        "task": "regression",
        "regime": regime,
        "fold": data.cells.attrs["fold"],
    }
    with atomic_path(out) as folder:
        folder.mkdir()
        for name in names:
            logging.info("baseline %s", name)
            values = predict_baseline(name, problem).astype("float32")
            record = CellPredictions(data.cells.genes, data.cells.conditions, values, {**told, "model": name})
            write_cell_predictions(folder / f"{name}.predictions.h5ad", record)


if __name__ == "__main__":
    main()
