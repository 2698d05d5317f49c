"""The options that `curate` and `import` share, and how both answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from assay.cli.session import Session

if TYPE_CHECKING:
    from assay.registry.results import CurationResult


F = TypeVar("F", bound=Callable[..., Any])

ORIGINS = ("human", "synthetic", "log", "web")


def options(function: F) -> F:
    """The arguments and options of a command that reads sources."""
    for decorate in reversed(
        (
            click.argument("name"),
            click.argument("sources", metavar="SRC...", nargs=-1, required=True),
            click.option("--add", is_flag=True, help="Add to the newest version instead of replacing it."),
            click.option("-m", "--message", default="", metavar="MSG", help="Why this version was made."),
            click.option("--format", "shape", metavar="SHAPE", help="Shape of the records; else recognised."),
            click.option("--container", metavar="C", help="How the files are packed; else recognised."),
            click.option("--origin", type=click.Choice(ORIGINS), help="Who wrote the examples."),
            click.option("--generator", metavar="PROVIDER/MODEL", help="The model that wrote them."),
            click.option("--licence", metavar="TEXT", help="The licence they are under."),
            click.option(
                "--workers", type=click.IntRange(1, 1024), metavar="N", default=cores,
                show_default="all cores",
                help="Processes to use; never changes the result.",
            ),
            click.option("--dry-run", is_flag=True, help="Do everything but write."),
        )
    ):  # fmt: skip
        function = decorate(function)
    return function


def cores() -> int:
    """How many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def keywords(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options as the registry takes them: what was said of provenance is one mapping."""
    rest = dict(given)
    said = {name: rest.pop(name) for name in ("origin", "generator", "licence")}
    return rest | {"provenance": {name: value for name, value in said.items() if value}}


def answer(session: Session, result: CurationResult) -> None:
    """The funnel and what to do next, or the contract's JSON."""
    from assay.cli.render.funnel import curation

    session.answer(result.as_json, lambda: curation(result, next_commands(session, result)))


def next_commands(session: Session, result: CurationResult) -> list[tuple[str, str]]:
    """Two or three commands that can be run as they stand."""
    version = result.version
    if version is None:
        return []
    out = [(session.command("head", version), "see the first examples")]
    name, _, number = version.rpartition("@v")
    if number.isdigit() and int(number) > 1:
        before = f"{name}@v{int(number) - 1}"
        out.append((session.command("diff", before, version, "--rows"), "see what changed"))
    if result.rejected or result.malformed:
        folder = f"{name}-ledger"
        ledger = session.command("export", version, folder, "--format", "ledger")
        out.append((ledger, "why each record stayed or went"))
    return out
