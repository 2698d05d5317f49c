"""assay template show T"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("name", metavar="T")
@click.pass_obj
def command(session: Session, name: str) -> None:
    """The template T: a file, an id (its newest), or id@digest."""
    from assay.cli.render.templates import template_card

    found = session.registry.generation.template(name)
    session.answer(
        lambda: {"template": found.name, "digest": found.digest, **found.as_json()},
        lambda: template_card(found),
    )
