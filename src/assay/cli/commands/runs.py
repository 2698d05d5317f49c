"""assay runs link REF RUN, assay runs list [REF], assay runs results RUN FILE…"""

from __future__ import annotations

from typing import Any

import click

from assay.cli.command import Group
from assay.cli.render import tables
from assay.cli.session import Session


@click.group(cls=Group)
def command() -> None:
    """Training runs, and the versions that they learned from."""


@command.command()
@click.argument("ref")
@click.argument("run")
@click.option("--model", metavar="NAME", help="The model that came out.")
@click.option("--base-model", metavar="NAME", help="The model that it started from.")
@click.option("--tracker", metavar="NAME", help="Where the run is recorded: mlflow, wandb, …")
@click.option("--url", metavar="URL", help="Its page there.")
@click.pass_obj
def link(
    session: Session,
    ref: str,
    run: str,
    model: str | None,
    base_model: str | None,
    tracker: str | None,
    url: str | None,
) -> None:
    """Say that the training run RUN learned from REF."""
    said = {"model": model or "", "base_model": base_model or "", "tracker": tracker or "", "url": url or ""}
    made = session.registry.runs.link(ref, run, said)
    details = session.registry.runs.details(made)
    session.answer(lambda: made.as_json(details), lambda: tables.runs([(made, details)]))


@command.command(name="list")
@click.argument("ref", required=False)
@click.pass_obj
def listed(session: Session, ref: str | None) -> None:
    """The runs that learned from REF, or all of them."""
    runs = session.registry.runs
    found = [(run, runs.details(run)) for run in runs.list(ref)]
    session.answer(lambda: {"runs": [run.as_json(said) for run, said in found]}, lambda: tables.runs(found))


@command.command()
@click.argument("run")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--eval", "evaluation", metavar="NAME", help="What the evaluation is called (default: as the file says)."
)
@click.option("--metric", metavar="NAME", help="Keep only this metric.")
@click.option("--version", "ref", metavar="REF", help="The version, where the run learned from several.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="PART=NAME",
    help="Which column of a table is item, score, …",
)
@click.option("--dry-run", is_flag=True, help="Say what the files tell; attach nothing.")
@click.pass_obj
def results(
    session: Session, /, run: str, files: tuple[str, ...], columns: tuple[str, ...], **asked: Any
) -> None:
    """Attach what RUN scored: files of lm_eval, inspect_ai, CSV or JSON Lines."""
    from assay.cli.commands.compare import parts
    from assay.cli.render.effect import attached

    found = session.registry.results.attach(run, files, columns=parts(columns), **asked)
    document = {"results": [one.as_json() for one in found], "dry_run": asked["dry_run"]}
    session.answer(lambda: document, lambda: attached(found, asked["dry_run"]))
