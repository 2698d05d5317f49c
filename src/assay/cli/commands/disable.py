"""assay disable NAME {--id ID… | --ids FILE | --where EXPR} --reason TEXT"""

from __future__ import annotations

import click

from assay.cli.choosing import Choice, choice_options
from assay.cli.command import Command
from assay.cli.render import keeping as picture
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("name")
@choice_options
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept beside the log.")
@click.option("--dry-run", is_flag=True, help="Say what would change.")
@click.pass_obj
def command(session: Session, name: str, choice: Choice, reason: str, dry_run: bool) -> None:
    """Take examples out of the newest version of NAME, and keep them out until they are enabled.

    One entry in the log, and the next version at once if the newest one changes; older versions stay as they are.
    """
    keeping = session.registry.keeping
    ids = keeping.chosen(name, choice.ids, choice.file, choice.where, disabled=False)
    done = keeping.disable(name, ids, reason, dry_run=dry_run)
    session.answer(done.as_json, lambda: picture.standing(done))
