"""assay search QUERY"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import tables
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("query")
@click.option("--ref", metavar="REF", help="Only in this version (default: the newest of every dataset).")
@click.option(
    "--all", "everywhere", is_flag=True, help="In every version of every dataset; says which hold it."
)
@click.option("--where", metavar="EXPR", help="Only where this holds: \"generator = 'gpt-4'\".")
@click.option("-n", "limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most.")
@click.pass_obj
def command(
    session: Session, query: str, ref: str | None, everywhere: bool, where: str | None, limit: int
) -> None:
    """Examples whose input or output contains the words of QUERY."""
    found = session.registry.search(query, ref, limit, where=where, all=everywhere)
    session.answer(
        lambda: {"query": query, "hits": [one.as_json() for one in found]},
        lambda: tables.hits(query, found),
    )
