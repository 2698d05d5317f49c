"""assay trend NAME"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("name")
@click.option(
    "--feature", metavar="F", help="One series a value of this feature, such as source or meta.topic."
)
@click.pass_obj
def command(session: Session, name: str, feature: str | None) -> None:
    """All versions of the dataset (or branch) NAME as series, and where one jumps, traced to the operation."""
    from assay.cli.render.trend import page

    found = session.registry.quality.trend(name, feature)
    then = []
    if found.anomalies:
        first = found.anomalies[0]
        if first.jump.at > 0:
            before = found.points[first.jump.at - 1].version
            then.append((session.command("drift", before, first.point.version), "what changed there"))
    session.answer(found.as_json, lambda: page(found, then))
