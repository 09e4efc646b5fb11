#!/usr/bin/env python3
"""ATTRIBUTE: a model -> contributions of every regulator to every output of every test gene, proved to add up, and their summaries."""

import click

from regdecode.cli import command, existing_file, existing_folder, option_device, option_threads


@command
@click.option("--model", type=existing_folder, required=True, help="Model folder of TRAIN_DECODE or SELECT_MODELS.")
@click.option("--features", type=existing_file, required=True, multiple=True, help="features.h5ad of BIN_SITES; repeat.")
@click.option("--expression", type=existing_file, required=True, help="expression.h5ad of EXPRESSION.")
@click.option("--splits", type=existing_file, required=True, help="<fold>.splits.tsv of SPLIT.")
@click.option("--split", "which", type=click.Choice(["test", "validation", "train", "all"]), default="test", help="Genes to explain.")
@click.option(
    "--engine", type=click.Choice(["regdecode", "shap"]), default="regdecode", help="shap runs shap's DeepExplainer on the same net: slow."
)
@click.option(
    "--tolerance", type=click.FloatRange(0, 1, min_open=True), default=1e-4, help="Largest residual, as a part of an output's range."
)
@option_device
@option_threads
@click.option("--out", type=click.Path(file_okay=False), required=True, help="Folder to write.")
def main(
    model: str,
    features: tuple[str, ...],
    expression: str,
    splits: str,
    which: str,
    engine: str,
    tolerance: float,
    device: str,
    threads: int,
    out: str,
) -> None:
    """Attribute a model's predictions to regulators."""
    import torch

    from regdecode.explain.attribution import explain_model, split_rows
    from regdecode.explain.attribution_files import write_attribution
    from regdecode.training.member import resolve_device
    from regdecode.training.model_folder import load_decode
    from regdecode.training.people_data import load_for_model

    torch.set_num_threads(threads)
    place = resolve_device(device)
    loaded = load_decode(model)
    data = load_for_model(loaded.config, list(features), expression, splits)
    rows = split_rows(data, which, splits)
    explained = explain_model(loaded, data, rows, engine, tolerance, place)
    write_attribution(out, explained, loaded.config, which, engine)


if __name__ == "__main__":
    main()
