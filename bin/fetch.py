#!/usr/bin/env python3
"""FETCH: the source files of an organism, each checked by the SHA-256 of its decompressed content."""

import click

from regdecode.cli import command, existing_file


@command
@click.option("--source", required=True, type=existing_file, help="JSON: package or url, files {name: {member, sha256}}.")
@click.option(
    "--local", multiple=True, type=existing_file, help="A file at hand; it is checked and linked instead of downloaded. Repeat for more."
)
@click.option("--out", required=True, type=click.Path(), help="Folder to write, with the files under their declared names.")
def main(source: str, local: tuple[str, ...], out: str) -> None:
    """Get and check the files of one source: a package, a URL, or local copies."""
    from regdecode.io.atomic import atomic_path
    from regdecode.io.config import read_config
    from regdecode.io.sources import fetch, match_local, parse_source

    wanted = parse_source(read_config(source), source)
    given = match_local(wanted, local)
    with atomic_path(out) as folder:
        folder.mkdir()
        fetch(wanted, given, folder)
    click.echo(f"{len(wanted.files)} files checked: {out}", err=True)


if __name__ == "__main__":
    main()
