"""assay judge bias FILE…"""

from __future__ import annotations

from typing import Any

import click

from assay.cli.command import Command
from assay.cli.judge_options import label_options, request_of
from assay.cli.session import Session
from assay.errors import UsageError


@click.command(cls=Command)
@label_options
@click.option("--judge-model", metavar="NAME", help="Who judged, for self-preference.")
@click.option(
    "--variants", metavar="A,B", help="Two generators that are one model told to write at two lengths."
)
@click.pass_context
def command(ctx: click.Context, /, judge_model: str | None, variants: str | None, **given: Any) -> None:
    """Look for a judge's known biases: length, position, self-preference, degenerate answers, drift.

    A check whose data is not in the rows says what it needs. Exit 1 when any check warns.
    """
    from assay.cli.render.judges import bias
    from assay.registry.judgement.files import bias_files

    session: Session = ctx.obj
    names = variants.split(",") if variants else []
    if variants and (len(names) != 2 or names[0] == names[1]):
        raise UsageError(f"{variants!r} is not two generators", "such as --variants short,long")
    found = bias_files(request_of(**given), judge_model, (names[0], names[1]) if names else None)
    session.answer(found.as_json, lambda: bias(found))
    if found.report.verdict == "warning":
        ctx.exit(1)
