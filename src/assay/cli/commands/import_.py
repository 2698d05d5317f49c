"""assay import NAME SRC..."""

from __future__ import annotations

from typing import Any

import click

from assay.cli import ingest
from assay.cli.command import Command
from assay.cli.session import Session


@click.command("import", cls=Command)
@ingest.options
@click.pass_obj
def command(session: Session, /, name: str, sources: tuple[str, ...], **given: Any) -> None:
    """Take files as they are into a version of the dataset NAME.

    Nothing is filtered; only what is malformed, and a second copy of the same example, stays out. SRC may be a folder
    for datasets of Hugging Face, or hf:ORG/NAME: splits stay as they are.
    """
    with session.progress() as progress:
        result = session.registry.import_(name, sources, progress=progress, **ingest.keywords(given))
    ingest.answer(session, result)
