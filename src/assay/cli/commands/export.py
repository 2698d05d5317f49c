"""assay export REF DIR"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import tables
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("ref")
@click.argument("directory", metavar="DIR")
@click.option(
    "--format", "shape", metavar="F", default="source", show_default=True,
    help="source (as it was read), hf (a folder for datasets), a shape's name, article, ledger, or edits.",
)  # fmt: skip
@click.option("--container", type=click.Choice(["jsonl", "parquet"]), default="jsonl", show_default=True)
@click.option("--where", metavar="EXPR", help='Only examples for which this holds: "score >= 4".')
@click.option("--fill", metavar="FILE", help="With hf: a YAML file with a person's answers for the card.")
@click.option("--dry-run", is_flag=True, help="Say what would be written.")
@click.pass_obj
def command(  # noqa: PLR0913 - one for each option
    session: Session,
    ref: str,
    directory: str,
    shape: str,
    container: str,
    where: str | None,
    fill: str | None,
    dry_run: bool,
) -> None:
    """Write the version REF as files under DIR."""
    result = session.registry.export(
        ref, directory, format=shape, container=container, where=where, fill=fill, dry_run=dry_run
    )
    session.answer(result.as_json, lambda: tables.files(result, dry_run))
