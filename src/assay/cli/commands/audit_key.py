"""assay audit key FILE"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(name="key", cls=Command)
@click.argument("path", metavar="FILE")
@click.option("--name", metavar="NAME", help="Who signs; else the registry itself. No blanks, no plus.")
@click.option("--dry-run", is_flag=True, help="Check that it could be made, write nothing.")
@click.pass_obj
def command(session: Session, path: str, name: str | None, dry_run: bool) -> None:
    """Make an Ed25519 key: the private half into FILE, the public half into FILE.pub.

    Neither may lie in the registry. Give FILE.pub to whoever will check, by a way of their own.
    """
    from assay.cli.render.audit import key_made

    key = session.registry.audit.make_key(path, name, dry_run)
    made = {"id": key.id.hex(), "public": str(key), "files": [path, f"{path}.pub"]}
    document = {"name": key.name, "written": not dry_run, **({} if dry_run else made)}
    session.answer(lambda: document, lambda: key_made(key, path, dry_run))
