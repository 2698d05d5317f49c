"""assay blame REF ID"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import refs as picture
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("ref")
@click.argument("example_id", metavar="ID")
@click.pass_obj
def command(session: Session, ref: str, example_id: str) -> None:
    """Who, which curation and which operation brought the example ID into the version REF."""
    with session.asking() as registry:
        found = registry.refs.blame(ref, example_id)
    session.answer(found.as_json, lambda: picture.blame(found))
