"""assay review list, next, status and agreement: what there is to judge, and how it went"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command, short_help="The queues.", name="list")
@click.argument("dataset", required=False)
@click.pass_obj
def listed(session: Session, dataset: str | None) -> None:
    """The queues, or those of one DATASET."""
    from assay.cli.render.review import queues

    found = session.registry.reviews.queues(dataset)
    session.answer(lambda: {"queues": [one.as_json() for one in found]}, lambda: queues(found))


@click.command(cls=Command, short_help="The next example for you to judge.", name="next")
@click.argument("queue")
@click.option("--conflicts", is_flag=True, help="The next to adjudicate, with both verdicts.")
@click.pass_obj
def following(session: Session, queue: str, conflicts: bool) -> None:
    """The next example of QUEUE for you to judge, whole."""
    from assay.cli.render.review import nothing_left, shown

    found = session.registry.reviews.next(queue, conflicts=conflicts)
    actor = session.registry.actor
    session.answer(
        lambda: found.as_json() if found else {"queue": queue, "id": None, "left": 0},
        lambda: shown(found, session.command) if found else nothing_left(queue, actor, conflicts),
    )


@click.command(cls=Command, short_help="One example, and what was said of it.", name="show")
@click.argument("queue")
@click.argument("id_", metavar="ID")
@click.pass_obj
def show(session: Session, queue: str, id_: str) -> None:
    """One example of QUEUE, with the verdicts that you may see."""
    from assay.cli.render.review import shown

    found = session.registry.reviews.show(queue, id_)
    session.answer(found.as_json, lambda: shown(found, session.command))


@click.command(cls=Command, short_help="Where a queue stands.")
@click.argument("queue")
@click.pass_obj
def status(session: Session, queue: str) -> None:
    """Where QUEUE stands: what is open, who judged what, what a program may decide."""
    from assay.cli.render import review

    found = session.registry.reviews.status(queue)
    session.answer(found.as_json, lambda: review.status(found, session.command))


@click.command(cls=Command, short_help="How far the reviewers agree.")
@click.argument("queue")
@click.pass_obj
def agreement(session: Session, queue: str) -> None:
    """How far the reviewers of QUEUE agree: in all, two by two, by tag; and with known answers."""
    from assay.cli.render import review_agreement

    found = session.registry.reviews.agreement(queue)
    session.answer(found.as_json, lambda: review_agreement.agreement(found))


COMMANDS = (listed, following, show, status, agreement)
