"""assay check REF"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session
from assay.errors import NotFound
from assay.govern.rule import MOMENTS, Moment

at_option = click.option(
    "--at", "moment", type=click.Choice(MOMENTS), default="release", show_default=True,
    help="The moment whose rules count.",
)  # fmt: skip


@click.command(cls=Command)
@click.argument("ref")
@at_option
@click.option(
    "--ids", "code", metavar="CODE", help="Print the ids of all examples under this code, one a line."
)
@click.pass_context
def command(ctx: click.Context, ref: str, moment: Moment, code: str | None) -> None:
    """Hold the version REF against the policy in force, now. Exit 1 when it fails."""
    from assay.cli.render.gate import gate_card, ids_text

    session: Session = ctx.obj
    gate = session.registry.policies.check(ref, moment)
    if code is None:
        session.answer(gate.as_json, lambda: gate_card(gate, session.command))
    else:
        found = [one for one in gate.outcomes if one.code == code]
        if not found:
            known = ", ".join(one.code for one in gate.outcomes) or "none: no policy is in force"
            raise NotFound(f"nothing was looked for under the code {code!r}", f"codes: {known}")
        session.answer(lambda: found[0].as_json() | {"version": gate.version}, lambda: ids_text(found[0].ids))
    if not gate.passed:
        ctx.exit(1)
