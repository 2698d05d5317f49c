"""assay gold NAME"""

from __future__ import annotations

from typing import Any

import click

from assay.cli.command import Command
from assay.cli.session import Session
from assay.errors import UsageError


@click.command(cls=Command)
@click.argument("name")
@click.option("--from", "ref", metavar="REF", help="Draw a sample of this version, and queue it for review.")
@click.option("--n", "-n", type=click.IntRange(1), default=300, show_default=True, help="So many examples.")
@click.option("--by", metavar="FIELD", help="Its strata (default: topic, category, …, or the source).")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed draws others.")
@click.option("--double", is_flag=True, help="Two people judge each; blind, and a third adjudicates.")
@click.option("--note", metavar="TEXT", default="", help="What it is for.")
@click.option("--freeze", is_flag=True, help="Freeze what was accepted or edited as the eval set NAME.")
@click.option("--dry-run", is_flag=True, help="Do everything but write.")
@click.pass_context
def command(
    ctx: click.Context, /, name: str, ref: str | None, freeze: bool, dry_run: bool, **given: Any
) -> None:
    """A gold set: a stratified sample that people judge by hand, frozen as an eval set.

    With --from it is drawn and queued; alone, its coverage and agreement are shown; with --freeze it is frozen for
    good, and no later curation keeps a training row that holds one of its items. Freezing ends with 1 when a version
    holds some already.
    """
    from assay.cli.render.freeze import freezing
    from assay.cli.render.review import status
    from assay.cli.render.review_agreement import gold

    session: Session = ctx.obj
    reviews = session.registry.reviews
    if ref is not None and freeze:
        raise UsageError("--from and --freeze were both given", "draw, let people judge, then freeze")
    if ref is not None:
        from assay.registry.review.gold import create_gold
        from assay.registry.review.results import Rules
        from assay.registry.review.samples import Drawing

        drawing = Drawing("stratified", given["n"], given["seed"], given["by"])
        rules = Rules(reviewers=2 if given["double"] else 1)
        made = create_gold(session.registry, name, ref, drawing, rules, note=given["note"], dry_run=dry_run)
        session.answer(made.as_json, lambda: status(made, session.command))
    elif freeze:
        from assay.registry.review.gold import freeze_gold

        with session.progress() as progress:
            result = freeze_gold(session.registry, name, dry_run=dry_run, tell=progress)
        session.answer(result.as_json, lambda: freezing(result))
        if result.findings:
            ctx.exit(1)
    else:
        found = reviews.gold(name)
        session.answer(found.as_json, lambda: gold(found, session.command))
