"""assay access list"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from assay.cli.access_options import the_book
from assay.cli.command import Command
from assay.cli.database_option import database_option
from assay.cli.session import Session

if TYPE_CHECKING:
    from assay.web.access.book import Book


@click.command(cls=Command)
@database_option()
@click.pass_obj
def command(session: Session, database: str | None) -> None:
    """People with their roles, and tokens with what they may and until when."""
    from assay.cli.render.access import listing

    with the_book(session, database) as book:
        told = _told(book)
    session.answer(lambda: told, lambda: listing(told))


def _told(book: Book) -> dict[str, Any]:
    return {
        "people": [
            {
                "name": p.name, "roles": sorted(p.roles), "password": p.has_password, "linked": p.linked,
                "shut": p.shut,
            }
            for p in book.people()
        ],
        "tokens": [
            {
                "id": t.id, "person": t.person, "roles": sorted(t.roles), "label": t.label,
                "expires": _day(t.expires), "used": _day(t.used), "revoked": _day(t.revoked),
            }
            for t in book.tokens()
        ],
    }  # fmt: skip


def _day(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).date().isoformat()
