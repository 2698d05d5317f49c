"""assay approve REF"""

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
    """Approve the version REF. Its authors may not: whoever made it, or a change before it that nobody approved."""
    from assay.cli.render.gate import act_card

    done = session.registry.releases.approve(ref, note, dry_run=dry_run)
    session.answer(done.as_json, lambda: act_card(done))
