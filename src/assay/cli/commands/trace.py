"""assay trace ID"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import cards
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("example_id", metavar="ID")
@click.pass_obj
def command(session: Session, example_id: str) -> None:
    """Everything known about an example: where it was read and what was decided, which versions hold it, whom it
    stands for, what it was edited from and into."""
    with session.asking() as registry:
        found = registry.trace(example_id)
    session.answer(found.as_json, lambda: cards.trace_card(found))
