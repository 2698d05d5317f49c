"""assay runs results RUN FILE…"""

from __future__ import annotations

from typing import Any

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("run")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--eval", "evaluation", metavar="NAME", help="What the evaluation is called (default: as the file says)."
)
@click.option("--metric", metavar="NAME", help="Keep only this metric.")
@click.option("--version", "ref", metavar="REF", help="The version, where the run learned from several.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="PART=NAME",
    help="Which column of a table is item, score, …",
)
@click.option("--dry-run", is_flag=True, help="Say what the files tell; attach nothing.")
@click.pass_obj
def command(
    session: Session, /, run: str, files: tuple[str, ...], columns: tuple[str, ...], **asked: Any
) -> None:
    """Attach what RUN scored: files of lm_eval, inspect_ai, CSV or JSON Lines."""
    from assay.cli.commands.compare import parts
    from assay.cli.render.effect import attached

    found = session.registry.results.attach(run, files, columns=parts(columns), **asked)
    document = {"results": [one.as_json() for one in found], "dry_run": asked["dry_run"]}
    session.answer(lambda: document, lambda: attached(found, asked["dry_run"]))
