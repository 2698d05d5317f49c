"""assay card REF"""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import RenderableType
from rich.text import Text

from assay.cli.command import Command
from assay.cli.commands.report import write
from assay.cli.render.text import plural, safe_text
from assay.cli.session import Session
from assay.errors import UsageError

FORMATS = ["md", "html", "json", "croissant", "eu-summary", "dps"]


@click.command(cls=Command)
@click.argument("ref")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), metavar="F", default="md", show_default=True,
    help="md, html, json, croissant, eu-summary or dps.",
)  # fmt: skip
@click.option("-o", "--out", metavar="FILE", help="Where to write it (default: standard output).")
@click.option("--fill", metavar="FILE", help="A YAML file with what only a person knows.")
@click.pass_obj
def command(session: Session, ref: str, form: str, out: str | None, fill: str | None) -> None:
    """What others must know of the version REF, written from facts; what only a person knows is left open.

    \b
    md          the README.md of a Hugging Face dataset
    html        one page
    json        all facts
    croissant   Croissant 1.1 with RAI and PROV-O
    eu-summary  AI Act, Art. 53(1)(d)
    dps         Data Provenance Standards 1.0.0
    """
    path = None if out is None else Path(out)
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        raise UsageError(f"cannot write {path}", "name a file in a folder that there is")
    result = session.registry.papers.card(ref, form, fill)
    if path is not None:
        data = result.text.encode("utf-8", "backslashreplace")
        write(path, data)
        said = {"version": result.version, "format": form, "file": str(path), "bytes": len(data)}
        session.answer(lambda: {**said, "open": list(result.open)}, lambda: _wrote(path, len(result.open)))
    elif session.as_json:
        session.answer(lambda: dict(result.document), lambda: Text(""))
    else:
        sys.stdout.write(result.text)


def _wrote(path: Path, left: int) -> RenderableType:
    line = Text.assemble(("wrote ", "dim"), safe_text(str(path)), overflow="fold")
    if left:
        line.append(f"\n{plural(left, 'question')} left to a person; the last section lists them", "yellow")
    return line
