"""assay tag REF [TAG]"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import refs as picture
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("ref")
@click.argument("tag", required=False)
@click.option("--move", is_flag=True, help="Take the tag from the version that it names now.")
@click.option("--dry-run", is_flag=True, help="Only check that it could be given.")
@click.pass_obj
def command(session: Session, ref: str, tag: str | None, move: bool, dry_run: bool) -> None:
    """Give the version REF the name TAG, or list the tags of a dataset."""
    refs = session.registry.refs
    if tag is None:
        found = refs.tags(ref)
        session.answer(
            lambda: {"dataset": ref, "tags": [one.as_json() for one in found]}, lambda: picture.tags(found)
        )
        return
    made = refs.tag(ref, tag, move=move, dry_run=dry_run)
    session.answer(lambda: made.as_json() | {"dry_run": dry_run}, lambda: picture.tagged(made, dry_run))
