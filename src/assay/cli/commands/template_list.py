"""assay template list"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command)
@click.pass_obj
def command(session: Session) -> None:
    """The templates that were saved, the newest first."""
    from assay.cli.render.templates import template_table

    found = session.registry.generation.templates()[::-1]
    session.answer(lambda: {"templates": [one.as_json() for one in found]}, lambda: template_table(found))
