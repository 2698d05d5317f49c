"""assay drift A B"""

from __future__ import annotations

from pathlib import Path

import click

from assay.cli.command import Command
from assay.cli.commands.report import write
from assay.cli.session import Session
from assay.errors import UsageError


@click.command(cls=Command)
@click.argument("a")
@click.argument("b")
@click.option("--by", metavar="FIELD", help="Compare this field of the records as well, such as meta.topic.")
@click.option("--examples", is_flag=True, help="Show the examples behind each feature that drifted.")
@click.option("--html", metavar="FILE", help="Write it as one HTML page, with charts.")
@click.pass_obj
def command(session: Session, a: str, b: str, by: str | None, examples: bool, html: str | None) -> None:
    """How the rows of version B are spread otherwise than those of A, and which examples made it so."""
    from assay.cli.render.drift import page

    path = page_path(html)
    found = session.registry.quality.drift(a, b, by)
    if path is not None:
        from assay.registry.monitor.drift_report import page as document

        write(path, document(found, by).encode("utf-8", "backslashreplace"))
    words = ("drift", found.a, found.b, *(("--by", by) if by else ()))
    then = [] if examples or not found.causes else [(session.command(*words, "--examples"), "which examples")]
    then += [] if path else [(session.command(*words, "--html", "drift.html"), "see it with charts")]
    session.answer(found.as_json, lambda: page(found, examples, then))


def page_path(html: str | None) -> Path | None:
    """Where a page goes, looked at before anything is computed for it. Raises UsageError."""
    path = Path(html) if html else None
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        raise UsageError(f"{path} cannot be written", "name a file in a folder that exists")
    return path
