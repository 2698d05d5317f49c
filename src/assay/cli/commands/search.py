"""assay search QUERY"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import tables
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("query")
@click.option("--ref", metavar="REF", help="Only in this version (default: the newest of every dataset).")
@click.option("-n", "limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most.")
@click.pass_obj
def command(session: Session, query: str, ref: str | None, limit: int) -> None:
    """Examples whose input or output contains the words of QUERY."""
    found = session.registry.search(query, ref, limit)
    session.answer(
        lambda: {"query": query, "hits": [one.as_json() for one in found]},
        lambda: tables.hits(query, found),
    )
