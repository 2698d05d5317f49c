"""assay revoke REF"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("ref")
@click.option("--reason", required=True, metavar="TEXT", help="What is wrong with it.")
@click.option("--dry-run", is_flag=True, help="Ask whether it may be, and write nothing.")
@click.pass_obj
def command(session: Session, ref: str, reason: str, dry_run: bool) -> None:
    """Withdraw the version REF for good: its rows are not given out any more. Anybody may."""
    from assay.cli.render.gate import act_card

    done = session.registry.releases.revoke(ref, reason, dry_run=dry_run)
    session.answer(done.as_json, lambda: act_card(done))
