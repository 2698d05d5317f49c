"""assay forget ID… --reason TEXT"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import keeping as picture
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("ids", metavar="ID...", nargs=-1)
@click.option("--ids", "file", metavar="FILE", help="The ids in FILE, one a line.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept beside the log.")
@click.option("--dry-run", is_flag=True, help="Look, and say what would be erased.")
@click.pass_obj
def command(session: Session, ids: tuple[str, ...], file: str | None, reason: str, dry_run: bool) -> None:
    """Destroy the texts of examples in all versions of all datasets, for good.

    Ids, fingerprints and proofs stay valid. Later curations reject records that are these examples. The receipt
    lists the versions and runs that held them, and what forgetting does not reach.
    """
    from assay.registry.keeping.forgetting import LEFT
    from assay.registry.meant import ids_in_file

    named = [*ids, *(ids_in_file(file) if file else ())]
    done = session.registry.keeping.forget(named, reason, dry_run=dry_run)
    session.answer(done.as_json, lambda: picture.receipt(done, LEFT))
