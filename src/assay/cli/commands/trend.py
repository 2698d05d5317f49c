"""assay trend NAME"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.commands.drift import page_path
from assay.cli.commands.report import write
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("name")
@click.option(
    "--feature", metavar="F", help="One series a value of this feature, such as source or meta.topic."
)
@click.option("--html", metavar="FILE", help="Write it as one HTML page, with charts.")
@click.pass_obj
def command(session: Session, name: str, feature: str | None, html: str | None) -> None:
    """All versions of the dataset (or branch) NAME as series, and where one jumps, traced to the operation."""
    from assay.cli.render.trend import page

    path = page_path(html)
    found = session.registry.quality.trend(name, feature)
    if path is not None:
        from assay.registry.monitor.drift_report import trend_page

        write(path, trend_page(found).encode("utf-8", "backslashreplace"))
    then = []
    if found.anomalies:
        first = found.anomalies[0]
        if first.jump.at > 0:
            before = found.points[first.jump.at - 1].version
            then.append((session.command("drift", before, first.point.version), "what changed there"))
    session.answer(found.as_json, lambda: page(found, then))
