"""assay waive REF CODE"""

from __future__ import annotations

import click
from rich.text import Text

from assay.cli.command import Command
from assay.cli.render.text import safe_text
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("ref")
@click.argument("code")
@click.option(
    "--until", required=True, metavar="DATE", help="The last day on which it counts (YYYY-MM-DD, UTC)."
)
@click.option("--reason", required=True, metavar="TEXT", help="Why the finding may pass.")
@click.option("--dry-run", is_flag=True, help="Ask whether it may be, and write nothing.")
@click.pass_obj
def command(session: Session, ref: str, code: str, until: str, reason: str, dry_run: bool) -> None:
    """Let the finding CODE of the version REF pass for a while. Not for authors of the version."""
    registry = session.registry
    done = registry.policies.waive(ref, code, until=until, reason=reason, dry_run=dry_run)
    name = registry.version(ref).manifest.ref
    verb = "would waive" if done is None else "waived"
    session.answer(
        lambda: {
            "version": name,
            "code": code,
            "until": until,
            "operation": None if done is None else done.seq,
            "actor": registry.actor,
        },
        lambda: Text.assemble(
            f"{verb} ", (safe_text(code), "bold"), f" of {safe_text(name)}",
            (f"   up to the end of {until} (UTC)", "dim"),
        ),
    )  # fmt: skip
