"""assay release REF"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("ref")
@click.option("--note", default="", metavar="TEXT", help="What there is to say about it.")
@click.option("--dry-run", is_flag=True, help="Ask whether it may be, and write nothing.")
@click.pass_obj
def command(session: Session, ref: str, note: str, dry_run: bool) -> None:
    """Release the version REF: approved, not revoked, and nothing that the policy refuses. Exit 1 when it does."""
    from assay.cli.render.gate import act_card

    done = session.registry.releases.release(ref, note, dry_run=dry_run)
    session.answer(done.as_json, lambda: act_card(done))
