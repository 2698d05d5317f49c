"""assay curate NAME SRC..."""

from __future__ import annotations

from typing import Any

import click

from assay.cli import ingest
from assay.cli.command import Command
from assay.cli.model_options import batch_option, model_options, models_if_any
from assay.cli.session import Session


@click.command(cls=Command)
@ingest.options
@model_options
@batch_option
@click.option("--recipe", metavar="R", help="A preset's name or a YAML file (default: default).")
@click.option("--eval", "eval_sources", metavar="SRC", multiple=True, help="What becomes the test split.")
@click.pass_obj
def command(
    session: Session,
    /,
    name: str,
    sources: tuple[str, ...],
    recipe: str | None,
    eval_sources: tuple[str, ...],
    **given: Any,
) -> None:
    """Turn raw files into a clean version of the dataset NAME.

    Every record of every SRC is kept, rejected with a reason, or malformed with its place; `assay why` tells. Options
    about calls are for recipes with a judge; keys are read from PROVIDER_API_KEY.
    """
    from assay.registry.curating.recipes import judging_models

    models = models_if_any(given, judging_models(recipe or "default"))
    with session.progress() as progress:
        result = session.registry.curate(
            name,
            sources,
            recipe=recipe,
            eval_sources=eval_sources,
            models=models,
            progress=progress,
            **ingest.keywords(given),
        )
    ingest.answer(session, result)
