"""assay stats REF"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session
from assay.errors import UsageError


@click.command(cls=Command)
@click.argument("ref")
@click.option(
    "--by", metavar="FIELD", help="Count by this field of the records, such as category or meta.topic."
)
@click.option(
    "--styles", is_flag=True, help="How each generator writes, and what sets it apart from the others."
)
@click.pass_obj
def command(session: Session, ref: str, by: str | None, styles: bool) -> None:
    """Figures about the version REF: lengths, balance, languages, forms; each with a verdict."""
    if styles:
        if by is not None:
            raise UsageError("--styles counts by generator", "leave out --by")
        from assay.cli.render.styles import page as styles_page

        told = session.registry.quality.styles(ref)
        session.answer(told.as_json, lambda: styles_page(told))
        return
    from assay.cli.render.stats import page

    found = session.registry.stats(ref, by)
    words = ("report", found.version, *(("--by", by) if by else ()))
    session.answer(found.as_json, lambda: page(found, [(session.command(*words), "see it with charts")]))
