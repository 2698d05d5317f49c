"""assay audit checkpoint"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(name="checkpoint", cls=Command)
@click.option("--key", metavar="FILE", help="Sign with this private key.")
@click.option("--to", metavar="FILE", help="Write it there too; FILE must not exist.")
@click.option("--dry-run", is_flag=True, help="Show it, write nothing.")
@click.pass_obj
def command(session: Session, key: str | None, to: str | None, dry_run: bool) -> None:
    """State what the log is now: its size and its Merkle root, signed if there is a key.

    It is written into the registry. Keep a copy (--to) elsewhere: only that one tells of an older registry that was put
    back. Nothing is stated over a log that is not in order.
    """
    from assay.cli.render.audit import stated

    made = session.registry.audit.checkpoint(key, to, dry_run)
    session.answer(made.as_json, lambda: stated(made))
