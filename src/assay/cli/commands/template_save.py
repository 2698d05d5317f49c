"""assay template save FILE"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("file")
@click.option("--dry-run", is_flag=True, help="Check it and write nothing.")
@click.pass_obj
def command(session: Session, file: str, dry_run: bool) -> None:
    """Put the template in FILE (YAML or JSON) in the log. The same one again changes nothing."""
    from assay.cli.render.templates import template_card

    generation = session.registry.generation
    template = generation.template(file)
    if not dry_run:
        generation.save(template)
    session.answer(
        lambda: {"template": template.name, "digest": template.digest, "saved": not dry_run},
        lambda: template_card(template),
    )
