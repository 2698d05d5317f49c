"""assay stats REF"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("ref")
@click.option(
    "--by", metavar="FIELD", help="Count by this field of the records, such as category or meta.topic."
)
@click.pass_obj
def command(session: Session, ref: str, by: str | None) -> None:
    """Figures about the version REF: lengths, balance, languages, forms; each with a verdict."""
    from assay.cli.render.stats import page

    found = session.registry.stats(ref, by)
    words = ("report", found.version, *(("--by", by) if by else ()))
    session.answer(found.as_json, lambda: page(found, [(session.command(*words), "see it with charts")]))
