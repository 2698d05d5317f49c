"""assay export REF DIR"""

from __future__ import annotations

from typing import Any

import click

from assay.cli.command import Command
from assay.cli.render import tables
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("ref")
@click.argument("directory", metavar="DIR")
@click.option(
    "--format", "shape", metavar="F", default="source", show_default=True,
    help="source (as it was read), a shape's name, hf (a folder for datasets), trl (for trainers), webdataset, openai, "
    "anthropic, delta, lance, iceberg, gx, article, ledger, or edits.",
)  # fmt: skip
@click.option("--container", type=click.Choice(["jsonl", "parquet"]), default="jsonl", show_default=True)
@click.option("--where", metavar="EXPR", help='Only examples for which this holds: "score >= 4".')
@click.option("--fill", metavar="FILE", help="With hf: a YAML file with a person's answers for the card.")
@click.option(
    "--as", "as_type", metavar="TYPE", help="With trl: its dataset type (default: by kind of example)."
)
@click.option(
    "--skip-invalid", is_flag=True, help="With openai, anthropic: leave out what breaks their rules."
)
@click.option("--dry-run", is_flag=True, help="Say what would be written.")
@click.option("--force", is_flag=True, help="Even a revoked version; the log will say so.")
@click.option("--reason", metavar="TEXT", default="", help="With trl: why, with --force.")
@click.pass_context
def command(ctx: click.Context, /, ref: str, directory: str, shape: str, **given: Any) -> None:
    """Write the version REF as files under DIR."""
    session: Session = ctx.obj
    result = session.registry.export(ref, directory, format=shape, **given)
    session.answer(result.as_json, lambda: tables.files(result, given["dry_run"]))
    if result.refusing:
        ctx.exit(1)
