"""assay lineage REF"""

from __future__ import annotations

import os

import click

from assay.cli.command import Command
from assay.cli.session import Session

KEY = "OPENLINEAGE_API_KEY"


@click.command(cls=Command)
@click.argument("ref")
@click.option(
    "--openlineage", "place", metavar="PLACE",
    help="Write it as OpenLineage events: to a file (lines are added), to standard output (-), or to a server (URL).",
)  # fmt: skip
@click.option(
    "--namespace", metavar="NAME", default="assay", show_default=True, help="Whose datasets they are."
)
@click.option("--dry-run", is_flag=True, help="Say what would be written.")
@click.pass_obj
def command(session: Session, ref: str, place: str | None, namespace: str, dry_run: bool) -> None:
    """What the version REF was made of, and which runs learned from it.

    A server that asks for a key gets the one in OPENLINEAGE_API_KEY.
    """
    from assay.cli.render.lineage import lines, picture

    lineage = session.registry.lineage
    if place == "-" and not session.as_json:
        click.echo(lines(lineage.of(ref).events(namespace)), nl=False)
        return
    if place in (None, "-") or dry_run:
        found = lineage.of(ref)
    else:
        found = lineage.emit(ref, str(place), namespace=namespace, api_key=os.environ.get(KEY))
    written = None if place in (None, "-") else place
    session.answer(
        lambda: found.as_json(namespace) | ({"written": not dry_run} if written else {}),
        lambda: picture(found, written, dry_run),
    )
