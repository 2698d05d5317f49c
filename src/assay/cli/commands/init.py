"""assay init [DIR], assay init --governance [DIR]"""

from __future__ import annotations

from pathlib import Path

import click

from assay.cli.command import Command
from assay.cli.render.frame import labelled, spaced, title, try_next
from assay.cli.session import Session
from assay.errors import NotFound, UsageError


@click.command(cls=Command)
@click.argument("folder_argument", metavar="[DIR]", required=False)
@click.option(
    "--governance", is_flag=True, help="Write the team's four documents into DIR (default: governance)."
)
@click.option("--dry-run", is_flag=True, help="With --governance: say what would be written.")
@click.pass_obj
def command(session: Session, folder_argument: str | None, governance: bool, dry_run: bool) -> None:
    """Create a registry in DIR (default: --registry, ASSAY_REGISTRY, or .assay here).

    With --governance: write a generation spec, names and paths, the example schema and a handbook of compliance and
    ethics into DIR, filled with the settings of the registry, which is created if there is none.
    """
    if governance:
        _governance(session, folder_argument, dry_run)
        return
    import assay

    if dry_run:
        raise UsageError(
            "--dry-run goes with --governance", "leave it out: a new registry is an empty folder"
        )
    if folder_argument and session.given and session.folder != folder_argument:
        raise UsageError("two folders were given", "name it once: assay init DIR")
    if session.as_of is not None:
        raise UsageError("the past cannot be changed", "leave --as-of out")
    target = session.override(folder_argument, None, False)
    registry = assay.init(target.path, actor=target.actor, **target.place)
    session.answer(
        lambda: {"registry": target.path, "actor": registry.actor},
        lambda: spaced(
            title("An empty registry", target.path),
            try_next([(target.command("curate", "NAME", "FILE"), "make a first version")]),
        ),
    )


def _governance(session: Session, folder: str | None, dry_run: bool) -> None:
    import assay
    from assay.registry.governing.rulebook import FOLDER, free_paths, write_rulebook

    made, place = False, Path(folder or FOLDER)
    free_paths(place)
    try:
        registry = session.registry
    except NotFound:
        if dry_run:
            raise
        registry, made = assay.init(session.path, actor=session.actor, **session.place), True
    paths = write_rulebook(registry, place, dry_run)
    head = title("Would be written" if dry_run else "Written", f"from the settings of {session.path}")
    note = [("registry", f"{session.path}, new and empty")] if made else []
    session.answer(
        lambda: {"registry": session.path, "created": made, "files": paths},
        lambda: spaced(head, labelled([*note, *(("file", path) for path in paths)])),
    )
