"""assay judge calibrate FILE…"""

from __future__ import annotations

from typing import Any

import click

from assay.cli.command import Command
from assay.cli.judge_options import label_options, request_of
from assay.cli.session import Session


@click.command(cls=Command)
@label_options
@click.option(
    "--good", type=float, metavar="X", help="With --scores: from here on, people call an answer good."
)
@click.pass_context
def command(ctx: click.Context, /, good: float | None, **given: Any) -> None:
    """Hold a judge against people's labels: agreement, Cohen's kappa, rank correlation, the threshold that fits people.

    A preference is 1 or 2 (a or b, first or second), 0 or tie. Every figure has a 95 % interval. Below 50 labels there
    is no verdict. Exit 1 when the judge does not agree with people well enough to stand in for them.
    """
    from assay.cli.render.judges import calibration
    from assay.registry.judgement.files import calibrate_files

    session: Session = ctx.obj
    found = calibrate_files(request_of(**given), good)
    session.answer(found.as_json, lambda: calibration(found))
    if found.report.verdict == "warning":
        ctx.exit(1)
