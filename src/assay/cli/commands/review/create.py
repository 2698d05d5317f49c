"""assay review create NAME REF"""

from __future__ import annotations

from typing import Any

import click

from assay.cli.choosing import Choice, choice_options
from assay.cli.command import Command
from assay.cli.session import Session

SAMPLES = ("all", "random", "stratified", "edge", "disagreement")


@click.command(cls=Command, short_help="Open a queue.")
@click.argument("name")
@click.argument("ref")
@choice_options
@click.option(
    "--n", "-n", type=click.IntRange(1), help="At most so many examples (default: 100, of a sample)."
)
@click.option("--sample", type=click.Choice(SAMPLES), help="How they are drawn (default: random, with --n).")
@click.option("--by", metavar="FIELD", help="Strata: a field, a fact, a provenance column, or split.")
@click.option("--stage", metavar="STAGE", help="With edge: the stage whose threshold they are near.")
@click.option("--between", nargs=2, metavar="KEY KEY", help="With disagreement: the two scores, as facts.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed draws others.")
@click.option("--reviewed-by", metavar="NAME", help="Only what this person judged before.")
@click.option("--double", is_flag=True, help="Two people judge each; blind, and a third adjudicates.")
@click.option("--blind/--open", default=None, help="Whether others' verdicts are hidden until all are given.")
@click.option("--gold", type=click.IntRange(0), default=0, metavar="N", help="Mix in N known answers.")
@click.option("--gold-from", metavar="QUEUE", help="… from this queue (default: the dataset's gold sets).")
@click.option("--auto", metavar="ACTOR", multiple=True, help="A program that reviews; repeatable.")
@click.option("--min-agreement", type=float, default=0.9, show_default=True, help="From here on it decides.")
@click.option("--note", metavar="TEXT", default="", help="What the queue is for.")
@click.option("--dry-run", is_flag=True, help="Draw, and open nothing.")
@click.pass_obj
def create(session: Session, /, name: str, ref: str, choice: Choice, **given: Any) -> None:
    """Open the queue NAME with examples of the version REF.

    All of REF, or what --id, --ids or --where name, or a sample of it.
    """
    from assay.cli.render.review import status
    from assay.registry.review.results import Rules
    from assay.registry.review.samples import Drawing

    sample = given["sample"] or ("all" if given["n"] is None else "random")
    n = given["n"] if given["n"] is not None or sample in ("all", "edge") else 100
    drawing = Drawing(
        sample, n, given["seed"], given["by"], given["stage"], given["between"], choice.ids, choice.file, choice.where,
        given["reviewed_by"],
    )  # fmt: skip
    reviewers = 2 if given["double"] else 1
    rules = Rules(
        reviewers, given["blind"], given["gold"], given["gold_from"], given["auto"], given["min_agreement"]
    )
    made = session.registry.reviews.create(
        name, ref, drawing, rules, note=given["note"], dry_run=given["dry_run"]
    )
    session.answer(made.as_json, lambda: status(made, session.command))


COMMANDS = (create,)
