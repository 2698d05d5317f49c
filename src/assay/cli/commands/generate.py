"""assay generate NAME"""

from __future__ import annotations

from typing import Any

import click

from assay.cli.command import Command
from assay.cli.generate_options import parameter_options, parameters_of, shares_of
from assay.cli.model_options import model_options, models_of
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("name")
@click.option("--template", required=True, metavar="T", help="A file, an id, or id@digest (see `template`).")
@click.option("--n", type=click.IntRange(1, 200_000), required=True, metavar="N", help="How many examples.")
@click.option("--model", "models", multiple=True, required=True, metavar="PROVIDER/MODEL", help="In turn.")
@click.option("--quota", "quotas", multiple=True, metavar="VAR=A:1,B:3", help="The mix, by a variable.")
@click.option("--vars", "rows", metavar="FILE", help="Assignments of the variables, one a row.")
@click.option("--from", "seeds", metavar="REF", help="A version whose examples are shown.")
@click.option(
    "--seeds", "shown", type=int, default=3, show_default=True, metavar="K", help="To each candidate."
)
@parameter_options
@click.option("--seed", type=int, default=0, show_default=True, metavar="S", help="Another one, other draws.")
@click.option("--recipe", default="synthetic", show_default=True, metavar="R", help="What judges candidates.")
@click.option("--novel-against", multiple=True, metavar="REF", help="None may be nearly one of its examples.")
@click.option("--rounds", type=int, default=12, show_default=True, metavar="N", help="Until it is given up.")
@click.option("--partial", is_flag=True, help="Make a version of what there is, if it is not all.")
@click.option("--add", is_flag=True, help="Add to the newest version instead of replacing it.")
@click.option("--branch", default="main", show_default=True, metavar="B", help="Which one is moved.")
@click.option("-m", "--message", default="", metavar="MSG", help="Why this version was made.")
@model_options
@click.option("--dry-run", is_flag=True, help="Say what it takes and asks; ask nobody.")
@click.pass_obj
def command(session: Session, /, name: str, quotas: tuple[str, ...], dry_run: bool, **given: Any) -> None:
    """Have language models write the examples of a version of NAME, to quotas.

    What the recipe rejects is asked for anew. Nothing is paid for twice: the same command goes on where it stopped.
    """
    from assay.cli.render.generation import forecast, generation
    from assay.registry.generation.generating import Order

    models = models_of(given, given["models"])
    order = Order(name, parameters=parameters_of(given), shares=shares_of(quotas), **given)
    generating = session.registry.generation
    if dry_run:
        found = generating.forecast(order, models)
        session.answer(found.as_json, lambda: forecast(found))
        return
    with session.progress() as progress:
        result = generating.generate(order, models, progress)
    session.answer(result.as_json, lambda: generation(result, session.command))
