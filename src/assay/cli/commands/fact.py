"""assay fact NAME KEY=VALUE…"""

from __future__ import annotations

import click

from assay.cli.choosing import Choice, choice_options
from assay.cli.command import Command
from assay.cli.render import facts as picture
from assay.cli.session import Session
from assay.errors import UsageError


@click.command(cls=Command)
@click.argument("name")
@click.argument("said", metavar="[KEY=VALUE]...", nargs=-1)
@choice_options
@click.option("--remove", metavar="KEY", multiple=True, help="Take this fact back; repeatable.")
@click.option("--from", "file", metavar="FILE", help="CSV or JSONL: `id`, and a column a fact.")
@click.option("--dry-run", is_flag=True, help="Say what would be stated.")
@click.pass_obj
def command(
    session: Session,
    name: str,
    said: tuple[str, ...],
    choice: Choice,
    remove: tuple[str, ...],
    file: str | None,
    dry_run: bool,
) -> None:
    """State tags and scores about examples of NAME: topic=refunds, score=4.5.

    Numbers are scores; text in double quotes stays text. NAME is a dataset (its newest version is looked at) or a
    version of it; facts hold for an example in every version.
    """
    from assay.registry.governing.annotating import annotate, annotate_from

    if file is not None:
        choice.refused("and FILE names them")
        if said or remove:
            raise UsageError("--from and facts on the command line", "give one or the other")
        done = annotate_from(session.registry, name, file, dry_run)
    else:
        values = _values(said, remove)
        done = annotate(session.registry, name, choice.of(session.registry, name), values, dry_run)
    session.answer(done.as_json, lambda: picture.annotated(done, dry_run))


def _values(said: tuple[str, ...], remove: tuple[str, ...]) -> dict[str, str | float | None]:
    from assay.govern.facts import read_value

    values: dict[str, str | float | None] = dict.fromkeys(remove)
    for one in said:
        key, equals, value = one.partition("=")
        if not equals or not value:
            raise UsageError(
                f"{one[:60]!r} is not KEY=VALUE", "as in topic=refunds; `--remove topic` takes it back"
            )
        if key in values:
            raise UsageError(f"{key[:60]!r} was given twice", "state one value")
        values[key] = read_value(value, key)
    return values
