"""assay branch NAME [BRANCH]"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import refs as picture
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("name")
@click.argument("branch", required=False)
@click.option("--from", "start", metavar="REF", help="Where it starts (default: the newest version on main).")
@click.option("--dry-run", is_flag=True, help="Only check that it could be made.")
@click.pass_obj
def command(session: Session, name: str, branch: str | None, start: str | None, dry_run: bool) -> None:
    """Make BRANCH of the dataset NAME, or list its branches."""
    refs = session.registry.refs
    if branch is None:
        found = refs.branches(name)
        session.answer(
            lambda: {"dataset": name, "branches": [one.as_json() for one in found]},
            lambda: picture.branches(found),
        )
        return
    made = refs.branch(name, branch, start, dry_run=dry_run)
    session.answer(
        lambda: made.as_json() | {"dry_run": dry_run},
        lambda: picture.branched(made, dry_run, session.command("curate", name, "SRC", "--branch", branch)),
    )
