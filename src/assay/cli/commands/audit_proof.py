"""assay audit proof SEQ | --from N"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session, print_json


@click.command(name="proof", cls=Command)
@click.argument("seq", type=click.IntRange(min=1), required=False)
@click.option(
    "--from", "first", type=click.IntRange(min=0), metavar="N", help="That the first N still stand."
)
@click.option("--size", type=click.IntRange(min=0), metavar="N", help="In the log of N entries; else in all.")
@click.pass_obj
def command(session: Session, seq: int | None, first: int | None, size: int | None) -> None:
    """Prove that entry SEQ is in the log, or (--from) that the log of N entries only grew. Always JSON.

    An inclusion proof is checked against the root in a checkpoint of that size, a consistency proof against two.
    """
    if (seq is None) == (first is None):
        raise click.UsageError("give either SEQ or --from N")
    audit = session.registry.audit
    print_json(audit.inclusion(seq, size) if seq is not None else audit.consistency(first or 0, size))
