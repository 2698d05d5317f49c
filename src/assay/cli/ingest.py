"""The options that `curate` and `import` share, and how both answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import click

from assay.cli.session import Session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from assay.registry.results import CurationResult


F = TypeVar("F", bound=Callable[..., Any])

ORIGINS = ("human", "synthetic", "log", "web")


class ByteSize(click.ParamType):  # type: ignore[type-arg]
    """A number of bytes, as people write it: 800MB, 1GB, 2GiB."""

    name = "size"
    _UNITS: ClassVar = {
        "": 1,
        "B": 1,
        "KB": 1000,
        "MB": 1000**2,
        "GB": 1000**3,
        "KIB": 1 << 10,
        "MIB": 1 << 20,
        "GIB": 1 << 30,
    }

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        spelled = str(value).strip().upper()
        unit = spelled.lstrip("0123456789.")
        number = spelled.removesuffix(unit)
        try:
            size = int(float(number) * self._UNITS[unit.strip()])
        except (KeyError, ValueError):
            self.fail(f"{value!r} is no size; write 800MB or 1GB", param, ctx)
        if size < 64 << 20:
            self.fail(f"{value} is too little; 64MiB is the least", param, ctx)
        return size


class Called(click.ParamType):  # type: ignore[type-arg]
    """`SRC=NAME`, split at the last sign: ("/data/3f.jsonl", "tickets.jsonl")."""

    name = "SRC=NAME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        source, sign, name = str(value).rpartition("=")
        if not sign or not source or not name:
            self.fail(f"{value!r} is not SRC=NAME, such as /data/3f.jsonl=tickets.jsonl", param, ctx)
        return source, name


def options(function: F) -> F:
    """The arguments and options of a command that reads sources."""
    for decorate in reversed(
        (
            click.argument("name"),
            click.argument("sources", metavar="SRC...", nargs=-1, required=True),
            click.option("--add", is_flag=True, help="Add to the newest version instead of replacing it."),
            click.option("--branch", metavar="B", default="main", show_default=True, help="Which one is moved."),
            click.option("-m", "--message", default="", metavar="MSG", help="Why this version was made."),
            click.option("--format", "shape", metavar="SHAPE", help="Shape of the records; else recognised."),
            click.option("--container", metavar="C", help="How the files are packed; else recognised."),
            click.option("--origin", type=click.Choice(ORIGINS), help="Who wrote the examples."),
            click.option("--generator", metavar="PROVIDER/MODEL", help="The model that wrote them."),
            click.option("--licence", metavar="TEXT", help="The licence they are under."),
            click.option(
                "--called", type=Called(), multiple=True, metavar="SRC=NAME",
                help="Under which name a source stands in the ledger, if not its path.",
            ),
            click.option(
                "--workers", type=click.IntRange(1, 1024), metavar="N", default=cores,
                show_default="all cores",
                help="Processes to use; never changes the result.",
            ),
            click.option(
                "--engine", metavar="E", default="local", show_default=True,
                help="Where records are read and checked: local, ray, ray:HOST:PORT; never changes the result.",
            ),
            click.option(
                "--memory", type=ByteSize(), metavar="SIZE",
                help="Memory to stay within, such as 1GB; what does not fit lies in files meanwhile.",
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
    called = dict(rest.pop("called", ()))
    return rest | {"provenance": {name: value for name, value in said.items() if value}, "called": called}


def answer(session: Session, result: CurationResult) -> None:
    """The funnel and what to do next, or the contract's JSON."""
    from assay.cli.render.frame import spaced
    from assay.cli.render.funnel import curation

    def picture() -> RenderableType:
        made = curation(result, next_commands(session, result))
        if result.gate is None or not result.gate.findings:
            return made
        from assay.cli.render.gate import gate_card

        return spaced(gate_card(result.gate, session.command), made)

    session.answer(result.as_json, picture)


def next_commands(session: Session, result: CurationResult) -> list[tuple[str, str]]:
    """Two or three commands that can be run as they stand."""
    version = result.version
    if version is None:
        return []
    out = [(session.command("head", version), "see the first examples")]
    name = version.partition("@")[0]
    if result.base is not None:
        out.append((session.command("diff", result.base, version, "--rows"), "see what changed"))
    if result.rejected or result.malformed:
        folder = f"{name}-ledger"
        ledger = session.command("export", version, folder, "--format", "ledger")
        out.append((ledger, "why each record stayed or went"))
    return out
