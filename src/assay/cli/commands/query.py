"""assay query SQL"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session
from assay.errors import UsageError


@click.command(cls=Command)
@click.argument("sql", metavar="SQL")
@click.option("--ref", metavar="REF", help="Of this version (default: the newest of every dataset).")
@click.option(
    "--csv", "as_csv", is_flag=True, help="Answer as CSV; cells that a spreadsheet would run get a '."
)
@click.option(
    "-n", "limit", type=click.IntRange(1, 10_000), default=40, show_default=True, help="Rows to draw."
)
@click.pass_obj
def command(session: Session, sql: str, ref: str | None, as_csv: bool, limit: int) -> None:
    """Ask in SQL: SELECT … FROM examples, facts, decisions, versions or log.

    The dialect is DuckDB's; nothing can be changed and no file be read. `DESCRIBE examples` lists the columns.
    --json and --csv give every row.
    """
    if as_csv and session.as_json:
        raise UsageError("--csv and --json", "ask for one of them")
    found = session.registry.query(sql, ref)
    from assay.cli.render import query as picture
    from assay.registry.querying.as_json import as_json

    if as_csv:
        picture.print_csv(found)
    else:
        session.answer(lambda: as_json(found), lambda: picture.rows(found, limit))
