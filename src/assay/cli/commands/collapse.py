"""assay collapse REF"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("ref")
@click.option(
    "--by",
    metavar="FIELD",
    help="Judge each value of it by itself: generator, origin, another provenance column, a field.",
)
@click.option(
    "--last", metavar="N", type=click.IntRange(min=1), default=20, show_default=True,
    help="The newest versions that are shown; the first is always there.",
)  # fmt: skip
@click.pass_obj
def command(session: Session, ref: str, by: str | None, last: int) -> None:
    """Model collapse: synthetic depth and diversity, version by version, along the line that leads to REF."""
    from assay.cli.render.collapse import page

    with session.asking() as registry:
        found = registry.collapse(ref, by, last)
    newest = found.versions[-1].version
    first = found.first or found.versions[0].version
    commands = [(session.command("stats", newest), "the newest version by itself")]
    if first != newest:
        commands.append((session.command("diff", first, newest), "what changed since"))
    session.answer(found.as_json, lambda: page(found, commands))
