"""assay audit log"""

from __future__ import annotations

import click
from rich.text import Text

from assay.cli.command import Command
from assay.cli.render import tables
from assay.cli.session import Session
from assay.registry.documents import operation_json


@click.command(name="log", cls=Command)
@click.option("--action", metavar="ACTION", help="Operations of one kind, such as commit.")
@click.option("--dataset", metavar="NAME", help="What concerns one dataset.")
@click.option("--since", metavar="TIME", help="From a day or moment on: 2026-11-01.")
@click.option("--until", metavar="TIME", help="Up to a day or moment, that day included.")
@click.option("--id", "example", metavar="ID", help="What names an example, or brought or removed it.")
@click.pass_obj
def command(
    session: Session,
    action: str | None,
    dataset: str | None,
    since: str | None,
    until: str | None,
    example: str | None,
) -> None:
    """The operations that fit every filter, the newest first.

    Nobody acts here, so --actor is a filter too: what NAME did. Times are those that the entries state.
    """
    found = session.registry.audit.log(
        actor=session.actor, action=action, dataset=dataset, since=since, until=until, id=example
    )
    said = session.registry.said
    session.answer(
        lambda: {"operations": [operation_json(one) | {"said": said(one)} for one in found]},
        lambda: tables.operations(found, said) if found else Text("no operation fits", "dim"),
    )
