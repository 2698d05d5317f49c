"""assay judge run REF"""

from __future__ import annotations

from typing import Any

import click

from assay.cli.choosing import Choice, choice_options
from assay.cli.command import Command
from assay.cli.judge_options import bench_of, bench_options
from assay.cli.model_options import batch_option, model_options, models_of
from assay.cli.session import Session
from assay.errors import UsageError


@click.command(cls=Command)
@click.argument("ref")
@bench_options
@choice_options
@click.option("--n", type=click.IntRange(1), metavar="N", help="So many of them, drawn at random.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the draw.")
@model_options
@batch_option
@click.option("--dry-run", is_flag=True, help="Say what it would cost; nobody is asked.")
@click.pass_obj
def command(
    session: Session, /, ref: str, choice: Choice, n: int | None, seed: int, dry_run: bool, **given: Any
) -> None:
    """Let language models judge the examples of REF by a rubric. Their scores are facts from then on.

    What a judge said before stands in the log and is not asked for again; a run that stops goes on when it is run
    again. Keys are read from PROVIDER_API_KEY. Exit 1 when the budget was reached.
    """
    from assay.cli.render import judging as picture

    bench = bench_of(given)
    models = models_of(given, bench.models)
    judges = session.registry.judges
    if seed and n is None:
        raise UsageError("--seed without --n", "say how many: --n 200")
    ids = choice.of(session.registry, ref) if choice.given else None
    if n is not None:
        ids = judges.chosen(ref, ids=ids, n=n, seed=seed)
    with session.progress() as progress:
        if dry_run:
            outlook = judges.estimate(ref, bench, models, ids, progress)
        else:
            done = judges.run(ref, bench, models, ids, progress)
    if dry_run:
        session.answer(outlook.as_json, lambda: picture.outlook(ref, outlook.as_json()))
        return
    asked = f"SELECT id, {done.panel.key(done.panel.main)} FROM examples ORDER BY 2 LIMIT 10"  # noqa: S608 - a rubric's id is a name
    commands = [
        (session.command("facts", ref), "every score, as facts"),
        (session.command("query", asked, "--ref", ref), "the worst"),
    ]
    session.answer(done.as_json, lambda: picture.run(done.as_json(), commands))
