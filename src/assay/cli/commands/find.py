"""assay find REF [QUERY]"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import find as picture
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("ref")
@click.argument("query", default="")
@click.option("--facets", is_flag=True, help="How many there are of each value of each field.")
@click.option(
    "--field", "fields", multiple=True, metavar="F", help="A field of the records to count and ask by."
)
@click.option(
    "--sort",
    default="id",
    show_default=True,
    metavar="F",
    help="id, source or a number; -F: largest first.",
)
@click.option(
    "-n", "--limit", type=click.IntRange(1, 1_000), default=10, show_default=True, help="Rows of a page."
)
@click.option("--after", metavar="KEY", help="The page after this key: `next` of an answer.")
@click.option("--before", metavar="KEY", help="The page before this key: `previous` of an answer.")
@click.pass_obj
def command(  # noqa: PLR0913
    session: Session,
    ref: str,
    query: str,
    facets: bool,
    fields: tuple[str, ...],
    sort: str,
    limit: int,
    after: str | None,
    before: str | None,
) -> None:
    """Examples of the version REF that QUERY chooses: words, fields, ranges.

    \b
    assay find helpdesk@v2 'intent:refund lang:zh 退款 -origin:synthetic'
    assay find helpdesk@v2 'score>=4 length:64..512 "exact phrase"' --facets
    """
    from assay.measure.facets.keyset import Page

    with session.asking() as registry:
        found = registry.looking.explore(ref, query, Page(limit, sort, after, before), fields=fields)

    def command_line(option: str, key: str) -> str:
        words = ["find", ref, *([query] if query else []), *(w for f in fields for w in ("--field", f))]
        words += ["--sort", sort] if sort != "id" else []
        return session.command(*words, "--limit", str(limit), option, key)

    session.answer(found.as_json, lambda: picture.explored(found, facets, command_line))
