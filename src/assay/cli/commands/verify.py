"""assay verify"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import tables
from assay.cli.session import Session
from assay.registry.documents import report_json


@click.command(cls=Command)
@click.option("--fast", is_flag=True, help="Check that everything is there, without reading every byte.")
@click.pass_context
def command(ctx: click.Context, fast: bool) -> None:
    """Check the registry against itself: every byte, name and link. Exit 1 on findings."""
    session: Session = ctx.obj
    with session.progress() as progress:
        report = session.registry.verify(fast=fast, progress=progress)
    session.answer(lambda: report_json(report), lambda: tables.damage(report))
    if not report.ok:
        ctx.exit(1)
