"""assay map REF"""

from __future__ import annotations

from pathlib import Path

import click

from assay.cli.command import Command
from assay.cli.commands.report import write
from assay.cli.session import Session
from assay.errors import UsageError


@click.command(cls=Command)
@click.argument("ref")
@click.option("--like", metavar="REF", help="Place the rows as that version's map places them.")
@click.option("--against", metavar="REF", help="Match the clusters with those of that version's own map.")
@click.option("--model", metavar="FOLDER", help="An embedding model in a folder; without it, letters alone.")
@click.option(
    "--clusters", metavar="K", type=click.IntRange(1, 250), help="How many (default: √rows / 8, 3 to 40)."
)
@click.option(
    "--layout", type=click.Choice(["tsne", "umap", "pca"]), default="tsne", show_default=True,
    help="How the plane is made; umap needs the extra `map`.",
)  # fmt: skip
@click.option(
    "--styles", is_flag=True, help="How alike each generator's outputs are, and whose lie next to whose."
)
@click.option("--html", metavar="FILE", help="Write the picture and its tables as one HTML page.")
@click.option("--svg", metavar="FILE", help="Write the picture alone.")
@click.option(
    "--workers", metavar="N", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes."
)
@click.pass_obj
def command(  # noqa: PLR0913 - options by keyword
    session: Session, ref: str, like: str | None, against: str | None, model: str | None, clusters: int | None,
    layout: str, styles: bool, html: str | None, svg: str | None, workers: int,
) -> None:  # fmt: skip
    """Where the examples of REF lie: clusters named by what sets them apart, as a list and as a picture."""
    from assay.cli.render.map import page
    from assay.registry.mapping.values import Wanted
    from assay.registry.mapping.view import drawn, viewed

    if like is not None and against is not None:
        raise UsageError("--like and --against were both given", "compare in one way at a time")
    for file in (html, svg):
        if file is not None and not Path(file).parent.is_dir():
            raise UsageError(f"there is no folder {Path(file).parent}", "make it first")
    wanted = Wanted(model, clusters, layout)  # type: ignore[arg-type]
    with session.asking() as registry:
        view = viewed(registry, ref, wanted, like, against, styles, workers)
    from assay.measure.map import document

    for file, make in ((html, document.page), (svg, document.svg)):
        if file is not None:
            write(Path(file), make(drawn(view)).encode("utf-8", "backslashreplace"))
    written = [file for file in (html, svg) if file is not None]
    session.answer(
        lambda: view.as_json() | {"files": written},
        lambda: page(view, written, session.command("map", view.made.version, "--html", "map.html")),
    )
