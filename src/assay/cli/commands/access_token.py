"""assay access token NAME"""

from __future__ import annotations

import click

from assay.cli.access_options import role_option, the_book
from assay.cli.command import Command
from assay.cli.database_option import database_option
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("name")
@role_option(required=True)
@click.option(
    "--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="How long it holds."
)
@click.option("--label", default="", metavar="TEXT", help="What it is for.")
@database_option()
@click.pass_obj
def command(
    session: Session, name: str, roles: tuple[str, ...], days: int, label: str, database: str | None
) -> None:
    """A token with which a program acts as NAME. It is shown now and never again."""
    from assay.web.access.roles import Role

    with the_book(session, database) as book:
        made = book.make_token(name, [Role(role) for role in roles], label, days * 86_400)
    told = {"id": made.id, "token": made.text, "person": name, "roles": sorted(set(roles)), "days": days}
    session.answer(lambda: told, lambda: f"{made.text}\n\nKeep it now: it is not shown again.")
