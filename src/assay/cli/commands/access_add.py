"""assay access add NAME"""

from __future__ import annotations

import click

from assay.cli.access_options import read_password, role_option, the_book
from assay.cli.command import Command
from assay.cli.database_option import database_option
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("name")
@role_option(required=True)
@click.option("--no-password", is_flag=True, help="May come in with tokens only.")
@database_option()
@click.pass_obj
def command(
    session: Session, name: str, roles: tuple[str, ...], no_password: bool, database: str | None
) -> None:
    """Write NAME into the book. The password is asked for, or read from standard input."""
    from assay.model.ref import check_label
    from assay.web.access.roles import Role

    check_label(name, "person")
    with the_book(session, database) as book:
        book.add(name, [Role(role) for role in roles], None if no_password else read_password())
    session.answer(
        lambda: {"person": name, "roles": sorted(set(roles))},
        lambda: f"{name} may come in as {', '.join(roles)}",
    )
