"""assay why REF SRC:RECORD"""

from __future__ import annotations

import click

from assay.cli.command import Command, SourceRecord
from assay.cli.render import decision as picture
from assay.cli.session import Session
from assay.errors import NotFound
from assay.model.example import Example


@click.command(cls=Command)
@click.argument("ref")
@click.argument("place", metavar="SRC:RECORD", type=SourceRecord())
@click.pass_obj
def command(session: Session, ref: str, place: tuple[str, int]) -> None:
    """What became of a record in the curation that made the version REF, and the evidence.

    RECORD is the line of a JSONL or CSV file, the element of a JSON array, the row of a Parquet file; from 1.
    """
    found = session.registry.why(ref, *place)
    session.answer(
        found.as_json,
        lambda: picture.decision(
            found,
            picture.Evidence(
                _example(session, found.example_id), _example(session, found.twin.id if found.twin else None)
            ),
        ),
    )


def _example(session: Session, name: str | None) -> Example | None:
    """The example, or None where the registry does not hold its text."""
    if name is None:
        return None
    try:
        return session.registry.example(name)
    except NotFound:
        return None
