"""assay policy test FILE REF"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.commands.check import at_option
from assay.cli.session import Session
from assay.govern.rule import Moment


@click.command(cls=Command)
@click.argument("file")
@click.argument("ref")
@at_option
@click.pass_context
def command(ctx: click.Context, file: str, ref: str, moment: Moment) -> None:
    """What the policy in FILE would say of the version REF. Exit 1 when the version fails. No waivers count."""
    from assay.cli.render.gate import gate_card

    session: Session = ctx.obj
    gate = session.registry.policies.test(file, ref, moment)
    session.answer(gate.as_json, lambda: gate_card(gate))
    if not gate.passed:
        ctx.exit(1)
