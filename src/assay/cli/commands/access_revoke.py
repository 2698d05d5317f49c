"""assay access revoke ID"""

from __future__ import annotations

import click

from assay.cli.access_options import the_book
from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("token", metavar="ID")
@click.pass_obj
def command(session: Session, token: str) -> None:
    """End the token ID (the eight digits that `access list` shows)."""
    with the_book(session) as book:
        book.revoke(token)
    session.answer(lambda: {"revoked": token}, lambda: f"the token {token} has ended")
