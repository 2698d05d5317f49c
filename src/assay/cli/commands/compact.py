"""assay compact NAME"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import keeping as picture
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Say what would be merged.")
@click.pass_obj
def command(session: Session, name: str, dry_run: bool) -> None:
    """Merge the small segments of the newest version of NAME, so that it is read faster.

    Its number, its fingerprint and its examples stay. Segments that older versions need stay too.
    """
    done = session.registry.keeping.compact(name, dry_run=dry_run)
    session.answer(done.as_json, lambda: picture.compacted(done))
