"""assay runs show RUN"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import runs
from assay.cli.session import Session


@click.command(name="show", cls=Command)
@click.argument("run")
@click.pass_obj
def command(session: Session, /, run: str) -> None:
    """Everything known of RUN: its receipt, its figures, its ids at trackers. RUN may be TRACKER=ID too."""
    known = session.registry.runs
    found = [known.account(one, full=True) for one in known.named(run)]
    session.answer(
        lambda: {"run": found[0].run.name, "links": [one.as_json() for one in found]},
        lambda: runs.cards(found),
    )
