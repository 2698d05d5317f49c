"""assay rejected REF [QUERY]"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import find as picture
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("ref")
@click.argument("query", default="")
@click.option("--stage", multiple=True, metavar="S", help="Only what this stage rejected.")
@click.option("--code", multiple=True, metavar="C", help="Only what was rejected under this code.")
@click.option(
    "--source", multiple=True, metavar="SRC", help="Only records of this source, or of a path that ends so."
)
@click.option(
    "--sort",
    default="record",
    show_default=True,
    metavar="F",
    help="record, value, similarity, sample; -F: largest first.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the order `sample`.")
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
    stage: tuple[str, ...],
    code: tuple[str, ...],
    source: tuple[str, ...],
    sort: str,
    seed: int,
    limit: int,
    after: str | None,
    before: str | None,
) -> None:
    """The records that the curation of REF did not keep, each with what decided it. QUERY: words that stand in them.

    A sample: --sort sample --seed 7. To take one back: `assay restore`.
    """
    from assay.measure.facets.keyset import Page

    with session.asking() as registry:
        page = Page(limit, sort, after, before)
        found = registry.looking.rejected(
            ref, stage=stage, code=code, source=source, text=query, page=page, seed=seed
        )

    def command_line(option: str, key: str) -> str:
        named = {"--stage": stage, "--code": code, "--source": source}
        words = ["rejected", ref, *([query] if query else [])]
        words += [word for name, values in named.items() for value in values for word in (name, value)]
        words += ["--sort", sort] if sort != "record" else []
        words += ["--seed", str(seed)] if seed else []
        return session.command(*words, "--limit", str(limit), option, key)

    session.answer(found.as_json, lambda: picture.rejected(found, command_line))
