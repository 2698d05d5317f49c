"""assay list"""

from __future__ import annotations

import click
from rich.text import Text

from assay.cli.command import Command
from assay.cli.render import tables
from assay.cli.render.frame import spaced
from assay.cli.session import Session


@click.command(cls=Command)
@click.pass_obj
def command(session: Session) -> None:
    """The datasets of the registry, with the newest version of each, and the frozen eval sets."""
    found, frozen = session.registry.datasets(), session.registry.eval_sets()
    session.answer(
        lambda: {
            "datasets": [one.as_json() for one in found],
            "eval_sets": [one.as_json() for one in frozen],
        },
        lambda: spaced(
            tables.datasets(found) if found else Text("no datasets yet", "dim"),
            tables.eval_sets(frozen) if frozen else None,
        ),
    )
