"""assay access revoke ID"""

from __future__ import annotations

import click

from assay.cli.access_options import the_book
from assay.cli.command import Command
from assay.cli.database_option import database_option
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("token", metavar="ID")
@database_option()
@click.pass_obj
def command(session: Session, token: str, database: str | None) -> None:
    """End the token ID (the eight digits that `access list` shows)."""
    with the_book(session, database) as book:
        book.revoke(token)
    session.answer(lambda: {"revoked": token}, lambda: f"the token {token} has ended")
