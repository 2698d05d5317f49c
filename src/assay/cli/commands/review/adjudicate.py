"""assay review adjudicate: a third person's verdict where two differ"""

from __future__ import annotations

from typing import Any

import click

from assay.cli.command import Command
from assay.cli.commands.review.judge import give, params_of
from assay.cli.session import Session
from assay.errors import UsageError


@click.pass_obj
def _adjudicate(session: Session, /, queue: str, ids: tuple[str, ...], dry_run: bool, **said: Any) -> None:
    *chosen, verdict = ids if len(ids) > 1 else (*ids, "")
    if verdict not in ("accept", "reject", "edit"):
        raise UsageError(
            "an adjudication says accept, reject or edit last", "as in: adjudicate QUEUE ID accept"
        )
    give(session, queue, tuple(chosen), verdict, dry_run, adjudicating=True, **said)


COMMANDS = (
    Command(
        "adjudicate",
        callback=_adjudicate,
        params=params_of(None),
        help="Decide on what is in conflict; VERDICT is accept, reject or edit.",
        short_help="Decide where two people differ.",
    ),
)
