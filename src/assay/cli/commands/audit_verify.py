"""assay audit verify"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(name="verify", cls=Command)
@click.option("--checkpoint", "checkpoints", multiple=True, metavar="FILE", help="One you kept; repeatable.")
@click.option("--key", "keys", multiple=True, metavar="FILE", help="Public key of who signed; repeatable.")
@click.pass_context
def command(ctx: click.Context, checkpoints: tuple[str, ...], keys: tuple[str, ...]) -> None:
    """Check the log, and hold it against checkpoints: those in the registry, and those you kept elsewhere.

    Names the first bad entry and what was done there. With --key, each checkpoint you name must be signed with one of
    the keys. Exit 1 on findings. Rows and objects are the business of `assay verify`.
    """
    from assay.cli.render.audit import verified

    session: Session = ctx.obj
    report = session.registry.audit.verify(checkpoints, keys)
    session.answer(report.as_json, lambda: verified(report))
    if not report.ok:
        ctx.exit(1)
