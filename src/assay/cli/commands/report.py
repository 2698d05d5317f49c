"""assay report REF"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import click
from rich.text import Text

from assay.cli.command import Command
from assay.cli.render.text import safe_text
from assay.cli.session import Session
from assay.errors import UsageError


@click.command(cls=Command)
@click.argument("ref")
@click.option("-o", "--output", metavar="FILE", help="Where to write it (default: NAME-vN.html here).")
@click.option(
    "--by", metavar="FIELD", help="Count by this field of the records, such as category or meta.topic."
)
@click.pass_obj
def command(session: Session, ref: str, output: str | None, by: str | None) -> None:
    """One HTML page about the version REF: funnel, health, charts, examples. It loads nothing and runs nothing."""
    version = session.registry.version(ref).name
    path = Path(output or f"{version.replace('@', '-').replace(':', '-')}.html")
    if path.is_dir():
        raise UsageError(f"{path} is a folder", f"name a file in it: -o {path / 'report.html'}")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}", "make it first")
    document = session.registry.report(ref, by).encode("utf-8", "backslashreplace")
    write(path, document)
    session.answer(
        lambda: {"version": version, "file": str(path), "bytes": len(document)},
        lambda: Text.assemble(("wrote ", "dim"), safe_text(str(path)), overflow="fold"),
    )


def write(path: Path, data: bytes) -> None:
    """All of it or nothing: an old file stays until the new one is whole."""
    part = path.with_name(f".{path.name[:80]}.{uuid4().hex}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
