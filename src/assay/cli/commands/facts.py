"""assay facts REF"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import facts as picture
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("ref")
@click.pass_obj
def command(session: Session, ref: str) -> None:
    """The tags and scores of the version REF, one line a key."""
    from assay.registry.governing.annotating import summary

    version = session.registry.version(ref)
    found = summary(session.registry, ref)
    session.answer(
        lambda: {"version": version.name, "examples": len(version), "keys": [one.as_json() for one in found]},
        lambda: picture.summary(version.name, len(version), found),
    )
