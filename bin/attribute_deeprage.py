#!/usr/bin/env python3
"""ATTRIBUTE_DEEPRAGE: which bases and regulators make a gene's prediction in a condition, and what each substitution would change."""

import click

from regdecode.cli import command, existing_file, existing_folder, option_device, option_threads


@command
@click.option(
    "--model",
    "models",
    type=existing_folder,
    multiple=True,
    required=True,
    help="Folder of train_deeprage.py or select_deeprage.py; repeat.",
)
@click.option("--sequences", type=existing_file, required=True, help="sequences.fa of REFERENCE.")
@click.option("--genes", type=existing_file, required=True, help="genes.tsv of REFERENCE.")
@click.option("--expression", type=existing_file, required=True, help="expression.h5ad of EXPRESSION.")
@click.option("--cells", type=existing_file, required=True, help="<regime>.<fold>.cells.h5ad of SPLIT_CELLS.")
@click.option("--gene", "wanted", multiple=True, help="Gene id or name; repeat. Default: the best predicted test genes.")
@click.option("--condition", "conditions", multiple=True, help="Condition; repeat. Default: where prediction and measurement change most.")
@click.option("--best-genes", type=click.IntRange(1), default=4, help="How many genes without --gene.")
@click.option("--best-conditions", type=click.IntRange(1), default=1, help="How many conditions a gene without --condition.")
@option_device
@option_threads
@click.option("--out", type=click.Path(), required=True, help="Folder to write.")
def main(models, sequences, genes, expression, cells, wanted, conditions, best_genes, best_conditions, device, threads, out):
    """Attribute predictions to bases and regulators, and mutate every base in silico."""
    import torch

    from regdecode.explain.attribute_sequences import choose_cells, explain_cells, write_attributed
    from regdecode.explain.sequence_data import check_fold, load_networks, read_sequence_data
    from regdecode.training.member import resolve_device

    torch.set_num_threads(threads)
    networks = load_networks(models, resolve_device(device))
    data = read_sequence_data(expression, sequences, genes, cells)
    check_fold(data, networks, None)
    chosen = choose_cells(networks, data, wanted, conditions, best_genes, best_conditions)
    write_attributed(out, explain_cells(networks, data, chosen), networks, data)


if __name__ == "__main__":
    main()
