"""assay head REF"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import cards
from assay.cli.session import Session
from assay.registry.documents import example_json


@click.command(cls=Command)
@click.argument("ref")
@click.option("-n", "count", type=click.IntRange(1, 100_000), default=5, show_default=True, help="How many.")
@click.pass_obj
def command(session: Session, ref: str, count: int) -> None:
    """The first examples of the version REF."""
    version = session.registry.version(ref)
    found = version.head(count)
    session.answer(
        lambda: {"version": version.name, "examples": [example_json(one) for one in found]},
        lambda: cards.first_examples(found),
    )
