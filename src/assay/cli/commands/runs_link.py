"""assay runs link REF RUN"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import runs
from assay.cli.session import Session
from assay.errors import UsageError


@click.command(cls=Command)
@click.argument("ref")
@click.argument("run")
@click.option("--model", metavar="NAME", help="The model that came out.")
@click.option("--base-model", metavar="NAME", help="The model that it started from.")
@click.option("--tracker", metavar="NAME", help="Where the run is recorded: mlflow, wandb, …")
@click.option("--tracker-run", metavar="NAME=ID", multiple=True, help="Its id at a tracker; may be repeated.")
@click.option("--url", metavar="URL", help="Its page there.")
@click.pass_obj
def command(session: Session, /, ref: str, run: str, tracker_run: tuple[str, ...], **given: str) -> None:
    """Say that the training run RUN learned from REF."""
    said = {name: value or "" for name, value in given.items()}
    ids = dict(map(_id_at, tracker_run))
    made = session.registry.runs.account(session.registry.runs.link(ref, run, said, trackers=ids))
    session.answer(made.as_json, lambda: runs.table([made]))


def _id_at(text: str) -> tuple[str, str]:
    name, equals, id = text.partition("=")
    if not (name and equals and id):
        raise UsageError(
            f"{text!r} is not NAME=ID", "name the tracker and the run's id there: --tracker-run mlflow=ab12"
        )
    return name, id
