"""assay access change NAME"""

from __future__ import annotations

import click

from assay.cli.access_options import read_password, role_option, the_book
from assay.cli.command import Command
from assay.cli.database_option import database_option
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("name")
@role_option(required=False)
@click.option("--password", "new_password", is_flag=True, help="Ask for another password.")
@click.option("--shut/--open", "shut", default=None, help="Shut out, or let in again.")
@click.option("--unlink", is_flag=True, help="Let another account of the identity provider be his.")
@database_option()
@click.pass_obj
def command(
    session: Session,
    name: str,
    roles: tuple[str, ...],
    new_password: bool,
    shut: bool | None,
    unlink: bool,
    database: str | None,
) -> None:
    """Change what NAME may. All of his sessions end."""
    from assay.web.access.roles import Role

    with the_book(session, database) as book:
        book.change(
            name,
            roles=[Role(role) for role in roles] if roles else None,
            password=read_password() if new_password else None,
            shut=shut,
            unlink=unlink,
        )
        now = book.person(name)
    told = {"person": name, "roles": sorted(now.roles), "shut": now.shut}
    session.answer(
        lambda: told, lambda: f"{name}: {', '.join(sorted(now.roles))}{', shut out' if now.shut else ''}"
    )
