"""assay radius"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session
from assay.errors import UsageError


@click.command(cls=Command)
@click.option("--id", "id_", metavar="ID", help="One example, by its id.")
@click.option("--source", metavar="FILE", help="A source file, as `show` names it.")
@click.option("--generator", metavar="NAME", help="A model that wrote examples.")
@click.option("--prompt-template", metavar="ID", help="A template that examples were written from.")
@click.option("--licence", metavar="NAME", help="A licence.")
@click.option("--origin", metavar="NAME", help="human, synthetic, log or web.")
@click.option("--reviewer", metavar="NAME", help="Somebody who reviewed examples.")
@click.pass_context
def command(ctx: click.Context, /, id_: str | None, **given: str | None) -> None:
    """The blast radius: every version and run that something reached, and the commands that mend it."""
    from assay.cli.render.radius import picture

    named = [(kind, value) for kind, value in {"id": id_, **given}.items() if value]
    if len(named) != 1:
        raise UsageError(
            "a blast radius is of one thing" + ("" if named else ", and none was named"),
            "give one of --id, --source, --generator, --prompt-template, --licence, --origin, --reviewer",
        )
    session: Session = ctx.obj
    found = session.registry.radius(*named[0])
    session.answer(found.as_json, lambda: picture(found, session.command))
