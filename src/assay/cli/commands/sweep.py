"""assay sweep REF STAGE"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("ref")
@click.argument("stage")
@click.option("--threshold", metavar="LOW:HIGH:STEP", help="Values of the parameter `threshold`.")
@click.option("--set", "setting", metavar="PARAM=LOW:HIGH:STEP", help="Values of any other parameter.")
@click.option("--samples", type=click.IntRange(0, 100), default=2, show_default=True,
              help="Examples to show at each edge.")  # fmt: skip
@click.pass_obj
def command(
    session: Session, ref: str, stage: str, threshold: str | None, setting: str | None, samples: int
) -> None:
    """What other thresholds would have kept. Nothing is written.

    \b
    assay sweep helpdesk near_dedup --threshold 0.7:0.95:0.05
    assay sweep helpdesk length --set max_output=256:2048:256
    """
    from assay.cli.render.sweep import picture
    from assay.registry.curating.sweeping import parse_range

    parameter, _, spelled = ("threshold", "", threshold) if threshold else (setting or "").partition("=")
    if not parameter or not spelled:
        raise click.UsageError("say which values: --threshold 0.7:0.95:0.05 or --set PARAM=LOW:HIGH:STEP")
    with session.progress() as tell:
        found = session.registry.sweep(
            ref, stage, parameter, parse_range(spelled), samples=samples, progress=tell
        )
    session.answer(found.as_json, lambda: picture(found))
