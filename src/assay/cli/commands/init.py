"""assay init [DIR]"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render.frame import spaced, title, try_next
from assay.cli.session import Session
from assay.errors import UsageError


@click.command(cls=Command)
@click.argument("folder_argument", metavar="[DIR]", required=False)
@click.pass_obj
def command(session: Session, folder_argument: str | None) -> None:
    """Create a registry in DIR (default: --registry, ASSAY_REGISTRY, or .assay here)."""
    import assay

    if folder_argument and session.given and session.folder != folder_argument:
        raise UsageError("two folders were given", "name it once: assay init DIR")
    if session.as_of is not None:
        raise UsageError("the past cannot be changed", "leave --as-of out")
    target = session.override(folder_argument, None, False)
    registry = assay.init(target.path, actor=target.actor)
    session.answer(
        lambda: {"registry": target.path, "actor": registry.actor},
        lambda: spaced(
            title("An empty registry", target.path),
            try_next([(target.command("curate", "NAME", "FILE"), "make a first version")]),
        ),
    )
