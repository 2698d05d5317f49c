"""assay compare A B"""

from __future__ import annotations

from typing import Any

import click

from assay.cli.command import Command
from assay.cli.session import Session
from assay.errors import UsageError


@click.command(cls=Command)
@click.argument("a")
@click.argument("b")
@click.option(
    "--metric", metavar="NAME", help="The metric to look into (default: the first that both sides have)."
)
@click.option("--eval", "evaluation", metavar="NAME", help="Only this evaluation, or frozen eval set.")
@click.option(
    "--by",
    metavar="FIELD",
    help="Look into this field of the items; FIELD=ROW_FIELD when rows call it otherwise.",
)
@click.option(
    "--lower-is-better/--higher-is-better",
    "lower",
    default=None,
    help="Which way is better (default: as the metric is called).",
)
@click.option(
    "--results-a",
    multiple=True,
    metavar="FILE",
    help="Results of a run on A; repeat for each. Instead of linked runs.",
)
@click.option("--results-b", multiple=True, metavar="FILE", help="Results of a run on B.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="PART=NAME",
    help="Which column of a table is item, score, metric, run, seed, …",
)
@click.option("--pair-seeds", is_flag=True, help="Pair the runs of both sides that had the same seed.")
@click.option(
    "--correction",
    type=click.Choice(["holm", "bh"]),
    default="holm",
    show_default=True,
    help="For the values of a field.",
)
@click.option(
    "--bootstrap",
    "draws",
    type=click.IntRange(0, 100_000),
    default=0,
    metavar="N",
    help="Also draw runs and items anew, N times.",
)
@click.option(
    "--fail-if-worse", is_flag=True, help="Exit 1 when the interval lies wholly where models are worse."
)
@click.pass_context
def command(
    ctx: click.Context, /, a: str, b: str, fail_if_worse: bool, columns: tuple[str, ...], **asked: Any
) -> None:
    """What models that learned from version B score beyond those that learned from A, and what changed in the data."""
    from assay.cli.render.effect import page
    from assay.registry.training.effects import Options

    session: Session = ctx.obj
    if bool(asked["results_a"]) != bool(asked["results_b"]):
        raise UsageError(
            "results of one side only", "give --results-a and --results-b, or neither for the linked runs"
        )
    draws = {"draws": asked.pop("draws"), "by_seed": asked.pop("pair_seeds")}
    found = session.registry.effects.compare(a, b, Options(**asked, **draws, columns=parts(columns)))
    then = []
    if found.main is None:
        link = session.command("runs", "link", found.a, "RUN")
        then = [
            (link, "say what learned from it"),
            (session.command("runs", "results", "RUN", "FILE"), "what it scored"),
        ]
    elif found.moved.changed:
        then = [(session.command("drift", found.a, found.b), "how the rows differ")]
    session.answer(found.as_json, lambda: page(found, then))
    if fail_if_worse and found.worse:
        ctx.exit(1)


def parts(given: tuple[str, ...]) -> dict[str, str]:
    """`item=qid` as part → column. Raises UsageError."""
    found = dict(one.partition("=")[::2] for one in given)
    wrong = [part for part, name in found.items() if not name]
    if wrong:
        raise UsageError(f"--column {wrong[0]} names no column", "write PART=NAME, such as score=exact_match")
    return found
