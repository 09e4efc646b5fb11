#!/usr/bin/env python3
"""KNOCK_OUT: person model + gene pairs -> which bins and regulators make two genes vary together; co-expression recovered."""

from pathlib import Path

import click

from regdecode.cli import command, existing_file, existing_folder, option_seed, option_threads
from regdecode.errors import InputError


@command
@click.option("--model", type=existing_folder, required=True, help="Person model of FINETUNE_DECODE.")
@click.option("--features", type=existing_file, required=True, multiple=True, help="features.h5ad of BIN_SITES; repeat.")
@click.option("--expression", type=existing_file, required=True, help="<cohort>.expression.h5ad of EXPRESSION.")
@click.option("--splits", type=existing_file, required=True, help="<fold>.splits.tsv of SPLIT.")
@click.option("--genes", type=existing_file, required=True, help="genes.tsv of REFERENCE.")
@click.option("--pairs", default="auto", help="Table of gene_a and gene_b (ids or names), or auto: the strongest predicted pairs.")
@click.option("--also", type=existing_file, multiple=True, help="Expression of another cohort: auto takes genes it measures; repeat.")
@click.option("--n-pairs", type=click.IntRange(1), default=10, help="Pairs that auto chooses.")
@click.option(
    "--draws", type=click.IntRange(100, 1_000_000), default=10_000, help="Random inputs of each gene, for bins and for regulators."
)
@click.option("--cohort", required=True, help="Id of the cohort.")
@click.option("--organism", required=True, help="Id of the organism.")
@click.option("--fold", required=True, help="Name of the fold.")
@option_seed
@option_threads
@click.option("--out", type=click.Path(file_okay=False), required=True, help="Folder to write.")
def main(
    model: str, features: tuple[str, ...], expression: str, splits: str, genes: str, pairs: str, also: tuple[str, ...], n_pairs: int,
    draws: int, cohort: str, organism: str, fold: str, seed: int, threads: int, out: str,
) -> None:  # fmt: skip
    """Knock out bins and regulators of gene pairs."""
    if pairs != "auto" and not Path(pairs).is_file():
        raise InputError(f"there is no file '{pairs}'", "--pairs", "give a table with the columns gene_a and gene_b, or auto")
    import torch

    from regdecode.explain.knockout_run import KnockOutPlan, run_knock_out

    torch.set_num_threads(threads)
    plan = KnockOutPlan(pairs, also, n_pairs, draws, seed, cohort, organism, fold)
    run_knock_out(model, features, expression, splits, genes, plan, out)


if __name__ == "__main__":
    main()
