"""assay gc"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import tables
from assay.cli.session import Session
from assay.errors import UsageError
from assay.registry.documents import garbage_json


@click.command(cls=Command)
@click.option("--yes", is_flag=True, help="Really remove; without it nothing is.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed (the default).")
@click.option(
    "--grace", type=click.FloatRange(0, 1e9), default=3600.0, show_default=True, metavar="SECONDS",
    help="Leave alone what is younger; a commit may be about to name it.",
)  # fmt: skip
@click.pass_obj
def command(session: Session, yes: bool, dry_run: bool, grace: float) -> None:
    """Remove what no version holds: what crashed or abandoned runs left behind. A dry run unless --yes."""
    if yes and dry_run:
        raise UsageError("--yes and --dry-run contradict each other", "give one of them")
    plan = session.registry.gc(dry_run=not yes, grace_seconds=grace)
    session.answer(lambda: garbage_json(plan, yes), lambda: tables.garbage(plan, yes))
