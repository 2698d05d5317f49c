"""assay runs list [REF]"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import runs
from assay.cli.session import Session


@click.command(name="list", cls=Command)
@click.argument("ref", required=False)
@click.pass_obj
def command(session: Session, /, ref: str | None) -> None:
    """The runs that learned from REF, or all of them."""
    known = session.registry.runs
    found = [known.account(run) for run in known.list(ref)]
    session.answer(lambda: {"runs": [one.as_json() for one in found]}, lambda: runs.table(found))
