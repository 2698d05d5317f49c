"""assay freeze NAME SRC..."""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("name")
@click.argument("sources", metavar="SRC...", nargs=-1, required=True)
@click.option("--format", "shape", metavar="SHAPE", help="Shape of the records; else recognised.")
@click.option("--container", metavar="C", help="How the files are packed; else recognised.")
@click.option("--self-test", is_flag=True, help="Inject items among your own rows and count what is found.")
@click.option("--dry-run", is_flag=True, help="Do everything but write.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    name: str,
    sources: tuple[str, ...],
    shape: str | None,
    container: str | None,
    self_test: bool,
    dry_run: bool,
) -> None:
    """Freeze the eval set NAME for good, and look for its items in every version.

    From now on no curation keeps a row that holds one of them. Exit 1 when a version holds some already.
    """
    from assay.cli.render.freeze import freezing

    session: Session = ctx.obj
    with session.progress() as progress:
        result = session.registry.freeze(
            name,
            sources,
            shape=shape,
            container=container,
            dry_run=dry_run,
            self_test=self_test,
            progress=progress,
        )
    session.answer(result.as_json, lambda: freezing(result))
    if result.findings:
        ctx.exit(1)
