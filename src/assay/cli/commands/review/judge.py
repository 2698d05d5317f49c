"""assay review accept, reject, edit and skip: one person's verdict on an example"""

from __future__ import annotations

from typing import Any

import click

from assay.cli.command import Command
from assay.cli.session import Session
from assay.errors import UsageError

HELP = {
    "accept": ("Fit as it is.", "The examples ID of QUEUE are fit as they are."),
    "reject": ("Let it leave.", "The examples ID of QUEUE are to leave."),
    "edit": ("Better like this.", "The payload in FILE (- for standard input) is to replace the example ID."),
    "skip": ("Leave it to others.", "Leave the examples ID to others; takes your earlier verdict back."),
}


def _verdict(verdict: str) -> click.Command:
    @click.pass_obj
    def run(session: Session, /, queue: str, ids: tuple[str, ...], dry_run: bool, **said: Any) -> None:
        give(session, queue, ids, verdict, dry_run, adjudicating=False, **said)

    return Command(
        verdict, callback=run, params=params_of(verdict), help=HELP[verdict][1], short_help=HELP[verdict][0]
    )


def params_of(verdict: str | None) -> list[click.Parameter]:
    """The arguments and options of a verdict; None: of an adjudication, whose verdict is its last argument."""
    params: list[click.Parameter] = [
        click.Argument(["queue"]),
        click.Argument(["ids"], metavar="ID..." if verdict else "ID... VERDICT", nargs=-1, required=True),
        click.Option(["--comment"], metavar="TEXT", default="", help="Why; kept beside the log."),
        click.Option(["--tag"], metavar="KEY=VALUE", multiple=True, help="A word about it; repeatable."),
        click.Option(["--score"], type=float, help="A number about it."),
        click.Option(["--dry-run"], is_flag=True, help="Check, and give nothing."),
    ]
    if verdict in (None, "edit"):
        help_ = "The whole new payload, as JSON." + (
            "" if verdict else " Without: the edit that was proposed."
        )
        params.insert(2, click.Option(["--payload"], metavar="FILE", required=bool(verdict), help=help_))
    return params


def give(
    session: Session,
    queue: str,
    ids: tuple[str, ...],
    verdict: str,
    dry_run: bool,
    adjudicating: bool,
    **said: Any,
) -> None:
    """Give a verdict on some examples and answer."""
    from assay.cli.render.review import given
    from assay.cli.review_words import read_payload, read_tags
    from assay.registry.review.results import Given

    file = said.get("payload")
    if file and len(ids) > 1:
        raise UsageError("one payload was given for several examples", "edit one at a time")
    payload = read_payload(file) if file else None
    tags = read_tags(said["tag"])
    verdicts = [Given(one, verdict, tags, said["score"], said["comment"], payload) for one in ids]
    reviews = session.registry.reviews
    door = reviews.adjudicate if adjudicating else reviews.give
    done = door(queue, verdicts, dry_run=dry_run)
    seq = None if done is None else done.seq
    told = {"queue": queue, "verdict": verdict, "ids": list(ids), "operation": seq, "dry_run": dry_run}
    session.answer(lambda: told, lambda: given(queue, verdict, len(ids), dry_run, session.command))


COMMANDS = tuple(map(_verdict, HELP))
