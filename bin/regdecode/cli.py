"""What every script shares: the command decorator, common options, logging."""

import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from regdecode import __version__
from regdecode.errors import RegdecodeError

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

existing_file = click.Path(exists=True, dir_okay=False, readable=True)
existing_folder = click.Path(exists=True, file_okay=False, readable=True)

option_threads = click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="CPU threads.")
option_seed = click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of every random choice.")
option_device = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to compute; auto takes a GPU when there is one.",
)


class _Command(click.Command):
    """A click command whose known errors end in one message and their exit code, never in a traceback.

    It takes no more threads than it was given: numpy's linear algebra would take every core, and tasks that share a machine would then
    wait for each other's threads. Scripts import numpy after this.
    """

    def invoke(self, ctx: click.Context) -> Any:
        for name in THREADS:
            os.environ.setdefault(name, str(ctx.params.get("threads", 1)))
        try:
            return super().invoke(ctx)
        except RegdecodeError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(error.exit_code)


def command(function: Callable[..., None]) -> click.Command:
    """Make a script's main function a command with `--version` and `--verbose`."""

    def start_logging(ctx: click.Context, option: click.Parameter, verbose: bool) -> None:
        logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
        logging.getLogger("regdecode").setLevel(logging.DEBUG if verbose else logging.INFO)  # other packages' details are noise

    with_verbose = click.option("--verbose", is_flag=True, expose_value=False, callback=start_logging, is_eager=True, help="Log details.")
    decorated = with_verbose(function)
    decorated = click.version_option(__version__, message="%(version)s")(decorated)
    return click.command(cls=_Command, context_settings={"show_default": True, "max_content_width": 120})(decorated)
